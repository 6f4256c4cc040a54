"""Groups, projects and people as listings: filtered, sorted, a page at a time. Nothing here decides."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from wharfinger.db import paging
from wharfinger.db.access import below, role_of
from wharfinger.db.containing import containing
from wharfinger.db.later import later
from wharfinger.db.overviews import PUSHED, shown
from wharfinger.db.paging import Cut
from wharfinger.db.tables.columns import Moment
from wharfinger.db.tables.people import users
from wharfinger.db.tables.places import namespaces, projects

_CHANGED: Final[ColumnElement[Any]] = func.coalesce(projects.c.changed_at, projects.c.created_at, type_=Moment())
_PROJECT_SORTS: Final[dict[str, ColumnElement[Any] | None]] = {
    "id": projects.c.id,
    "name": projects.c.name,
    "path": None,
    "created_at": projects.c.created_at,
    "updated_at": _CHANGED,
}
GROUP_SORTS: Final = {
    "id": namespaces.c.id,
    "name": namespaces.c.name,
    "path": None,
    "created_at": namespaces.c.created_at,
}
USER_SORTS: Final = {"id": users.c.id, "username": None}

_HOLDER: Final = namespaces.alias("holder")


def project_listing(
    *, user: int | None, now: datetime, readable: ColumnElement[bool] | None, lowest: int | None
) -> Select[Any]:
    """Projects with the user's role: readable ones (None: all) and those with a role; of a role at least, if given."""
    role = role_of(projects, user, now)
    holder = (
        _HOLDER.c.name.label("holder_name"),
        _HOLDER.c.path.label("holder_path"),
        _HOLDER.c.parent_id.label("holder_parent_id"),
        _HOLDER.c.owner_id.label("holder_owner_id"),
    )
    found: Select[Any] = select(*projects.c, role.label("role"), *holder).join(
        _HOLDER, _HOLDER.c.id == projects.c.namespace_id
    )
    if readable is not None:
        found = found.where(or_(readable, role.is_not(None)))
    return found if lowest is None else found.where(role >= lowest)


def projects_in(found: Select[Any], group: int, path: str, *, deep: bool) -> Select[Any]:
    """Those of a group, with all below it or alone."""
    return found.where(below(projects.c.path, path) if deep else projects.c.namespace_id == group)


def projects_named(found: Select[Any], part: str) -> Select[Any]:
    """Those whose name or path contains this, in any case."""
    named = or_(containing(projects.c.name, part), containing(projects.c.path, part))
    return found.where(named) if part else found


def projects_of(found: Select[Any], visibility: int | None) -> Select[Any]:
    """Those of a visibility."""
    return found if visibility is None else found.where(projects.c.visibility == visibility)


def activity(*, user: int | None, now: datetime, everywhere: bool) -> ColumnElement[Any]:
    """When a project last changed or, if that is later, was pushed to: where its images are shown, or `everywhere`."""
    pushed = shown(PUSHED, user=user, now=now, everywhere=everywhere)
    return later(_CHANGED, func.coalesce(pushed, _CHANGED, type_=Moment()))


def projects_active(
    found: Select[Any], active: ColumnElement[Any], after: datetime | None, before: datetime | None
) -> Select[Any]:
    """Those whose activity is after, or before, a moment."""
    found = found if after is None else found.where(active > after)
    return found if before is None else found.where(active < before)


def project_page(
    tx: Connection, found: Select[Any], sort: str, active: ColumnElement[Any], by: Cut
) -> tuple[list[Row[Any]], bool]:
    """A page of a listing of projects, and whether there is more behind it; `active` is what `activity` gave."""
    value = active if sort == "last_activity_at" else _PROJECT_SORTS[sort]
    return paging.rows_of(tx, paging.cut(found, projects.c.path, value, by), by.limit)


def one_project(tx: Connection, found: Select[Any], id_: int) -> Row[Any]:
    """The project of this number, which is there."""
    return tx.execute(found.where(projects.c.id == id_)).one()


def group_listing(*, user: int | None, now: datetime, visible: list[int], lowest: int | None) -> Select[Any]:
    """Groups with the user's role: of these visibilities and those with a role; of a role at least, if given."""
    role = role_of(namespaces, user, now)
    seen = or_(namespaces.c.visibility.in_(visible), role.is_not(None))
    found: Select[Any] = select(*namespaces.c, role.label("role")).where(namespaces.c.owner_id.is_(None), seen)
    return found if lowest is None else found.where(role >= lowest)


def groups_below(found: Select[Any], group: int, path: str, *, deep: bool) -> Select[Any]:
    """Those in a group, at any depth or right in it."""
    return found.where(below(namespaces.c.path, path) if deep else namespaces.c.parent_id == group)


def groups_at_the_top(found: Select[Any]) -> Select[Any]:
    """Those in no other group."""
    return found.where(namespaces.c.parent_id.is_(None))


def groups_named(found: Select[Any], part: str) -> Select[Any]:
    """Those whose name or path contains this, in any case."""
    named = or_(containing(namespaces.c.name, part), containing(namespaces.c.path, part))
    return found.where(named) if part else found


def group_page(tx: Connection, found: Select[Any], sort: str, by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing of groups, and whether there is more behind it."""
    return paging.rows_of(tx, paging.cut(found, namespaces.c.path, GROUP_SORTS[sort], by), by.limit)


def user_listing(*, part: str = "", username: str | None = None, blocked: bool | None = None) -> Select[Any]:
    """People, no bots: whose name, user name or address contains `part`, or the one of a user name."""
    found: Select[Any] = select(*users.c).where(users.c.bot.is_(False))
    if part:
        columns = (users.c.username, users.c.name, users.c.email)
        found = found.where(or_(*(containing(column, part) for column in columns)))
    if username is not None:
        found = found.where(users.c.username == username)
    return found if blocked is None else found.where(users.c.blocked.is_(blocked))


def user_page(tx: Connection, found: Select[Any], sort: str, by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing of people, and whether there is more behind it."""
    return paging.rows_of(tx, paging.cut(found, users.c.username, USER_SORTS[sort], by), by.limit)
