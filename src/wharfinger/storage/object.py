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
from wharfinger.storage.ledger import Ledger
from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.objects import Objects
from wharfinger.storage.place import Place, object_name
from wharfinger.storage.shelf import PART_BYTES, Shelf
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
from wharfinger.storage.uploading import Desk, ObjectUpload, State

PIECE_BYTES: Final = 1024 * 1024

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
        self._objects, self._shelf, self._before = objects, Shelf(objects, masters, part_bytes), before
        self._desk = Desk(self._shelf, ledger)

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload: a line in the ledger."""
        if not _UPLOAD.fullmatch(upload):
            raise ValueError("an upload's id has 32 hex digits")
        self._desk.ledger.begin(upload, State(algorithm, "", self._shelf.new_place(upload)).text())

    def open(self, upload: str, algorithm: str | None = None) -> "ObjectUpload":
        """Continue an upload, alone."""
        if not _UPLOAD.fullmatch(upload):
            raise UploadMissing("an upload's id has 32 hex digits")
        return ObjectUpload(self._desk, upload, algorithm)

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
            url = self._objects.link(found.names[0], redirect)
            if url is not None:
                return Redirect(url)
        return Stream(_begun(_grouped(self._shelf.pieces(found, start, length))))

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's objects."""
        if place:
            self._objects.delete(Place.parse(place).names)
        else:
            with suppress(BytesMissing):
                self._older(digest).delete(digest)

    def kept(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes there? Objects have one upload each, so nobody removes what another one brings."""
        if place:
            return True
        return self._before is not None and self._before.kept(digest)

    def withdraw(self, digest: str, place: str = "") -> None:
        """Nothing: no later upload has the same objects."""
        if not place:
            with suppress(BytesMissing):
                self._older(digest).withdraw(digest)

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove their objects, many in a request."""
        self._objects.delete([name for _, place in blobs if place for name in Place.parse(place).names])
        older = [blob for blob in blobs if not blob[1]]
        if older and self._before is not None:
            self._before.erase(older)

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
        self._objects.sweep(older_than_seconds)
        return count + (0 if self._before is None else self._before.abandon(older_than_seconds))

    def check(self) -> None:
        """An object of a few bytes, read back and removed."""
        name, data = object_name("0" * 32, f"check-{token_hex(8)}"), b"wharfinger was here"
        writer = self._objects.writer(name, self._shelf.part_bytes)
        writer.write(data)
        writer.finish()
        try:
            same = b"".join(self._objects.read(name, 0, len(data))) == data
        except BytesMissing:
            same = False
        self._objects.delete([name])
        if not same:
            raise StoreFailed(f"{self._objects.where} does not give back what was written to it")

    def _older(self, digest: str) -> Store:
        digests.parse(digest)
        if self._before is None:
            raise BytesMissing(
                f"the bytes of {digest} are not in {self._objects.where}: restore them, or push it again"
            )
        return self._before

    def _abandoned(self, upload: str, older_than_seconds: float) -> bool:
        with suppress(UploadMissing, UploadLocked), self.open(upload) as stale:
            if stale.idle_seconds >= older_than_seconds:
                stale.cancel()
                return True
        return False


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
