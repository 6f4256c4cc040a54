"""Projects and groups as people look at them: with what is in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, false

from wharfinger.db import overviews as rows
from wharfinger.domain import access, paging, sight
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.paging import Sorted
from wharfinger.domain.tools import Tools
from wharfinger.rules import search
from wharfinger.rules.paging import Marker, Page, Value, Window
from wharfinger.rules.roles import Action, Role, Visibility

PAGE: Final = 50
FIRST: Final = Window(limit=PAGE)


@dataclass(frozen=True, slots=True)
class Overview:
    """A project, how many images it has, bytes that their tags keep (each blob once), and the last push."""

    project: Project
    images_count: int
    size_bytes: int
    pushed_at: datetime | None


class Sort(StrEnum):
    """What a listing of projects can be sorted by; the path tells equals apart. Who has no push, goes by its making."""

    PATH = "path"
    PUSHED = "pushed"
    SIZE = "size"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which projects, in which order: those one is a member of (`mine`), below a group, whose path or name has `part`.

    Of a `visibility`, and where one has the role `lowest` at least; None: any, also none.
    """

    mine: bool = False
    within: str | None = None
    part: str = ""
    visibility: Visibility | None = None
    lowest: Role | None = None
    sort: Sort = Sort.PATH
    descending: bool = False


_KINDS: Final[dict[Sort, Sorted]] = {
    Sort.PATH: type(None),
    Sort.PUSHED: datetime,
    Sort.SIZE: int,
    Sort.CREATED: datetime,
}


def list_projects(tools: Tools, caller: Caller, wanted: Wanted, window: Window = FIRST) -> Page[Overview]:
    """A page of the projects that the caller may read or is a member of. Raises GroupUnknown, PageInvalid."""
    access.require_reading(caller)
    now = tools.clock()
    by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
    with tools.db.read() as tx:
        listing = rows.projects_listing(
            user=caller.user_id,
            now=now,
            readable=_readable(tools, caller, now, wanted),
            within=wanted.within and access.open_group(tx, caller, wanted.within, Action.PULL).path,
            part=search.in_a_name(wanted.part),
            visibility=wanted.visibility,
            lowest=wanted.lowest,
        )
        orders = rows.sorts(user=caller.user_id, now=now, everywhere=caller.admin)
        found, more = rows.project_page(tx, listing, orders[wanted.sort], by)
        items = _overviews(tx, [access.project(caller, row) for row in found])
    return Page(items, None, _marker(wanted.sort, items[-1]) if more else None)


def _marker(sort: Sort, one: Overview) -> Marker:
    values: dict[Sort, Value] = {
        Sort.PATH: None,
        Sort.PUSHED: one.pushed_at or one.project.created_at,
        Sort.SIZE: one.size_bytes,
        Sort.CREATED: one.project.created_at,
    }
    return Marker(one.project.path, values[sort])


def get(tools: Tools, caller: Caller, path: str) -> Overview:
    """One project. Raises ProjectUnknown."""
    with tools.db.read() as tx:
        return _overviews(tx, [access.open_project(tx, caller, path, Action.PULL)])[0]


def totals(tools: Tools, caller: Caller) -> dict[str, int]:
    """How many users, groups, projects, images, blobs and jobs there are, and bytes in blobs. For administrators."""
    access.require_admin(caller, "looking at all of this")
    with tools.db.read() as tx:
        return rows.totals(tx)


def _readable(tools: Tools, caller: Caller, now: datetime, wanted: Wanted) -> ColumnElement[bool] | None:
    return false() if wanted.mine else sight.projects(caller, now, tools.policy.profile)


def _overviews(tx: Connection, projects: list[Project]) -> list[Overview]:
    ids = [project.id for project in projects if project.shows_images]
    images, sizes = rows.images(tx, ids), rows.sizes(tx, ids)
    nothing = (0, None)
    return [
        Overview(one, images.get(one.id, nothing)[0], sizes.get(one.id, 0), images.get(one.id, nothing)[1])
        for one in projects
    ]
