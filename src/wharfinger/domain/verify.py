"""Are the bytes whole? What the rows promise is compared with what the store has, and mended where that can be.

All of it runs beside a server. What a push or a deletion changes meanwhile is looked at again before it is called a
problem, and a file without a row is left alone while it is young: its row may be on its way.

    blobs ─► manifests ─► orphans.run    each yields a step at a time; `after` of a step is where to go on
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Row

from wharfinger.db import images, inventory
from wharfinger.domain import kept
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage import quarantine
from wharfinger.storage.attic import copy_in
from wharfinger.storage.store import BytesBroken, BytesMissing, Pieces, StoreError, StoreFailed, Stream

_log: Final = logging.getLogger("wharfinger.store")
MOST_IMAGES: Final = 100
_PAGE: Final = 500
_DEEP_PAGE: Final = 32  # what a kill costs: they are read again
_AT_ONCE: Final = 8
_FEW: Final = 4

Kind = Literal["missing", "corrupt", "unreadable", "orphan", "unheld"]


Find = Callable[[str], Pieces | None]  # the bytes of a blob from elsewhere: nobody has looked inside


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be. `images` are paths, with a tag where one leads there.

    `done` is what was done about it: "quarantined", "fetched", both, or nothing.
    """

    kind: Kind
    digest: str
    sentence: str
    images: tuple[str, ...] = ()
    done: tuple[str, ...] = ()

    @property
    def mended(self) -> bool:
        """Is all well again?"""
        return "fetched" in self.done or (self.kind == "orphan" and bool(self.done))


@dataclass(frozen=True, slots=True)
class Step:
    """A page of work: how many things were looked at, and what was wrong with them."""

    after: str
    count: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Means:
    """How to look, and what may be done. `pace` is told of bytes as they are looked at, and may take its time."""

    deep: bool = False
    quarantine: bool = False
    find: Find | None = None
    pace: Callable[[int], None] = lambda _: None


def expect(tools: Tools) -> tuple[int, int]:
    """How many blobs there are to look at, and their bytes."""
    with tools.db.read() as tx:
        return inventory.totals(tx)


def glimpse(tools: Tools) -> Problem | None:
    """What is wrong with one of a few blobs, if anything: is this the store that the rows speak of? Their digests are
    the first, which is as good as by chance. Raises StoreFailed where the store as a whole does not work.
    """
    found = (_look(tools, row, Means()) for row in _page(tools, "", _FEW))
    return next((problem for problem in found if problem is not None), None)


def blobs(tools: Tools, means: Means, after: str = "") -> Iterator[Step]:
    """Every blob that a row promises: is it there, of its size and, if deep, of its digest?

    Raises StoreFailed where the store as a whole does not work.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while page := _page(tools, after, _DEEP_PAGE if means.deep else _PAGE):
            found = tuple(pool.map(lambda row: _look(tools, row, means), page))
            after = page[-1].digest
            yield Step(after, len(page), tuple(problem for problem in found if problem is not None))


def manifests(tools: Tools, after: int = 0) -> Iterator[Step]:
    """Every manifest: is the row's body of its digest, and does its repository hold what it names?"""
    with tools.db.read() as tx:
        unheld = inventory.unheld(tx, _PAGE)
    yield Step(str(after), 0, tuple(_unheld(row) for row in unheld))
    while True:
        with tools.db.read() as tx:
            page = inventory.manifests_page(tx, after, _PAGE)
        if not page:
            return
        broken = tuple(_broken(row) for row in page if not _same(row.body, row.digest))
        after = page[-1].id
        yield Step(str(after), len(page), broken)


def _page(tools: Tools, after: str, limit: int) -> list[Row[Any]]:
    with tools.db.read() as tx:
        return list(inventory.blobs_page(tx, after, limit))


def _look(tools: Tools, row: Row[Any], means: Means) -> Problem | None:
    """Look at one blob; where something is wrong, make sure and do what may be done."""
    as_of = time.time()
    fault = _fault(tools, row, means)
    if fault is None:
        return None
    with tools.db.read() as tx:
        if inventory.blob(tx, row.digest) != row:
            return None  # deleted or moved while we looked
        hit = inventory.images_with(tx, row.digest, MOST_IMAGES)
    kind, sentence = fault
    done = _mend(tools, row, kind, means, as_of)
    return Problem(kind, row.digest, sentence, _images(hit), done)


