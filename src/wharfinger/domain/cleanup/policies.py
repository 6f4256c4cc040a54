"""Cleanup policies: of projects, of groups and of the instance, and which of them hold in a project.

A project's own policies hold in place of those it inherits, but for the enforced ones, which hold beside them. Of what
is not enforced, the nearest place that has any gives all. Developers and up read, maintainers change; the instance's
are for administrators.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import policies as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.terms import FIRST, Terms, checked
from wharfinger.domain.errors import RulesExhausted, RuleUnknown, SettingInvalid
from wharfinger.domain.events.keeping import CleanupPolicyChanged
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role

INSTANCE: Final = ""  # the place of the instance's policies, where others have a path
MOST_POLICIES: Final = 20

_HIGHEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as one project sees it, or as its own place does.

    `place` is the path of the project or group it belongs to, INSTANCE for the instance. `rank` is higher for what is
    above (rules.cleanup). `holds`: it counts here; one that is off, or that the project's own replace, does not.
    """

    id: int
    place: str
    terms: Terms
    next_run_at: datetime | None = None
    rank: int = 0
    inherited: bool = False
    holds: bool = False


def list_policies(tools: Tools, caller: Caller, place: str) -> list[Policy]:
    """The policies of a project with all that it inherits, or of a group, or of the instance; the oldest first.

    Raises ProjectUnknown, GroupUnknown, ScopeMissing.
    """
    with tools.db.read() as tx:
        opened = open_place(tx, caller, place, Action.PULL)
        if isinstance(opened, Project):
            return in_project(tx, opened.id, opened.path)
        return [_policy(row) for row in rows.of_place(tx, None, opened.id if opened else None)]


def get(tools: Tools, caller: Caller, place: str, name: str = FIRST) -> Policy | None:
    """One policy of a place's own, None where it has none of this name."""
    own = (one for one in list_policies(tools, caller, place) if not one.inherited)
    return next((one for one in own if one.terms.name == name), None)


def save(tools: Tools, caller: Caller, place: str, terms: Terms) -> Policy:
    """Make a policy, or let the one of this name say this from now on. Its next run is one cadence away.

    Raises SettingInvalid, RulesExhausted.
    """
    checked(terms)
    with tools.db.begin() as tx:
        opened = open_place(tx, caller, place, Action.ADMINISTER)
        if terms.enforced and isinstance(opened, Project):
            raise SettingInvalid("enforced: only policies of groups and of the instance are")
        project, namespace = _ids(opened)
        before = rows.one(tx, project, namespace, terms.name)
        next_run_at = tools.clock() + terms.period if terms.enabled else None
        values = {**written.values(terms), "next_run_at": next_run_at}
        if before is None:
            if len(rows.of_place(tx, project, namespace)) >= MOST_POLICIES:
                raise RulesExhausted(f"there are {MOST_POLICIES} policies already, the most there can be: join some")
            place_of = {"project_id": project, "namespace_id": namespace, "created_at": tools.clock()}
            id_ = rows.add(tx, {**values, **place_of})
        else:
            id_ = before.id
            rows.change(tx, before.id, **values)
        _tell(tx, tools, caller, opened, terms.name, before=before, after=terms)
    return Policy(id_ or 0, opened.path if opened else INSTANCE, terms, next_run_at)


def remove(tools: Tools, caller: Caller, place: str, name: str) -> None:
    """Forget a policy; what it did stays in the history. Raises RuleUnknown."""
    with tools.db.begin() as tx:
        opened = open_place(tx, caller, place, Action.ADMINISTER)
        before = rows.one(tx, *_ids(opened), access.askable(name))
        if before is None:
            raise unknown(place, name)
        rows.remove(tx, before.id)
        _tell(tx, tools, caller, opened, name, before=before, after=None)


def in_project(tx: Connection, project: int, path: str) -> list[Policy]:
    """All policies that reach a project, its own first; `holds` tells which count."""
    return _judged(_reaching(tx, project, path))


