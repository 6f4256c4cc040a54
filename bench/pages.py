"""Pages of the web UI where there is much: a thousand projects, and an image of a hundred thousand tags.

What is measured is the time until the server has answered a page, one after another, each kind in turn; and the
processor time of the server's processes, without those of PostgreSQL.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import perf_counter
from urllib.parse import quote

from sqlalchemy import select

from bench import projects, seed
from bench.bodies import KIB, image
from bench.clients import Way, push
from bench.goals import Figures, Goal, Results
from bench.measured import Measured, latencies
from bench.run import Run
from bench.wharfinger import Wharfinger
from bench.wire import Failed, Wire
from wharfinger.db import sessions
from wharfinger.db.engine import Database
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.people import users

ROWS = ("pages", "pages-search", "pages-postgres", "pages-search-postgres")
_PROJECTS, _MANY, _ROUNDS = 1000, f"{seed.PROJECT}/many", 40
_SECRET = "a-session-of-the-bench"


def times(run: Run) -> None:
    """Look at everything as somebody who is signed in and may read all of it; on either database."""
    for database, rows in (("sqlite", ROWS[:2]), ("postgres", ROWS[2:])):
        if run.wants(*rows):
            with ExitStack() as stack:
                _times(run, rows, projects.server(run, database, stack))


def _times(run: Run, rows: Sequence[str], server: Wharfinger) -> None:
    server.start()
    number = _fill(server, run.scale.many)
    for row, pages in zip(rows, (_pages(number, run.scale.many), _searches()), strict=True):
        if run.wants(row):
            run.record(row, {"wharfinger": _measured(server, pages)}, p95_at_most(50))


def p95_at_most(wanted: float) -> Goal:
    """So many milliseconds for nineteen of twenty pages."""

    def found(figures: Figures, _: Results) -> float | None:
        ours = figures.get("wharfinger")
        return ours.extra["p95_ms"] if ours else None

    return Goal(f"p95 at most {wanted:g} ms", wanted, found, at_least=False)


def _fill(server: Wharfinger, tags: int) -> int:
    """Projects with an image each, an image of many tags, and a session; the number of that image."""
    wire = server.wire(_MANY)
    for made in (image(KIB) for _ in range(20)):
        push(wire, _MANY, made, Way.PUT)
    wire.close()
    seed.add_tags(server.url, _MANY, tags)
    seed.add_projects(server.url, _PROJECTS)
    seed.rest(server.url)
    db = Database.open(server.url)
    now = datetime.now(UTC)
    with db.begin() as tx:
        user = tx.execute(select(users.c.id).where(users.c.username == seed.DEVELOPER)).scalar_one()
        hashed, times_ = sha256(_SECRET.encode()).hexdigest(), {"created_at": now, "seen_at": now}
        sessions.add(tx, secret_hash=hashed, user_id=user, stage="signed in", way="password", address="", agent="",
                     expires_at=now + timedelta(days=1), **times_)  # fmt: skip
        number = tx.execute(select(repositories.c.id).where(repositories.c.path == _MANY)).scalar_one()
    db.close()
    return int(number)


def _pages(number: int, tags: int) -> list[str]:
    registry = f"/{seed.PROJECT}/-/registry"
    image_ = f"{registry}/{number}"
    return [
        "/", "/projects", f"/{seed.GROUP}", f"/{seed.GROUP}/-/registry", registry, image_, f"{image_}?sort=name",
        f"{image_}?sort=size", f"{image_}?q=t00999", f"{image_}/tags/{seed.tag_names(tags)[tags // 2]}",
    ]  # fmt: skip


def _searches() -> list[str]:
    words = ("p0099", "many", "t00500", "t0099999", "nothing-like-this", "sha256:abcdef", f"{_MANY}:t001")
    return [f"/search?q={quote(word)}" for word in words]


def _measured(server: Wharfinger, pages: list[str]) -> Measured:
    wire = Wire(server.port)
    headers = f"Cookie: wharfinger={_SECRET}\r\nHX-Request: {str('search' in pages[0]).lower()}\r\n"
    each: dict[str, list[float]] = {page: [] for page in pages}
    before = server.process.cpu_seconds()
    for turn in range(_ROUNDS):
        if turn == 1 and server.process.first:  # what answers is there by now
            seed.put_first(server.url)
        for page in pages:
            began = perf_counter()
            answer = wire.ask("GET", page, headers=headers.encode())
            if answer.status != 200:
                raise Failed(f"{page} was answered {answer.status}")
            if turn:  # in the first round templates are read
                each[page].append(perf_counter() - began)
    wire.close()
    found = [seconds for times_ in each.values() for seconds in times_]
    p50, p99 = latencies(found)
    p95 = sorted(found)[len(found) * 95 // 100]
    middle = {page: round(latencies(times_)[0] * 1000, 1) for page, times_ in each.items()}
    extra = {"p95_ms": round(p95 * 1000, 1), "p50_ms_by_page": middle}
    cpu = 100 * (server.process.cpu_seconds() - before) / (_ROUNDS * len(pages))
    return Measured(len(found) / sum(found), p50 * 1000, p99 * 1000, cpu_per_100=cpu, extra=extra)
