"""Progress of long work: a bar on standard error with bytes, rate and time left, and a brake."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bar:
    """What long work reports to. `add` may be called from any thread; with a limit it takes its time."""

    def __init__(self, progress: Progress, task: TaskID, limit: int = 0) -> None:
        self._progress, self._task, self._limit = progress, task, limit
        self._lock, self._started, self._sum = Lock(), time.monotonic(), 0

    def add(self, count: int) -> None:
        """So many bytes more are done."""
        self._progress.update(self._task, advance=count)
        if self._limit:
            with self._lock:
                self._sum += count
                ahead = self._started + self._sum / self._limit - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)

    def say(self, what: str) -> None:
        """Tell what is worked on."""
        self._progress.update(self._task, description=what)


@contextmanager
def bar(what: str, total_bytes: int | None, limit: int = 0) -> Iterator[Bar]:
    """A bar for so many bytes (None: nobody knows), drawn where a person looks on. `limit` is in bytes a second."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
    times = (TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, *times, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress, progress.add_task(what, total=total_bytes), limit)
