"""Between the end of an upload and its row: what a crash leaves there goes, and what a row names stays."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest

from tests.clock import Clock
from tests.domain.meanwhile import Meanwhile
from tests.domain.shelf import Shelf as Repository
from tests.storage.bytes_of import MIB, push
from tests.storage.memory_objects import MemoryObjects
from wharfinger.domain import garbage, kept, uploads
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.ledger import Kept
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import Place, Segment
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


def test_large_bytes_may_come_slowly(repository: Repository, clock: Clock) -> None:
    """Until they are written no row can name them."""
    place, ledger = Place("0" * 32, (Segment("0", 64 * MIB),)), DatabaseLedger(repository.tools.db, clock)
    ledger.expect([Kept(digests.of(b"large"), place.text(), place.size_bytes)])
    for minutes, left in [(70, 1), (50, 1), (20, 0)]:
        clock.advance(minutes=minutes)
        collect(repository)
        assert garbage.status(repository.tools).doomed_blobs == left


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


def slowly(repository: Repository, objects: MemoryObjects, meanwhile: Callable[[], object]) -> str:
    """Push a blob by a process that stands still between keeping the bytes and the row that names them."""

    class Slow(DatabaseLedger):
        def keep(self, *given: object) -> None:
            super().keep(*given)  # type: ignore[arg-type]
            meanwhile()

    tools, caller, path = repository.tools, repository.caller, repository.path
    slow = replace(tools, store=ObjectStore(Slow(tools.db, tools.clock), Shelf(objects, name="s3://it")))
    session, digest = uploads.begin(slow, caller, path), digests.of(b"late")
    uploads.append(slow, caller, path, session.id, start=0, pieces=[b"late"], digest=digest)
    return digest


@pytest.mark.parametrize("back", [0, 1, 6])
def test_bytes_that_the_collector_has_in_hand_are_no_blob(
    repository: Repository, objects: MemoryObjects, clock: Clock, back: int
) -> None:
    """Also where the clock is put back, so that they seem to have their hour still before them."""

    def taken_up() -> None:
        clock.advance(minutes=61)
        objects.fault = lambda what, _: what == "delete"
        collect(repository)
        assert objects.done("delete"), "it was about to remove them"
        objects.fault = lambda *_: False
        clock.advance(hours=-back)

    with pytest.raises(StoreUnavailable, match="send them again"):
        slowly(repository, objects, taken_up)
    clock.advance(hours=back + 1)
    collect(repository)
    assert not objects.kept
    assert garbage.status(repository.tools).doomed_blobs == 0


def test_bytes_that_waited_and_are_still_there_are_a_blob(
    repository: Repository, objects: MemoryObjects, clock: Clock
) -> None:
    """The collector found them due, and is late: the row comes before it takes them up."""
    digest = slowly(repository, objects, lambda: clock.advance(hours=3))
    collect(repository)
    assert repository.has_blob(digest)
    assert list(objects.kept.values()) == [b"late"]


def test_a_row_comes_while_the_collector_is_about_to_take_up_the_bytes(
    repository: Repository, objects: MemoryObjects, clock: Clock
) -> None:
    """It has read which are due, and holds nothing yet."""
    arriving, collecting = Event(), Event()

    def come_late() -> None:
        clock.advance(hours=3)
        arriving.set()
        assert collecting.wait(30)

    db: Any = Meanwhile(repository.tools.db, lambda: None, first=lambda: (collecting.set(), pushing.join()))
    pushing = Thread(target=slowly, args=[repository, objects, come_late])
    pushing.start()
    assert arriving.wait(30)
    freed = garbage.retry(replace(repository.tools, db=db))
    assert collecting.is_set(), "it found something due"
    assert freed.reviewed == 0
    assert repository.has_blob(digests.of(b"late"))
    assert list(objects.kept.values()) == [b"late"]


def test_what_is_adopted_is_adopted_once(repository: Repository, tools: Tools) -> None:
    with pytest.raises(StoreUnavailable), tools.db.begin() as tx:
        kept.adopt(tx, tools, digests.of(b"never kept"), '{"upload":"00","segments":[]}')
