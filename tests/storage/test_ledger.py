"""The ledger of uploads: one holder at a time, by a lease, whoever asks from wherever. In memory and in databases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clock import Clock
from wharfinger.db.engine import Database
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.spec import digest as digests
from wharfinger.storage.ledger import Kept, Ledger, MemoryLedger
from wharfinger.storage.store import UploadLocked, UploadMissing

ID, OTHER = "ab" * 16, "cd" * 16


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, make_database: Callable[[str], str], clock: Clock) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger(lambda: clock().timestamp())
        return
    db = Database.open(make_database(request.param))
    yield DatabaseLedger(db, clock)
    db.close()


def test_all_that_goes_on_is_listed(ledger: Ledger) -> None:
    ids = [f"{number:032x}" for number in range(2001)]
    for id_ in ids:
        ledger.begin(id_, f"text {id_}")
    assert sorted(ledger.texts()) == [(id_, f"text {id_}") for id_ in ids]


def test_a_life(ledger: Ledger, clock: Clock) -> None:
    ledger.begin(ID, "none yet")
    assert ledger.take(ID, "first", 60) == ("none yet", 0.0, "")
    assert ledger.text(ID) == "none yet"
    ledger.release(ID, "first", "ten bytes")
    assert ledger.text(ID) == "ten bytes"
    clock.advance(seconds=5)
    assert ledger.take(ID, "second", 60) == ("ten bytes", 5.0, "")
    ledger.release(ID, "second", None)
    assert ledger.take(ID, "third", 60) == ("ten bytes", 5.0, "")
    ledger.end(ID, "third")
    for ended in (lambda: ledger.take(ID, "fourth", 60), lambda: ledger.text(ID)):
        with pytest.raises(UploadMissing):
            ended()
    ledger.begin(ID, "another")
    ledger.take(ID, "fifth", 60)
    ledger.keep(ID, "fifth", Kept(digests.of(b""), "place", 0))
    with pytest.raises(UploadMissing):
        ledger.take(ID, "sixth", 60)


def test_an_id_is_for_one_upload(ledger: Ledger) -> None:
    ledger.begin(ID, "first")
    with pytest.raises(ValueError, match="begun before"):
        ledger.begin(ID, "second")
    assert ledger.take(ID, "holder", 60).text == "first"


def test_a_lease_keeps_others_out_until_it_ends(ledger: Ledger, clock: Clock) -> None:
    ledger.begin(ID, "text")
    ledger.take(ID, "first", 60)
    clock.advance(seconds=50)
    ledger.renew(ID, "first", 60)
    clock.advance(seconds=50)
    with pytest.raises(UploadLocked):
        ledger.take(ID, "second", 60)
    clock.advance(seconds=11)
    assert ledger.take(ID, "second", 60).dead == "first", "who comes next is told whose objects may lie about"


def test_a_lease_by_a_clock_that_was_ahead_is_over(ledger: Ledger, clock: Clock) -> None:
    """Else the upload would answer nobody for as long as the clock was ahead. Who had it changes nothing any more."""
    ledger.begin(ID, "text")
    ledger.take(ID, "first", 60)
    clock.advance(seconds=-50)
    with pytest.raises(UploadLocked):
        ledger.take(ID, "second", 60)
    clock.advance(hours=-6)
    assert ledger.take(ID, "second", 60).dead == "first"
    with pytest.raises(UploadMissing):
        ledger.release(ID, "first", "mine")


def test_who_lost_it_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    ledger.begin(ID, "text")
    ledger.take(ID, "first", 60)
    clock.advance(seconds=61)
    ledger.take(ID, "second", 60)
    for change in (
        lambda: ledger.renew(ID, "first", 60),
        lambda: ledger.release(ID, "first", "mine"),
        lambda: ledger.release(ID, "first", None),
        lambda: ledger.end(ID, "first"),
        lambda: ledger.keep(ID, "first", Kept(digests.of(b""), "place", 0)),
    ):
        with pytest.raises(UploadMissing):
            change()
    ledger.release(ID, "second", None)
    assert ledger.take(ID, "third", 60).text == "text"


def test_one_of_many_gets_it(ledger: Ledger) -> None:
    ledger.begin(ID, "text")

    def take(number: int) -> bool:
        try:
            ledger.take(ID, f"holder {number}", 60)
        except UploadLocked:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == 1


def test_what_is_stale(ledger: Ledger, clock: Clock) -> None:
    """Old, and held by nobody; a lease that ran out holds nothing."""
    ledger.begin(ID, "old")
    ledger.begin(OTHER, "old and held")
    ledger.take(OTHER, "dead process", 30)
    assert ledger.stale(60) == []
    clock.advance(seconds=61)
    assert set(ledger.stale(60)) == {ID, OTHER}
    ledger.take(OTHER, "live process", 30)
    assert ledger.stale(60) == [ID]
    ledger.release(OTHER, "live process", "new bytes")
    assert ledger.stale(60) == [ID]
