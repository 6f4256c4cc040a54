"""Garbage collection: how many blobs a second, and what pushes and pulls notice of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, sleep
from typing import Any

from sqlalchemy import insert, select

from bench import seed
from bench.bodies import MIB, Image, digest_of, image
from bench.clients import Way, puller, push, pusher
from bench.goals import Goal
from bench.load import drive
from bench.measured import Measured, Tally
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
            tools = _tools(run.scratch / row)
            count = _litter(tools, run.scale.many // 5)
            run.settle()
            found = _collected(replace(tools, store=Distant(_local(tools))) if distant else tools, count)
            tools.db.close()
            run.record(row, {"wharfinger": found}, at_least(wanted))


def latencies(run: Run) -> None:
    """The same pushes and pulls twice: with nothing to collect, and while the server collects all the time."""
    run.settle()
    server = Wharfinger(run.scratch)
    server.process.first = run.first
    try:
        server.start()
        images = [image(MIB) for _ in range(10)]
        wire = server.wire(f"{seed.PROJECT}/app")
        for made in images:
            push(wire, f"{seed.PROJECT}/app", made, Way.PUT)
        for idle, busy, load in ((LATENCIES[0], LATENCIES[1], _pushing), (LATENCIES[2], LATENCIES[3], _pulling)):
            run.measure(idle, {server: partial(load, run, images)})
            with _Littering(server.url, server.folder / "data" / "store"):
                run.measure(busy, {server: partial(load, run, images)}, p99_at_most(idle, 1.2))
    finally:
        server.remove()


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
    return partial(drive, operations, max(5.0, run.scale.seconds))


def _pulling(run: Run, images: Sequence[Image], server: Server) -> Load:
    name = f"{seed.PROJECT}/app"
    operations = [puller(server.wire(name), name, images) for _ in range(8)]
    return partial(drive, operations, max(5.0, run.scale.seconds))


class _Littering:
    """Has the server find more garbage all the time, so that it never rests while this is entered."""

    def __init__(self, url: str, store: Path) -> None:
        self._tools, self._stop = _tools(store.parent, url, store), Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> None:
        _litter(self._tools, 2000)
        self._thread.start()
        sleep(6)  # the server looks every five seconds

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._tools.db.close()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            _litter(self._tools, 500)


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


def _tools(folder: Path, url: str = "", store: Path | None = None) -> Tools:
    folder.mkdir(exist_ok=True)
    if not url:
        url = f"sqlite:///{folder}/wharfinger.db"
        seed.actor(url)
    db, policy = Database.open(url), Policy()
    keys = KeyRing(db, bytes(32), _now, policy)
    return Tools(db, open_lookup(db), LocalStore(store or folder / "store"), _now, bytes(32), keys, policy)


def _now() -> datetime:
    return datetime.now(UTC)
