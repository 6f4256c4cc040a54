"""Bytes that no row needs: files of a folder under their digest, objects of a bucket or of a sealed folder.

It runs beside a server. What is young is left alone, for its row may be on its way; what is set aside is not deleted.
"""

import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

from wharfinger.db import inventory, uploads
from wharfinger.domain.tools import Tools
from wharfinger.domain.verify import Means, Problem, Step
from wharfinger.storage import quarantine
from wharfinger.storage.attic import Attic
from wharfinger.storage.local import LocalStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.objects import Listed
from wharfinger.storage.place import OBJECTS, Place, upload_of
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import BytesMissing
from wharfinger.storage.stores import parts

YOUNG_SECONDS: Final = 3600.0
_PAGE: Final = 500


def run(tools: Tools, means: Means, young_seconds: float = YOUNG_SECONDS) -> Iterator[Step]:
    """Look through every store: is there a row that needs what lies there? Raises StoreFailed."""
    as_of = time.time() - young_seconds
    for store in parts(tools.store):
        if isinstance(store, LocalStore):
            yield from _of_files(tools, means, Attic(store), as_of)
        elif isinstance(store, ObjectStore):
            named = _named(tools)
            for shelf in store.shelves.all:
                yield from _of_objects(shelf, means, named, as_of)


def _of_files(tools: Tools, means: Means, attic: Attic, as_of: float) -> Iterator[Step]:
    batch = list[str]()
    for file in attic.kept():
        if file.changed_at < as_of:
            batch.append(file.digest)
        if len(batch) == _PAGE:
            yield _files(tools, means, attic, batch, as_of)
            batch = []
    if batch:
        yield _files(tools, means, attic, batch, as_of)


def _files(tools: Tools, means: Means, attic: Attic, batch: list[str], as_of: float) -> Step:
    lost = sorted(set(batch) - _known(tools, batch))
    found = [_file(tools, means, attic, digest, as_of) for digest in lost]
    return Step("", len(batch), tuple(problem for problem in found if problem is not None))


def _file(tools: Tools, means: Means, attic: Attic, digest: str, as_of: float) -> Problem | None:
    """Set it aside if that is wanted, and no row has come for it.

    Whoever lets a blob exist writes its row and then looks whether the bytes are there: here that row waits meanwhile.
    """
    if not means.quarantine:
        return _orphan(digest)
    with tools.db.begin(settled=True) as tx:
        if not inventory.hold_absent(tx, digest, tools.clock()):
            return None
        return _orphan(digest, *(["quarantined"] if attic.set_aside(digest, as_of) else []))


def _orphan(digest: str, *done: str) -> Problem:
    return Problem("orphan", digest, "no row needs these bytes", done=done)


def _known(tools: Tools, batch: Sequence[str]) -> set[str]:
    with tools.db.read() as tx:
        return inventory.known(tx, batch)


def _of_objects(shelf: Shelf, means: Means, named: set[int], as_of: float) -> Iterator[Step]:
    """No object gets a name that another one had, so what no row named at one moment no row will ever name."""
    count, found = 0, list[Problem]()
    for listed in shelf.objects.list(OBJECTS):
        count += 1
        if listed.changed_at < as_of and not {_mark(listed.name), _mark(upload_of(listed.name))} & named:
            found.append(_object(shelf, means, listed))
        if count == _PAGE:
            yield Step("", count, tuple(found))
            count, found = 0, []
    if count:
        yield Step("", count, tuple(found))


def _object(shelf: Shelf, means: Means, listed: Listed) -> Problem:
    done = ("quarantined",) if means.quarantine and quarantine.objects(shelf, [listed.name]) else ()
    return Problem("orphan", listed.name, f"no row needs this object of {shelf.objects.where}", done=done)


def _named(tools: Tools) -> set[int]:
    """Marks of all objects that rows name, and of all uploads under way: of one moment, in eight bytes each."""
    marks, after = set[int](), ""
    with tools.db.read() as tx:
        while page := inventory.blobs_page(tx, after, _PAGE):
            after = page[-1].digest
            marks.update(_mark(name) for row in page for name in _names(row.place))
        marks.update(_mark(name) for place in inventory.doomed_places(tx) for name in _names(place))
        after = ""
        while going := uploads.page(tx, after, _PAGE):
            after = going[-1][0]
            marks.update(_mark(upload) for upload, _ in going)
    return marks


def _names(place: str) -> list[str]:
    try:
        return Place.parse(place).names if place else []
    except BytesMissing:
        return []


def _mark(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
