"""A store of objects: in a bucket, or sealed in a local folder.

What a request sends becomes one object, a segment, under its final key: it streams in while it arrives, and finishing
the upload copies nothing. The usual push is one request with all the bytes, so a blob is one object; one that came in
several requests has as many, and its place lists them. How far an upload is stands in the ledger, so any process of
any host continues any upload; no more than one at a time, because the ledger lends each upload to one request.

What a request sent counts once its object is finished, when the request ends. Where that fails, the upload is as long
as it was before: its status says so, and the client goes on from there.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from secrets import token_hex
from types import TracebackType
from typing import Final, Self

from wharfinger.spec import digest as digests
from wharfinger.storage.hashes import RecentHashes, RunningHash
from wharfinger.storage.ledger import ENDED, Ledger
from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.objects import Objects, Writer
from wharfinger.storage.place import MOST_SEGMENTS, Place, Segment, object_name
from wharfinger.storage.sealed import SealedObjects, new_data_key
from wharfinger.storage.store import (
    BytesMissing,
    File,
    Redirect,
    Store,
    StoreError,
    StoreFailed,
    Stream,
    UploadLocked,
    UploadMissing,
)

MIB: Final = 1024 * 1024
PART_BYTES: Final = 8 * MIB
PARTS: Final = 9_000  # in one object; S3 and Google take 10,000, Azure 50,000
PIECE_BYTES: Final = MIB
LEASE_SECONDS: Final = 120.0
RENEWED_SECONDS: Final = 30.0

_UPLOAD: Final = re.compile(r"[0-9a-f]{32}")


class ObjectStore:
    """A store on `objects`. With `masters` new blobs are sealed; `before` has the blobs whose place is empty."""

    at_once = False

    def __init__(
        self,
        objects: Objects,
        ledger: Ledger,
        *,
        masters: MasterKey | None = None,
        before: Store | None = None,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.objects, self.ledger, self.masters, self.part_bytes = objects, ledger, masters, part_bytes
        self.hashes, self._before = RecentHashes(), before

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload: a line in the ledger."""
        if not _UPLOAD.fullmatch(upload):
            raise ValueError("an upload's id has 32 hex digits")
        key = "" if self.masters is None else self.masters.wrap(new_data_key(), upload)
        self.ledger.begin(upload, _State(algorithm, "", Place(upload, (), key)).text())

    def open(self, upload: str, algorithm: str | None = None) -> "ObjectUpload":
        """Continue an upload, alone."""
        if not _UPLOAD.fullmatch(upload):
            raise UploadMissing("an upload's id has 32 hex digits")
        return ObjectUpload(self, upload, algorithm)

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",
        redirect: timedelta | None = None,
    ) -> File | Stream | Redirect:
        """The blob's bytes; the first of them are here when this returns. A blob of one plain object has a URL."""
        if not place:
            return self._older(digest).read(digest, start, length)
        found = Place.parse(place)
        if redirect is not None and len(found.segments) == 1 and not found.key:
            url = self.objects.link(found.names[0], redirect)
            if url is not None:
                return Redirect(url)
        return Stream(_begun(_grouped(self.pieces(found, start, length))))

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's objects."""
        if place:
            self.objects.delete(Place.parse(place).names)
        else:
            with suppress(BytesMissing):
                self._older(digest).delete(digest)

    def abandon(self, older_than_seconds: float) -> int:
        """Forget old uploads and their objects. One that cannot be removed does not save the rest."""
        count, failure = 0, None
        for upload in self.ledger.stale(older_than_seconds):
            try:
                count += self._abandoned(upload, older_than_seconds)
            except StoreFailed as error:
                failure = error
        if failure is not None:
            raise failure
        self.objects.sweep(older_than_seconds)
        return count + (0 if self._before is None else self._before.abandon(older_than_seconds))

    def check(self) -> None:
        """An object of a few bytes, read back and removed."""
        name, data = object_name("0" * 32, f"check-{token_hex(8)}"), b"wharfinger was here"
        writer = self.objects.writer(name, self.part_bytes)
        writer.write(data)
        writer.finish()
        try:
            same = b"".join(self.objects.read(name, 0, len(data))) == data
        except BytesMissing:
            same = False
        self.objects.delete([name])
        if not same:
            raise StoreFailed(f"{self.objects.where} does not give back what was written to it")

    def pieces(self, place: Place, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Plain bytes of the objects from byte `start` on."""
        end, begins = place.size_bytes if length is None else start + length, 0
        sealed = SealedObjects(self.objects, self.data_key(place)) if place.key else None
        for segment in place.segments:
            ends = begins + segment.size_bytes
            first, last = max(start, begins) - begins, min(end, ends) - begins
            name = place.name_of(segment)
            if first < last and sealed is not None:
                yield from sealed.read_of(name, first, last, segment.size_bytes)
            elif first < last:
                yield from self.objects.read(name, first, last)
            begins = ends
        if end > max(begins, start):
            raise BytesMissing(f"the blob ends {end - max(begins, start)} bytes too early")

    def data_key(self, place: Place) -> bytes:
        """The key its objects are sealed with."""
        if self.masters is None:
            raise StoreFailed("this blob is sealed: put [storage] master_keys back as they were when it was pushed")
        return self.masters.unwrap(place.key, place.upload)

    def _older(self, digest: str) -> Store:
        digests.parse(digest)
        if self._before is None:
            raise BytesMissing(f"the bytes of {digest} are not in {self.objects.where}: restore them, or push it again")
        return self._before

    def _abandoned(self, upload: str, older_than_seconds: float) -> bool:
        with suppress(UploadMissing, UploadLocked), self.open(upload) as stale:
            if stale.idle_seconds >= older_than_seconds:
                stale.cancel()
                return True
        return False


@dataclass(frozen=True, slots=True)
class _State:
    """What the ledger keeps of an upload. `digest` is that of all bytes so far, where it is known."""

    algorithm: str
    digest: str
    place: Place

    def text(self) -> str:
        return json.dumps({"algorithm": self.algorithm, "digest": self.digest, "place": self.place.text()})

    @classmethod
    def parse(cls, text: str) -> Self:
        table = json.loads(text)
        return cls(table["algorithm"], table["digest"], Place.parse(table["place"]))


class ObjectUpload:
    """One upload, held until its `with` block ends."""

    def __init__(self, store: ObjectStore, upload: str, algorithm: str | None) -> None:
        self._store, self._id, self._holder = store, upload, token_hex(8)
        taken = store.ledger.take(upload, self._holder, LEASE_SECONDS)
        self._state, self.idle_seconds = _State.parse(taken.text), taken.idle_seconds
        self._found = self._state.place.segments
        self._writer: Writer | None = None
        self._writing, self._full_bytes = Segment("", 0), 0
        self._ended = self._closed = False
        self._renewed = time.monotonic()
        running = store.hashes.take(upload)
        if running is None or running.count != self.size_bytes:
            running = RunningHash(algorithm or self._state.algorithm)
        self._running = running

    @property
    def size_bytes(self) -> int:
        """How many bytes have arrived."""
        return self._state.place.size_bytes + self._writing.size_bytes

    def write(self, data: bytes) -> None:
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
        for piece in self._store.pieces(self._state.place):
            self._running.feed(piece)
        return self._running.digest()

    def keep(self, digest: str) -> str:
        """Finish the object, and end the upload. The objects stay where they are."""
        self._require_going_on()
        digests.parse(digest)
        self._finish()
        try:
            self._store.ledger.end(self._id, self._holder)
        except UploadMissing:
            self._delete_own()
            raise
        finally:
            self._ended = True
        return self._state.place.text()

    def cancel(self) -> None:
        """Forget the upload and its objects. What cannot be deleted now stays in the ledger, for `abandon`."""
        if self._ended:
            return
        self._lose()
        try:
            self._store.ledger.renew(self._id, self._holder, LEASE_SECONDS)
            self._store.objects.delete(self._state.place.names)
            self._store.ledger.end(self._id, self._holder)
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
        part = part_bytes(place.size_bytes, self._store.part_bytes)
        objects = self._store.objects
        target = SealedObjects(objects, self._store.data_key(place)) if place.key else objects
        name = token_hex(8)
        self._writer = target.writer(object_name(self._id, name), part)
        self._writing, self._full_bytes = Segment(name, 0), part * PARTS
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
            self._store.ledger.renew(self._id, self._holder, LEASE_SECONDS)
        except UploadMissing:
            self._lose()
            self._delete_own()
            self._ended = True
            raise
        self._renewed = time.monotonic()

    def _release(self) -> None:
        try:
            text = None if self._state.place.segments == self._found else self._state.text()
            self._store.ledger.release(self._id, self._holder, text)
        except UploadMissing:
            self._delete_own()
            raise
        self._store.hashes.put(self._id, self._running)

    def _delete_own(self) -> None:
        """Another request has the upload now, and knows nothing of what this one wrote."""
        place = self._state.place
        own = [place.name_of(segment) for segment in place.segments if segment not in self._found]
        with suppress(StoreFailed):
            self._store.objects.delete(own)

    def _require_going_on(self) -> None:
        if self._ended:
            raise UploadMissing(ENDED)


def part_bytes(so_far_bytes: int, least_bytes: int = PART_BYTES) -> int:
    """How large the parts of the next object are: they grow with the upload, so that no layer needs too many."""
    return max(least_bytes, -(-so_far_bytes // (2048 * MIB)) * MIB)


def _grouped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one MiB: sealed chunks are small, and every piece visits a thread."""
    group, count = list[bytes](), 0
    try:
        for piece in pieces:
            if count + len(piece) > PIECE_BYTES and group:
                yield b"".join(group)
                group, count = [], 0
            group.append(piece)
            count += len(piece)
    except StoreError:
        if group:
            yield b"".join(group)
        raise
    if group:
        yield b"".join(group)


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same, with the first piece here already: what fails before it fails before anything was answered."""
    first = next(pieces, None)
    return iter(()) if first is None else chain((first,), pieces)
