"""Many tags that are deleted together, and how far that is: the statements. Nothing here decides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, select

from wharfinger.db import tags as listing
from wharfinger.db.tables.images import repositories, tags
from wharfinger.db.tables.trash import trash
from wharfinger.db.tables.work import jobs

Rows = Sequence[Row[Any]]
_COLUMNS: Final = ("name", "total_size_bytes")


def named(tx: Connection, repository: int, names: Collection[str]) -> Rows:
    """name and total_size_bytes of those of these tags that are there, by name."""
    found = listing.listing(repository).where(tags.c.name.in_(names))
    return tx.execute(found.with_only_columns(*(tags.c[name] for name in _COLUMNS)).order_by(tags.c.name)).all()


def matching(tx: Connection, repository: int, part: str, *, folded: bool, until: datetime) -> Rows:
    """The same of all tags with this in their name that were pushed by then."""
    found = listing.listing(repository, part=part, folded=folded).where(tags.c.pushed_at <= until)
    return tx.execute(found.with_only_columns(*(tags.c[name] for name in _COLUMNS)).order_by(tags.c.name)).all()


def trashed(tx: Connection, project: int, now: datetime, batch: str) -> int:
    """How many things that one act deleted are in the trash of a project."""
    inside = trash.join(repositories, repositories.c.id == trash.c.repository_id)
    here = (repositories.c.project_id == project) & (trash.c.batch == batch) & (trash.c.expires_at > now)
    return int(tx.scalar(select(func.count()).select_from(inside).where(here)) or 0)


def queued(tx: Connection, key: str) -> bool:
    """Does a job with this key wait, or is it being done, and was not given up?"""
    return bool(tx.scalar(select(exists().where(jobs.c.key == key, jobs.c.due_at.is_not(None)))))
