"""How an answer goes out: bytes at once, a file by the server itself, a stream piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from wharfinger.web.request import Send
from wharfinger.web.threads import in_thread

Headers = list[tuple[bytes, bytes]]
Body = bytes | str | Iterator[bytes]


@dataclass(slots=True)
class Answer:
    """Status, headers and a body: bytes, the path of a file, or pieces that may take time to come."""

    status: int
    headers: Headers = field(default_factory=list)
    body: Body = b""


async def send_answer(answer: Answer, send: Send, *, head: bool) -> None:
    """Send it; `head` leaves the body out and keeps the headers."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    body = answer.body
    if head or isinstance(body, bytes):
        await send({"type": "http.response.body", "body": b"" if head else body})
    elif isinstance(body, str):
        await send({"type": "http.response.pathsend", "path": body})
    else:
        await _stream(body, send)


async def _stream(pieces: Iterator[bytes], send: Send) -> None:
    try:
        while piece := await in_thread(_next, pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        close: Any = getattr(pieces, "close", None)
        if close is not None:
            await in_thread(close)


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


def json_answer(value: Any, headers: Headers, media_type: bytes = b"application/json", *, status: int = 200) -> Answer:
    """JSON, with 200 unless told otherwise."""
    body = orjson.dumps(value)
    return Answer(status, [(b"content-type", media_type), (b"content-length", b"%d" % len(body)), *headers], body)


def text_headers(pairs: dict[str, str]) -> Headers:
    """Headers from text. Values never hold line breaks: the server refuses them."""
    return [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in pairs.items()]


def next_link(path: str, **query: str | int | None) -> tuple[bytes, bytes]:
    """The `Link` header of the page after this one (RFC 5988)."""
    given = {name: value for name, value in query.items() if value is not None}
    return b"link", f'<{path}?{urlencode(given)}>; rel="next"'.encode()
