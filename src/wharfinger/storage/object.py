"""A store of objects: in a bucket, or sealed in a local folder.

What a request sends becomes one object, a segment, under its final key: it streams in while it arrives, and finishing
the upload copies nothing. The usual push is one request with all the bytes, so a blob is one object; one that came in
several requests has as many, and its place lists them. How far an upload is stands in the ledger, so any process of
any host continues any upload; no more than one at a time, because the ledger lends each upload to one request.

What a request sent counts once its object is finished, when the request ends. Where that fails, the upload is as long
as it was before: its status says so, and the client goes on from there.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from secrets import token_hex
from typing import Final

from wharfinger.spec import digest as digests
from wharfinger.storage.complaints import OUT_OF_REACH
from wharfinger.storage.ledger import Kept, Ledger
from wharfinger.storage.place import Place, object_name
from wharfinger.storage.shelf import Shelf, Shelves
from wharfinger.storage.store import (
    BytesMissing,
    Coming,
    File,
    Redirect,
    StoreError,
    StoreFailed,
    Stream,
    UploadLocked,
    UploadMissing,
)
from wharfinger.storage.uploading import Desk, ObjectUpload, State

PIECE_BYTES: Final = 1024 * 1024

_UPLOAD: Final = re.compile(r"[0-9a-f]{32}")


class ObjectStore:
    """A store on shelves of objects: new blobs go to the first, the others are read until `storage move` is done."""

    at_once = False

    def __init__(self, ledger: Ledger, *shelves: Shelf) -> None:
        self.shelves = Shelves(shelves)
        self._desk = Desk(self.shelves, ledger)

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload: a line in the ledger."""
        if not _UPLOAD.fullmatch(upload):
            raise ValueError("an upload's id has 32 hex digits")
        self._desk.ledger.begin(upload, State(algorithm, "", self.shelves.first.new_place(upload)).text())

    def open(self, upload: str, algorithm: str | None = None) -> "ObjectUpload":
        """Continue an upload, alone."""
        if not _UPLOAD.fullmatch(upload):
            raise UploadMissing("an upload's id has 32 hex digits")
        return ObjectUpload(self._desk, upload, algorithm)

    def arrived(self, upload: str) -> int:
        """The bytes of the requests that have ended."""
        return State.parse(self._desk.ledger.text(upload)).place.size_bytes

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        """Keep blobs, an object each. What no row names is to be removed from before it is there."""
        shelf = self.shelves.first
        places = shelf.whole_places([blob.size_bytes for blob in blobs])
        named = [(blob, place, place.text()) for blob, place in zip(blobs, places, strict=True)]
        self._desk.ledger.expect([Kept(digests.parse(blob.digest), text, blob.size_bytes) for blob, _, text in named])
        shelf.put([(place, blob.pieces) for blob, place, _ in named])
        return [text for _, _, text in named]

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
        found = _parsed(digest, place)
        shelves = self.shelves.of(found)
        if redirect is not None and len(shelves) == 1 and len(found.segments) == 1 and not found.key:
            url = shelves[0].objects.link(found.names[0], redirect)
            if url is not None:
                return Redirect(url)
        for shelf in shelves[:-1]:
            with suppress(BytesMissing):
                return _stream(shelf, found, start, length)
        return _stream(shelves[-1], found, start, length)

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's objects."""
        self.erase([(digests.parse(digest), place)])

    def kept(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes there? Objects have one upload each, so nobody removes what another one brings."""
        digests.parse(digest)
        return bool(place)

    def settled(self, digest: str, place: str = "") -> bool:
        """Is it on the first shelf, and sealed if what is new is?"""
        return bool(place) and self.shelves.settled(_parsed(digest, place))

    def withdraw(self, digest: str, place: str = "") -> None:
        """Nothing: no later upload has the same objects."""

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove their objects, many in a request."""
        places = [_parsed(digest, place) for digest, place in blobs if place]
        for shelf in self.shelves.all:
            shelf.objects.delete([name for it in places if shelf in self.shelves.of(it) for name in it.own_names])

    def abandon(self, older_than_seconds: float) -> int:
        """Forget old uploads and their objects. One that cannot be removed does not save the rest."""
        count, failure = 0, None
        for upload in self._desk.ledger.stale(older_than_seconds):
            try:
                count += self._abandoned(upload, older_than_seconds)
            except StoreFailed as error:
                failure = error
        if failure is not None:
            raise failure
        for shelf in self.shelves.all:
            shelf.objects.sweep(older_than_seconds)
        return count

    def unfinished(self) -> Iterator[tuple[str, int]]:
        """Uploads, and the bytes of the requests that have ended."""
        for upload, text in self._desk.ledger.texts():
            yield upload, State.parse(text).place.size_bytes

    def check(self) -> None:
        """An object of a few bytes on every shelf, read back and removed."""
        for shelf in self.shelves.all:
            _check(shelf)

    def _abandoned(self, upload: str, older_than_seconds: float) -> bool:
        with suppress(UploadMissing, UploadLocked), self.open(upload) as stale:
            if stale.idle_seconds >= older_than_seconds:
                stale.cancel()
                return True
        return False


def _parsed(digest: str, place: str) -> Place:
    digests.parse(digest)
    if not place:
        raise BytesMissing(f"the row of {digest} names no objects: restore its bytes, or push it again")
    return Place.parse(place)


def _stream(shelf: Shelf, place: Place, start: int, length: int | None) -> Stream:
    return Stream(_begun(_grouped(shelf.pieces(place, start, length))))


def _check(shelf: Shelf) -> None:
    name, data = object_name("0" * 32, f"check-{token_hex(8)}"), b"wharfinger was here"
    try:
        writer = shelf.objects.writer(name, shelf.part_bytes)
        writer.write(data)
        writer.finish()
    except StoreFailed as error:
        if OUT_OF_REACH in str(error):
            any(shelf.objects.read(name, 0, 1))  # obstore says more of why when it reads
        raise
    try:
        same = b"".join(shelf.objects.read(name, 0, len(data))) == data
    except BytesMissing:
        same = False
    shelf.objects.delete([name])
    if not same:
        raise StoreFailed(f"{shelf.objects.where} does not give back what was written to it")


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