def supposing(tx: Connection, project: int, path: str, asked: Policy) -> list[Policy]:
    """The same, if `asked`, of a group above or of the instance, were on and said what it says."""
    others = [one for one in _reaching(tx, project, path) if not _same(one, asked)]
    above = replace(asked, rank=_rank(asked.place, path), inherited=True, terms=replace(asked.terms, enabled=True))
    return _judged([*others, above])


def holding(tx: Connection, project: int, path: str) -> list[Policy]:
    """Those that count in a project."""
    return [one for one in in_project(tx, project, path) if one.holds]


def switch_off(tx: Connection, tools: Tools, caller: Caller, project: Project, policy: int) -> bool:
    """Turn one of a project's own policies off; False where it is none of these, or is off."""
    row = next((row for row in rows.of_place(tx, project.id, None) if row.id == policy and row.enabled), None)
    if row is None:
        return False
    rows.change(tx, policy, enabled=False, next_run_at=None)
    after = replace(written.of_row(row), enabled=False)
    _tell(tx, tools, caller, project, row.name, before=row, after=after)
    return True


def unknown(place: str, name: str) -> RuleUnknown:
    """There is no such policy."""
    where = place.strip("/") or "the whole registry"
    return RuleUnknown(f"no cleanup policy {name} is for {where}: list them to see what there is")


def open_place(tx: Connection, caller: Caller, place: str, action: Action) -> Project | Group | None:
    """Where policies belong to, for who may do this to them; None for the instance."""
    if place == INSTANCE:
        access.require_admin(caller, "cleanup for the whole instance")
        return None
    opened = access.open_place(tx, caller, place, action)
    if action is Action.PULL:
        access.require_role(opened, Role.DEVELOPER, "looking at cleanup policies")
    return opened


def _judged(found: Sequence[Policy]) -> list[Policy]:
    own = [one for one in found if not one.inherited]
    inherited = sorted((one for one in found if one.inherited), key=lambda one: (one.rank, one.id))
    nearest = next((one.rank for one in inherited if not one.terms.enforced), None) if not own else None
    return own + [
        replace(one, holds=one.terms.enabled and (one.terms.enforced or one.rank == nearest)) for one in inherited
    ]


def _ids(opened: Project | Group | None) -> tuple[int | None, int | None]:
    if isinstance(opened, Project):
        return opened.id, None
    return None, opened.id if opened else None


def _same(one: Policy, other: Policy) -> bool:
    return one.inherited and (one.place, one.terms.name) == (other.place, other.terms.name)


def _above(path: str) -> list[str]:
    """The paths of the groups that a place is in, nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]


def _reaching(tx: Connection, project: int, path: str) -> list[Policy]:
    return [_seen(row, project, path) for row in rows.reaching(tx, project, _above(path))]


def _seen(row: Row[*tuple[Any, ...]], project: int, path: str) -> Policy:
    found = _policy(row)
    if row.project_id == project:
        return replace(found, place=path, holds=row.enabled)
    return replace(found, rank=_rank(found.place, path), inherited=True)


def _rank(place: str, path: str) -> int:
    """How high a place is above a project."""
    return _HIGHEST if place == INSTANCE else 1 + _above(path).index(place)


def _policy(row: Row[*tuple[Any, ...]]) -> Policy:
    return Policy(row.id, row.namespace_path or INSTANCE, written.of_row(row), row.next_run_at)


def _tell(
    tx: Connection,
    tools: Tools,
    caller: Caller,
    opened: Project | Group | None,
    name: str,
    *,
    before: Row[*tuple[Any, ...]] | None,
    after: Terms | None,
) -> None:
    place: dict[str, Any] = {"path": INSTANCE} if opened is None else events.at(opened)
    old = None if before is None else written.facts(written.of_row(before))
    new = None if after is None else written.facts(after)
    events.put(tx, tools, caller, CleanupPolicyChanged(**place, policy=name, before=old, after=new))
