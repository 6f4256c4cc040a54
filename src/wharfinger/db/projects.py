"""Projects: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, or_, select, update

from wharfinger.db.access import below, role_of
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import projects


def page(
    tx: Connection,
    *,
    user: int | None,
    now: datetime,
    readable: ColumnElement[bool] | None,
    group: str | None,
    last: str,
    limit: int,
) -> Sequence[Row[Any]]:
    """Projects after `last` in byte order of paths: readable ones (None: all) and those where the user has a role.

    `group` is the path of a group to stay below.
    """
    role = role_of(projects, user, now)
    found: Select[Any] = select(*projects.c, role.label("role")).where(projects.c.path > last)
    if readable is not None:
        found = found.where(or_(readable, role.is_not(None)))
    if group is not None:
        found = found.where(below(projects.c.path, group))
    return tx.execute(found.order_by(projects.c.path).limit(limit)).all()


def below_path(tx: Connection, group: str) -> list[int]:
    """Ids of the projects in a group and below it."""
    return list(tx.scalars(select(projects.c.id).where(below(projects.c.path, group))))


def holds_images(tx: Connection, project: int) -> bool:
    """Was anything ever pushed that is still there? Repositories without a manifest yet do not count."""
    pushed = (repositories.c.project_id == project) & repositories.c.pushed_at.is_not(None)
    return bool(tx.scalar(select(exists().where(pushed))))


def change(tx: Connection, project: int, **values: Any) -> None:
    """Set columns of a project."""
    tx.execute(update(projects).where(projects.c.id == project).values(values))


def note_change(tx: Connection, project: int, now: datetime) -> None:
    """Write down that its settings changed, or that something in it was deleted."""
    earlier = or_(projects.c.changed_at.is_(None), projects.c.changed_at < now)
    tx.execute(update(projects).where(projects.c.id == project, earlier).values(changed_at=now))


def changed_at(tx: Connection, project: int) -> datetime | None:
    """When that was for the last time, if it ever was."""
    found: datetime | None = tx.scalar(select(projects.c.changed_at).where(projects.c.id == project))
    return found


def remove(tx: Connection, project: int) -> None:
    """Delete a project, with its images, memberships, credentials and routes."""
    tx.execute(delete(projects).where(projects.c.id == project))
