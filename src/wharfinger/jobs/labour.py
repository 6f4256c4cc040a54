"""Doing jobs: a few threads take what is due, hold it while they work, and report how it went."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Final

from wharfinger.domain import failures, queue
from wharfinger.domain.queue import Job
from wharfinger.domain.tools import Tools
from wharfinger.jobs.tasks import TASKS, Task

_log: Final = logging.getLogger("wharfinger.worker")
_HOLD_AGAIN_SECONDS: Final = queue.HOLD.total_seconds() / 4


class Crew:
    """A few threads that sleep until they are called, and then do jobs until none is due."""

    def __init__(self, tools: Callable[[], Tools], size: int = 3) -> None:
        self._tools = tools
        self._called, self._dismissed = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(size)]
        for one in self._threads:
            one.start()

    def call(self, tools: Tools) -> None:
        """Wake them if there is something to do."""
        if queue.anything_due(tools):
            self._called.set()

    def dismiss(self) -> None:
        """Let each finish the job it has, and no other."""
        self._dismissed.set()
        self._called.set()
        for one in self._threads:
            one.join()

    def _work(self) -> None:
        while self._called.wait() and not self._dismissed.is_set():
            try:
                busy = do_one(self._tools())
            except Exception as error:  # the database was away: it may be back when they are called again
                failures.tell(_log, "could not take a job", error)
                busy = False
            if not busy and not self._dismissed.is_set():
                self._called.clear()


def do_all(tools: Tools, tasks: Sequence[Task] = TASKS) -> int:
    """Do everything that is due now; how many jobs, failed ones too."""
    count = 0
    while do_one(tools, tasks):
        count += 1
    return count


def do_one(tools: Tools, tasks: Sequence[Task] = TASKS) -> bool:
    """Do the job that is due for longest; False where there is none."""
    holder = token_hex(8)
    job = queue.take(tools, holder)
    if job is None:
        return False
    task = next((task for task in tasks if task.name == job.task), None)
    try:
        if task is None:
            raise LookupError(f"this version knows no task named {job.task}")
        with _held(tools, job, holder):
            task.run(tools, job.about)
    except Exception as error:  # whatever it was, others go on, and this one is tried again
        patience = task.patience if task else queue.HOLD
        most = task.most_tries if task else None
        reason = f"{type(error).__name__}: {error}"
        due_at = queue.failed(tools, job, holder, reason, patience, most=most)
        if due_at is None and task and task.given_up:
            task.given_up(tools, job.about)
        when = f"next try at {due_at:%H:%M:%S}" if due_at else "given up: `wharfinger job list` shows it"
        _log.exception("job %d (%s) failed: %s; %s", job.id, job.task, reason, when)
    else:
        queue.done(tools, job, holder)
    return True


@contextmanager
def _held(tools: Tools, job: Job, holder: str) -> Iterator[None]:
    """Hold a job for as long as the block takes."""
    over = threading.Event()

    def again() -> None:
        while not over.wait(_HOLD_AGAIN_SECONDS):
            queue.hold(tools, job, holder)

    holding = threading.Thread(target=again, daemon=True)
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()
