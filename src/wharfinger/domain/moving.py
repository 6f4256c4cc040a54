"""Moving bytes from store to store while servers serve: every blob that is not where new ones go is brought there.

The row says where a blob is, so it is moved when its row changes, and not a moment before: until then pulls find it
where it was, afterwards where it is. A blob is copied first and its digest compared; a push, a deletion or the
collector that comes between wins, and the copy goes. What was moved stays moved: whoever is killed begins again and
finds less to do. Blobs go by the handful, but for large ones: a few syncs and transactions for all of them.

    expect ─► run … Moved … ─► expect says (0, 0)
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row

from wharfinger.db import inventory
from wharfinger.db import moving as rows
from wharfinger.domain import kept
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.attic import HANDED_BYTES, PIECE_BYTES, DigestDiffers, copy_in, pieces_of, put_in
from wharfinger.storage.hashes import RunningHash
from wharfinger.storage.store import Coming, File, Pieces, StoreError, Stream
from wharfinger.storage.stores import own_spare, spares

AT_ONCE: Final = 8
_PAGE: Final = 500
TOGETHER_BYTES: Final = 64 * 1024 * 1024
_HANDFUL: Final = 16  # each has a file open meanwhile
_HELD_AGAIN: Final = kept.TO_BE_NAMED / 6
_PULLS_END: Final = timedelta(hours=1)  # a pull that began with the old place is over by then
_OPPOSITE: Final = (
    "the copy where new ones go is about to be removed, for a move to elsewhere with --remove: let all hosts have the "
    "same [storage], and wait for an hour"
)

Blobs = Sequence[Row[Any]]  # digest, size_bytes and place
Copies = Sequence[tuple[Row[Any], str]]  # with the place of the copy


@dataclass(frozen=True, slots=True)
class Means:
    """How to move. `pace` is told of bytes as they are copied, and may take its time.

    Blobs go by the handful, which has so many bytes (`together_bytes`); a larger one goes alone, as an upload.
    `compare` reads every copy back before its row changes; `remove` has the old bytes removed, an hour later.
    """

    at_once: int = AT_ONCE
    compare: bool = False
    remove: bool = False
    pace: Callable[[int], None] = lambda _: None
    together_bytes: int = TOGETHER_BYTES


@dataclass(frozen=True, slots=True)
class Moved:
    """One blob: moved, gone meanwhile (deleted, or moved by somebody else), or failed for a reason."""

    digest: str
    size_bytes: int
    outcome: Literal["moved", "gone", "failed"]
    reason: str = ""


def expect(tools: Tools) -> tuple[int, int]:
    """How many blobs are not where new ones go, and their bytes."""
    sizes = [row.size_bytes for page in _strays(tools) for row in page]
    return len(sizes), sum(sizes)


def run(tools: Tools, means: Means) -> Iterator[Moved]:
    """Move everything that is not where new blobs go, many at a time, in no order."""
    with ThreadPoolExecutor(means.at_once) as pool:
        going = set[Future[list[Moved]]]()
        for blobs in (blobs for page in _strays(tools) for blobs in _handfuls(page, means)):
            going.add(pool.submit(_move, tools, blobs, means))
            if len(going) >= 2 * means.at_once:
                done, going = wait(going, return_when=FIRST_COMPLETED)
                yield from (one for future in done for one in future.result())
        yield from (one for future in going for one in future.result())


def _strays(tools: Tools) -> Iterator[Blobs]:
    """digest, size_bytes and place of the blobs that are elsewhere, by digest, in pages."""
    after = ""
    while True:
        with tools.db.read() as tx:
            page = inventory.blobs_page(tx, after, _PAGE)
        if not page:
            return
        after = page[-1].digest
        yield [row for row in page if not tools.store.settled(row.digest, row.place)]


def _handfuls(page: Blobs, means: Means) -> Iterator[Blobs]:
    """What one worker moves in one go: a large blob, or several others; all workers are to have some."""
    most = min(_HANDFUL, -(-len(page) // means.at_once))
    held, size = list[Row[Any]](), 0
    for row in page:
        if held and (len(held) == most or size + row.size_bytes > means.together_bytes):
            yield held
            held, size = [], 0
        held.append(row)
        size += row.size_bytes
    if held:
        yield held


def _move(tools: Tools, blobs: Blobs, means: Means) -> list[Moved]:
    """Where one of several fails, each is moved by itself: then it is told of whom."""
    try:
        if means.remove:
            _leave_spares(tools, blobs)
        copies = list(zip(blobs, _copied(tools, blobs, means), strict=True))
        if means.compare:
            _compare(tools, copies)
        switched = _switch(tools, copies, means)
        return [Moved(row.digest, row.size_bytes, "moved" if row.digest in switched else "gone") for row in blobs]
    except (StoreError, StoreUnavailable) as error:
        if len(blobs) > 1:
            return [moved for row in blobs for moved in _move(tools, [row], means)]
        [row] = blobs
        return [Moved(row.digest, row.size_bytes, "failed" if _stand(tools, blobs) else "gone", str(error))]


def _copied(tools: Tools, blobs: Blobs, means: Means) -> list[str]:
    """The places of copies."""
    if blobs[0].size_bytes > means.together_bytes:
        [row] = blobs
        return [copy_in(tools.store, row.digest, _pieces(tools, row.digest, row.place, means.pace, HANDED_BYTES))]
    pieces = [_pieces(tools, row.digest, row.place, means.pace) for row in blobs]
    coming = [Coming(row.digest, row.size_bytes, those) for row, those in zip(blobs, pieces, strict=True)]
    return put_in(tools.store, coming)


def _pieces(
    tools: Tools, digest: str, place: str, pace: Callable[[int], None], piece_bytes: int = PIECE_BYTES
) -> Iterator[bytes | memoryview]:
    """Those of a file are of this size, others as they come."""
    content = tools.store.read(digest, place=place)
    pieces: Pieces = ()
    if isinstance(content, File):
        pieces = pieces_of(content.path, piece_bytes)
    elif isinstance(content, Stream):
        pieces = content.pieces
    for piece in pieces:
        yield piece
        pace(len(piece))


def _compare(tools: Tools, copies: Copies) -> None:
    """Read the copies back. Raises DigestDiffers, BytesMissing; then the collector removes them."""
    hold_at = tools.clock()
    for row, place in copies:
        running = RunningHash(digests.algorithm(row.digest))
        for piece in _pieces(tools, row.digest, place, lambda _: None):
            running.feed(piece)
            if tools.clock() >= hold_at:
                hold_at = _hold(tools, copies)
        if running.digest() != row.digest:
            raise DigestDiffers(f"the copy of {row.digest} came back as {running.digest()}: its row was not changed")


def _hold(tools: Tools, copies: Copies) -> datetime:
    """No row names these copies yet: they are to stay. Returns when it is time to say so again."""
    for row, place in copies:
        if place:
            kept.keep_waiting(tools, row.digest, place)
    return tools.clock() + _HELD_AGAIN


def _switch(tools: Tools, copies: Copies, means: Means) -> set[str]:
    """Let the rows name the copies, if they still name what was copied; other copies go. Returns the digests."""
    if all(place == row.place for row, place in copies) and _stand(tools, [row for row, _ in copies]):
        return {row.digest for row, _ in copies}
    with tools.db.begin() as tx:
        there = rows.hold(tx, [row.digest for row, _ in copies])
        switched = {row: place for row, place in copies if there.get(row.digest) == row.place}
        places = {row.digest: place for row, place in switched.items()}
        rows.move(tx, places)
        kept.adopt_all(tx, tools, places)
        if means.remove:
            kept.leave(tx, [(row.digest, row.place, row.size_bytes) for row in switched], _unread_at(tools))
        unneeded = [row for row, place in copies if not place and row.digest not in there]
        kept.leave(tx, [(row.digest, "", row.size_bytes) for row in unneeded], tools.clock())
    for row, place in copies:
        if place and row not in switched:
            kept.discard(tools, row.digest, place)
    return set(places)


def _stand(tools: Tools, blobs: Blobs) -> bool:
    """Does the database still say the same of all of them?"""
    with tools.db.read() as tx:
        return rows.found(tx, [row.digest for row in blobs]) == set(blobs)


def _leave_spares(tools: Tools, blobs: Blobs) -> None:
    """From folder to folder no row changes, so the old copy is left before there is a new one: it goes only then.

    Who moves the other way at the same time is refused: each would leave what the other counts on.
    """
    left = [(row.digest, place, row.size_bytes) for row in blobs for place in spares(tools.store, row.digest)]
    if left:
        with tools.db.begin() as tx:
            held = rows.hold(tx, [row.digest for row in blobs])
            if rows.doomed(tx, held, own_spare(tools.store)):
                raise StoreUnavailable(_OPPOSITE, _PULLS_END)
            kept.leave(tx, left, _unread_at(tools))


def _unread_at(tools: Tools) -> datetime:
    """When every pull that began with the old place is over."""
    return tools.clock() + max(_PULLS_END, 2 * (tools.policy.redirect_life or timedelta()))
