"""Projects and groups as people look at them, with what is in them: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, case, func, or_, select

from wharfinger.db import paging
from wharfinger.db.access import below, role_of
from wharfinger.db.containing import containing
from wharfinger.db.meters import USED
from wharfinger.db.paging import Cut
from wharfinger.db.tables.columns import Moment
from wharfinger.db.tables.images import blobs, repositories, tags
from wharfinger.db.tables.people import users
from wharfinger.db.tables.places import namespaces, projects
from wharfinger.db.tables.usage import meters
from wharfinger.db.tables.work import jobs

_LAST_PUSH: Final = func.coalesce(
    select(func.max(tags.c.pushed_at)).where(tags.c.repository_id == repositories.c.id).scalar_subquery(),
    repositories.c.pushed_at,
    type_=Moment(),
)

PUSHED: Final[ColumnElement[Any]] = (  # when something was last pushed to a project, null if nothing is there
    select(func.max(_LAST_PUSH, type_=Moment()))
    .where(repositories.c.project_id == projects.c.id, repositories.c.pushed_at.is_not(None))
    .correlate(projects)
    .scalar_subquery()
)
_SIZE: Final = select(USED).where(meters.c.project_id == projects.c.id).correlate(projects).scalar_subquery()


def shown(value: ColumnElement[Any], *, user: int | None, now: datetime, everywhere: bool) -> ColumnElement[Any]:
    """Something about a project's images, or null where these are hidden from the user; `everywhere`: nowhere."""
    visible = or_(projects.c.registry_access == "enabled", role_of(projects, user, now).is_not(None))
    return value if everywhere else case((visible, value))


def sorts(*, user: int | None, now: datetime, everywhere: bool) -> dict[str, ColumnElement[Any] | None]:
    """What projects are sorted by, as the user is told of it."""
    pushed, size = (shown(value, user=user, now=now, everywhere=everywhere) for value in (PUSHED, _SIZE))
    return {
        "path": None,
        "pushed": func.coalesce(pushed, projects.c.created_at, type_=Moment()),
        "size": func.coalesce(size, 0, type_=BigInteger()),
        "created": projects.c.created_at,
    }


def projects_listing(
    *,
    user: int | None,
    now: datetime,
    readable: ColumnElement[bool] | None,
    within: str | None,
    part: str,
    visibility: int | None,
    lowest: int | None,
) -> Select[Any]:
    """Projects: readable ones (None: all) and those where the user has a role, which is a column.

    `within` is a group's path to stay below, `part` something that path or name contains, `lowest` the least role.
    """
    role = role_of(projects, user, now)
    found: Select[Any] = select(*projects.c, role.label("role"))
    if readable is not None:
        found = found.where(or_(readable, role.is_not(None)))
    if within is not None:
        found = found.where(below(projects.c.path, within))
    if visibility is not None:
        found = found.where(projects.c.visibility == visibility)
    if lowest is not None:
        found = found.where(role >= lowest)
    return _named(found, part)


def project_page(
    tx: Connection, found: Select[Any], value: ColumnElement[Any] | None, by: Cut
) -> tuple[list[Row[Any]], bool]:
    """A page of a listing of projects by one of `sorts`, and whether there is more behind it."""
    return paging.rows_of(tx, paging.cut(found, projects.c.path, value, by), by.limit)


def images(tx: Connection, project_ids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """How many image repositories each of the projects has, and when something was last pushed to one."""
    found: Select[Any] = (
        select(repositories.c.project_id, func.count(), func.max(_LAST_PUSH, type_=Moment()))
        .where(repositories.c.project_id.in_(project_ids), repositories.c.pushed_at.is_not(None))
        .group_by(repositories.c.project_id)
    )
    return {row[0]: (row[1], row[2]) for row in tx.execute(found)}


def sizes(tx: Connection, project_ids: Sequence[int]) -> dict[int, int]:
    """Bytes that each of the projects keeps, every blob once."""
    found: Select[Any] = select(meters.c.project_id, USED).where(meters.c.project_id.in_(project_ids))
    return {row[0]: int(row[1]) for row in tx.execute(found)}


def totals(tx: Connection) -> dict[str, int]:
    """How many there are of everything, and the bytes of all blobs."""
    people = select(func.count()).select_from(users).where(users.c.bot.is_(False))
    asked = {
        "users": people,
        "blocked": people.where(users.c.blocked.is_(True)),
        "groups": select(func.count()).select_from(namespaces).where(namespaces.c.owner_id.is_(None)),
        "projects": select(func.count()).select_from(projects),
        "images": select(func.count()).select_from(repositories).where(repositories.c.pushed_at.is_not(None)),
        "blobs": select(func.count()).select_from(blobs),
        "bytes": select(func.coalesce(func.sum(blobs.c.size_bytes), 0)),
        "jobs": select(func.count()).select_from(jobs),
        "jobs_given_up": select(func.count()).select_from(jobs).where(jobs.c.due_at.is_(None)),
    }
    return {name: int(tx.scalar(statement) or 0) for name, statement in asked.items()}


def _named(found: Select[Any], part: str) -> Select[Any]:
    if not part:
        return found
    return found.where(or_(containing(projects.c.path, part), containing(projects.c.name, part)))
