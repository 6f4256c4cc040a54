"""How often things are pulled, and what nobody pulls: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, tuple_

from wharfinger.db.access import below
from wharfinger.db.tables.images import repositories, tags
from wharfinger.db.tables.places import projects


def pulls(
    tx: Connection, place: str, readable: Select[Any] | None, limit: int, *, lately: bool = False
) -> Sequence[Row[Any]]:
    """The repositories of a place ("": of all) that are pulled most or, `lately`, that were pulled last.

    id, path, project_path, pull_count, last_pulled_at; what was never pulled comes last.
    """
    columns = (repositories.c.id, repositories.c.path, repositories.c.pull_count, repositories.c.last_pulled_at)
    found: Select[Any] = select(*columns, projects.c.path.label("project_path"))
    found = found.join(projects, projects.c.id == repositories.c.project_id)
    first = repositories.c.last_pulled_at.desc().nulls_last() if lately else repositories.c.pull_count.desc()
    return tx.execute(_in(found, place, readable).order_by(first, repositories.c.path).limit(limit)).all()


def totals(tx: Connection, place: str, readable: Select[Any] | None) -> Row[Any]:
    """pull_count and last_pulled_at of all repositories of a place together."""
    count = func.coalesce(func.sum(repositories.c.pull_count), 0).label("pull_count")
    found: Select[Any] = select(count, func.max(repositories.c.last_pulled_at).label("last_pulled_at"))
    return tx.execute(_in(found, place, readable)).one()


def unpulled(
    tx: Connection, place: str, readable: Select[Any] | None, *, before: datetime, last: tuple[str, str], limit: int
) -> Sequence[Row[Any]]:
    """Tags that were pushed before this moment and not pulled since, in order of path and name, after `last`.

    repository_id, path, project_path, name, pushed_at, pull_count, last_pulled_at.
    """
    columns = (tags.c.repository_id, tags.c.name, tags.c.pushed_at, tags.c.pull_count, tags.c.last_pulled_at)
    found: Select[Any] = select(*columns, repositories.c.path, projects.c.path.label("project_path"))
    found = found.select_from(tags.join(repositories, repositories.c.id == tags.c.repository_id).join(projects))
    idle = or_(tags.c.last_pulled_at.is_(None), tags.c.last_pulled_at < before) & (tags.c.pushed_at < before)
    key = tuple_(repositories.c.path, tags.c.name)
    found = _in(found, place, readable).where(idle, key > tuple_(*last))
    return tx.execute(found.order_by(repositories.c.path, tags.c.name).limit(limit)).all()


def _in(found: Select[Any], place: str, readable: Select[Any] | None) -> Select[Any]:
    found = found.where(repositories.c.pushed_at.is_not(None))
    if place:
        found = found.where(or_(repositories.c.path == place, below(repositories.c.path, place)))
    return found if readable is None else found.where(repositories.c.project_id.in_(readable))
