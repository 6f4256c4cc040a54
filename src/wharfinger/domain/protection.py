"""The rules that protect a project's repositories and tags: who reads, makes, changes and removes them.

Developers and up read them, maintainers change them, owners those for immutable tags. What they mean for a write is in
`domain/guard.py`. At most `MOST_RULES` for repositories, and as many for tags of both kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import protection as rows
from wharfinger.domain import access, events, guard
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.errors import RulesExhausted, RuleTaken, RuleUnknown, SettingInvalid
from wharfinger.domain.events.keeping import ProtectionRuleChanged
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import MOST_RULES, Kind, Level, Rule, checked
from wharfinger.rules.roles import Action, Role

_COUNTED: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.REPOSITORY: (Kind.REPOSITORY,),
    Kind.TAG: (Kind.TAG, Kind.IMMUTABLE),
    Kind.IMMUTABLE: (Kind.TAG, Kind.IMMUTABLE),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule with the number it is known by, in the project it protects."""

    id: int
    project_id: int
    rule: Rule


def list_rules(tools: Tools, caller: Caller, project: str) -> list[Kept]:
    """All rules of a project, of every kind, oldest first, for its developers and up."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.PULL)
        access.require_role(opened, Role.DEVELOPER, "looking at protection rules")
        return [_kept(row, opened.path) for row in rows.of(tx, opened.id)]


def add(tools: Tools, caller: Caller, project: str, rule: Rule) -> Kept:
    """Protect something. Raises SettingInvalid, RuleTaken, RulesExhausted."""
    with tools.db.begin() as tx:
        opened = _open(tx, caller, project, rule.kind)
        _checked(rule, opened.path)
        if rows.count(tx, opened.id, _COUNTED[rule.kind]) >= MOST_RULES:
            raise RulesExhausted(f"{opened.path} has {MOST_RULES} such rules, the most there can be: join some of them")
        made = rows.add(tx, {**_values(rule, opened.path), "project_id": opened.id, "created_at": tools.clock()})
        if made is None:
            raise _taken(rule)
        _tell(tx, tools, caller, opened, made, after=rule)
        return Kept(made, opened.id, rule)


def change(tools: Tools, caller: Caller, project: str, kind: Kind, id_: int, **changes: Any) -> Kept:
    """Change what is given of a rule's `pattern`, `push`, `delete`; a level of None leaves that to the role.

    Raises RuleUnknown, SettingInvalid, RuleTaken. A rule for immutable tags does not change.
    """
    if kind is Kind.IMMUTABLE:
        raise SettingInvalid("a rule for immutable tags does not change: remove it and make another")
    with tools.db.begin() as tx:
        opened = _open(tx, caller, project, kind)
        before = _one(tx, opened, kind, id_).rule
        rule = _checked(replace(before, **changes), opened.path)
        values = _values(rule, opened.path)
        if rows.taken(tx, opened.id, kind, values["pattern"], but=id_):
            raise _taken(rule)
        rows.change(tx, id_, **values)
        _tell(tx, tools, caller, opened, id_, before=before, after=rule)
        return Kept(id_, opened.id, rule)


def remove(tools: Tools, caller: Caller, project: str, kind: Kind, id_: int) -> None:
    """Stop protecting it. Raises RuleUnknown."""
    with tools.db.begin() as tx:
        opened = _open(tx, caller, project, kind)
        before = _one(tx, opened, kind, id_).rule
        rows.remove(tx, id_)
        _tell(tx, tools, caller, opened, id_, before=before)


def _open(tx: Connection, caller: Caller, project: str, kind: Kind) -> Project:
    opened = access.open_project(tx, caller, project, Action.ADMINISTER)
    if kind is Kind.IMMUTABLE:
        access.require_role(opened, Role.OWNER, "deciding which tags are immutable")
    return opened


def _one(tx: Connection, project: Project, kind: Kind, id_: int) -> Kept:
    row = rows.one(tx, project.id, kind, id_)
    if row is None:
        raise RuleUnknown(f"{project.path} has no {kind} rule {id_}: list its rules to see what there is")
    return _kept(row, project.path)


def _kept(row: Row[*tuple[Any, ...]], project: str) -> Kept:
    return Kept(row.id, row.project_id, guard.rule(row, project))


def _checked(rule: Rule, project: str) -> Rule:
    try:
        return checked(rule, project)
    except ValueError as error:
        raise SettingInvalid(str(error)) from error


def _values(rule: Rule, project: str) -> dict[str, Any]:
    pattern = rule.pattern[len(project) :] if rule.kind is Kind.REPOSITORY else rule.pattern
    return {"kind": rule.kind, "pattern": pattern, "push_level": rule.push, "delete_level": rule.delete}


def _taken(rule: Rule) -> RuleTaken:
    return RuleTaken(f"the project has a {rule.kind} rule for {rule.pattern} already: change that one")


def _tell(
    tx: Connection,
    tools: Tools,
    caller: Caller,
    project: Project,
    id_: int,
    *,
    before: Rule | None = None,
    after: Rule | None = None,
) -> None:
    changed = ProtectionRuleChanged(**events.at(project), rule_id=id_, before=_facts(before), after=_facts(after))
    events.put(tx, tools, caller, changed)


def _facts(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    levels = {"push": _word(rule.push), "delete": _word(rule.delete)}
    return {"kind": str(rule.kind), "pattern": rule.pattern, **levels}


def _word(level: Level | None) -> str | None:
    return None if level is None else level.name.lower()
