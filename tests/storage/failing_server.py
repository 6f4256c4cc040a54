"""An object store that answers as it is told: with the providers' own errors, slowly, too short, or not to the end."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Reply:
    """`promised` is the Content-Length where it is not that of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    after_seconds: float = 0.0


Answer = Callable[[str, str], Reply]  # (method, path with query)


def complaint(code: str, message: str = "it is so") -> bytes:
    """An error as S3, Google and Azure write it."""
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@contextmanager
def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that answers so; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            reply = answer(self.command, self.path)
            time.sleep(reply.after_seconds)
            self.send_response(reply.status)
            for name, value in {
                "etag": '"1"',
                "last-modified": "Tue, 01 Jan 2030 00:00:00 GMT",
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body) if reply.promised is None else reply.promised))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            self.close_connection = reply.promised is not None

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _reply  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
