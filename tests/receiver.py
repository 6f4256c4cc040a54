"""A real HTTP server of the loopback that remembers what it is sent and answers as a test tells it to."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """A request as it came in; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. `pieces` are written one by one, so that an iterator may take its time."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"fine"
    pieces: Iterator[bytes] | None = None


class Receiver:
    """Listens at a port of its own until `stop`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply] = lambda _: Reply()
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def hang(self, _: Received) -> Reply:
        """An answer that does not come while the test lasts."""
        self.over.wait(60)
        return Reply()

    def stop(self) -> None:
        """End, and let go of who hangs."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.command, self.path, headers, self.rfile.read(length))
                receiver.received.append(received)
                self.write(receiver.answer(received))

            do_GET = do_POST = do_PUT = do_HEAD = handle_one  # noqa: N815 - the library looks for these names

            def write(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.pieces is None:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                try:
                    for piece in [reply.body] if reply.pieces is None else reply.pieces:
                        self.wfile.write(piece)
                except OSError:
                    pass  # the other side has seen enough
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        return Handler


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver for the time of a block."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.stop()
