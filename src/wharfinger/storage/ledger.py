"""What a store of objects remembers of uploads that go on, where every process of every host sees it.

An upload is held by one request at a time. Holding is a lease: a request renews it while bytes arrive, and when its
process dies, others may take the upload over once the lease has run out. Every change names the holder, so who lost the
lease changes nothing any more.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple, Protocol

from wharfinger.storage.store import UploadLocked, UploadMissing

CLOCKS_APART_SECONDS = 60.0
UNKNOWN = "there is no such upload"
ENDED = "the upload has ended, or another request has taken it over"


def holds(left_seconds: float, seconds: float) -> bool:
    """Does a lease of `seconds` hold that has so long to go?

    What has longer to go was given by a clock that was put back since: it is over, and who lost it changes nothing.
    """
    return 0 < left_seconds <= seconds + CLOCKS_APART_SECONDS


class Taken(NamedTuple):
    """What is known of an upload: the store's text, for how long nothing was written, and who let go of it by dying."""

    text: str
    idle_seconds: float
    dead: str = ""


class Kept(NamedTuple):
    """Bytes that no row names yet."""

    digest: str
    place: str
    size_bytes: int


class Ledger(Protocol):
    """Uploads by id. `text` is the store's own; `holder` is different for every request."""

    def begin(self, upload: str, text: str) -> None:
        """Remember a new upload. Raises ValueError if there was one of this id."""

    def take(self, upload: str, holder: str, seconds: float) -> "Taken":
        """Hold an upload for so long. Raises UploadMissing, UploadLocked."""

    def renew(self, upload: str, holder: str, seconds: float) -> None:
        """Hold it for so long from now on. Raises UploadMissing where another has it."""

    def release(self, upload: str, holder: str, text: str | None) -> None:
        """Let others have it, with this text, or with the one it had. Raises UploadMissing where another has it."""

    def end(self, upload: str, holder: str) -> None:
        """Forget it. Raises UploadMissing where another has it, or nobody."""

    def keep(self, upload: str, holder: str, kept: Kept) -> None:
        """Forget it as well, for its bytes are kept. Raises as `end`. What no row names soon is to be removed."""

    def expect(self, coming: Sequence[Kept]) -> None:
        """Bytes without an upload, which are about to come: what no row names soon is to be removed."""

    def stale(self, seconds: float) -> list[str]:
        """Uploads that nobody holds and nobody changed for so long."""

    def text(self, upload: str) -> str:
        """What an upload was left with, whoever holds it now. Raises UploadMissing."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """All uploads that go on, with their texts, while others change."""


@dataclass(slots=True)
class _Entry:
    text: str
    written_at: float
    holder: str = ""
    until: float = 0.0


class MemoryLedger:
    """The twin that keeps everything in memory, for tests."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock, self.entries, self._lock = clock, dict[str, _Entry](), Lock()

    def begin(self, upload: str, text: str) -> None:
        """Remember a new upload."""
        with self._lock:
            if upload in self.entries:
                raise ValueError(f"the upload {upload} was begun before: every upload needs an id of its own")
            self.entries[upload] = _Entry(text, self.clock())

    def take(self, upload: str, holder: str, seconds: float) -> Taken:
        """Hold it."""
        with self._lock:
            entry = self.entries.get(upload)
            if entry is None:
                raise UploadMissing(UNKNOWN)
            if entry.holder and holds(entry.until - self.clock(), seconds):
                raise UploadLocked("another request has this upload open")
            dead, entry.holder, entry.until = entry.holder, holder, self.clock() + seconds
            return Taken(entry.text, self.clock() - entry.written_at, dead)

    def renew(self, upload: str, holder: str, seconds: float) -> None:
        """Hold it longer."""
        with self._lock:
            self._held(upload, holder).until = self.clock() + seconds

    def release(self, upload: str, holder: str, text: str | None) -> None:
        """Let others have it."""
        with self._lock:
            entry = self._held(upload, holder)
            if text is not None:
                entry.text, entry.written_at = text, self.clock()
            entry.holder = ""

    def end(self, upload: str, holder: str) -> None:
        """Forget it."""
        with self._lock:
            self._held(upload, holder)
            del self.entries[upload]

    def keep(self, upload: str, holder: str, kept: Kept) -> None:  # noqa: ARG002 - there are no rows
        """Forget it."""
        self.end(upload, holder)

    def expect(self, coming: Sequence[Kept]) -> None:
        """Nothing: there are no rows."""

    def stale(self, seconds: float) -> list[str]:
        """What is old and free."""
        now = self.clock()
        with self._lock:
            return [
                upload
                for upload, it in self.entries.items()
                if it.written_at <= now - seconds and not (it.holder and it.until > now)
            ]

    def text(self, upload: str) -> str:
        """What it was left with."""
        with self._lock:
            entry = self.entries.get(upload)
        if entry is None:
            raise UploadMissing(UNKNOWN)
        return entry.text

    def texts(self) -> Iterator[tuple[str, str]]:
        """All of them."""
        with self._lock:
            found = [(upload, it.text) for upload, it in self.entries.items()]
        yield from found

    def _held(self, upload: str, holder: str) -> _Entry:
        entry = self.entries.get(upload)
        if entry is None or entry.holder != holder:
            raise UploadMissing(ENDED)
        return entry
