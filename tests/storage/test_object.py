"""What the store of objects promises beyond the suite: bytes written once, leases, growing parts, faults, links."""

from datetime import timedelta
from itertools import count

import pytest

from tests.storage.bytes_of import MIB, some, whole
from tests.storage.conftest import MASTERS, Later
from tests.storage.memory_objects import MemoryObjects
from wharfinger.spec import digest as digests
from wharfinger.storage.ledger import MemoryLedger
from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import MOST_SEGMENTS, Place, Segment
from wharfinger.storage.shelf import PARTS, Shelf, part_bytes
from wharfinger.storage.store import BytesMissing, Redirect, StoreFailed, UploadLocked, UploadMissing
from wharfinger.storage.uploading import LEASE_SECONDS, State

ID = "0123456789abcdef" * 2
GIB = 1024 * MIB


class Desk:
    """Two processes on the same objects and ledger."""

    def __init__(self, masters: MasterKey | None = None, **known: int) -> None:
        self.objects, self.clock = MemoryObjects(), Later()
        self.ledger = MemoryLedger(self.clock)
        self.here, self.there = (ObjectStore(self.ledger, Shelf(self.objects, masters, **known)) for _ in range(2))
        self.here.begin(ID)

    def send(self, data: bytes, door: ObjectStore | None = None) -> None:
        with (door or self.here).open(ID) as upload:
            upload.write(data)

    def keep(self, data: bytes, door: ObjectStore | None = None) -> str:
        """The last request of an upload, without bytes; returns the place."""
        with (door or self.here).open(ID) as upload:
            assert upload.digest("sha256") == digests.of(data)
            return upload.keep(digests.of(data))

    def content(self, place: str) -> bytes:
        found = self.here.read(digests.of(b""), place=place)
        assert not isinstance(found, Redirect)
        return whole(found)


def test_the_usual_push_writes_once_and_reads_nothing() -> None:
    """One request with the bytes, one to finish, at another process: a final object, and no copy."""
    desk, data = Desk(), some(3 * MIB)
    desk.send(data)
    place = desk.keep(data, desk.there)
    assert list(desk.objects.kept.values()) == [data]
    assert Place.parse(place).names == list(desk.objects.kept)
    assert (desk.objects.done("open"), desk.objects.done("read"), desk.objects.done("delete")) == (1, 0, 0)
    assert not desk.ledger.entries


def test_several_requests_are_several_objects() -> None:
    desk, data = Desk(), some(1000)
    for start in range(0, 1000, 300):
        desk.send(data[start : start + 300])
    place = desk.keep(data)
    assert [it.size_bytes for it in Place.parse(place).segments] == [300, 300, 300, 100]
    assert desk.content(place) == data


def test_another_process_reads_what_it_has_not_hashed() -> None:
    desk, data = Desk(), some(1000)
    desk.send(data[:400])
    desk.send(data[400:], desk.there)
    desk.keep(data)
    assert desk.objects.done("read") == 2


