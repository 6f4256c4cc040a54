"""What cleanup would do now: every tag with the reason why it stays or goes, and the bytes that this frees."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import cleanup as rows
from wharfinger.db import policies as policy_rows
from wharfinger.domain import access, guard, images
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.cleanup import evaluate, policies
from wharfinger.domain.cleanup.evaluate import Findings, Question
from wharfinger.domain.cleanup.freed import Bytes
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.terms import Terms, checked
from wharfinger.domain.errors import PreviewsBusy, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role

MOST_PROJECTS: Final = 20  # in one answer, and
MOST_TAGS: Final = 100_000
AT_ONCE: Final = 4
_UNSAVED: Final = 0
_AGAIN: Final = timedelta(seconds=5)
_TURNS: Final = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Share:
    """What would go in one project of many, as totals; `holds`: any of the policies in question counts there."""

    id: int
    path: str
    holds: bool
    tags: int
    goes: int
    manifests: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Shares:
    """Some of the projects, and the number after which the others follow; None where there are none."""

    projects: Sequence[Share]
    after: int | None


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
    with _turn(), tools.db.read() as tx:
        opened = _open(tx, caller, project)
        others = policies.in_project(tx, opened.id, opened.path)
        same = next((one for one in others if not one.inherited and one.terms.name == terms.name), None)
        asked = Policy(same.id if same else 0, opened.path, terms)
        return _preview(tx, tools, opened, [one for one in others if one.holds and one is not same], [asked])


def of_repository(tools: Tools, caller: Caller, path: str, terms: Terms) -> Preview:
    """What deleting in bulk by these terms would take in a repository (`once.ask`), which no policy keeps from it.

    Raises SettingInvalid, RepositoryUnknown.
    """
    checked(terms)
    with _turn(), tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.DELETE)
        known = images.open_existing(tx, caller, path, Action.DELETE)
        held = guard.of(tx, tools, place.project_id, place.project_path)
        question = Question([Policy(_UNSAVED, place.project_path, terms)], (0,), held, tools.clock())
        found = evaluate.repository(tx, question, id_=known.id, name=place.name, path=place.path)
        freed = Bytes()
        freed.add(tx, found)
    return Preview([found], len(found.verdicts), len(found.doomed), len(found.loose), freed.total)


def of_all(tools: Tools, caller: Caller, project: str) -> Preview:
    """What all policies that hold would do together."""
    with _turn(), tools.db.read() as tx:
        opened = _open(tx, caller, project)
        return _preview(tx, tools, opened, [], policies.holding(tx, opened.id, opened.path))


def of_place(
    tools: Tools, caller: Caller, place: str, terms: Terms | None = None, *, after: int = 0, limit: int = MOST_PROJECTS
) -> Shares:
    """What a policy of a group or of the instance would do that says this and is on, by project, in order of numbers.

    Without `terms`, what all policies that hold would do together. At most `limit` projects after this one, and no
    more after MOST_TAGS tags. Raises SettingInvalid.
    """
    found, limit = list[Share](), min(limit, MOST_PROJECTS)
    with _turn(), tools.db.read() as tx:
        opened = policies.open_place(tx, caller, place, Action.PULL)
        if isinstance(opened, Project):
            raise SettingInvalid("such a preview is for a group or for the instance: ask for the project's own")
        where = opened.path if opened else policies.INSTANCE
        asked = None if terms is None else Policy(_UNSAVED, where, checked(terms))
        projects = policy_rows.projects_below(tx, opened.path if opened else None, after, limit + 1)
        for project in projects[:limit]:
            found.append(_share(tx, tools, project, asked))
            if sum(one.tags for one in found) >= MOST_TAGS:
                break
    return Shares(found, found[-1].id if len(found) < len(projects) else None)


@contextmanager
def _turn() -> Iterator[None]:
    """A few at a time in a process: one of many tags takes seconds, and may be asked for by every developer."""
    if not _TURNS.acquire(blocking=False):
        raise PreviewsBusy("other previews are being made at this moment: ask again in some seconds", _AGAIN)
    try:
        yield
    finally:
        _TURNS.release()


def _share(tx: Connection, tools: Tools, project: Row[Any], asked: Policy | None) -> Share:
    if asked is None:
        keeping, removing = list[Policy](), policies.holding(tx, project.id, project.path)
    else:
        reaching = policies.supposing(tx, project.id, project.path, asked)
        keeping = [one for one in reaching if one.holds and one.id != asked.id]
        removing = [one for one in reaching if one.holds and one.id == asked.id]
    found = _preview(tx, tools, project, keeping, removing)
    return Share(project.id, project.path, bool(removing), found.tags, found.goes, found.manifests, found.size_bytes)


def _open(tx: Connection, caller: Caller, project: str) -> Project:
    opened = access.open_project(tx, caller, project, Action.PULL)
    access.require_role(opened, Role.DEVELOPER, "looking at what cleanup would do")
    return opened


def _preview(
    tx: Connection, tools: Tools, project: Project | Row[Any], keeping: Sequence[Policy], removing: Sequence[Policy]
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
