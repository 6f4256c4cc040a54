"""Between the end of an upload and its row: what a crash leaves there goes, and what a row names stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.shelf import Shelf as Repository
from tests.storage.bytes_of import push
from tests.storage.memory_objects import MemoryObjects
from wharfinger.domain import garbage, kept, uploads
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def repository(tools: Tools, objects: MemoryObjects) -> Iterator[Repository]:
    store = ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(objects, name="s3://it"))
    yield Repository(replace(tools, store=store))


def collect(repository: Repository) -> None:
    garbage.run(repository.tools, pause=lambda _: None)


def test_what_no_row_names_goes_after_an_hour(repository: Repository, objects: MemoryObjects, clock: Clock) -> None:
    push(repository.tools.store, b"kept, and then the process was killed")
    collect(repository)
    assert len(objects.kept) == 1, "its row may be on its way"
    clock.advance(minutes=61)
    collect(repository)
    assert not objects.kept
    assert garbage.status(repository.tools).doomed_blobs == 0


def test_what_a_row_names_stays(repository: Repository, objects: MemoryObjects, clock: Clock) -> None:
    digest = repository.blob(b"a layer")
    clock.advance(hours=5)
    collect(repository)
    assert repository.has_blob(digest)
    assert list(objects.kept.values()) == [b"a layer"]
    assert garbage.status(repository.tools).doomed_blobs == 0


def test_a_second_copy_goes_at_once(repository: Repository, objects: MemoryObjects) -> None:
    repository.blob(b"a layer")
    repository.blob(b"a layer")
    assert list(objects.kept.values()) == [b"a layer"]
    assert garbage.status(repository.tools).doomed_blobs == 0


def test_bytes_that_waited_for_too_long_are_no_blob(repository: Repository, clock: Clock) -> None:
    """A process that stood still between the two: the collector may have its bytes in hand, so they do not count."""

    class Slow(DatabaseLedger):
        def keep(self, *given: object) -> None:
            super().keep(*given)  # type: ignore[arg-type]
            clock.advance(minutes=59)

    objects = MemoryObjects()
    tools = repository.tools
    slow = replace(tools, store=ObjectStore(Slow(tools.db, tools.clock), Shelf(objects, name="s3://it")))
    session = uploads.begin(slow, repository.caller, repository.path)
    digest = digests.of(b"late")
    with pytest.raises(StoreUnavailable, match="send them again"):
        uploads.append(slow, repository.caller, repository.path, session.id, start=0, pieces=[b"late"], digest=digest)
    clock.advance(hours=1)
    garbage.run(slow, pause=lambda _: None)
    assert not objects.kept


def test_what_is_adopted_is_adopted_once(repository: Repository, tools: Tools) -> None:
    with pytest.raises(StoreUnavailable), tools.db.begin() as tx:
        kept.adopt(tx, tools, digests.of(b"never kept"), '{"upload":"00","segments":[]}')
    assert timedelta(minutes=30) < kept.TO_BE_NAMED
