"""Uploads of stores that cannot tell by themselves how far one is: the statements."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, or_, select, update

from wharfinger.db.tables.images import uploads
from wharfinger.db.upsert import insert


def add(tx: Connection, upload: str, state: str, now: datetime) -> bool:
    """Remember an upload; False if there was one of this id."""
    row = {"id": upload, "state": state, "holder": "", "held_until": now, "written_at": now}
    added = insert(tx, uploads).values(row).on_conflict_do_nothing().returning(uploads.c.id)
    return tx.scalar(added) is not None


def find(tx: Connection, upload: str) -> Row[Any] | None:
    """state, holder, held_until and written_at of an upload, which nobody changes until this transaction ends."""
    columns = (uploads.c.state, uploads.c.holder, uploads.c.held_until, uploads.c.written_at)
    found: Select[Any] = select(*columns).where(uploads.c.id == upload)
    return tx.execute(found.with_for_update()).first()


def state(tx: Connection, upload: str) -> str | None:
    """The state of an upload, whoever has it."""
    found: str | None = tx.scalar(select(uploads.c.state).where(uploads.c.id == upload))
    return found


def take(tx: Connection, upload: str, holder: str, until: datetime) -> None:
    """Give an upload to a holder."""
    tx.execute(update(uploads).where(uploads.c.id == upload).values(holder=holder, held_until=until))


def hold(tx: Connection, upload: str, holder: str, until: datetime) -> bool:
    """Let its holder have it longer; False where another has it."""
    return tx.execute(update(uploads).where(_held(upload, holder)).values(held_until=until)).rowcount > 0


def release(tx: Connection, upload: str, holder: str) -> bool:
    """Let others have it; False where another has it."""
    return tx.execute(update(uploads).where(_held(upload, holder)).values(holder="")).rowcount > 0


def write(tx: Connection, upload: str, holder: str, state: str, now: datetime) -> bool:
    """Release it with another state; False where another has it."""
    written = update(uploads).where(_held(upload, holder)).values(holder="", state=state, written_at=now)
    return tx.execute(written).rowcount > 0


def end(tx: Connection, upload: str, holder: str) -> bool:
    """Forget it; False where another has it, or nobody."""
    return tx.execute(delete(uploads).where(_held(upload, holder))).rowcount > 0


def stale(tx: Connection, before: datetime, now: datetime) -> list[str]:
    """Ids of uploads not written to since `before` that nobody has."""
    free = or_(uploads.c.holder == "", uploads.c.held_until <= now)
    return list(tx.scalars(select(uploads.c.id).where(uploads.c.written_at <= before, free)))


def page(tx: Connection, after: str, limit: int) -> list[tuple[str, str]]:
    """Ids and states of uploads after an id, by id."""
    found = select(uploads.c.id, uploads.c.state).where(uploads.c.id > after).order_by(uploads.c.id).limit(limit)
    return [(row.id, row.state) for row in tx.execute(found)]


def change(tx: Connection, upload: str, before: str, state: str) -> bool:
    """Give an upload that nobody has another state; False if it is not in `before` any more."""
    idle = (uploads.c.id == upload) & (uploads.c.state == before) & (uploads.c.holder == "")
    return tx.execute(update(uploads).where(idle).values(state=state)).rowcount > 0


def _held(upload: str, holder: str) -> Any:
    return (uploads.c.id == upload) & (uploads.c.holder == holder)
