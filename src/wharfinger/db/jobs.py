"""Jobs: what waits to be done, who does it now, and what was given up. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, or_, select, update

from wharfinger.db.tables.work import jobs
from wharfinger.db.upsert import insert


def add(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Queue jobs; one whose `key` is queued already is queued no second time."""
    tx.execute(insert(tx, jobs).on_conflict_do_nothing(), rows)


def anything_due(tx: Connection, now: datetime) -> bool:
    """Is there a job that nobody does?"""
    return bool(tx.scalar(select(exists().where(_free(now)))))


def take(tx: Connection, holder: str, now: datetime, until: datetime) -> Row[Any] | None:
    """The job that has been due for longest, held by `holder` until then; None where there is none."""
    first = select(jobs.c.id).where(_free(now)).order_by(jobs.c.due_at, jobs.c.id).limit(1)
    mine = jobs.c.id == first.with_for_update(skip_locked=True).scalar_subquery()
    taken = update(jobs).where(mine).values(holder=holder, held_until=until, tries=jobs.c.tries + 1)
    return tx.execute(taken.returning(*jobs.c)).first()


def hold(tx: Connection, id_: int, holder: str, until: datetime) -> bool:
    """Hold a job for longer; False if another worker has it by now."""
    mine = (jobs.c.id == id_) & (jobs.c.holder == holder)
    return tx.execute(update(jobs).where(mine).values(held_until=until)).rowcount > 0


def finish(tx: Connection, id_: int, holder: str) -> None:
    """The job is done."""
    tx.execute(delete(jobs).where(jobs.c.id == id_, jobs.c.holder == holder))


def fail(tx: Connection, id_: int, holder: str, *, error: str, due_at: datetime | None) -> None:
    """The job failed; it is due again at `due_at`, or with None given up: then the same can be asked for anew."""
    mine = (jobs.c.id == id_) & (jobs.c.holder == holder)
    values: dict[str, Any] = {"held_until": None, "holder": "", "error": error, "due_at": due_at}
    tx.execute(update(jobs).where(mine).values(values if due_at else values | {"key": None}))


def page(tx: Connection, last: int, limit: int) -> Sequence[Row[Any]]:
    """All columns of jobs, newest first, older than `last` (0: from the newest)."""
    found = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    return tx.execute(found.where(jobs.c.id < last) if last else found).all()


def again(tx: Connection, id_: int, now: datetime) -> bool:
    """Let a job be due now, as if it had never been tried; False if there is no such job, or it is being done."""
    idle = (jobs.c.id == id_) & or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now)
    return tx.execute(update(jobs).where(idle).values(due_at=now, tries=0, queued_at=now)).rowcount > 0


def remove(tx: Connection, id_: int, now: datetime) -> bool:
    """Forget a job that nobody does now."""
    idle = (jobs.c.id == id_) & or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now)
    return tx.execute(delete(jobs).where(idle)).rowcount > 0


def _free(now: datetime) -> Any:
    return (jobs.c.due_at <= now) & or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now)
