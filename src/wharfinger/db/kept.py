"""Bytes that are kept under a place of their own and that no row names yet: the statements. Nothing here decides.

They are doomed from the start, and adopted by the transaction that names them. So what a crash leaves in between is
found by the collector, which takes it up (`db/doomed.py`) and removes it: what it took up is adopted no more.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, or_, select, update

from wharfinger.db.tables.images import blobs
from wharfinger.db.tables.trash import doomed_bytes
from wharfinger.db.tables.work import duties
from wharfinger.db.upsert import insert

Named = tuple[str, str, int]  # bytes: their digest, place and number

_REMOVAL: Final = "remove bytes"  # a duty that nobody has: until it is due, nothing is removed


def doom(tx: Connection, coming: Collection[Named], try_after: datetime) -> None:
    """These bytes go after a moment, unless they are adopted before."""
    rows = [{"digest": it[0], "place": it[1], "size_bytes": it[2], "try_after": try_after} for it in coming]
    tx.execute(insert(tx, doomed_bytes), rows)


def renew(tx: Connection, digest: str, place: str, until: datetime) -> bool:
    """Let them go later. False where the collector has taken them up, or they went."""
    mine = (doomed_bytes.c.digest == digest) & (doomed_bytes.c.place == place) & ~doomed_bytes.c.taken
    return tx.execute(update(doomed_bytes).where(mine).values(try_after=until)).rowcount > 0


def adopt(tx: Connection, digests: Collection[str], places: Collection[str]) -> set[str]:
    """Rows name these bytes now: they are not doomed. Returns the places; the collector has taken up others."""
    mine = doomed_bytes.c.digest.in_(digests) & doomed_bytes.c.place.in_(places) & ~doomed_bytes.c.taken
    return set(tx.scalars(delete(doomed_bytes).where(mine).returning(doomed_bytes.c.place)))


def forget(tx: Connection, digest: str, place: str) -> None:
    """These bytes are gone."""
    tx.execute(delete(doomed_bytes).where(doomed_bytes.c.digest == digest, doomed_bytes.c.place == place))


def hold_moved(tx: Connection, digests: Collection[str]) -> list[str]:
    """Those of these blobs that have a place of their own; nobody changes it until this transaction ends."""
    moved = select(blobs.c.digest).where(blobs.c.digest.in_(digests), blobs.c.place != "")
    return list(tx.scalars(moved.order_by(blobs.c.digest).with_for_update()))


def pause(tx: Connection, until: datetime, *, farthest: datetime) -> None:
    """Let no bytes be removed before a moment. A pause that ends later stands, up to the farthest moment."""
    paused = insert(tx, duties).values({"name": _REMOVAL, "due_at": until})
    other = or_(duties.c.due_at < until, duties.c.due_at > farthest)
    tx.execute(paused.on_conflict_do_update(index_elements=["name"], set_={"due_at": until}, where=other))


def paused_until(tx: Connection) -> datetime | None:
    """When the last such pause ends, if there ever was one."""
    return tx.scalar(select(duties.c.due_at).where(duties.c.name == _REMOVAL))
