"""A request as the handlers see it: a thin, lazy view of the ASGI scope."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from wharfinger.domain.errors import Invalid, TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BATCH_BYTES: Final = 1024 * 1024
_MOST_PARAMETERS: Final = 64


class ClientGone(Exception):
    """The client went away before its body was complete."""


class Request:
    """One request. Header names are lower-case bytes, as ASGI has them."""

    __slots__ = ("_query", "_taken_bytes", "complete", "headers", "method", "path", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.complete = False  # the whole body has arrived
        self._taken_bytes = 0
        self._query: list[tuple[str, str]] | None = None

    def header(self, name: bytes) -> str | None:
        """The first header of this name."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    def query(self, name: str) -> str | None:
        """The first query parameter of this name."""
        values = self.queries(name)
        return values[0] if values else None

    def queries(self, name: str) -> list[str]:
        """Every query parameter of this name. Raises Invalid where there are far too many."""
        if self._query is None:
            self._query = parameters(self.scope["query_string"])
        return [value for key, value in self._query if key == name]

    def has(self, etag: str) -> bool:
        """Does the client hold what this entity tag stands for (RFC 9110, If-None-Match)?"""
        asked = self.header(b"if-none-match")
        if asked is None:
            return False
        return asked.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in asked.split(","))

    @property
    def length(self) -> int | None:
        """Content-Length in bytes, where the client said it."""
        text = self.header(b"content-length")
        return int(text) if text and text.isascii() and text.isdigit() else None

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """The body in batches of about 1 MiB, never empty. Raises ClientGone if it ends before its time."""
        batch, size = list[bytes](), 0
        async for piece in self._pieces():
            batch.append(piece)
            size += len(piece)
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if self.length is not None and self._taken_bytes < self.length:
            raise ClientGone
        if batch:
            yield batch

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises TooLarge over `limit` bytes, without reading more."""
        if (self.length or 0) > limit:
            raise TooLarge(f"the body has {self.length} bytes; at most {limit} are taken here")
        pieces, size = list[bytes](), 0
        async for batch in self.batches():
            pieces += batch
            size += sum(map(len, batch))
            if size > limit:
                raise TooLarge(f"the body has more than {limit} bytes, the most that is taken here")
        return b"".join(pieces)

    async def _pieces(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece, more = message.get("body", b""), message.get("more_body", False)
            self.complete = not more
            self._taken_bytes += len(piece)
            if piece:
                yield piece


def parameters(text: bytes) -> list[tuple[str, str]]:
    """The parameters of a query or a form. Raises Invalid where there are far too many."""
    try:
        return parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Invalid(f"at most {_MOST_PARAMETERS} parameters are taken: send fewer") from error
