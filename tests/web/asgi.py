"""An ASGI application asked in this process, without a server."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

Headers = list[tuple[bytes, bytes]]


@dataclass
class Answered:
    """What the application sent."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)

    def header(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return next((value.decode() for key, value in self.headers if key == name.encode()), "")


def ask(application: Any, path: str, *, method: str = "GET", client: str = "192.0.2.7", **headers: str) -> Answered:
    """One request without a body; underscores in header names are dashes."""
    return run(asking(application, path, method=method, client=client, **headers))


async def asking(
    application: Any, path: str, *, method: str = "GET", client: str = "192.0.2.7", **headers: str
) -> Answered:
    """The same inside a running loop."""
    answered = Answered()
    scope = {
        "type": "http",
        "method": method,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 50000),
        "scheme": "http",
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.messages.append(message)
        answered.status = message.get("status", answered.status)
        answered.headers = message.get("headers", answered.headers)
        answered.body += message.get("body", b"")

    await application(scope, receive, send)
    return answered


def run(waiting: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a loop of its own, in a thread of its own: a browser under test may have left one running in this."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, waiting).result()
