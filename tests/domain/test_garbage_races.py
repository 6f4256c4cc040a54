"""Pushes, mounts, deletions and collectors on the same few blobs at once, each with its own connection to everything.

Time is real and the delay short, so that all of them meet. What was acknowledged and has a tag can be pulled at once,
byte by byte, however often collectors come by.
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.clock import Clock
from tests.domain.shelf import Shelf
from tests.in_process import build_tools, close_tools
from wharfinger.domain import garbage
from wharfinger.domain.errors import BlobsMissing, NotFound, StoreUnavailable
from wharfinger.domain.tools import Policy, Tools
from wharfinger.storage.local import LocalStore

SECONDS = float(os.environ.get("WHARFINGER_SOAK_SECONDS", "4"))
POLICY = Policy(trash_keep=timedelta(), gc_delay=timedelta(milliseconds=20), gc_batch=5)


class Now(Clock):
    """The real time."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


def process(url: str, folder: Path) -> Tools:
    """Tools as another process has them."""
    return replace(build_tools(url, Now(), POLICY), store=LocalStore(folder))


def test_nothing_acknowledged_is_lost(database_url: str, tmp_path: Path) -> None:
    processes = [process(database_url, tmp_path / "bytes") for _ in range(3)]
    shelf, ends = Shelf(processes[0]), time.monotonic() + SECONDS
    counts = {"pushed": 0, "refused": 0, "taken": 0}

    def alike(number: int) -> Shelf:
        same = object.__new__(Shelf)
        same.__dict__.update(shelf.__dict__)
        same.tools = processes[number % 2]
        return same

    def push(number: int) -> None:
        mine, chance = alike(number), random.Random(number)
        layers = [bytes([digit]) * 100 for digit in range(12)]
        tag = f"t{number}"
        while time.monotonic() < ends:
            path = chance.choice([mine.path, mine.other])
            try:
                mine.image(*chance.sample(layers, 2), tag=tag, path=path)
            except (BlobsMissing, StoreUnavailable):
                counts["refused"] += 1
                continue
            for _ in range(3):
                missing = mine.missing(tag, path)
                assert not missing, f"an acknowledged image is not all there: {missing}; now: {mine.missing(tag, path)}"
                time.sleep(0.01)
            counts["pushed"] += 1
            chosen = mine.path if path == mine.path else None
            if chosen and chance.random() < 0.8:
                mine.delete(tag)
            time.sleep(chance.random() * 0.06)

    def collect(_: int) -> None:
        while time.monotonic() < ends:
            done = garbage.run(processes[2], timedelta(), pause=time.sleep)
            counts["taken"] += done.manifests + done.links + done.blobs

    def tidy(number: int) -> None:
        """Take other people's tags away from the second repository, so that it has garbage too."""
        mine, chance = alike(number), random.Random(number)
        while time.monotonic() < ends:
            time.sleep(0.05)
            try:
                digest = mine.blob(bytes([chance.randrange(12)]) * 100, mine.other)
                mine.look(digest)
            except (NotFound, StoreUnavailable):
                continue

    works: list[tuple[Callable[[int], None], int]] = [(push, number) for number in range(5)]
    works += [(collect, 0), (collect, 1), (tidy, 5)]
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work, number) for work, number in works]:
            done.result()
    for one in processes:
        close_tools(one)
    assert counts["pushed"] > 10
    assert counts["taken"] > 0, "the collectors met nothing: this proves nothing"
