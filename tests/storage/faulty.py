"""A server between us and an emulator that does to requests what networks and overloaded stores do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import httpx

from tests.storage.failing_server import complaint

HOP = {"connection", "transfer-encoding", "content-length", "host", "server", "date"}


@dataclass
class Faults:
    """What is done to which requests, until it is changed. `asked` are methods and paths, in order,

    `heard` the headers of each.
    """

    kind: str = ""
    hits: Callable[[str, str], bool] = lambda method, path: True
    asked: list[tuple[str, str]] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)

    def of(self, method: str, path: str) -> str:
        self.asked.append((method, path))
        return self.kind if self.hits(method, path) else ""

    def done(self) -> None:
        """What was asked is done, and the answer is still to be sent."""

    @contextmanager
    def on(self, kind: str, *methods: str) -> Iterator[None]:
        """While the block goes on, requests of these methods (none: of all) meet this fault."""
        self.kind, self.hits = kind, lambda method, path: not methods or method in methods
        try:
            yield
        finally:
            self.kind = ""


@contextmanager
def between(upstream: str, faults: Faults) -> Iterator[str]:
    """The address of a server in front of `upstream`."""
    client = httpx.Client(base_url=upstream, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            faults.heard.append({name.lower(): value for name, value in self.headers.items()})
            fault = faults.of(self.command, self.path)
            if fault in ("500", "503"):
                self._answer(int(fault), complaint("InternalError" if fault == "500" else "SlowDown"), {})
            elif fault == "hangs up":
                self.close_connection = True
                self.connection.close()
            elif fault == "is silent":
                sleep(4)
                self.close_connection = True
            else:
                self._forward(body, fault)

        def _forward(self, body: bytes, fault: str) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            answer = client.request(self.command, self.path, content=body, headers=headers)
            faults.done()
            given = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            if fault == "answers late":  # it is done, and nobody is told
                self._answer(500, complaint("InternalError"), {})
            elif fault == "breaks off":
                self._answer(answer.status_code, answer.content, given, sent=len(answer.content) // 2)
            elif fault == "is short":
                half = answer.content[: len(answer.content) // 2]
                given["content-range"] = f"bytes 0-{len(half) - 1}/{len(half)}"
                self._answer(answer.status_code, half, given)
            else:
                self._answer(answer.status_code, answer.content, given)

        def _answer(self, status: int, body: bytes, headers: dict[str, str], sent: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:sent])
            self.close_connection = sent is not None

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None: ...

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...

    server = Quiet(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        client.close()
