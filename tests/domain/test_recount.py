"""Counting from the ground up: it finds what is wrong, puts it right, and is how the first meters were filled."""

import importlib

import pytest
from sqlalchemy import delete, text, update

from tests.actors import Actors, fresh
from tests.domain.people import person
from tests.domain.shelf import Shelf
from tests.domain.test_chain import follow
from wharfinger.db.tables.images import repository_blobs
from wharfinger.db.tables.usage import meter_blobs, meters, project_meters
from wharfinger.domain import audit, quotas, recount
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import ScopeMissing
from wharfinger.domain.tools import Tools

MIGRATION = "wharfinger.db.migrations.versions.0012_usage"


def fill(tools: Tools) -> Shelf:
    """Images in a nested group, a nested index, what speaks about it, and some in the trash."""
    actors = Actors(tools)
    group = actors.group(f"{actors.group().path}/sub")
    shelf = Shelf(tools, project=actors.project(f"{group.path}/shop"))
    child = shelf.image(b"child" * 10)
    shelf.index(shelf.index(child), tag="nested")
    shelf.image(b"signature", subject=child)
    shelf.image(b"loose" * 5)
    shelf.image(b"gone", tag="gone", path=shelf.other)
    shelf.image(b"deleted", tag="deleted")
    shelf.delete("deleted")
    Shelf(tools).image(b"child" * 10, tag="same")
    quotas.add_up(tools)
    return shelf


def used(tools: Tools, path: str) -> list[int]:
    return [quota.used_bytes for quota in quotas.show(tools, OPERATOR, path)]


def test_what_is_wrong_is_found_and_repaired(tools: Tools) -> None:
    shelf = fill(tools)
    right = used(tools, shelf.project)
    assert not recount.recount(tools, OPERATOR)
    with tools.db.begin() as tx:
        tx.execute(update(repository_blobs).values(counted=~repository_blobs.c.counted))
        tx.execute(update(meter_blobs).values(holders=meter_blobs.c.holders + 1))
        tx.execute(update(meters).values(used_bytes=1))
    found = recount.recount(tools, OPERATOR, repair=False)
    assert (found.blobs > 0, found.holders > 0, found.sums > 0) == (True, True, True)
    assert recount.recount(tools, OPERATOR)
    assert not recount.recount(tools, OPERATOR)
    follow(tools)
    (event,) = audit.page(tools, OPERATOR, "", Wanted(kind="usage repaired")).events
    assert event.about == {"blobs": found.blobs, "holders": found.holders, "sums": found.sums}
    assert used(tools, shelf.project) == right


def test_it_is_for_administrators(tools: Tools) -> None:
    with pytest.raises(ScopeMissing):
        recount.recount(tools, person(tools, fresh("user")))


def test_the_migration_counts_what_was_there_before(tools: Tools) -> None:
    shelf = fill(tools)
    right = used(tools, shelf.project)
    migration = importlib.import_module(MIGRATION)
    with tools.db.begin() as tx:
        for table in (meter_blobs, project_meters, meters):
            tx.execute(delete(table))
        tx.execute(update(repository_blobs).values(counted=False))
        tx.execute(text("ALTER TABLE meter_blobs ADD COLUMN pending_bytes BIGINT NOT NULL DEFAULT 0"))  # as it was then
        for statement in f"{migration._METERS};{migration._COUNTED}".split(";"):
            tx.execute(text(statement))
        tx.execute(text("ALTER TABLE meter_blobs DROP COLUMN pending_bytes"))
    assert used(tools, shelf.project) == right
    assert not recount.recount(tools, OPERATOR)
