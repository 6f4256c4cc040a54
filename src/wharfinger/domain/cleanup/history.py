"""What cleanup did: the runs of a project, and taking one back as a whole."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from wharfinger.db import policies as rows
from wharfinger.domain import access, events, trash
from wharfinger.domain.access import Caller
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import RuleUnknown, RunUnfinished
from wharfinger.domain.events.keeping import CleanupRestored
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role


class State(StrEnum):
    """How far a run is. A failing one is tried again; a failed one was given up after a day; people stop one."""

    QUEUED = "queued"
    RUNNING = "running"
    FAILING = "failing"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a policy in a project (`policy_id`), or what was asked for once (then it is None).

    `tags_planned` is None until it was looked what is to go; `size_bytes` is what that frees.
    """

    id: int
    project_id: int
    policy_id: int | None
    terms: Terms
    repository_id: int | None
    state: State
    started_by: str
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    restored_at: datetime | None
    tags_planned: int | None
    tags_removed: int
    manifests_removed: int
    size_bytes: int
    error: str

    @property
    def batch(self) -> str:
        """The label under which the trash has what it removed."""
        return f"cleanup {self.id}"

    @property
    def removed(self) -> int:
        """How many things it removed."""
        return self.tags_removed + self.manifests_removed


@dataclass(frozen=True, slots=True)
class Restored:
    """How much is back, how much could not be, and whether the policy was switched off so that it stays."""

    back: int
    left: int
    switched_off: bool


def list_runs(tools: Tools, caller: Caller, project: str, *, before: int | None = None, limit: int = 20) -> list[Run]:
    """The runs of a project, newest first, before this id, for its developers and up."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.PULL)
        access.require_role(opened, Role.DEVELOPER, "looking at what cleanup did")
        return [of_row(row) for row in rows.page(tx, opened.id, before, limit)]


def get(tools: Tools, caller: Caller, project: str, id_: int) -> Run:
    """One run. Raises RuleUnknown."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.PULL)
        access.require_role(opened, Role.DEVELOPER, "looking at what cleanup did")
        row = rows.read_run(tx, id_)
        if row is None or row.project_id != opened.id:
            raise unknown(opened.path, id_)
        return of_row(row)


def restore(tools: Tools, caller: Caller, project: str, id_: int) -> Restored:
    """Bring back all that a run removed, and switch its policy off where it is the project's own.

    Otherwise the next run would take the same. Raises RuleUnknown, RunUnfinished, TrashedUnknown.
    """
    run = get(tools, caller, project, id_)
    if run.finished_at is None:
        raise RunUnfinished(f"the cleanup run {id_} has not finished: stop it or wait, then restore what it removed")
    found = trash.restore_batch(tools, caller, project, run.batch)
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        rows.change_run(tx, id_, restored_at=tools.clock())
        off = run.policy_id is not None and policies.switch_off(tx, tools, caller, opened, run.policy_id)
        told = CleanupRestored(**events.at(opened), run_id=id_, back=found.back, left=found.left)
        events.put(tx, tools, caller, told)
    return Restored(found.back, found.left, off)


def unknown(project: str, id_: int) -> RuleUnknown:
    """There is no such run."""
    return RuleUnknown(f"{project} has no cleanup run {id_}: list them to see what there is")


def of_row(row: Row[*tuple[Any, ...]]) -> Run:
    """The run in a row of `cleanup_runs`."""
    names = [name for name in Run.__slots__ if name not in ("terms", "state")]
    return Run(**{name: getattr(row, name) for name in names}, terms=written.read(row.terms), state=State(row.state))
