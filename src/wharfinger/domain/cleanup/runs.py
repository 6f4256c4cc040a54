"""Running cleanup: a run is a durable job that goes on where it stopped, and removes to the trash.

    start_due ─► start_policy ─► a run for each project ─┐
    run_now ──────────────────────────────────────────────┼─► carry_on ─► done
    bulk.delete_in_bulk ──────────────────────────────────┘      └─► failing ─► tried again ─► failed after a day

First it is looked what is to go, in all repositories, and written down. Then tags go, a part in a transaction, and only
those that still point where they pointed and that no rule protects by then. Whoever looks after the project hears of a
run that fails or does not finish (`CleanupFailed`); the policy goes on as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row

from wharfinger.db import cleanup as facts
from wharfinger.db import policies as rows
from wharfinger.domain import access, events, guard, images, queue
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.cleanup import evaluate, history, policies
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.evaluate import Bytes, Findings, Loose, Question
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.domain.errors import RuleUnknown, RunUnfinished
from wharfinger.domain.events.keeping import CleanupFailed, CleanupRan
from wharfinger.domain.images import Existing
from wharfinger.domain.tools import Tools
from wharfinger.rules.cleanup import Tag
from wharfinger.rules.roles import Action

START_TASK: Final = "start cleanup"
RUN_TASK: Final = "clean up"
GIVEN_UP_AFTER: Final = timedelta(hours=25)  # an hour more than the queue tries a job again

Item = TypeVar("Item")
AnyRow = Row[*tuple[Any, ...]]

_POLICIES_AT_ONCE: Final = 50
_PROJECTS_AT_ONCE: Final = 100


def run_now(tools: Tools, caller: Caller, project: str, name: str = FIRST) -> Run:
    """Have a policy that reaches the project run now, on or off, its own or inherited.

    Raises RuleUnknown, RunUnfinished while a run of it has not finished.
    """
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        found = policies.in_project(tx, opened.id, opened.path)
        policy = next((one for one in found if one.terms.name == name), None)
        if policy is None:
            raise unknown(opened.path, name)
        if _open_run(tx, opened.id, policy.id) is not None:
            raise RunUnfinished(f"a run of the policy {name} has not finished: wait for it")
        id_ = start(tx, tools, caller.name, project=opened.id, policy=policy.id, terms=policy.terms)
    return history.get(tools, caller, opened.path, id_ or 0)


def start(
    tx: Connection,
    tools: Tools,
    started_by: str,
    *,
    project: int,
    terms: Terms,
    policy: int | None = None,
    repository: int | None = None,
    due_at: datetime | None = None,
) -> int | None:
    """Ask for a run, of a policy or of terms for one repository; its id, None where this one was asked for before."""
    row = {
        "project_id": project,
        "policy_id": policy,
        "repository_id": repository,
        "terms": written.written(terms),
        "state": State.QUEUED,
        "started_by": started_by,
        "due_at": due_at or tools.clock(),
    }
    id_ = rows.add_run(tx, row)
    if id_ is not None:
        queue.put(tx, tools, RUN_TASK, {"run": id_}, key=f"{RUN_TASK} {id_}")
    return id_


def start_due(tools: Tools) -> int:
    """Have the policies whose time has come run, and set their next time; how many."""
    now = tools.clock()
    with tools.db.begin() as tx:
        found = rows.due(tx, now, _POLICIES_AT_ONCE)
        for row in found:
            at = row.next_run_at.isoformat()
            queue.put(tx, tools, START_TASK, {"policy": row.id, "due_at": at}, key=f"{START_TASK} {row.id} {at}")
            period = written.of_row(row).period
            rows.change(tx, row.id, next_run_at=max(row.next_run_at + period, now + period / 2))
    return len(found)


def start_policy(tools: Tools, about: Mapping[str, Any]) -> None:
    """A run in every project with images where the policy holds; asked for twice, they are started once."""
    due_at, after = datetime.fromisoformat(about["due_at"]), 0
    while True:
        with tools.db.begin() as tx:
            policy = rows.by_id(tx, about["policy"])
            if policy is None or not policy.enabled:
                return
            found = rows.projects_of(tx, policy, after, _PROJECTS_AT_ONCE)
            for project in found:
                _start_in(tx, tools, project, policy.id, due_at)
        if not found:
            return
        after = found[-1].id


def carry_on(tools: Tools, about: Mapping[str, Any], *, at_once: int = images.TAGS_AT_ONCE) -> None:
    """Do a run, or what is left of it, so many tags in a transaction."""
    with tools.db.begin() as tx:
        row = rows.run(tx, about["run"])
        if row is None or row.finished_at is not None:
            return
        rows.change_run(tx, row.id, state=State.RUNNING, started_at=row.started_at or tools.clock())
    try:
        _plan(tools, row.id)
        while _clean_next(tools, row.id, at_once):
            pass
        _finish(tools, row.id)
    except Exception as error:
        _tell_failure(tools, row.id, row.state, f"{type(error).__name__}: {error}")
        raise


def give_up(tools: Tools) -> int:
    """Call runs failed that did not come to an end in a day, and tell of them; how many."""
    now = tools.clock()
    with tools.db.begin() as tx:
        found = rows.overdue(tx, (State.QUEUED, State.FAILING), now - GIVEN_UP_AFTER, _POLICIES_AT_ONCE)
        for row in found:
            error = row.error or "no worker took it"
            rows.change_run(tx, row.id, state=State.FAILED, finished_at=now, error=error)
            _put_failure(tx, tools, row, f"given up after a day: {error}", given_up=True)
    return len(found)


def _start_in(tx: Connection, tools: Tools, project: AnyRow, policy_id: int, due_at: datetime) -> None:
    policy = next((one for one in policies.holding(tx, project.id, project.path) if one.id == policy_id), None)
    if policy is None:
        return
    before = _open_run(tx, project.id, policy.id)
    if before is None:
        name = f"cleanup policy {policy.terms.name}"
        start(tx, tools, name, project=project.id, terms=policy.terms, policy=policy.id, due_at=due_at)
    elif before.due_at != due_at:
        _put_failure(tx, tools, before, "the run before has not finished, so the next did not begin")


def _plan(tools: Tools, id_: int) -> None:
    """Look once what is to go, and what that frees: later, what went already cannot be counted any more."""
    with tools.db.read() as tx:
        run = _row(tx, id_)
        if run.tags_planned is not None:
            return
        freed, tags = Bytes(), 0
        for place in _places(tx, run):
            found = _look(tx, tools, run, place)
            freed.add(tx, found)
            tags += len(found.doomed)
    with tools.db.begin() as tx:
        rows.change_run(tx, id_, tags_planned=tags, size_bytes=freed.total)


def _clean_next(tools: Tools, id_: int, at_once: int) -> bool:
    """Clean the next repository; False where none is left."""
    with tools.db.read() as tx:
        run = _row(tx, id_)
        place = next((place for place in _places(tx, run) if place.id > run.after_repository), None)
        if place is None:
            return False
        found = _look(tx, tools, run, place)
    for part in _parts(found.doomed, at_once):
        _remove_tags(tools, run, place, part)
    for loose in _parts(found.loose, images.MANIFESTS_AT_ONCE):
        _remove_loose(tools, run, place, loose)
    with tools.db.begin() as tx:
        rows.change_run(tx, id_, after_repository=place.id)
    return True


def _remove_tags(tools: Tools, run: AnyRow, place: AnyRow, part: Sequence[Tag]) -> None:
    with tools.db.begin() as tx:
        held = guard.of(tx, tools, run.project_id, run.project_path).at(place.path)
        pushed = {tag.name: tag.pushed_at for tag in part if not held.keeps(tag.name)}
        repository, batch = Existing(place.id, place.path, run.project_id), _batch(run)
        gone = images.delete_tags(tx, tools, _cleaner(run), repository, list(pushed), batch=batch, pushed=pushed)
        rows.count_removed(tx, run.id, tags=len(gone))


def _remove_loose(tools: Tools, run: AnyRow, place: AnyRow, part: Sequence[Loose]) -> None:
    with tools.db.begin() as tx:
        if guard.of(tx, tools, run.project_id, run.project_path).at(place.path).whole:
            return
        repository, digests = Existing(place.id, place.path, run.project_id), [one.digest for one in part]
        count = images.delete_untagged(tx, tools, _cleaner(run), repository, digests, batch=_batch(run))
        rows.count_removed(tx, run.id, manifests=count)


def _finish(tools: Tools, id_: int) -> None:
    with tools.db.begin() as tx:
        rows.change_run(tx, id_, state=State.DONE, finished_at=tools.clock(), error="")
        row = _row(tx, id_)
        done = CleanupRan(
            path=row.project_path,
            project_id=row.project_id,
            namespace_id=row.namespace_id,
            run_id=id_,
            policy=written.read(row.terms).name,
            tags_count=row.tags_removed,
            manifests_count=row.manifests_removed,
            size_bytes=row.size_bytes,
        )
        events.put(tx, tools, _cleaner(row), done)


def _tell_failure(tools: Tools, id_: int, before: str, error: str) -> None:
    """Remember why; the first time, tell of it."""
    with tools.db.begin() as tx:
        rows.change_run(tx, id_, state=State.FAILING, error=error)
        if before != State.FAILING:
            _put_failure(tx, tools, _row(tx, id_), error)


def _put_failure(tx: Connection, tools: Tools, row: AnyRow, error: str, *, given_up: bool = False) -> None:
    failed = CleanupFailed(
        path=row.project_path,
        project_id=row.project_id,
        namespace_id=row.namespace_id,
        run_id=row.id,
        policy=written.read(row.terms).name,
        error=error,
        given_up=given_up,
    )
    events.put(tx, tools, _cleaner(row), failed)


def _look(tx: Connection, tools: Tools, run: AnyRow, place: AnyRow) -> Findings:
    held = guard.of(tx, tools, run.project_id, run.project_path)
    terms, keeping, rank = written.read(run.terms), list[Policy](), 0
    if run.policy_id is not None:
        reaching = policies.in_project(tx, run.project_id, run.project_path)
        rank = next((one.rank for one in reaching if one.id == run.policy_id), 0)
        keeping = [one for one in reaching if one.holds and one.id != run.policy_id]
    mine = Policy(run.policy_id or 0, run.project_path, terms, rank=rank)
    question = Question([mine, *keeping], (0,), held, run.started_at)
    return evaluate.repository(tx, question, id_=place.id, name=place.name, path=place.path)


def _places(tx: Connection, run: AnyRow) -> list[AnyRow]:
    found = facts.repositories_of(tx, run.project_id)
    return [place for place in found if run.repository_id in (None, place.id)]


def unknown(project: str, name: str) -> RuleUnknown:
    """There is no such policy."""
    return RuleUnknown(f"no cleanup policy {name} reaches {project}: list them to see what there is")


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _open_run(tx: Connection, project: int, policy: int) -> AnyRow | None:
    return next((row for row in rows.open_runs(tx, project) if row.policy_id == policy), None)


def _row(tx: Connection, id_: int) -> AnyRow:
    row = rows.read_run(tx, id_)
    if row is None:
        raise RuleUnknown(f"the cleanup run {id_} went with its project")
    return row


def _cleaner(run: AnyRow) -> Caller:
    """On whose behalf it removes; who may have it do so was asked before."""
    return replace(OPERATOR, name=run.started_by)


def _batch(run: AnyRow) -> str:
    return history.of_row(run).batch
