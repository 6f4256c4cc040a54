"""How often images are pulled, and what nobody pulls. Counts are those that were written already (domain/uses.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select

from wharfinger.db import statistics as rows
from wharfinger.domain import access, sight
from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action

MOST_PULLED: Final = 100
FIRST: Final = ("", "")


@dataclass(frozen=True, slots=True)
class Pulls:
    """How often a place or a repository was pulled, and when last; None: not since it is counted."""

    path: str
    pull_count: int
    last_pulled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pulled(Pulls):
    """The same of a repository, by number, and its project."""

    repository_id: int
    project_path: str


@dataclass(frozen=True, slots=True)
class Idle:
    """A tag that nobody pulls."""

    repository_id: int
    path: str
    project_path: str
    name: str
    pushed_at: datetime
    pull_count: int
    last_pulled_at: datetime | None


def pulls(
    tools: Tools, caller: Caller, place: str, limit: int = MOST_PULLED, *, lately: bool = False
) -> tuple[Pulls, Sequence[Pulled]]:
    """All pulls of a project or group ("": of all that the caller may read), and its images, most pulled first.

    With `lately` those come first that were pulled last.
    """
    with tools.db.read() as tx:
        path, readable = _opened(tx, tools, caller, place)
        total = rows.totals(tx, path, readable)
        found = [
            Pulled(row.path, row.pull_count, row.last_pulled_at, row.id, row.project_path)
            for row in rows.pulls(tx, path, readable, limit, lately=lately)
        ]
        return Pulls(path, int(total.pull_count), total.last_pulled_at), found


def unpulled(
    tools: Tools, caller: Caller, place: str, *, age: timedelta, last: tuple[str, str] = FIRST, limit: int = 100
) -> list[Idle]:
    """Tags that are older than this and were not pulled for as long, after (path, name) `last`."""
    with tools.db.read() as tx:
        path, readable = _opened(tx, tools, caller, place)
        after = (access.askable(last[0]), access.askable(last[1]))
        found = rows.unpulled(tx, path, readable, before=tools.clock() - age, last=after, limit=limit)
        return [
            Idle(
                row.repository_id,
                row.path,
                row.project_path,
                row.name,
                row.pushed_at,
                row.pull_count,
                row.last_pulled_at,
            )
            for row in found
        ]


def _opened(tx: Connection, tools: Tools, caller: Caller, place: str) -> tuple[str, Select[Any] | None]:
    access.require_reading(caller)
    path = access.open_place(tx, caller, place, Action.PULL).path if place else ""
    return path, sight.image_projects(caller, tools.clock(), tools.policy.profile)