def _fault(tools: Tools, row: Row[Any], means: Means) -> tuple[Kind, str] | None:
    try:
        return _compare(tools, row, means)
    except BytesBroken as error:
        return "corrupt", str(error)
    except BytesMissing as error:
        return "missing", str(error)
    except StoreFailed as error:
        tools.store.check()  # if all of it has failed, say that and stop
        return "unreadable", str(error)


def _compare(tools: Tools, row: Row[Any], means: Means) -> tuple[Kind, str] | None:
    """Size, and content if deep. Raises BytesMissing where there is nothing to compare."""
    size = row.size_bytes
    start = 0 if means.deep else max(size - 1, 0)  # a last byte and nothing after it is a size
    pieces, hasher, count = _pieces(tools, row, start, size - start), digests.hasher(_algorithm(row)), 0
    try:
        for piece in pieces:
            count += len(piece)
            hasher.update(piece)
            means.pace(len(piece) if means.deep else size)
    except BytesBroken:
        raise
    except BytesMissing:
        return "corrupt", f"its bytes end before the {size} that were pushed"
    if start + count < size or _goes_on(tools, row):
        return "corrupt", f"it has not the {size} bytes that were pushed"
    found = f"{_algorithm(row)}:{hasher.hexdigest()}"
    if means.deep and found != row.digest:
        return "corrupt", f"its bytes have the digest {found}"
    return None


def _algorithm(row: Row[Any]) -> str:
    return digests.algorithm(row.digest)


def _pieces(tools: Tools, row: Row[Any], start: int, length: int) -> Iterator[bytes]:
    content = tools.store.read(row.digest, start, length, place=row.place)
    return content.pieces if isinstance(content, Stream) else iter(())


def _goes_on(tools: Tools, row: Row[Any]) -> bool:
    """Is there a byte after the last?"""
    try:
        return any(_pieces(tools, row, row.size_bytes, 1))
    except BytesMissing:
        return False


def _mend(tools: Tools, row: Row[Any], kind: Kind, means: Means, as_of: float) -> tuple[str, ...]:
    done = list[str]()
    if kind == "corrupt" and means.quarantine and quarantine.set_aside(tools.store, row.digest, row.place, as_of):
        done.append("quarantined")
    source = means.find(row.digest) if means.find and kind != "unreadable" else None
    if source is not None and _fetched(tools, row, source):
        done.append("fetched")
    return tuple(done)


def _fetched(tools: Tools, row: Row[Any], source: Pieces) -> bool:
    """Copy the bytes from elsewhere, if they are to be had there and the right ones."""
    try:
        place = copy_in(tools.store, row.digest, source)
        with tools.db.begin() as tx:
            moved = images.move_blob(tx, row.digest, row.place, place)
            if moved:
                kept.adopt(tx, tools, row.digest, place)
    except (StoreError, StoreUnavailable) as error:
        _log.warning("%s cannot be fetched: %s", row.digest, error)
        return False
    if not moved and place:
        kept.discard(tools, row.digest, place)
    return moved


def _images(rows: Sequence[Row[Any]]) -> tuple[str, ...]:
    """Paths with tags; a path alone only where no tag leads there."""
    tagged = {row.path for row in rows if row.tag is not None}
    return tuple(
        row.path if row.tag is None else f"{row.path}:{row.tag}"
        for row in rows
        if row.tag is not None or row.path not in tagged
    )


def _same(body: bytes, digest: str) -> bool:
    return digests.of(body, digests.algorithm(digest)) == digest


def _broken(row: Row[Any]) -> Problem:
    return Problem("corrupt", row.digest, "the manifest in the database was changed: restore it", (row.path,))


def _unheld(row: Row[Any]) -> Problem:
    return Problem("unheld", row.digest, "a manifest names this blob, and its repository has it not", (row.path,))
