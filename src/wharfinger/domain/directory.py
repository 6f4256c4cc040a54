"""Looking up groups, projects and people: listings with filters, an order and pages, of what the caller may see."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row, Select

from wharfinger.db import directory as rows
from wharfinger.db import overviews as overview_rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, paging, sight, users
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import UserUnknown
from wharfinger.domain.paging import FIRST, Sorted
from wharfinger.domain.tools import Tools
from wharfinger.domain.users import User
from wharfinger.rules import search
from wharfinger.rules.paging import Marker, Page, Value, Window
from wharfinger.rules.roles import Action, Role, Visibility, open_to


class Sort(StrEnum):
    """What these listings can be sorted by; the path (or user name) tells equals apart. People have no other name.

    The last two are of projects.
    """

    ID = "id"
    NAME = "name"
    PATH = "path"
    CREATED = "created_at"
    UPDATED = "updated_at"
    ACTIVE = "last_activity_at"


_KINDS: Final[dict[Sort, Sorted]] = {
    Sort.ID: int,
    Sort.NAME: str,
    Sort.PATH: type(None),
    Sort.CREATED: datetime,
    Sort.UPDATED: datetime,
    Sort.ACTIVE: datetime,
}

Values = dict[Sort, Value]


@dataclass(frozen=True, slots=True)
class Namespace:
    """The group or personal namespace (then `owner_id` is its user) that something is in."""

    id: int
    name: str
    path: str
    parent_id: int | None
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A project and what it is in.

    `changed_at` is when its settings last changed or something in it was deleted, or it was made; `active_at` when that
    or a push was, where its images are shown.
    """

    project: Project
    namespace: Namespace
    changed_at: datetime
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which groups or projects, in which order.

    Those in `group` (a path), `deep` with what is further below; whose name or path contains `part`; where the caller
    has the role `lowest` at least; of a visibility, active after or before a moment (projects), or at the `top`
    (groups).
    """

    group: str | None = None
    deep: bool = False
    part: str = ""
    lowest: Role | None = None
    visibility: Visibility | None = None
    active_after: datetime | None = None
    active_before: datetime | None = None
    top: bool = False
    sort: Sort = Sort.PATH
    descending: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Which people, in which order (by ID, or PATH for their user names)."""

    part: str = ""
    username: str | None = None
    blocked: bool | None = None
    sort: Sort = Sort.ID
    descending: bool = True


def list_projects(tools: Tools, caller: Caller, wanted: Filter, window: Window = FIRST) -> Page[Listed]:
    """Projects that the caller may read. Raises GroupUnknown, PageInvalid."""
    access.require_reading(caller)
    by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
    with tools.db.read() as tx:
        found = rows.projects_named(_project_listing(tools, caller, wanted.lowest), search.in_a_name(wanted.part))
        found = rows.projects_of(found, wanted.visibility)
        if wanted.group is not None:
            group = access.open_group(tx, caller, wanted.group, Action.PULL)
            found = rows.projects_in(found, group.id, group.path, deep=wanted.deep)
        active = rows.activity(user=caller.user_id, now=tools.clock(), everywhere=caller.admin)
        found = rows.projects_active(found, active, wanted.active_after, wanted.active_before)
        read = rows.project_page(tx, found, wanted.sort, active, by)
        pushed = overview_rows.images(tx, [row.id for row in read[0]])
        make = partial(_listed, caller, pushed)
        return paging.page(tx, window, read, found, (make, partial(_of_project, wanted.sort)))


def describe(tools: Tools, caller: Caller, project: Project) -> Listed:
    """A project that is open to the caller already, and what it is in."""
    with tools.db.read() as tx:
        listing = rows.project_listing(user=caller.user_id, now=tools.clock(), readable=None, lowest=None)
        pushed = overview_rows.images(tx, [project.id])
        return replace(_listed(caller, pushed, rows.one_project(tx, listing, project.id)), project=project)


