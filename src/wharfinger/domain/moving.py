"""Moving bytes from store to store while servers serve: every blob that is not where new ones go is brought there.

The row says where a blob is, so it is moved when its row changes, and not a moment before: until then pulls find it
where it was, afterwards where it is. A blob is copied first and its digest compared; a push, a deletion or the
collector that comes between wins, and the copy goes. What was moved stays moved: whoever is killed begins again and
finds less to do.

    expect ─► run … Moved … ─► expect says (0, 0)
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row

from wharfinger.db import images, inventory
from wharfinger.domain import kept
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.attic import DigestDiffers, copy_in, pieces_of
from wharfinger.storage.store import File, StoreError, Stream
from wharfinger.storage.stores import spares

AT_ONCE: Final = 8
_PAGE: Final = 500
_PULLS_END: Final = timedelta(hours=1)  # a pull that began with the old place is over by then


@dataclass(frozen=True, slots=True)
class Means:
    """How to move. `pace` is told of bytes as they are copied, and may take its time.

    `compare` reads every copy back before its row changes; `remove` has the old bytes removed, an hour later.
    """

    at_once: int = AT_ONCE
    compare: bool = False
    remove: bool = False
    pace: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Moved:
    """One blob: moved, gone meanwhile (deleted, or moved by somebody else), or failed for a reason."""

    digest: str
    size_bytes: int
    outcome: Literal["moved", "gone", "failed"]
    reason: str = ""


def expect(tools: Tools) -> tuple[int, int]:
    """How many blobs are not where new ones go, and their bytes."""
    sizes = [row.size_bytes for row in _strays(tools)]
    return len(sizes), sum(sizes)


def run(tools: Tools, means: Means) -> Iterator[Moved]:
    """Move everything that is not where new blobs go, many at a time, in no order."""
    with ThreadPoolExecutor(means.at_once) as pool:
        going = set[Future[Moved]]()
        for row in _strays(tools):
            going.add(pool.submit(_move, tools, row, means))
            if len(going) >= 2 * means.at_once:
                done, going = wait(going, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in going)


def _strays(tools: Tools) -> Iterator[Row[Any]]:
    """digest, size_bytes and place of the blobs that are elsewhere, by digest."""
    after = ""
    while True:
        with tools.db.read() as tx:
            page = inventory.blobs_page(tx, after, _PAGE)
        if not page:
            return
        after = page[-1].digest
        yield from (row for row in page if not tools.store.settled(row.digest, row.place))


def _move(tools: Tools, row: Row[Any], means: Means) -> Moved:
    try:
        if means.remove:
            _leave_spares(tools, row)
        place = copy_in(tools.store, row.digest, _pieces(tools, row.digest, row.place, means.pace))
        if means.compare:
            _compare(tools, row.digest, place)
        outcome: Literal["moved", "gone"] = "moved" if _switch(tools, row, place, means) else "gone"
        return Moved(row.digest, row.size_bytes, outcome)
    except (StoreError, StoreUnavailable) as error:
        return Moved(row.digest, row.size_bytes, "failed" if _stands(tools, row) else "gone", str(error))


def _pieces(tools: Tools, digest: str, place: str, pace: Callable[[int], None]) -> Iterator[bytes]:
    content = tools.store.read(digest, place=place)
    if isinstance(content, File):
        content = Stream(pieces_of(content.path))
    if isinstance(content, Stream):
        for piece in content.pieces:
            yield piece
            pace(len(piece))


def _compare(tools: Tools, digest: str, place: str) -> None:
    """Read the copy back. Raises DigestDiffers, BytesMissing; then the collector removes it."""
    hasher = digests.hasher(digests.algorithm(digest))
    for piece in _pieces(tools, digest, place, lambda _: None):
        hasher.update(piece)
    found = f"{digests.algorithm(digest)}:{hasher.hexdigest()}"
    if found != digest:
        raise DigestDiffers(f"the copy of {digest} came back with the digest {found}: its row was not changed")


def _switch(tools: Tools, row: Row[Any], place: str, means: Means) -> bool:
    """Let the row name the copy, if it still names what was copied; else the copy goes."""
    if place == row.place and _stands(tools, row):
        return True
    with tools.db.begin() as tx:
        switched = images.move_blob(tx, row.digest, row.place, place)
        if switched:
            kept.adopt(tx, tools, row.digest, place)
            if means.remove:
                kept.leave(tx, row.digest, row.place, row.size_bytes, _unread_at(tools))
        elif not place and inventory.blob(tx, row.digest) is None:
            kept.leave(tx, row.digest, place, row.size_bytes, tools.clock())
    if place and not switched:
        kept.discard(tools, row.digest, place)
    return switched


def _stands(tools: Tools, row: Row[Any]) -> bool:
    """Does the database still say the same?"""
    with tools.db.read() as tx:
        return inventory.blob(tx, row.digest) == row


def _leave_spares(tools: Tools, row: Row[Any]) -> None:
    """From folder to folder no row changes, so the old copy is left before there is a new one: it goes only then."""
    if places := spares(tools.store, row.digest):
        with tools.db.begin() as tx:
            for place in places:
                kept.leave(tx, row.digest, place, row.size_bytes, _unread_at(tools))


def _unread_at(tools: Tools) -> datetime:
    """When every pull that began with the old place is over."""
    return tools.clock() + max(_PULLS_END, 2 * (tools.policy.redirect_life or timedelta()))
