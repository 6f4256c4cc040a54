"""A process that pushes, collects or moves on a bucket until it is killed, and says what it acknowledged.

It is killed with SIGKILL at the `call`-th of all points where that could hurt: before a request of it reaches the
bucket, after the bucket did what it asked and before it is answered, before a transaction, before its commit and after
it, and before every call of the system that changes something in a folder.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from tests.clock import Clock
from tests.domain.crashes import CrashingDatabase, Fuse
from tests.domain.shelf import Shelf as Repository
from tests.faults.disks import CHANGING, WatchedDisk
from tests.faults.mortals import Say
from tests.in_process import build_tools
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.storage.faulty import Faults, between
from wharfinger.domain import garbage, moving, places, uploads
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Policy, Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.connect import open_bucket
from wharfinger.storage.local import LocalStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Store
from wharfinger.storage.stores import Stores

POLICY = Policy(trash_keep=timedelta(), gc_delay=timedelta(hours=24))
PART_BYTES = 5 * MIB
SIZES = (0, 3000, 5000)  # of a blob that comes in two requests
LARGE = PART_BYTES + 1000  # one that the bucket gets in parts


@dataclass(frozen=True)
class Scene:
    """Where it happens. `first` is the store that new bytes go to: "bucket" or "folder"; with `both` there are two."""

    url: str
    folder: str
    bucket: str
    project: str
    first: str = "bucket"
    both: bool = False

    def tools(self, endpoint: str, minutes: int, fuse: Fuse | None = None) -> Tools:
        """Tools of a process, so many minutes after a certain moment."""
        clock = Clock(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes))
        tools = build_tools(self.url, clock, POLICY)
        db: Any = CrashingDatabase(tools.db, fuse) if fuse else tools.db
        tools = replace(tools, db=db)
        return replace(tools, store=self.store(tools, endpoint))

    def store(self, tools: Tools, endpoint: str) -> Store:
        """The store, or both."""
        bucket = open_bucket(self.bucket, buckets.s3_account(endpoint))
        placed = ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(bucket, None, PART_BYTES, "bucket"))
        plain = LocalStore(Path(self.folder))
        first: Store = placed if self.first == "bucket" else plain
        return Stores(first, [plain], placed) if self.both else first

    def repository(self, tools: Tools) -> Repository:
        """The repository in the project."""
        project = places.get(tools, OPERATOR, self.project)
        assert isinstance(project, Project)
        return Repository(tools, project=project)


class Killer(Fuse):
    """Kills the process it is in."""

    def __init__(self, call: int) -> None:
        self._left, self._lock = call, Lock()

    def burn(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Faults):
    """Requests are points as well, twice each."""

    def __init__(self, killer: Killer) -> None:
        super().__init__()
        self._killer = killer

    def of(self, method: str, path: str) -> str:
        self._killer.burn()
        return ""

    def done(self) -> None:
        self._killer.burn()


@contextmanager
def deadly_tools(scene: Scene, minutes: int, call: int, upstream: str) -> Iterator[Tools]:
    """Tools that kill their process at the `call`-th point."""
    killer = Killer(call)
    with between(upstream, Deadly(killer)) as endpoint:
        tools = scene.tools(endpoint, minutes, killer)
        for store in tools.store.all if isinstance(tools.store, Stores) else (tools.store,):
            if isinstance(store, LocalStore):
                store.disk = WatchedDisk(lambda name, _: killer.burn() if name in CHANGING else None)
        yield tools


def push(say: Say, tools: Tools, scene: Scene, seed: int) -> None:
    """An image of two layers: one comes in two requests, the other in parts."""
    shelf, small, large = scene.repository(tools), some(SIZES[-1], seed), some(LARGE, seed)
    session = uploads.begin(tools, shelf.caller, shelf.path).id
    say("part", session, SIZES[0])
    uploads.append(tools, shelf.caller, shelf.path, session, start=0, pieces=[small[: SIZES[1]]], digest=None)
    say("part", session, SIZES[1])
    rest, digest = small[SIZES[1] :], digests.of(small)
    uploads.append(tools, shelf.caller, shelf.path, session, start=SIZES[1], pieces=[rest], digest=digest)
    say("kept", "small")
    shelf.blob(large)
    say("kept", "large")
    shelf.image(small, large, tag=f"v{seed}")
    say("image", f"v{seed}")


def collect(_: Say, tools: Tools, *__: object) -> None:
    """All there is."""
    while garbage.step(tools).reviewed:
        pass


def move(_: Say, tools: Tools, *__: object) -> None:
    """All there is, one after another, and the old bytes go."""
    outcomes = [one.outcome for one in moving.run(tools, moving.Means(at_once=1, remove=True, together_bytes=2500))]
    assert set(outcomes) <= {"moved"}, outcomes


ACTS = {"push": push, "collect": collect, "move": move}


def work(say: Say, act: str, scene: Scene, call: int, *, minutes: int, upstream: str) -> None:
    """Act until the end, or until it is killed."""
    with deadly_tools(scene, minutes, call, upstream) as tools:
        ACTS[act](say, tools, scene, call)
