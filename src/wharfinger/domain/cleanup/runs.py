"""Runs of cleanup: asking for them, stopping one, giving one up. What a run does is in `removal`.

start_due ─► start_policy ─► a run for each project ─┐
run_now ──────────────────────────────────────────────┼─► removal.carry_on ─► done
once.ask ─────────────────────────────────────────────┘    │     └─► failing ─► tried again ─► failed after a day
                                                           └─► stopped by somebody
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import policies as rows
from wharfinger.domain import access, events, queue
from wharfinger.domain.access import Caller
from wharfinger.domain.cleanup import history, outcome, policies
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.domain.errors import RunFinished, RunUnfinished
from wharfinger.domain.events.keeping import CleanupAsked
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action

START_TASK: Final = "start cleanup"
RUN_TASK: Final = "clean up"
GIVEN_UP_AFTER: Final = timedelta(hours=25)  # an hour more than the queue tries a job again

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
            raise policies.unknown(opened.path, name)
        if _open_run(tx, opened.id, policy.id) is not None:
            raise RunUnfinished(f"a run of the policy {name} has not finished: wait for it")
        id_ = start(tx, tools, caller.name, project=opened.id, policy=policy.id, terms=policy.terms) or 0
        events.put(tx, tools, caller, CleanupAsked(**events.at(opened), run_id=id_, policy=name))
    return history.get(tools, caller, opened.path, id_)


def stop(tools: Tools, caller: Caller, project: str, id_: int) -> Run:
    """Let a run end where it is: nothing more goes once this returns. What went can be brought back as ever.

    Raises RuleUnknown, RunFinished.
    """
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        row = rows.run(tx, id_)
        if row is None or row.project_id != opened.id:
            raise history.unknown(opened.path, id_)
        if row.finished_at is not None:
            raise RunFinished(f"the cleanup run {id_} has ended already: undo it to bring back what it removed")
        outcome.stopped(tx, tools, caller, row)
    return history.get(tools, caller, opened.path, id_)


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


def give_up(tools: Tools) -> int:
    """Call runs failed that did not come to an end in a day, and tell of them; how many."""
    now = tools.clock()
    with tools.db.begin() as tx:
        found = rows.overdue(tx, (State.QUEUED, State.FAILING), now - GIVEN_UP_AFTER, _POLICIES_AT_ONCE)
        for row in found:
            outcome.given_up(tx, tools, row, row.error or "no worker took it")
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
        outcome.tell_failure(tx, tools, before, "the run before has not finished, so the next did not begin")


def _open_run(tx: Connection, project: int, policy: int) -> AnyRow | None:
    return next((row for row in rows.open_runs(tx, project) if row.policy_id == policy), None)
