"""What happened: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, exists, select, update

from wharfinger.db.tables.work import events
from wharfinger.db.upsert import Upsert

_ADD: Final = Upsert(events, lambda insert: insert)


def add(tx: Connection, row: dict[str, Any]) -> None:
    """Write down that something happened."""
    tx.execute(_ADD.on(tx), row)


def anything_unfollowed(tx: Connection) -> bool:
    """Is there an event whose reactions were not queued yet?"""
    return bool(tx.scalar(select(exists().where(events.c.followed_at.is_(None)))))


def unfollowed(tx: Connection, limit: int) -> Sequence[Row[Any]]:
    """id and kind of events whose reactions were not queued yet, oldest first; ours until the transaction ends."""
    found: Select[Any] = (
        select(events.c.id, events.c.kind).where(events.c.followed_at.is_(None)).order_by(events.c.id).limit(limit)
    )
    return tx.execute(found.with_for_update(skip_locked=True)).all()


def follow(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    """The reactions of these events are queued."""
    tx.execute(update(events).where(events.c.id.in_(ids)).values(followed_at=now))


def by_id(tx: Connection, id_: int) -> Row[Any] | None:
    """All columns of an event, unless it is too old to be kept."""
    return tx.execute(select(events).where(events.c.id == id_)).first()
