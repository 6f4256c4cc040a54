"""Cleanup of one image with a hundred thousand tags: how long the preview takes, and a run that removes nearly all.

With a manifest for each tag and layers that they share, and with a hundred tags for each manifest. In this process, as
the worker does it: from the call to the last commit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import getloadavg
from time import perf_counter, process_time

from bench import seed
from bench.garbage import tools_on
from bench.goals import at_most
from bench.measured import Measured
from bench.run import Run
from tests.postgres import Cluster
from wharfinger.domain import recount
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import history, policies, preview, removal, runs
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.tools import Tools

ROWS = tuple(
    f"cleanup-{what}-{tags}-{database}"
    for database in ("sqlite", "postgres")
    for tags in ("own", "shared")
    for what in ("preview", "run", "undo")
)
_KEPT = 10
_POLICY = Terms(enabled=True, keep_n=_KEPT, older_than="90d", name_regex_keep="t0000[0-4]0.")
_SHARED = 100  # tags for each manifest, in the rows that say so


def times(run: Run) -> None:
    """Look at what would go, have it go, and bring it back."""
    for database, rows in (("sqlite", ROWS[:6]), ("postgres", ROWS[6:])):
        for named, each in ((rows[:3], 1), (rows[3:], _SHARED)):
            if run.wants(*named):
                run.settle()
                with _tools(run, database) as tools:
                    _measure(run, named, tools, each)


@contextmanager
def _tools(run: Run, database: str) -> Iterator[Tools]:
    folder = run.scratch / f"cleanup-{database}-{perf_counter()}"
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
    seed.add_images(tools.db.url, f"{seed.PROJECT}/many", count // each, tagged=count)
    recount.recount(tools, OPERATOR)
    policies.save(tools, OPERATOR, seed.PROJECT, _POLICY)
    seed.analyse(tools.db.url)
    found = preview.of_all(tools, OPERATOR, seed.PROJECT)
    looked = _timed(lambda: preview.of_all(tools, OPERATOR, seed.PROJECT), tags=found.tags, goes=found.goes)
    run.record(rows[0], looked, at_most("seconds", 10, "s"))
    started = runs.run_now(tools, OPERATOR, seed.PROJECT)
    removed = _timed(lambda: removal.carry_on(tools, {"run": started.id}), removed=found.goes)
    done = history.get(tools, OPERATOR, seed.PROJECT, started.id)
    if (done.tags_removed, done.size_bytes) != (found.goes, found.size_bytes):
        raise RuntimeError(f"{rows[1]} removed {done.tags_removed} tags, and the preview said {found.goes}")
    run.record(rows[1], removed, at_most("seconds", 60, "s"))
    undone = _timed(lambda: history.restore(tools, OPERATOR, seed.PROJECT, started.id), restored=found.goes)
    run.record(rows[2], undone)
    if recount.recount(tools, OPERATOR, repair=False):
        raise RuntimeError(f"after {rows[2]} the meters were wrong")


def _timed(work: Callable[[], object], **counts: int) -> dict[str, Measured]:
    """How long it took, and processor time of this process: on SQLite all of it, on PostgreSQL without the server's."""
    began, used = perf_counter(), process_time()
    work()
    seconds, cpu = perf_counter() - began, process_time() - used
    extra = {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "load_average": round(getloadavg()[0], 1)}
    return {"wharfinger": Measured(extra={**extra, **counts})}
