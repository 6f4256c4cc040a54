"""What the server says while it runs: one line a request, and the messages of `logging`, all to standard error.

Lines are gathered and written by a thread of their own, so that a reader who does not read stops nobody; where too
much waits, lines are dropped and counted. A line never holds a query, a header but the user agent, or a body.
"""

import logging
import os
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, Final

import orjson

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_BATCH_LINES: Final = 64
_MOST_WAITING_BYTES: Final = 16 * 1024 * 1024
_ATOMIC_BYTES: Final = 4096  # a pipe keeps a write of this size in one piece (PIPE_BUF)
_LONGEST: Final = 400


class Sink:
    """Writes batches of whole lines to a file descriptor, from a thread; never makes its caller wait."""

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._queue: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._waiting_bytes = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def put(self, lines: list[bytes]) -> None:
        """Have the lines written soon, or drop them where far too much waits already."""
        size = sum(map(len, lines))
        if self._waiting_bytes + size > _MOST_WAITING_BYTES:
            self.dropped += len(lines)
            return
        self._waiting_bytes += size
        self._queue.put(lines)

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self._queue.put(None)
        self._thread.join(1)

    def _write(self) -> None:
        while (lines := self._queue.get()) is not None:
            for piece in _pieces(lines):
                self._write_whole(piece)
            self._waiting_bytes -= sum(map(len, lines))

    def _write_whole(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self.dropped += data.count(b"\n")


def _pieces(lines: list[bytes]) -> list[bytes]:
    """The lines in writes so small that those of several processes never mix within a line."""
    pieces, piece = [], b""
    for line in lines:
        if piece and len(piece) + len(line) > _ATOMIC_BYTES:
            pieces.append(piece)
            piece = b""
        piece += line
    return [*pieces, piece]


@dataclass(slots=True)
class Seen:
    """What is told of one request. `sent_bytes` counts the body, `seconds` until the answer was handed over."""

    request_id: str
    method: str
    path: str
    status: int
    sent_bytes: int
    seconds: float
    caller: str
    address: str
    agent: bytes


class AccessLog:
    """One line a request. Not thread-safe: the event loop's own."""

    def __init__(self, sink: Sink, level: str, form: str) -> None:
        self._sink, self._lines = sink, list[bytes]()
        self.least, self._line = LEVELS[level], _json_line if form == "json" else _text_line

    def write(self, seen: Seen) -> None:
        """Tell of a request, where the level asks for it."""
        if (40 if seen.status >= 500 else 20) < self.least:
            return
        self._lines.append(self._line(seen))
        if len(self._lines) >= _BATCH_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand over what was gathered."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._sink.put(lines)


def _json_line(seen: Seen) -> bytes:
    return orjson.dumps(
        {
            "time": datetime.now(UTC),
            "level": "error" if seen.status >= 500 else "info",
            "event": "request",
            "request_id": seen.request_id,
            "method": seen.method,
            "path": seen.path[:_LONGEST],
            "status": seen.status,
            "bytes": seen.sent_bytes,
            "seconds": round(seen.seconds, 6),
            "caller": seen.caller,
            "address": seen.address,
            "user_agent": seen.agent[:_LONGEST].decode("latin-1"),
        },
        option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
    )


def _text_line(seen: Seen) -> bytes:
    path = seen.path[:_LONGEST].encode("unicode_escape").decode()
    return (
        f"{datetime.now(UTC):%H:%M:%S} {seen.method} {path} {seen.status} {seen.sent_bytes}B "
        f"{seen.seconds * 1000:.1f}ms {seen.caller or '-'} {seen.address} {seen.request_id}\n"
    ).encode()


class JsonFormatter(logging.Formatter):
    """Messages of `logging` as JSON lines, with the request they belong to."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "event": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


def start_logging(level: str, form: str) -> None:
    """Have the messages of `logging` written to standard error, in this form."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
    text.converter = time.gmtime
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "alembic", "_granian"):
        logging.getLogger(chatty).setLevel(max(LEVELS["warning"], LEVELS[level]))
