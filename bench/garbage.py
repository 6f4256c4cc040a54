"""Garbage collection: how many blobs a second, and what pushes and pulls notice of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from sqlalchemy import insert, select

from bench import seed
from bench.bodies import MIB, Image, digest_of, image
from bench.clients import Way, puller, push, pusher
from bench.goals import Goal
from bench.load import drive
from bench.measured import Measured, Tally, summed
from bench.run import Load, Run
from bench.servers import Server
from bench.wharfinger import Wharfinger
from wharfinger.db.engine import Database
from wharfinger.db.lookup import open_lookup
from wharfinger.db.tables.images import blobs, repositories, repository_blobs
from wharfinger.domain import garbage
from wharfinger.domain.keys import KeyRing
from wharfinger.domain.policy import Policy
from wharfinger.domain.tools import Tools
from wharfinger.storage.local import LocalStore

RATES, LATENCIES = ("gc-blobs-local", "gc-blobs-20ms"), ("gc-push-idle", "gc-push", "gc-pull-idle", "gc-pull")
_REPOSITORY = f"{seed.PROJECT}/garbage"
_BYTES = 1024
_TURNS = 4
_HEAP = 8_000
_PER_REQUEST = 1000  # what one bulk delete of S3 takes


class Distant:
    """A store whose bulk deletes take 20 ms each, as in an object store one network away; the rest is the local one."""

    def __init__(self, near: LocalStore) -> None:
        self._near = near

    def __getattr__(self, name: str) -> Any:
        return getattr(self._near, name)

    def erase(self, gone: Sequence[tuple[str, str]]) -> None:
        for at in range(0, len(gone), _PER_REQUEST):
            sleep(0.02)
            self._near.erase(gone[at : at + _PER_REQUEST])


def rates(run: Run) -> None:
    """Review and remove blobs that nothing names, with their bytes, from the first look to the last unlink."""
    for row, distant, wanted in ((RATES[0], False, 2000), (RATES[1], True, 500)):
        if run.wants(row):
            tools = tools_on(run.scratch / row)
            count = _litter(tools, run.scale.many // 5)
            run.settle()
            found = _collected(replace(tools, store=Distant(_local(tools))) if distant else tools, count)
            tools.db.close()
            run.record(row, {"wharfinger": found}, at_least(wanted))


def latencies(run: Run) -> None:
    """The same pushes and pulls in turns: with nothing to collect, and while the server collects."""
    run.settle()
    server = Wharfinger(run.scratch)
    server.process.first = run.first
    try:
        server.start()
        images = [image(MIB) for _ in range(10)]
        wire = server.wire(f"{seed.PROJECT}/app")
        for made in images:
            push(wire, f"{seed.PROJECT}/app", made, Way.PUT)
        heap = tools_on(server.folder / "data", server.url, server.folder / "data" / "store")
        for idle, busy, load in ((LATENCIES[0], LATENCIES[1], _pushing), (LATENCIES[2], LATENCIES[3], _pulling)):
            if run.wants(idle, busy):
                _in_turns(run, heap, (idle, busy), load(run, images, server))
        heap.db.close()
    finally:
        server.remove()


def _in_turns(run: Run, heap: Tools, rows: tuple[str, str], load: Load) -> None:
    """Whatever else the machine does meanwhile, it does to both. Nothing is thrown away while it is measured."""
    found: dict[str, list[tuple[Tally, float]]] = {row: [] for row in rows}
    for _ in range(_TURNS):
        found[rows[0]].append((load(), 0.0))
        _litter(heap, _HEAP)
        while _left(heap) == _HEAP:
            sleep(0.1)  # the server looks every five seconds
        found[rows[1]].append((load(), 0.0))
        left = _left(heap)
        while _left(heap):
            sleep(0.1)
        if not left:
            raise RuntimeError(f"{_HEAP} blobs were gone before the measurement ended: the bench needs more")
    for row, goals in zip(rows, ([], [p99_at_most(rows[0], 1.2)]), strict=True):
        run.record(row, {"wharfinger": summed(found[row])}, *goals)


def _left(heap: Tools) -> int:
    """How many blobs are due or half gone."""
    found = garbage.status(heap)
    return found.queues["repository_blobs"].due + found.doomed_blobs


def at_least(rate: float) -> Goal:
    """So many a second."""

    def found(figures: Any, _: Any) -> float | None:
        ours = figures.get("wharfinger")
        return ours.rate if ours else None

    return Goal(f"at least {rate:g} blobs a second", rate, found)


def p99_at_most(other_row: str, wanted: float) -> Goal:
    """Our 99th percentile in units of that in another row."""

    def found(figures: Any, results: Any) -> float | None:
        ours, idle = figures.get("wharfinger"), results.get(other_row, {}).get("wharfinger")
        return ours.p99_ms / idle.p99_ms if ours and idle and idle.p99_ms else None

    return Goal(f"p99 at most {wanted:g} times that of {other_row}", wanted, found, at_least=False)


def _pushing(run: Run, _: Sequence[Image], server: Server) -> Load:
    names = [f"{seed.PROJECT}/client{number}" for number in range(8)]
    operations = [pusher(server.wire(name), name, MIB, Way.PUT) for name in names]
    return partial(drive, operations, max(4.0, run.scale.seconds))


def _pulling(run: Run, images: Sequence[Image], server: Server) -> Load:
    name = f"{seed.PROJECT}/app"
    operations = [puller(server.wire(name), name, images) for _ in range(8)]
    return partial(drive, operations, max(4.0, run.scale.seconds))


def _collected(tools: Tools, count: int) -> Measured:
    began, freed = perf_counter(), garbage.Freed()
    while (done := garbage.run(tools, timedelta(hours=1), pause=lambda _: None)).reviewed:
        freed += done
    seconds = perf_counter() - began
    tally = Tally(operations=freed.blobs, seconds=seconds, errors=int(freed.blobs != count))
    return Measured(rate=tally.operations / seconds, errors=tally.errors, extra={"blobs": freed.blobs})


def _litter(tools: Tools, count: int) -> int:
    """Blobs of a KiB that no manifest names and whose review is due."""
    store, now, over = _local(tools), datetime.now(UTC), datetime.now(UTC) - timedelta(seconds=1)
    made = [digest_of(b"garbage %d %d" % (now.timestamp() * 1_000_000, number)) for number in range(count)]
    for digest in made:
        Path(store.blob_path(digest)).write_bytes(bytes(_BYTES))
    with tools.db.begin() as tx:
        place = tx.execute(select(repositories.c.id).where(repositories.c.path == _REPOSITORY)).scalar_one_or_none()
        if place is None:
            place = seed.repository(tx, _REPOSITORY)
        tx.execute(insert(blobs), [{"digest": digest, "size_bytes": _BYTES, "created_at": now} for digest in made])
        links = [{"repository_id": place, "digest": digest, "created_at": now, "review_after": over} for digest in made]
        tx.execute(insert(repository_blobs), links)
    return count


def _local(tools: Tools) -> LocalStore:
    store = tools.store
    if not isinstance(store, LocalStore):
        raise TypeError("garbage is made in a local folder")
    return store


def tools_on(folder: Path, url: str = "", store: Path | None = None) -> Tools:
    """Tools on a local store, and on an SQLite of their own where none is given."""
    folder.mkdir(exist_ok=True)
    if not url:
        url = f"sqlite:///{folder}/wharfinger.db"
        seed.actor(url)
    db, policy = Database.open(url), Policy()
    keys = KeyRing(db, bytes(32), _now, policy)
    return Tools(db, open_lookup(db), LocalStore(store or folder / "store"), _now, bytes(32), keys, policy)


def _now() -> datetime:
    return datetime.now(UTC)
