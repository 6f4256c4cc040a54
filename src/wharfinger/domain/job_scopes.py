"""Whose jobs are let into a project: of every project whose people may pull here, or of those on a list alone.

A job acts with the role of the person who started it. Where a project is limited, that role opens it to its own jobs
and to those of projects on its allowlist, or in groups on it. What is open to all who signed in stays open to jobs.
"""

from dataclasses import dataclass
from typing import Final

from wharfinger.db import job_scopes as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import RulesExhausted, RuleTaken, RuleUnknown
from wharfinger.domain.events.places import ProjectChanged
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action

MOST_ALLOWED: Final = 200  # GitLab's


@dataclass(frozen=True, slots=True)
class Allowed:
    """A project, or a group with all in it, whose jobs are let in."""

    id: int
    path: str
    name: str


def limited(tools: Tools, caller: Caller, project: str) -> bool:
    """Are jobs of other projects let in from the allowlist alone? For maintainers. Raises ProjectUnknown."""
    with tools.db.read() as tx:
        return rows.limited(tx, access.open_project(tx, caller, project, Action.ADMINISTER).id)


def limit(tools: Tools, caller: Caller, project: str, *, on: bool) -> None:
    """Let in jobs of other projects from the allowlist alone, or again as their people may. Raises ProjectUnknown."""
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        before = rows.limited(tx, opened.id)
        rows.limit(tx, opened.id, on=on)
        events.put(tx, tools, caller, _change(opened, {"jobs_limited": before}, {"jobs_limited": on}))


def list_allowed(tools: Tools, caller: Caller, project: str, *, groups: bool = False) -> list[Allowed]:
    """The projects on the allowlist, the project itself first, or the groups; for maintainers."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        itself = [] if groups else [Allowed(opened.id, opened.path, opened.name)]
        found = rows.groups_of(tx, opened.id) if groups else rows.projects_of(tx, opened.id)
        return itself + [Allowed(row.id, row.path, row.name) for row in found]


def allow(tools: Tools, caller: Caller, project: str, other: Project | Group) -> None:
    """Put a project or group that is open to the caller on the allowlist of a project, for its maintainers.

    Raises ProjectUnknown, RuleTaken where it is there, RulesExhausted.
    """
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        if rows.count(tx, opened.id) >= MOST_ALLOWED:
            raise RulesExhausted(f"the allowlist has {MOST_ALLOWED} entries, the most there can be: put a group on it")
        if (other.id == opened.id and isinstance(other, Project)) or not rows.add(tx, opened.id, **_from(other)):
            raise RuleTaken(f"the jobs of {other.path} are let in already: list the allowlist to see whose are")
        events.put(tx, tools, caller, _change(opened, {}, {"jobs_let_in": other.path}))


def forbid(tools: Tools, caller: Caller, project: str, number: int, *, group: bool = False) -> None:
    """Take the project or group of this number off the allowlist, for maintainers. Raises RuleUnknown."""
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        path = rows.remove(tx, opened.id, number, group=group)
        if path is None:
            raise RuleUnknown(f"{number} is not on the allowlist of {opened.path}: list it to see what is")
        events.put(tx, tools, caller, _change(opened, {"jobs_let_in": path}, {}))


def _from(other: Project | Group) -> dict[str, int]:
    return {"from_project_id" if isinstance(other, Project) else "from_namespace_id": other.id}


def _change(opened: Project, before: dict[str, object], after: dict[str, object]) -> ProjectChanged:
    return ProjectChanged(**events.at(opened), before=before, after=after)
