"""Transfers that take as long as a test wants, over plain sockets."""

import http.client
import socket
from urllib.parse import urlsplit

import httpx

from tests.serving import Server
from wharfinger.spec import digest as digests


class Transfers:
    """Pushes and pulls of one person's project on a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        project = server.project()
        self.path = project.path
        user = server.user(project, "developer")
        self.basic = (user.username, server.token(user))
        self.http = httpx.Client(base_url=server.url, timeout=60)

    @property
    def headers(self) -> dict[str, str]:
        """A fresh registry token."""
        query = {"service": "container_registry", "scope": f"repository:{self.path}:pull,push"}
        token = self.http.get("/jwt/auth", params=query, auth=self.basic).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    def push(self, data: bytes) -> str:
        """Push a blob; its digest."""
        begun = self.http.post(f"/v2/{self.path}/blobs/uploads/", headers=self.headers)
        digest = digests.of(data)
        done = self.http.put(begun.headers["location"], params={"digest": digest}, headers=self.headers, content=data)
        assert done.status_code == 201, done.text
        return digest

    def slow_upload(self, data: bytes) -> "SlowUpload":
        """A monolithic push whose body is sent when the test says so."""
        return SlowUpload(self, data)

    def slow_download(self, digest: str) -> "SlowDownload":
        """A pull that is read when the test says so."""
        return SlowDownload(self, digest)

    def connection(self, *, receives: int | None = None) -> socket.socket:
        """A line to the server; `receives` keeps what may wait unread on our side small."""
        parts = urlsplit(self.server.url)
        line = socket.socket()
        if receives is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        line.settimeout(60)
        line.connect((parts.hostname, parts.port))
        return line


class SlowUpload:
    """One POST with a body in pieces."""

    def __init__(self, transfers: Transfers, data: bytes) -> None:
        self.digest = digests.of(data)
        self._data, self._sent = data, 0
        self._line = transfers.connection()
        target = f"/v2/{transfers.path}/blobs/uploads/?digest={self.digest}"
        head = {"Host": "localhost", "Content-Length": str(len(data)), "Content-Type": "application/octet-stream"}
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (head | transfers.headers).items())]
        self._line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, count: int) -> None:
        """Send the next bytes."""
        self._line.sendall(self._data[self._sent : self._sent + count])
        self._sent += count

    def finish(self) -> int:
        """Send the rest; the status of the answer."""
        self.send(len(self._data))
        answer = http.client.HTTPResponse(self._line)
        answer.begin()
        answer.read()
        self._line.close()
        return answer.status


class SlowDownload:
    """One GET of a blob, begun at once."""

    def __init__(self, transfers: Transfers, digest: str) -> None:
        self._line = transfers.connection(receives=64 * 1024)
        head = {"Host": "localhost"} | transfers.headers
        lines = [f"GET /v2/{transfers.path}/blobs/{digest} HTTP/1.1", *(f"{n}: {v}" for n, v in head.items())]
        self._line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._answer = http.client.HTTPResponse(self._line)
        self._answer.begin()
        self.status = self._answer.status

    def finish(self) -> bytes:
        """Read all of it."""
        data = self._answer.read()
        self._line.close()
        return data
