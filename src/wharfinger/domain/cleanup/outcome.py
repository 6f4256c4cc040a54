"""What came of a run of cleanup: written down in its row, and told. Whoever ends one holds its row."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import policies as rows
from wharfinger.domain import events
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.cleanup import freed, history
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.history import State
from wharfinger.domain.events.keeping import CleanupFailed, CleanupRan, CleanupStopped
from wharfinger.domain.tools import Tools

AnyRow = Row[*tuple[Any, ...]]


def freed_bytes(tx: Connection, tools: Tools, run: AnyRow, state: State) -> int:
    """Bytes of what it removed, and not of what was planned, where it ends so. Of many tags that takes seconds."""
    if tools.policy.trash_keep:
        return freed.by_run(tx, run.project_id, history.of_row(run).batch)
    return int(run.size_bytes) if state is State.DONE else 0  # nothing tells what went


def done(tx: Connection, tools: Tools, run: AnyRow, size: int) -> None:
    """It came to its end, and freed so many bytes."""
    events.put(tx, tools, cleaner(run), CleanupRan(**_about(run), **_end(tx, tools, run, State.DONE, size)))


def stopped(tx: Connection, tools: Tools, caller: Caller, run: AnyRow) -> None:
    """Somebody ended it."""
    removed = _end(tx, tools, run, State.STOPPED, freed_bytes(tx, tools, run, State.STOPPED), error=run.error)
    events.put(tx, tools, caller, CleanupStopped(**_about(run), **removed))


def given_up(tx: Connection, tools: Tools, run: AnyRow, error: str) -> None:
    """It is not tried again."""
    _end(tx, tools, run, State.FAILED, freed_bytes(tx, tools, run, State.FAILED), error=error)
    tell_failure(tx, tools, run, f"given up after a day: {error}", given_up=True)


def failing(tx: Connection, tools: Tools, run: AnyRow, error: str, *, before: str) -> None:
    """It is tried again; the first time, which the state `before` it was tried tells, people hear of it."""
    rows.change_run(tx, run.id, state=State.FAILING, error=error)
    if before != State.FAILING:
        tell_failure(tx, tools, run, error)


def tell_failure(tx: Connection, tools: Tools, run: AnyRow, error: str, *, given_up: bool = False) -> None:
    """Have those who look after the project hear of it."""
    failed = CleanupFailed(**_about(run), error=error, given_up=given_up)
    events.put(tx, tools, cleaner(run), failed)


def cleaner(run: AnyRow) -> Caller:
    """On whose behalf it removes; who may have it do so was asked before."""
    return replace(OPERATOR, name=run.started_by)


def _end(tx: Connection, tools: Tools, run: AnyRow, state: State, size: int, *, error: str = "") -> dict[str, Any]:
    """Nobody goes on with it from now on. What it removed."""
    rows.change_run(tx, run.id, state=state, finished_at=tools.clock(), error=error, size_bytes=size)
    return {"tags_count": run.tags_removed, "manifests_count": run.manifests_removed, "size_bytes": size}


def _about(run: AnyRow) -> dict[str, Any]:
    place = {"path": run.project_path, "project_id": run.project_id, "namespace_id": run.namespace_id}
    policy = written.read(run.terms).name if run.repository_id is None else None
    return {**place, "run_id": run.id, "policy": policy}
