"""Bytes that are kept and that no row names yet, or no row any more.

A store of objects gives every upload a place of its own. Between the end of an upload and the row that names its place
a crash may come: so such bytes are doomed from the start, for an hour, and the row that names them adopts them in its
own transaction. The collector takes up what nobody adopted (domain/garbage.py), and the two exclude each other by the
row: whatever clocks say, what was adopted is not taken up, and what was taken up is not adopted.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import garbage
from wharfinger.db import kept as rows
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.tools import Tools
from wharfinger.rules import clocks

TO_BE_NAMED: Final = timedelta(hours=1)
PAUSE: Final = timedelta(minutes=4)


def adopt(tx: Connection, tools: Tools, digest: str, place: str) -> None:
    """A row names these bytes from this transaction on. Raises StoreUnavailable where they are being removed."""
    adopt_all(tx, tools, {digest: place})


def adopt_all(tx: Connection, tools: Tools, places: Mapping[str, str]) -> None:
    """Rows name these bytes, by digest, from this transaction on. Raises StoreUnavailable as well."""
    waiting = {place for place in places.values() if place}
    if waiting and rows.adopt(tx, places.keys(), waiting) != waiting:
        raise _late(", ".join(places))
    for digest, place in places.items():
        require(tools, digest, place)


def keep_waiting(tools: Tools, digest: str, place: str) -> None:
    """A row is to name these bytes, later than was said. Raises StoreUnavailable where they are being removed."""
    with tools.db.begin() as tx:
        if not rows.renew(tx, digest, place, tools.clock() + TO_BE_NAMED):
            raise _late(digest)


def _late(digest: str) -> StoreUnavailable:
    return StoreUnavailable(f"the bytes of {digest} waited for too long: send them again", timedelta(seconds=1))


def require(tools: Tools, digest: str, place: str) -> None:
    """See whether bytes are there that a row names, which this transaction has written: then they stay.

    Raises StoreUnavailable where they were withdrawn a moment before.
    """
    if not tools.store.kept(digest, place):
        raise StoreUnavailable("the blob was being removed while it came: send it again", timedelta(seconds=1))


def discard(tools: Tools, digest: str, place: str) -> None:
    """Remove bytes that no row is to name. Raises StoreFailed; then the collector does it."""
    tools.store.delete(digest, place)
    with tools.db.begin() as tx:
        rows.forget(tx, digest, place)


def leave(tx: Connection, left: Collection[rows.Named], try_after: datetime) -> None:
    """No row names these bytes any more: they are removed from this moment on, whatever was said before."""
    for digest, place, _ in left:
        if place:
            rows.forget(tx, digest, place)
    if left:
        rows.doom(tx, left, try_after)


def withdraw_moved(tools: Tools, digests: Collection[str]) -> None:
    """Take the bytes that blobs among these had under their digest out of the way, where a row names others now.

    The row is held meanwhile: who pushes them there again is told to send them once more.
    """
    if digests:
        with tools.db.begin(settled=True) as tx:
            for digest in rows.hold_moved(tx, digests):
                tools.store.withdraw(digest)


def pause_removal(tools: Tools) -> None:
    """Let no bytes be removed for a PAUSE; whoever is at it ends first. A later pause stands."""
    with tools.db.begin() as tx:
        garbage.take_turn(tx)
        until = tools.clock() + PAUSE
        rows.pause(tx, until, farthest=until + clocks.APART)


def removal_paused(tx: Connection, tools: Tools) -> bool:
    """Are bytes to stay where they are at present?"""
    until = rows.paused_until(tx)
    return until is not None and clocks.stands(until, tools.clock(), PAUSE)
