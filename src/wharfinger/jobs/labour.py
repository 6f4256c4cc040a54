"""Doing jobs: a few threads take what is due, hold it while they work, and report how it went."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Final

from wharfinger.domain import queue
from wharfinger.domain.queue import Job
from wharfinger.domain.tools import Tools
from wharfinger.jobs.tasks import TASKS, Task

_log: Final = logging.getLogger("wharfinger.worker")
_HOLD_AGAIN_SECONDS: Final = queue.HOLD.total_seconds() / 4


def work(tools: Callable[[], Tools], stop: threading.Event, pause_seconds: float, size: int = 3) -> None:
    """Do jobs in so many threads until `stop`; `tools` is asked anew each time, because settings may change."""
    crew = [threading.Thread(target=_until, args=(tools, stop, pause_seconds), daemon=True) for _ in range(size)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()


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
        due_at = queue.failed(tools, job, holder, f"{type(error).__name__}: {error}", patience)
        when = f"next try at {due_at:%H:%M:%S}" if due_at else "given up: `wharfinger jobs` lists it"
        _log.exception("job %d (%s) failed, %s", job.id, job.task, when)
    else:
        queue.done(tools, job, holder)
    return True


def _until(tools: Callable[[], Tools], stop: threading.Event, pause_seconds: float) -> None:
    while not stop.is_set():
        try:
            busy = do_one(tools())
        except Exception:  # the database was away: it may be back in a moment
            _log.exception("could not take a job")
            busy = False
        if not busy:
            stop.wait(pause_seconds)


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
