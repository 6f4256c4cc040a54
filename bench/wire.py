"""A client's connection that costs next to nothing: a blocking socket, prebuilt bytes, bodies thrown away unread.

The generator shares its cores with the servers, so whatever it burns is missing there. Bodies that are only to be
counted are discarded by the kernel (MSG_TRUNC, tcp(7)) and never reach this process.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

PIECE = 1024 * 1024
_SINK = bytearray(PIECE)


class Failed(Exception):
    """An answer that is not the one the protocol calls for."""


@dataclass(slots=True)
class Answer:
    """Status, raw head and what was read of the body."""

    status: int
    head: bytes
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        """The value of a header; `name` in lower case. Empty where there is none."""
        at = self.head.lower().find(b"\r\n%b:" % name)
        if at < 0:
            return b""
        at += len(name) + 3
        return self.head[at : self.head.index(b"\r\n", at)].strip()

    def location(self) -> str:
        """The Location header as path and query."""
        text = self.header(b"location").decode()
        return "/" + text.split("/", 3)[3] if text.startswith("http") else text


class Wire:
    """One keep-alive connection."""

    def __init__(self, port: int, authorization: str = "") -> None:
        self.port = port
        self.constant = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode()
        if authorization:
            self.constant += f"Authorization: {authorization}\r\n".encode()
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=300)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def again(self) -> None:
        """Start over with a new connection, after a failure."""
        self.socket.close()
        self.socket = self._connect()

    def close(self) -> None:
        self.socket.close()

    def ask(
        self,
        method: str,
        target: str,
        body: Sequence[bytes | memoryview] = (),
        *,
        headers: bytes = b"",
        chunked: bool = False,
        expect: int = 0,
    ) -> Answer:
        """Send a request and read its answer with the body. `chunked` says that `body` is encoded so already.

        Raises Failed where the status is not `expect`.
        """
        self._send(method, target, body, headers=headers, chunked=chunked)
        answer = self._head()
        if method != "HEAD":
            answer.body = self._body(answer)
        _require(answer, expect, method, target)
        return answer

    def fetch(self, target: str, size: int, digest: str = "") -> None:
        """GET a blob of `size` bytes. With a digest, read and compare; without, let the kernel throw the bytes away."""
        self._send("GET", target, (), headers=b"", chunked=False)
        answer = self._head()
        _require(answer, 200, "GET", target)
        if int(answer.header(b"content-length")) != size:
            raise Failed(f"GET {target} announced {answer.header(b'content-length')!r} bytes, not {size}")
        if digest:
            self._compare(answer.body, size, digest, target)
        else:
            self._discard(size - len(answer.body), target)

    def _send(
        self, method: str, target: str, body: Sequence[bytes | memoryview], *, headers: bytes, chunked: bool
    ) -> None:
        if chunked:
            headers += b"Transfer-Encoding: chunked\r\n"
        elif body or method in ("POST", "PUT", "PATCH"):
            headers += b"Content-Length: %d\r\n" % sum(map(len, body))
        head = b"%b %b%b%b\r\n" % (method.encode(), target.encode(), self.constant, headers)
        self.socket.sendall(head, socket.MSG_MORE if body else 0)
        for piece in body:
            self.socket.sendall(piece, 0 if piece is body[-1] else socket.MSG_MORE)

    def _head(self) -> Answer:
        """The head of an answer; `body` is what came with it."""
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._some(65536)
        return Answer(int(got[9:12]), got[: end + 2], got[end + 4 :])

    def _body(self, answer: Answer) -> bytes:
        got, length = answer.body, answer.header(b"content-length")
        if answer.header(b"transfer-encoding") == b"chunked":
            while not got.endswith(b"0\r\n\r\n"):
                got += self._some(65536)
        elif length:
            while len(got) < int(length):
                got += self._some(65536)
        return got

    def _compare(self, begun: bytes, size: int, digest: str, target: str) -> None:
        found, left = sha256(begun), size - len(begun)
        while left:
            piece = self._some(min(left, PIECE))
            found.update(piece)
            left -= len(piece)
        if f"sha256:{found.hexdigest()}" != digest:
            raise Failed(f"GET {target} gave sha256:{found.hexdigest()}, not {digest}")

    def _discard(self, left: int, target: str) -> None:
        while left:
            gone = self.socket.recv_into(_SINK, min(left, PIECE), socket.MSG_TRUNC | socket.MSG_WAITALL)
            if not gone:
                raise Failed(f"GET {target} ended {left} bytes early")
            left -= gone

    def _some(self, most: int) -> bytes:
        got = self.socket.recv(most)
        if not got:
            raise Failed("the server closed the connection")
        return got


def _require(answer: Answer, status: int, method: str, target: str) -> None:
    if status and answer.status != status:
        raise Failed(f"{method} {target} was answered {answer.status}, not {status}: {answer.body[:300]!r}")
