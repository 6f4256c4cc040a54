"""An upload into a store of objects, open for one request."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from secrets import token_hex
from types import TracebackType
from typing import Final, Self

from wharfinger.spec import digest as digests
from wharfinger.storage.hashes import RecentHashes, RunningHash
from wharfinger.storage.ledger import ENDED, Kept, Ledger
from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.objects import Writer
from wharfinger.storage.place import MOST_SEGMENTS, Place, Segment, object_name
from wharfinger.storage.shelf import Shelves, rewrapped
from wharfinger.storage.store import StoreFailed, UploadMissing

LEASE_SECONDS: Final = 120.0
RENEWED_SECONDS: Final = 30.0
_MOST_OBJECTS: Final = 12  # that one request can fill: they grow, and twelve take more than any bucket does


@dataclass(frozen=True, slots=True)
class Desk:
    """What uploads of one store work with."""

    shelves: Shelves
    ledger: Ledger
    hashes: RecentHashes = field(default_factory=RecentHashes)


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger keeps of an upload. `digest` is that of all bytes so far, where it is known.

    `lost` are objects that could not be finished, or so their store said: they may be there all the same.
    """

    algorithm: str
    digest: str
    place: Place
    lost: tuple[str, ...] = ()

    def text(self) -> str:
        """As the ledger keeps it."""
        table: dict[str, object] = {"algorithm": self.algorithm, "digest": self.digest, "place": self.place.text()}
        return json.dumps(table | ({"lost": self.lost} if self.lost else {}))

    def rewrapped(self, masters: MasterKey) -> Self:
        """The same with its data key under the current master key. Raises StoreFailed."""
        return replace(self, place=rewrapped(self.place, masters))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it back."""
        table = json.loads(text)
        return cls(table["algorithm"], table["digest"], Place.parse(table["place"]), tuple(table.get("lost", ())))


class ObjectUpload:
    """One upload, held until its `with` block ends."""

    def __init__(self, desk: Desk, upload: str, algorithm: str | None) -> None:
        self._desk, self._id, self._holder = desk, upload, token_hex(8)
        taken = desk.ledger.take(upload, self._holder, LEASE_SECONDS)
        self._state, self.idle_seconds = State.parse(taken.text), taken.idle_seconds
        self._shelf, *_ = desk.shelves.of(self._state.place)
        self._found = self._state.place.segments
        self._before = self._state
        self._clear_away(taken.dead)
        self._writer: Writer | None = None
        self._writing, self._full_bytes = Segment("", 0), 0
        self._ended = self._closed = False
        self._renewed = time.monotonic()
        running = desk.hashes.take(upload)
        if running is None or running.count != self.size_bytes:
            running = RunningHash(self._state.algorithm if algorithm is None else algorithm)
        self._running = running

    @property
    def size_bytes(self) -> int:
        """How many bytes have arrived."""
        return self._state.place.size_bytes + self._writing.size_bytes

    def write(self, data: bytes | memoryview) -> None:
        """Append. If it fails, what this object held is gone, and `size_bytes` says so."""
        self._require_going_on()
        self._renew()
        if not data:
            return
        writer = self._open_writer()
        try:
            writer.write(data)
        except StoreFailed:
            self._lose()
            raise
        if self._running.count == self.size_bytes:
            self._running.feed(data)
        self._writing = replace(self._writing, size_bytes=self._writing.size_bytes + len(data))

    def digest(self, algorithm: str) -> str:
        """Of all bytes so far: from what this request hashed, or the one before it noted; else they are read."""
        self._require_going_on()
        if self._running.algorithm == algorithm and self._running.count == self.size_bytes:
            return self._running.digest()
        if self._writer is None and self._state.digest.startswith(f"{algorithm}:"):
            return self._state.digest
        self._finish()
        self._running = RunningHash(algorithm)
        for piece in self._shelf.pieces(self._state.place):
            self._running.feed(piece)
        return self._running.digest()

    def keep(self, digest: str) -> str:
        """Finish the object, and end the upload. The objects stay where they are."""
        self._require_going_on()
        digests.parse(digest)
        self._finish()
        place = self._shelf.rewrapped(self._state.place)
        try:
            self._desk.ledger.keep(self._id, self._holder, Kept(digest, place.text(), place.size_bytes))
        except UploadMissing:
            self._delete_own()
            raise
        finally:
            self._ended = True
        return place.text()

    def cancel(self) -> None:
        """Forget the upload and its objects. What cannot be deleted now stays in the ledger, for `abandon`."""
        if self._ended:
            return
        self._lose()
        try:
            self._desk.ledger.renew(self._id, self._holder, LEASE_SECONDS)
            self._shelf.objects.delete(self._state.place.names)
            self._desk.ledger.end(self._id, self._holder)
        except UploadMissing:
            self._delete_own()
        self._ended = True

    def close(self) -> None:
        """Finish this request's object and let others go on. Raises StoreFailed where it could not be finished."""
        if self._closed:
            return
        self._closed = True
        if self._ended:
            return
        try:
            self._finish()
            if self._state.place.segments != self._found:
                known = self._running.count == self.size_bytes
                self._state = replace(self._state, digest=self._running.digest() if known else "")
        finally:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_writer(self) -> Writer:
        """The object that takes the next bytes: a new one for every request, and where one is full."""
        if self._writer is not None and self._writing.size_bytes < self._full_bytes:
            return self._writer
        self._finish()
        place = self._state.place
        if len(place.segments) >= MOST_SEGMENTS:
            sentence = f"the upload {self._id} came in {MOST_SEGMENTS} requests, the most that one blob may take"
            raise StoreFailed(sentence, f"this upload has {MOST_SEGMENTS} chunks already: start again with larger ones")
        name = _name(self._holder, len(place.segments) - len(self._found))
        self._writer, self._full_bytes = self._shelf.writer(place, name)
        self._writing = Segment(name, 0)
        return self._writer

    def _finish(self) -> None:
        """The open object is complete and part of the upload."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        segment, self._writing = self._writing, Segment("", 0)
        try:
            writer.finish()
        except StoreFailed:
            self._forget_hash()
            lost = self._state.place.name_of(segment)
            self._state = replace(self._state, lost=(*self._state.lost, lost))
            raise
        place = self._state.place
        self._state = replace(self._state, place=replace(place, segments=(*place.segments, segment)))

    def _lose(self) -> None:
        """What the open object holds is given up."""
        writer, self._writer = self._writer, None
        self._writing = Segment("", 0)
        self._forget_hash()
        if writer is not None:
            writer.abandon()

    def _forget_hash(self) -> None:
        self._running = RunningHash(self._running.algorithm)

    def _renew(self) -> None:
        """A lease that ran out meanwhile is ours still, unless another request has taken the upload."""
        if time.monotonic() - self._renewed < RENEWED_SECONDS:
            return
        try:
            self._desk.ledger.renew(self._id, self._holder, LEASE_SECONDS)
        except UploadMissing:
            self._lose()
            self._delete_own()
            self._ended = True
            raise
        self._renewed = time.monotonic()

    def _release(self) -> None:
        try:
            text = None if self._state == self._before else self._state.text()
            self._desk.ledger.release(self._id, self._holder, text)
        except UploadMissing:
            self._delete_own()
            raise
        self._desk.hashes.put(self._id, self._running)

    def _clear_away(self, dead: str) -> None:
        """What a request wrote whose process died, and what could not be finished: nobody else knows of it."""
        names = [object_name(self._id, _name(dead, number)) for number in range(_MOST_OBJECTS) if dead]
        names += self._state.lost
        if names:
            with suppress(StoreFailed):
                self._shelf.objects.delete(names)
                self._state = replace(self._state, lost=())

    def _delete_own(self) -> None:
        """Another request has the upload now, and knows nothing of what this one wrote."""
        place = self._state.place
        own = [place.name_of(segment) for segment in place.segments if segment not in self._found]
        with suppress(StoreFailed):
            self._shelf.objects.delete(own)

    def _require_going_on(self) -> None:
        if self._ended:
            raise UploadMissing(ENDED)


def _name(holder: str, number: int) -> str:
    """What a request calls its objects: by itself, so that they are found should it die."""
    return f"{holder}-{number}" if number else holder