def list_groups(tools: Tools, caller: Caller, wanted: Filter, window: Window = FIRST) -> Page[Group]:
    """Groups that the caller may see. Raises GroupUnknown, PageInvalid."""
    access.require_reading(caller)
    by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
    signed_in = caller.user_id is not None
    visible: list[int] = [kind for kind in Visibility if caller.admin or open_to(kind, signed_in=signed_in)]
    with tools.db.read() as tx:
        found = rows.group_listing(user=caller.user_id, now=tools.clock(), visible=visible, lowest=wanted.lowest)
        found = _groups(tx, caller, rows.groups_named(found, search.in_a_name(wanted.part)), wanted)
        read = rows.group_page(tx, found, wanted.sort, by)
        return paging.page(tx, window, read, found, (partial(access.group, caller), partial(_of_group, wanted.sort)))


def list_people(tools: Tools, caller: Caller, wanted: People, window: Window = FIRST) -> Page[User]:
    """People, for administrators; others find one whose whole user name they know, and nothing but the name.

    Raises PageInvalid.
    """
    access.require_reading(caller)
    access.require_known(caller)
    if not caller.admin:
        wanted = replace(wanted, username=caller.name if wanted.username is None else wanted.username)
    by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
    username = None if wanted.username is None else access.askable(wanted.username)
    with tools.db.read() as tx:
        found = rows.user_listing(part=search.in_a_name(wanted.part), username=username, blocked=wanted.blocked)
        read = rows.user_page(tx, found, "username" if wanted.sort is Sort.PATH else "id", by)
        return paging.page(tx, window, read, found, (partial(_person, caller), partial(_of_user, wanted.sort)))


def user_by_id(tools: Tools, caller: Caller, id_: int) -> User:
    """A person by number; of others only administrators hear. Raises UserUnknown."""
    with tools.db.read() as tx:
        row = user_rows.by_id(tx, id_)
    if row is None or not (caller.admin or row.id == caller.user_id):
        raise UserUnknown(f"no user {id_}: check the number")
    return users.shown(row)


def username(tools: Tools, id_: int) -> str:
    """Whose number this is, to do something with them that is authorised by itself. Raises UserUnknown."""
    with tools.db.read() as tx:
        row = user_rows.by_id(tx, id_)
    if row is None or row.bot:
        raise UserUnknown(f"no user {id_}: check the number")
    return str(row.username)


def _project_listing(tools: Tools, caller: Caller, lowest: Role | None) -> Select[Any]:
    readable = sight.projects(caller, tools.clock(), tools.policy.profile)
    return rows.project_listing(user=caller.user_id, now=tools.clock(), readable=readable, lowest=lowest)


def _groups(tx: Connection, caller: Caller, found: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.top:
        return rows.groups_at_the_top(found)
    if wanted.group is None:
        return found
    group = access.open_group(tx, caller, wanted.group, Action.PULL)
    return rows.groups_below(found, group.id, group.path, deep=wanted.deep)


def _listed(caller: Caller, pushed: Mapping[int, tuple[int, datetime]], row: Row[Any]) -> Listed:
    held = Namespace(row.namespace_id, row.holder_name, row.holder_path, row.holder_parent_id, row.holder_owner_id)
    project = access.project(caller, row)
    changed_at = row.changed_at or project.created_at
    shown = row.id in pushed and project.shows_images
    return Listed(project, held, changed_at, max(changed_at, pushed[row.id][1]) if shown else changed_at)


def _person(caller: Caller, row: Row[Any]) -> User:
    """All of it to administrators and to the person; to others the name."""
    found = users.shown(row)
    if caller.admin or row.id == caller.user_id:
        return found
    return replace(found, email=None, admin=False, password_once=False)


def _of_project(sort: Sort, listed: Listed) -> Marker:
    project = listed.project
    values: Values = {
        Sort.ID: project.id,
        Sort.NAME: project.name,
        Sort.PATH: None,
        Sort.CREATED: project.created_at,
        Sort.UPDATED: listed.changed_at,
        Sort.ACTIVE: listed.active_at,
    }
    return Marker(project.path, values[sort])


def _of_group(sort: Sort, group: Group) -> Marker:
    values: Values = {Sort.ID: group.id, Sort.NAME: group.name, Sort.PATH: None, Sort.CREATED: group.created_at}
    return Marker(group.path, values[sort])


def _of_user(sort: Sort, user: User) -> Marker:
    return Marker(user.username, None if sort is Sort.PATH else user.id)