def test_no_layer_needs_more_parts_than_there_are() -> None:
    for total in (100 * GIB, 1024 * GIB, 5 * 1024 * GIB):
        sizes, so_far = list[int](), 0
        while so_far < total:
            sizes.append(min(part_bytes(so_far) * PARTS, total - so_far))
            so_far += sizes[-1]
        assert len(sizes) <= 12
    first = PARTS * part_bytes(0)
    parts = [PARTS, -(-(100 * GIB - first) // part_bytes(first))]
    assert sum(parts) <= 10_000, "100 GiB, in all its objects together"
    assert part_bytes(0) == 8 * MIB
    assert part_bytes(first) > 4 * part_bytes(0)


def test_an_object_that_is_full_is_followed_by_another() -> None:
    desk, data = Desk(part_bytes=1), some(3 * PARTS)
    with desk.here.open(ID) as upload:
        for at in range(0, len(data), 1000):
            upload.write(data[at : at + 1000])
        place = upload.keep(upload.digest("sha256"))
    assert [it.size_bytes for it in Place.parse(place).segments] == [PARTS, 2 * PARTS]
    assert desk.objects.parts[0] < desk.objects.parts[1]
    assert desk.content(place) == data


def test_chunks_are_bounded() -> None:
    desk, segments = Desk(), tuple(Segment(f"{number:016x}", 1) for number in range(MOST_SEGMENTS))
    desk.ledger.entries[ID].text = State("sha256", "", Place(ID, segments)).text()
    with desk.here.open(ID) as upload, pytest.raises(StoreFailed) as refused:
        upload.write(b"one more")
    assert "larger ones" in refused.value.outward


@pytest.mark.parametrize("end", ["write", "keep", "close", "cancel"])
def test_who_lost_the_lease_changes_nothing(end: str) -> None:
    """A process that hung for too long wakes up after another has taken its upload over and finished it."""
    desk, ours, theirs = Desk(), some(500, 1), some(700, 2)
    hung = desk.here.open(ID)
    hung.write(ours)
    with pytest.raises(UploadLocked):
        desk.there.open(ID)
    desk.clock.added = timedelta(seconds=LEASE_SECONDS + 1)
    desk.send(theirs, desk.there)
    if end == "cancel":
        hung.cancel()
    elif end == "close":
        with pytest.raises(UploadMissing):
            hung.close()
    else:
        with pytest.raises(UploadMissing):
            hung.keep(digests.of(ours))
    place = desk.keep(theirs, desk.there)
    assert desk.content(place) == theirs
    assert list(desk.objects.kept.values()) == [theirs], "what the other wrote is gone"


@pytest.mark.parametrize("finished", [True, False])
def test_what_a_dead_process_wrote_is_cleared_away(finished: bool) -> None:
    """Killed while it wrote, or with its object finished before anybody knew: who takes the upload over removes it."""
    desk, data = Desk(), some(700, 2)
    desk.send(b"before ")
    dead = desk.here.open(ID)
    dead.write(some(500, 1))
    if finished:
        dead._finish()
    desk.clock.added = timedelta(seconds=LEASE_SECONDS + 1)
    desk.send(data, desk.there)
    assert sorted(desk.objects.kept.values()) == sorted([b"before ", data])
    assert desk.content(desk.keep(b"before " + data)) == b"before " + data


def test_a_lease_that_ran_out_and_that_nobody_took_is_still_good() -> None:
    desk = Desk()
    with desk.here.open(ID) as upload:
        upload.write(b"slow ")
        desk.clock.added = timedelta(seconds=2 * LEASE_SECONDS)
        upload.write(b"client")
        upload.keep(digests.of(b"slow client"))
    assert list(desk.objects.kept.values()) == [b"slow client"]


@pytest.mark.parametrize("masters", [None, MASTERS], ids=["plain", "sealed"])
@pytest.mark.parametrize("fails", ["open", "write", "finish"])
def test_a_request_that_fails_leaves_the_upload_as_it_was(fails: str, masters: MasterKey | None) -> None:
    desk, first, second = Desk(masters), some(200_000, 1), some(200_000, 2)
    desk.send(first)
    desk.objects.fault = lambda what, name: what == fails
    with pytest.raises(StoreFailed):
        desk.send(second)
    desk.objects.fault = lambda what, name: False
    with desk.there.open(ID) as upload:
        assert upload.size_bytes == len(first)
        upload.write(second)
        assert upload.digest("sha256") == digests.of(first + second)
        place = upload.keep(digests.of(first + second))
    assert desk.content(place) == first + second
    assert len(desk.objects.kept) == 2


def test_failing_at_every_call() -> None:
    """Whatever call to the objects fails, once: the upload goes on from where it says it stands, to the same bytes."""
    data = some(5000)
    for failing in count():
        desk, calls = Desk(), count()
        desk.objects.fault = lambda what, name, calls=calls, failing=failing: next(calls) == failing  # type: ignore[misc]
        place = ""
        for _ in range(20):
            try:
                with desk.here.open(ID) as upload:
                    start = upload.size_bytes
                    upload.write(data[start : start + 2000])
                    if upload.size_bytes == len(data):
                        place = upload.keep(upload.digest("sha512"))
                        break
            except StoreFailed:
                continue
        desk.objects.fault = lambda what, name: False
        assert desk.content(place) == data
        if next(calls) <= failing:
            return
    pytest.fail("there is no end to the calls")


def test_cancelling_and_abandoning_delete_the_objects() -> None:
    desk = Desk()
    desk.send(b"first")
    with desk.here.open(ID) as upload:
        upload.write(b"second")
        upload.cancel()
    assert not desk.objects.kept
    desk.here.begin(ID)
    desk.send(b"first")
    desk.clock.added = timedelta(days=8)
    assert desk.there.abandon(timedelta(days=7).total_seconds()) == 1
    assert not desk.objects.kept
    assert desk.objects.done("sweep") == 1


def test_one_upload_that_cannot_be_removed_does_not_save_the_rest() -> None:
    desk, other = Desk(), ID[::-1]
    desk.here.begin(other)
    for upload in (ID, other):
        with desk.here.open(upload) as opened:
            opened.write(b"left behind")
    desk.clock.added = timedelta(days=8)
    desk.objects.fault = lambda what, name: what == "delete" and ID in name
    with pytest.raises(StoreFailed):
        desk.here.abandon(60)
    assert list(desk.ledger.entries) == [ID], "it stays known, for the next time"
    desk.objects.fault = lambda what, name: False
    desk.clock.added += timedelta(seconds=LEASE_SECONDS)
    assert desk.here.abandon(60) == 1


def test_links() -> None:
    """To a blob of one plain object; others come through us."""
    life, digest = timedelta(minutes=5), digests.of(b"")
    plain = Place(ID, (Segment("00", 5),))
    several, empty, sealed = (
        Place(ID, (Segment("00", 5), Segment("01", 5))),
        Place(ID),
        Place(ID, (Segment("00", 5),), "x"),
    )
    desk = Desk()
    desk.objects.kept = dict.fromkeys(several.names, b"12345")
    assert desk.here.read(digest, 1, 2, place=plain.text(), redirect=life) == Redirect(
        f"https://objects.example.com/{plain.names[0]}?for=300"
    )
    assert not isinstance(desk.here.read(digest, place=plain.text()), Redirect)
    for place in (several, empty):
        assert not isinstance(desk.here.read(digest, place=place.text(), redirect=life), Redirect)
    with pytest.raises(StoreFailed, match="master_keys"):
        desk.here.read(digest, place=sealed.text(), redirect=life)


@pytest.mark.parametrize(
    "text", ["nothing", "{}", "[]", '{"upload":1,"segments":[["a"]]}', '{"upload":"a","segments":[["b","c"]]}']
)
def test_a_row_that_names_no_place(text: str) -> None:
    with pytest.raises(BytesMissing, match="row"):
        Desk().here.read(digests.of(b""), place=text)


def test_a_store_that_gives_back_something_else_is_noticed() -> None:
    desk = Desk()
    desk.here.check()
    assert not desk.objects.kept
    desk.objects.fault = lambda what, name: what == "read" and bool(desk.objects.kept.clear() or False)
    with pytest.raises(StoreFailed, match="does not give back"):
        desk.here.check()
