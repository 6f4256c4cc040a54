"""Bytes on their way out: their blob's row is gone, the store still has them or may have. Nothing here decides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from wharfinger.db.tables.images import blobs
from wharfinger.db.tables.trash import doomed_bytes
from wharfinger.db.upsert import insert


def put(tx: Connection, gone: Collection[Row[Any]], try_after: datetime) -> list[int]:
    """Remove blobs, and remember their bytes until these are gone: the ids of what is remembered."""
    shared = {"try_after": try_after, "taken": True}
    rows = [{"digest": row.digest, "place": row.place, "size_bytes": row.size_bytes, **shared} for row in gone]
    tx.execute(delete(blobs).where(blobs.c.digest.in_([row.digest for row in gone])))
    return list(tx.scalars(insert(tx, doomed_bytes).returning(doomed_bytes.c.id), rows))


def overdue(tx: Connection, now: datetime, limit: int) -> list[int]:
    """Ids of bytes that should be gone by now and may not be."""
    due = select(doomed_bytes.c.id).where(doomed_bytes.c.try_after <= now)
    return list(tx.scalars(due.order_by(doomed_bytes.c.try_after).limit(limit)))


def take_up(tx: Connection, ids: Collection[int], now: datetime, later: datetime) -> Sequence[Row[Any]]:
    """id, digest and place of those of these bytes that are still due: nobody adopts them any more.

    They are due again `later`, should they not be gone by then.
    """
    due = doomed_bytes.c.id.in_(ids) & (doomed_bytes.c.try_after <= now)
    taken = update(doomed_bytes).where(due).values(try_after=later, taken=True)
    return tx.execute(taken.returning(doomed_bytes.c.id, doomed_bytes.c.digest, doomed_bytes.c.place)).all()


def requeue(tx: Connection, ids: Collection[int], now: datetime) -> None:
    """Let these be blobs that nothing needs, once more, unless they are blobs again already."""
    found = tx.execute(select(doomed_bytes).where(doomed_bytes.c.id.in_(ids), doomed_bytes.c.place == "")).all()
    rows = [
        {"digest": row.digest, "size_bytes": row.size_bytes, "created_at": now, "review_after": now} for row in found
    ]
    if rows:
        tx.execute(insert(tx, blobs).on_conflict_do_nothing(), rows)
        tx.execute(delete(doomed_bytes).where(doomed_bytes.c.id.in_([row.id for row in found])))


def forget(tx: Connection, ids: Collection[int]) -> tuple[int, int]:
    """These bytes are gone: how many blobs that were, and how many bytes."""
    mine = doomed_bytes.c.id.in_(ids)
    count, size = tx.execute(
        select(func.count(), func.coalesce(func.sum(doomed_bytes.c.size_bytes), 0)).where(mine)
    ).one()
    tx.execute(delete(doomed_bytes).where(mine))
    return int(count), int(size)
