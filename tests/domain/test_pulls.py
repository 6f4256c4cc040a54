"""Pull counts: what is counted, when it is written, and what follows a pull of an index."""

import random
from dataclasses import replace
from datetime import datetime
from math import sqrt
from typing import Any

import pytest
from sqlalchemy import select

from tests.clock import Clock
from tests.domain.shelf import Shelf
from tests.domain.test_chain import follow
from tests.in_process import build_tools, close_tools
from wharfinger.db.tables.images import manifests, repositories, tags
from wharfinger.domain import audit, pull
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.tools import Tools

Pulls = tuple[int, datetime | None]


def take(shelf: Shelf, reference: str, times: int = 1, tools: Tools | None = None) -> None:
    """What GET does."""
    tools = tools or shelf.tools
    for _ in range(times):
        pull.count(tools, pull.manifest(tools, shelf.caller, shelf.path, reference), reference)


def pulls(tools: Tools, table: Any, name: str) -> dict[str, int]:
    with tools.db.read() as tx:
        return {row[0]: row[1] for row in tx.execute(select(table.c[name], table.c.pull_count))}


def test_a_pull_counts_for_tag_manifest_and_repository(tools: Tools, clock: Clock) -> None:
    shelf = Shelf(tools)
    digest = shelf.image(b"layer", tag="v1")
    shelf.image(b"other", tag="v2")
    take(shelf, "v1", 2)
    clock.advance(hours=1)
    take(shelf, digest)
    assert pulls(tools, tags, "name") == {"v1": 0, "v2": 0}, "nothing is written while a client waits"
    tools.uses.flush(tools.db)
    assert pulls(tools, tags, "name") == {"v1": 2, "v2": 0}
    assert pulls(tools, manifests, "digest")[digest] == 3
    assert pulls(tools, repositories, "path")[shelf.path] == 3
    with tools.db.read() as tx:
        last = {row.name: row.last_pulled_at for row in tx.execute(select(tags.c.name, tags.c.last_pulled_at))}
        assert tx.scalar(select(repositories.c.last_pulled_at)) == clock.now
    assert last["v2"] is None
    assert last["v1"] is not None
    assert last["v1"] < clock.now


def test_the_image_of_an_index_is_no_second_pull_of_the_repository(tools: Tools) -> None:
    shelf = Shelf(tools)
    image = shelf.image(b"layer")
    index = shelf.index(image, tag="v1")
    take(shelf, "v1")
    take(shelf, image)
    tools.uses.flush(tools.db)
    assert pulls(tools, repositories, "path")[shelf.path] == 1
    assert pulls(tools, manifests, "digest") == {index: 1, image: 1}


def test_processes_add_to_each_other_and_the_latest_pull_stands(tools: Tools, clock: Clock, database_url: str) -> None:
    shelf, other_clock = Shelf(tools), Clock()
    other = build_tools(database_url, other_clock, tools.policy)
    shelf.image(b"layer", tag="v1")
    take(shelf, "v1", tools=other)
    clock.advance(hours=1)
    take(shelf, "v1", 4)
    tools.uses.flush(tools.db)
    close_tools(other)
    with tools.db.read() as tx:
        row = tx.execute(select(tags.c.pull_count, tags.c.last_pulled_at)).one()
    assert tuple(row) == (5, clock.now)


def test_what_went_meanwhile_is_passed_by(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = shelf.image(b"layer", tag="v1")
    take(shelf, "v1")
    shelf.delete(digest)
    tools.uses.flush(tools.db)
    assert pulls(tools, tags, "name") == {}


@pytest.mark.parametrize("share", [0.05, 0.25, 0.9])
def test_as_many_are_written_down_as_wanted(tools: Tools, share: float) -> None:
    """Five standard deviations about it, of throws that are the same every time."""
    shelf, times = Shelf(tools), 2000
    shelf.image(b"layer", tag="v1")
    found = pull.manifest(tools, shelf.caller, shelf.path, "v1")
    some = replace(tools, policy=replace(tools.policy, audit_pulls=share))
    random.seed(1)
    for _ in range(times):
        pull.write_down(some, shelf.caller, shelf.path, found, "v1")
    tools.uses.flush(tools.db)
    follow(tools)
    written = sum(1 for _ in audit.export(tools, OPERATOR, shelf.project, Wanted(kind="manifest pulled")))
    assert abs(written - times * share) < 5 * sqrt(times * share * (1 - share))
