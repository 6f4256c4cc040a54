"""Pages of the audit log where ten million events are in it: the newest, those deep down, and what is looked for.

Each page has a hundred events, and is asked for by what some event of the log says of itself: its person, its project
and so on. In this process, from the call to the events.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time
from typing import Final

from sqlalchemy import bindparam, insert, text

from bench import cleanup, seed
from bench.measured import Measured, latencies
from bench.pages import p95_at_most
from bench.run import Run
from wharfinger.db.engine import Database
from wharfinger.db.tables.audit import audit as log
from wharfinger.db.tables.audit import audit_seals as seals
from wharfinger.db.tables.columns import Moment
from wharfinger.domain import audit
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.events.record import Recorded
from wharfinger.domain.tools import Tools

ROWS = ("audit-page-sqlite", "audit-page-postgres")
_GROUPS, _PROJECTS = 200, 2000
_BEGAN, _SPAN = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=730)
_SEALED, _COMMITTED = 1000, 500_000  # events at once
_TURNS = 20

# Products of two even numbers are mostly small: so a few projects and people make most of the events.
_FILL: Final = text(
    f"""
    WITH RECURSIVE series(i) AS (
        SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM series WHERE i < :last
    ), thrown AS (
        SELECT i, i * 2654435761 % 4294967296 AS a, i * 40503 % 2147483647 AS b, i * 7919 % 1000003 AS c FROM series
    ), chosen AS (
        SELECT i, c, a % {_PROJECTS} * (b % {_PROJECTS}) / {_PROJECTS} AS project, c % 1000 AS kind,
            b % 5000 * (a / {_PROJECTS} % 5000) / 5000 AS person
        FROM thrown
    )
    INSERT INTO audit (number, at, kind, actor, user_id, credential, address, namespace_id, project_id, path, about)
    SELECT i, :at, CASE WHEN kind < 800 THEN 'manifest pushed' WHEN kind < 990 THEN 'tags deleted'
            WHEN kind < 999 THEN 'member added' ELSE 'quota changed' END,
        'person' || person, person, 'personal token ' || person, '192.0.2.' || (person % 250),
        :namespace + project % {_GROUPS}, :project + project,
        '{seed.GROUP}/g' || (project % {_GROUPS}) || '/p' || project || '/r' || (c % 10),
        '{{"digest":"sha256:' || i || '","media_type":"application/vnd.oci.image.manifest.v1+json",'
            || '"size_bytes": 1234,"tags":["v' || c || '"]}}'
    FROM chosen
    """
).bindparams(bindparam("at", type_=Moment()))


def times(run: Run) -> None:
    """Ask for pages of all kinds in turns."""
    for row in ROWS:
        if run.wants(row):
            run.settle()
            with cleanup.opened(run, row.rpartition("-")[2]) as tools:
                began = perf_counter()
                _fill(tools.db, run.scale.events)
                found = _measured(tools, run.scale.events)
                found.extra |= {"events": run.scale.events, "fill_seconds": round(perf_counter() - began)}
                run.record(row, {"wharfinger": found}, p95_at_most(100))


def _fill(db: Database, count: int) -> None:
    """So many events under seals, as the worker makes them; their indexes are made at the end, which is faster."""
    namespace, project = seed.add_tree(db.url, _GROUPS, _PROJECTS)
    ids = {"namespace": namespace, "project": project}
    with db.begin() as tx:
        for index in log.indexes:
            index.drop(tx)
    for start in range(0, count, _COMMITTED):
        with db.begin() as tx:
            for at in range(start, min(start + _COMMITTED, count), _SEALED):
                moment = _BEGAN + _SPAN * (at / count)
                tx.execute(_FILL, {"first": at + 1, "last": at + _SEALED, "at": moment, **ids})
                numbers = {"number": at // _SEALED + 1, "first_number": at + 1, "last_number": at + _SEALED}
                same = {"at": moment, "first_at": moment, "late": False, "hash": "", "mac": "", "checks": b""}
                tx.execute(insert(seals), {**numbers, **same})
    for index in log.indexes:
        with db.begin() as tx:
            index.create(tx)
    if db.dialect == "postgresql":
        seed.analyse(db.url)


def _measured(tools: Tools, count: int) -> Measured:
    numbers = [count * (turn + 1) // (_TURNS + 1) for turn in range(_TURNS)]
    some = [audit.page(tools, OPERATOR, "", Wanted(), last=number, limit=1).events[0] for number in numbers]
    each: dict[str, list[float]] = {}
    used = process_time()
    for event in some:
        for what, (place, wanted, last) in _asked(event).items():
            began = perf_counter()
            audit.page(tools, OPERATOR, place, wanted, last=last, limit=100)
            each.setdefault(what, []).append(perf_counter() - began)
    used = process_time() - used
    found = [seconds for times_ in each.values() for seconds in times_]
    p50, p99 = latencies(found)
    p95 = sorted(found)[len(found) * 95 // 100]
    extra = {"p95_ms": _ms(p95), "longest_ms": _ms(max(found)), "cpu_ms": _ms(used / len(found))}
    extra |= {"p50_ms_by_page": {what: _ms(latencies(times_)[0]) for what, times_ in each.items()}}
    extra |= {"longest_ms_by_page": {what: _ms(max(times_)) for what, times_ in each.items()}}
    return Measured(len(found) / sum(found), p50 * 1000, p99 * 1000, extra=extra)


def _asked(event: Recorded) -> Mapping[str, tuple[str, Wanted, int | None]]:
    """Place, what is looked for, and after which number."""
    project = event.path.rpartition("/")[0]
    group, month = project.rpartition("/")[0], timedelta(days=30)
    return {
        "newest": ("", Wanted(), None),
        "deep": ("", Wanted(), event.number),
        "person": ("", Wanted(actor=event.actor), None),
        "action": ("", Wanted(kind=event.kind), None),
        "rare action": ("", Wanted(kind="quota changed"), event.number),
        "address": ("", Wanted(address=event.address), None),
        "image": ("", Wanted(path=event.path), None),
        "month": ("", Wanted(since=event.at - month, before=event.at), None),
        "person, month": ("", Wanted(actor=event.actor, since=event.at - month, before=event.at), None),
        "person, action": ("", Wanted(actor=event.actor, kind=event.kind), None),
        "project": (project, Wanted(), None),
        "project, deep": (project, Wanted(), event.number),
        "project, person": (project, Wanted(actor=event.actor), None),
        "project, action": (project, Wanted(kind=event.kind), None),
        "group": (group, Wanted(), None),
        "all groups": (seed.GROUP, Wanted(), None),
        "all groups, person": (seed.GROUP, Wanted(actor=event.actor), None),
        "all groups, rare action": (seed.GROUP, Wanted(kind="quota changed"), event.number),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
