"""kill -9 of `wharfinger worker` in the middle of a cleanup run: the next goes on, and every tag went once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from tests.conftest import MakeDatabase
from tests.domain.shelf import Shelf
from tests.serving import Server, environment, until
from wharfinger.db.tables.images import tags
from wharfinger.db.tables.work import jobs
from wharfinger.domain import audit, images, recount, trash
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.cleanup import history, policies, preview, runs
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.cleanup.terms import Terms

IMAGES, KILLS = 3, 2
EACH = images.TAGS_AT_ONCE * 2  # tags of each image: six parts in all at least


@pytest.fixture(params=["sqlite", "postgres"])
def serving(request: pytest.FixtureRequest, make_database: MakeDatabase, tmp_path: Path) -> Iterator[Server]:
    """A server that leaves the work to others."""
    url = "" if request.param == "sqlite" else make_database("postgres")
    server = Server(tmp_path, {"database": {"url": url}}).start("--no-worker")
    yield server
    server.stop()


@contextmanager
def worker(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that ends by a kill, if not before."""
    command = [sys.executable, "-m", "wharfinger", "worker", "--config", str(server.file)]
    with (server.folder / "worker").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=server.folder, env=environment())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def fill(shelf: Shelf) -> int:
    """Images that share a layer, each with many tags; how many tags there are."""
    for number in range(IMAGES):
        shelf.image(b"shared", f"only in {number}".encode(), tag=f"image-{number}")
    with shelf.tools.db.begin() as tx:
        rows = tx.execute(select(tags)).mappings().all()
        old = {"pushed_at": shelf.tools.clock() - timedelta(days=1)}
        more = [{**row, **old, "name": f"{row['name']}-{n}"} for row in rows for n in range(EACH - 1)]
        tx.execute(insert(tags), more)
    return IMAGES * EACH


@pytest.mark.timeout(600)
def test_a_worker_that_dies(serving: Server) -> None:
    shelf = Shelf(serving.tools)
    count = fill(shelf)
    policies.save(serving.tools, OPERATOR, shelf.project, Terms(enabled=True, keep_n=None, older_than="1h"))
    said = preview.of_all(serving.tools, OPERATOR, shelf.project)
    assert (said.tags, said.goes, said.size_bytes) == (count, count - IMAGES, 0), "the newest tag of each is young"
    policies.save(serving.tools, OPERATOR, shelf.project, Terms(enabled=True, keep_n=None, older_than=None))
    said = preview.of_all(serving.tools, OPERATOR, shelf.project)
    started = runs.run_now(serving.tools, OPERATOR, shelf.project)

    def seen() -> Run:
        return history.get(serving.tools, OPERATOR, shelf.project, started.id)

    before = 0
    for _ in range(KILLS):
        with worker(serving):
            assert until(lambda: seen().tags_removed > before, 120), seen()  # noqa: B023 - asked at once
        before = seen().tags_removed
        with serving.tools.db.begin() as tx:  # as after two minutes, when nobody believes any more that it lives
            tx.execute(update(jobs).values(held_until=None, holder=""))
    assert 0 < before < count, "it was killed under way"
    with worker(serving):
        assert until(lambda: seen().state is State.DONE, 120), seen()
        assert until(lambda: len(removed(shelf)) >= count, 60)
    assert (seen().tags_planned, seen().tags_removed) == (count, count)
    assert seen().size_bytes == said.size_bytes == len(b"shared") + sum(len(f"only in {n}") for n in range(IMAGES))
    assert len(removed(shelf)) == len(set(removed(shelf))) == count, "each of them once"
    assert not recount.recount(serving.tools, OPERATOR, repair=False)
    back = history.restore(serving.tools, OPERATOR, shelf.project, started.id)
    assert (back.back, back.left) == (count, 0)
    assert trash.list_trash(serving.tools, OPERATOR, shelf.project) == []
    assert not recount.recount(serving.tools, OPERATOR, repair=False)


def removed(shelf: Shelf) -> list[str]:
    """What the audit log says went."""
    found = audit.page(shelf.tools, OPERATOR, shelf.project, Wanted(kind="tags deleted"), limit=1000).events
    return [tag for event in found for tag in event.about["tags"]]
