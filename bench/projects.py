"""Pushes by 64 clients into one project and into 64: what they have in common must not slow them.

Where they are `limited`, everything above the projects has a limit that is far away: each push then asks for room.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from bench import seed
from bench.bodies import GIB, KIB
from bench.clients import Way, pusher
from bench.goals import as_fast_as
from bench.load import drive
from bench.measured import Tally, summed
from bench.run import Load, Run
from bench.wharfinger import Wharfinger
from tests.postgres import Cluster

CLIENTS = 64
ROWS = tuple(
    f"push-{where}-{kind}{database}"
    for database in ("sqlite", "postgres")
    for kind in ("", "limited-")
    for where in ("64-projects", "1-project")
)
_TURNS = 6
_BYTES = 4 * KIB
_LIMIT = 1024 * GIB


def rates(run: Run) -> None:
    """In turns, so that whatever else the machine does, it does to both; each goes first as often as the other."""
    for at in range(0, len(ROWS), 2):
        rows = ROWS[at : at + 2]
        if run.wants(*rows):
            with ExitStack() as stack:
                started = _started(server(run, rows[0].rpartition("-")[2], stack))
                if "limited" in rows[0]:
                    seed.limit(started.url, _LIMIT)
                _measure(run, rows, started)


def server(run: Run, database: str, stack: ExitStack) -> Wharfinger:
    """One that has not started, on a database of this kind; both are gone with the stack."""
    run.settle()
    url = ""
    if database == "postgres":
        cluster = Cluster(durable=True)
        stack.callback(cluster.stop)
        url = cluster.create("bench")
    made = Wharfinger(run.scratch, url)
    stack.callback(made.remove)
    made.process.first = run.first
    return made


def _started(server: Wharfinger) -> Wharfinger:
    server.start()
    seed.add_projects(server.url, CLIENTS)
    return server


def _measure(run: Run, rows: Sequence[str], server: Wharfinger) -> None:
    many = _pushing(run, server, lambda number: f"{seed.GROUP}/p{number:05}/web")
    one = _pushing(run, server, lambda number: f"{seed.PROJECT}/client{number}")
    found: dict[str, list[tuple[Tally, float]]] = {row: [] for row in rows}
    pair = ((rows[0], many), (rows[1], one))
    for turn in range(_TURNS):
        for row, load in pair if turn % 2 else reversed(pair):
            before = server.process.cpu_seconds()
            tally = load()
            found[row].append((tally, server.process.cpu_seconds() - before))
    run.record(rows[0], {"wharfinger": summed(found[rows[0]])})
    run.record(rows[1], {"wharfinger": summed(found[rows[1]])}, as_fast_as(rows[0], 0.9))


def _pushing(run: Run, server: Wharfinger, name: Callable[[int], str]) -> Load:
    names = [name(number) for number in range(CLIENTS)]
    operations = [pusher(server.wire(each), each, _BYTES, Way.PUT) for each in names]
    return partial(drive, operations, run.scale.seconds)
