"""Projects and groups as people look at them: with what is in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, false

from wharfinger.db import overviews as rows
from wharfinger.domain import access
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Visibility, open_to

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Overview:
    """A project, how many images it has, bytes that their tags keep (each blob once), and the last push."""

    project: Project
    images_count: int
    size_bytes: int
    pushed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which projects or groups: those one is a member of (`mine`), below a group, whose path or name contains `part`.

    At most `limit` after the path `last`.
    """

    mine: bool = False
    within: str | None = None
    part: str = ""
    last: str = ""
    limit: int = PAGE


def list_projects(tools: Tools, caller: Caller, wanted: Wanted) -> list[Overview]:
    """Projects that the caller may read or is a member of, in order of paths. Raises GroupUnknown."""
    access.require_reading(caller)
    now = tools.clock()
    with tools.db.read() as tx:
        found = rows.projects_page(
            tx,
            user=caller.user_id,
            now=now,
            readable=_readable(tools, caller, now, wanted),
            within=wanted.within and access.open_group(tx, caller, wanted.within, Action.PULL).path,
            part=access.askable(wanted.part),
            last=access.askable(wanted.last),
            limit=wanted.limit,
        )
        return _overviews(tx, [access.project(caller, row) for row in found])


def list_groups(tools: Tools, caller: Caller, wanted: Wanted) -> list[Group]:
    """Groups that the caller may see, in order of paths; right below `within`, if given. Raises GroupUnknown."""
    access.require_reading(caller)
    all_of_them = caller.admin and not wanted.mine
    seen = [kind for kind in Visibility if all_of_them or open_to(kind, signed_in=caller.user_id is not None)]
    with tools.db.read() as tx:
        found = rows.groups_page(
            tx,
            user=caller.user_id,
            now=tools.clock(),
            visible=[] if wanted.mine else seen,
            parent=None if wanted.within is None else access.open_group(tx, caller, wanted.within, Action.PULL).id,
            part=access.askable(wanted.part),
            last=access.askable(wanted.last),
            limit=wanted.limit,
        )
        return [access.group(caller, row) for row in found]


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
    return false() if wanted.mine else access.readable(caller, now, tools.policy.profile)


def _overviews(tx: Connection, projects: list[Project]) -> list[Overview]:
    ids = [project.id for project in projects]
    images, sizes = rows.images(tx, ids), rows.sizes(tx, ids)
    nothing = (0, None)
    return [
        Overview(one, images.get(one.id, nothing)[0], sizes.get(one.id, 0), images.get(one.id, nothing)[1])
        for one in projects
    ]
