"""Cleanup of one image with a hundred thousand tags: how long the preview takes, and a run that removes nearly all.

With a manifest for each tag and layers that they share, and with a hundred tags for each manifest. In this process, as
the worker does it: from the call to the last commit. `bulk` is the same by the API's bulk deletion. Meanwhile another
thread does what every push into that repository begins with, again and again: how long it waits for the run is told.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import getloadavg
from threading import Event, Thread
from time import perf_counter, process_time

from sqlalchemy import select

from bench import seed
from bench.garbage import tools_on
from bench.goals import at_most
from bench.measured import Measured, latencies
from bench.run import Run
from tests.postgres import Cluster
from wharfinger.db import usage
from wharfinger.db.engine import Database
from wharfinger.db.tables.images import repositories
from wharfinger.domain import recount
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import history, once, policies, preview, removal, runs
from wharfinger.domain.cleanup.preview import Preview
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.tools import Tools

ROWS = tuple(
    f"cleanup-{what}-{tags}-{database}"
    for database in ("sqlite", "postgres")
    for tags in ("own", "shared")
    for what in ("preview", "run", "undo", "bulk")
)
_KEPT = 10
_POLICY = Terms(enabled=True, keep_n=_KEPT, older_than="90d", name_regex_keep="t0000[0-4]0.")
_PATH = f"{seed.PROJECT}/many"
_SHARED = 100  # tags for each manifest, in the rows that say so


def times(run: Run) -> None:
    """Look at what would go, have it go, bring it back, and have it go once more in bulk."""
    for at in range(0, len(ROWS), 4):
        rows = ROWS[at : at + 4]
        if run.wants(*rows):
            run.settle()
            *_, tags, database = rows[0].split("-")
            with opened(run, database) as tools:
                _measure(run, rows, tools, _SHARED if tags == "shared" else 1)


@contextmanager
def opened(run: Run, database: str) -> Iterator[Tools]:
    """Tools on a database of this kind, with the bench's group and project in it; both are gone with the block."""
    folder = run.scratch / f"{database}-{perf_counter()}"
    if database == "sqlite":
        tools = tools_on(folder)
        yield tools
        tools.db.close()
        return
    cluster = Cluster(durable=True)
    try:
        url = cluster.create("bench")
        seed.actor(url)
        tools = tools_on(folder, url)
        yield tools
        tools.db.close()
    finally:
        cluster.stop()


def _measure(run: Run, rows: tuple[str, ...], tools: Tools, each: int) -> None:
    count = run.scale.many
    seed.add_images(tools.db.url, _PATH, count // each, tagged=count)
    recount.recount(tools, OPERATOR)
    policies.save(tools, OPERATOR, seed.PROJECT, _POLICY)
    seed.analyse(tools.db.url)
    found = preview.of_all(tools, OPERATOR, seed.PROJECT)
    looked = _timed(lambda: preview.of_all(tools, OPERATOR, seed.PROJECT), tags=found.tags, goes=found.goes)
    run.record(rows[0], looked, at_most("seconds", 10, "s"))
    number = runs.run_now(tools, OPERATOR, seed.PROJECT).id
    _removed(run, rows[1], tools, number, found)
    undone = _timed(lambda: history.restore(tools, OPERATOR, seed.PROJECT, number), restored=found.goes)
    run.record(rows[2], undone)
    _removed(run, rows[3], tools, once.ask(tools, OPERATOR, _PATH, replace(_POLICY, enabled=False)), found)
    if recount.recount(tools, OPERATOR, repair=False):
        raise RuntimeError(f"after {rows[3]} the meters were wrong")


def _removed(run: Run, row: str, tools: Tools, number: int, found: Preview) -> None:
    with _pushing(tools.db.url) as waits:
        removed = _timed(lambda: removal.carry_on(tools, {"run": number}), removed=found.goes)
    done = history.get(tools, OPERATOR, seed.PROJECT, number)
    if (done.tags_removed, done.size_bytes) != (found.goes, found.size_bytes):
        raise RuntimeError(f"{row} removed {done.tags_removed} tags, and the preview said {found.goes}")
    p50, p99 = latencies(waits)
    told = {"p50": round(p50 * 1000), "p99": round(p99 * 1000), "longest": round(max(waits) * 1000)}
    removed["wharfinger"].extra["push_waits_ms"] = told
    run.record(row, removed, at_most("seconds", 60, "s"))


@contextmanager
def _pushing(url: str) -> Iterator[list[float]]:
    """Hold the repository as a push does, every twentieth of a second; how long each waited for it, in seconds."""
    db, ended, waits = Database.open(url), Event(), list[float]()

    def push() -> None:
        with db.read() as tx:
            place = tx.execute(select(repositories.c.id).where(repositories.c.path == _PATH)).scalar_one()
        while not ended.wait(0.05):
            began = perf_counter()
            with db.begin() as tx:
                usage.hold(tx, place, alone=False)
                waits.append(perf_counter() - began)

    thread = Thread(target=push)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join()
        db.close()


def _timed(work: Callable[[], object], **counts: int) -> dict[str, Measured]:
    """How long it took, and processor time of this process: on SQLite all of it, on PostgreSQL without the server's."""
    began, used = perf_counter(), process_time()
    work()
    seconds, cpu = perf_counter() - began, process_time() - used
    extra = {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "load_average": round(getloadavg()[0], 1)}
    return {"wharfinger": Measured(extra={**extra, **counts})}
