"""The queue of durable work: a job is a row, and exists if and only if the transaction that asked for it does.

put ─► take ─► done            each job is held by one worker at a time; one whose worker died is taken
        │  ▲                   again when its hold is over. So a task may run more than once, and does no
        ▼  │                   harm then.
      failed ─► given up ─► again
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import jobs as rows
from wharfinger.domain import access, chain
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import JobUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules import retries

HOLD: Final = timedelta(minutes=2)
AT_ONCE: Final = 200
_LONGEST_ERROR: Final = 2000


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done: the task's name, and `about` what. `due_at` is None once it was given up."""

    id: int
    task: str
    about: Mapping[str, Any]
    queued_at: datetime
    due_at: datetime | None
    held_until: datetime | None
    tries: int
    error: str
    event_id: int | None


def put(
    tx: Connection,
    tools: Tools,
    task: str,
    about: Mapping[str, Any],
    *,
    key: str | None = None,
    at: datetime | None = None,
) -> None:
    """Ask for a task to be done, now or `at` a moment. While a job with the same `key` waits, this is that one."""
    now = tools.clock()
    rows.add(tx, [_row(task, about, now, key=key, due_at=at or now)])


def follow(tools: Tools, reactions: Mapping[str, list[str]]) -> int:
    """Seal new events into the audit log and queue what follows, a job for each reaction by kind.

    How many events: AT_ONCE where more may wait.
    """
    now = tools.clock()
    with tools.db.begin() as tx:
        found = chain.seal(tx, tools, AT_ONCE)
        jobs = [
            _row(task, {"event": event.number}, now, event_id=event.number)
            for event in found
            for task in reactions.get(event.kind, ())
        ]
        if jobs:
            rows.add(tx, jobs)
    return len(found)


def anything_due(tools: Tools) -> bool:
    """Is there a job to do?"""
    with tools.db.read() as tx:
        return rows.anything_due(tx, tools.clock())


def take(tools: Tools, holder: str) -> Job | None:
    """The job that is due for longest, for this holder alone; None where there is none."""
    now = tools.clock()
    if not anything_due(tools):
        return None
    with tools.db.begin() as tx:
        row = rows.take(tx, holder, now, now + HOLD)
    return None if row is None else _job(row)


def hold(tools: Tools, job: Job, holder: str) -> bool:
    """Hold a job for longer, because it is still being done; False if it is somebody else's by now."""
    with tools.db.begin() as tx:
        return rows.hold(tx, job.id, holder, tools.clock() + HOLD)


def done(tools: Tools, job: Job, holder: str) -> None:
    """The job is done."""
    with tools.db.begin() as tx:
        rows.finish(tx, job.id, holder)


def failed(
    tools: Tools, job: Job, holder: str, error: str, patience: timedelta, *, most: int | None = None
) -> datetime | None:
    """The job failed: when it is tried again, or None where it is given up, after so many tries at `most`."""
    due_at = retries.next_try(job.tries, job.queued_at, tools.clock(), patience, most=most)
    with tools.db.begin() as tx:
        rows.fail(tx, job.id, holder, error=error[:_LONGEST_ERROR], due_at=due_at)
    return due_at


def list_jobs(tools: Tools, caller: Caller, *, last: int = 0, limit: int = 100) -> list[Job]:
    """What waits, runs or was given up, newest first, for administrators; `last` is the last page's last number."""
    access.require_admin(caller, "looking at jobs")
    with tools.db.read() as tx:
        return [_job(row) for row in rows.page(tx, last, limit)]


def again(tools: Tools, caller: Caller, job: int) -> None:
    """Try a job again now. Raises JobUnknown."""
    access.require_admin(caller, "trying a job again")
    with tools.db.begin() as tx:
        if not rows.again(tx, job, tools.clock()):
            raise JobUnknown(f"no job {job} waits or was given up: it is done, or is being done at this moment")


def forget(tools: Tools, caller: Caller, job: int) -> None:
    """Give a job up for good. Raises JobUnknown."""
    access.require_admin(caller, "forgetting a job")
    with tools.db.begin() as tx:
        if not rows.remove(tx, job, tools.clock()):
            raise JobUnknown(f"no job {job} waits or was given up: it is done, or is being done at this moment")


def _row(task: str, about: Mapping[str, Any], now: datetime, **more: Any) -> dict[str, Any]:
    about_text = json.dumps(dict(about))
    waiting = {"holder": "", "tries": 0, "error": "", "key": None, "due_at": now, "event_id": None}
    return {**waiting, "task": task, "about": about_text, "queued_at": now, **more}


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        task=row.task,
        about=json.loads(row.about),
        queued_at=row.queued_at,
        due_at=row.due_at,
        held_until=row.held_until,
        tries=row.tries,
        error=row.error,
        event_id=row.event_id,
    )
