"""What cleanup would do now: every tag with the reason why it stays or goes, and the bytes that this frees."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from wharfinger.db import cleanup as rows
from wharfinger.domain import access, guard
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.cleanup import evaluate, policies
from wharfinger.domain.cleanup.evaluate import Bytes, Findings, Question
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.terms import Terms, checked
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role


@dataclass(frozen=True, slots=True)
class Preview:
    """Repositories with their verdicts, and totals. `manifests` are images that no tag leads to and that go."""

    repositories: Sequence[Findings]
    tags: int
    goes: int
    manifests: int
    size_bytes: int


def of_terms(tools: Tools, caller: Caller, project: str, terms: Terms) -> Preview:
    """What a policy would do that says this, saved or not, beside the others that hold. Raises SettingInvalid."""
    checked(terms)
    with tools.db.read() as tx:
        opened = _open(tx, caller, project)
        others = policies.in_project(tx, opened.id, opened.path)
        same = next((one for one in others if not one.inherited and one.terms.name == terms.name), None)
        asked = Policy(same.id if same else 0, opened.path, terms)
        return _preview(tx, tools, opened, [one for one in others if one.holds and one is not same], [asked])


def of_all(tools: Tools, caller: Caller, project: str) -> Preview:
    """What all policies that hold would do together."""
    with tools.db.read() as tx:
        opened = _open(tx, caller, project)
        return _preview(tx, tools, opened, [], policies.holding(tx, opened.id, opened.path))


def _open(tx: Connection, caller: Caller, project: str) -> Project:
    opened = access.open_project(tx, caller, project, Action.PULL)
    access.require_role(opened, Role.DEVELOPER, "looking at what cleanup would do")
    return opened


def _preview(
    tx: Connection, tools: Tools, project: Project, keeping: Sequence[Policy], removing: Sequence[Policy]
) -> Preview:
    held = guard.of(tx, tools, project.id, project.path)
    question = Question([*removing, *keeping], range(len(removing)), held, tools.clock())
    freed, found = Bytes(), list[Findings]()
    for row in rows.repositories_of(tx, project.id):
        one = evaluate.repository(tx, question, id_=row.id, name=row.name, path=row.path)
        freed.add(tx, one)
        found.append(one)
    return Preview(
        [one for one in found if one.verdicts or one.loose],
        sum(len(one.verdicts) for one in found),
        sum(len(one.doomed) for one in found),
        sum(len(one.loose) for one in found),
        freed.total,
    )
