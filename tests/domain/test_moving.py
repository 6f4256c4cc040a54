"""Moving bytes between stores: nothing is lost, whatever comes between, and a second run does what a first one left."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.clock import Clock
from tests.domain.meanwhile import Meanwhile
from tests.domain.shelf import Shelf as Repository
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some, whole
from tests.storage.memory_objects import MemoryObjects
from wharfinger.db.tables.images import blobs
from wharfinger.domain import garbage, images, moving, uploads, verify
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.moving import Means
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.folder import Folder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import Place
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Redirect, Store
from wharfinger.storage.stores import Stores

MASTERS = KeyList("first " + "5a" * 32)
LAYERS = [some(size, seed=size) for size in (0, 1, 70_000, 3 * 1024 * 1024 + 1)]

Make = Callable[[Tools, Path], tuple[Store, Store]]  # the store before, and the one that moves to another place


def folder_to_bucket(tools: Tools, folder: Path) -> tuple[Store, Store]:
    plain, ledger = LocalStore(folder / "old"), DatabaseLedger(tools.db, tools.clock)
    placed = ObjectStore(ledger, Shelf(buckets.on_s3(), name="new"))
    return plain, Stores(placed, [plain], placed)


def bucket_to_folder(tools: Tools, folder: Path) -> tuple[Store, Store]:
    placed = ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(buckets.on_s3(), name="old"))
    plain = LocalStore(folder / "new")
    return placed, Stores(plain, [plain], placed)


def bucket_to_bucket(tools: Tools, _: Path) -> tuple[Store, Store]:
    ledger, old = DatabaseLedger(tools.db, tools.clock), Shelf(buckets.on_s3(), name="s3://old")
    return ObjectStore(ledger, old), ObjectStore(ledger, Shelf(buckets.on_s3(), name="s3://new"), old)


def folder_to_folder(_: Tools, folder: Path) -> tuple[Store, Store]:
    old, new = LocalStore(folder / "old"), LocalStore(folder / "new")
    return old, Stores(new, [new, old])


def plain_to_sealed(tools: Tools, folder: Path) -> tuple[Store, Store]:
    plain, ledger = LocalStore(folder / "same"), DatabaseLedger(tools.db, tools.clock)
    placed = ObjectStore(ledger, Shelf(Folder(folder / "same"), MASTERS, name="same"))
    return plain, Stores(placed, [plain], placed)


def sealed_to_bucket(tools: Tools, folder: Path) -> tuple[Store, Store]:
    ledger, old = DatabaseLedger(tools.db, tools.clock), Shelf(Folder(folder / "old"), MASTERS, name="old")
    return ObjectStore(ledger, old), ObjectStore(ledger, Shelf(buckets.on_s3(), name="new"), old)


WAYS = [folder_to_bucket, bucket_to_folder, bucket_to_bucket, folder_to_folder, plain_to_sealed, sealed_to_bucket]


class House:
    """A repository with layers in the store before, and the tools of a process that knows both."""

    def __init__(self, tools: Tools, make: Make, folder: Path) -> None:
        before, after = make(tools, folder)
        self.old = Repository(replace(tools, store=before))
        self.digests = [self.old.blob(data) for data in LAYERS]
        self.image = self.old.image(*LAYERS, tag="1.0")
        self.tools = replace(tools, store=after)
        self.caller, self.path = self.old.caller, self.old.path

    def move(self, means: Means | None = None) -> list[str]:
        return [one.outcome for one in moving.run(self.tools, means or Means(at_once=3, together_bytes=MIB))]

    def content(self, digest: str) -> bytes:
        row = self.tools.lookup.blob(self.path, digest)
        assert row is not None
        found = self.tools.store.read(digest, place=row.place)
        assert not isinstance(found, Redirect)
        return whole(found)

    def require_whole(self) -> None:
        assert [self.content(digest) for digest in self.digests] == LAYERS
        steps = verify.blobs(self.tools, verify.Means(deep=True))
        assert not [problem for step in steps for problem in step.problems]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def house(request: pytest.FixtureRequest, tools: Tools, tmp_path: Path) -> House:
    return House(tools, request.param, tmp_path)


@pytest.fixture
def to_bucket(tools: Tools, tmp_path: Path) -> House:
    return House(tools, folder_to_bucket, tmp_path)


def test_everything_is_moved_once(house: House) -> None:
    assert moving.expect(house.tools) == (4, sum(map(len, LAYERS)))
    house.require_whole()
    assert house.move(Means(compare=True)) == ["moved"] * 4
    house.require_whole()
    assert moving.expect(house.tools) == (0, 0)
    assert house.move() == []


def test_the_old_bytes_go_an_hour_later_if_that_is_wanted(house: House, clock: Clock) -> None:
    old = places(house)
    house.move(Means(remove=True))
    garbage.run(house.tools, pause=lambda _: None)
    for digest, place in old.items():
        assert house.old.tools.store.kept(digest, place), "pulls that began before may go on"
    collect_for_hours(house, clock)
    house.require_whole()
    for digest, place in old.items():
        if not place:
            assert not house.old.tools.store.kept(digest, place)


def collect_for_hours(house: House, clock: Clock) -> None:
    clock.advance(hours=2)
    for _ in range(3):
        garbage.run(house.tools, pause=lambda _: None)
        clock.advance(minutes=6)
    assert garbage.status(house.tools).doomed_blobs == 0


def test_the_only_copy_stays_whatever_was_asked(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    """The folders change places within the hour, or a copy was never made: then nothing is spare."""
    house = House(tools, folder_to_folder, tmp_path)
    old, new = LocalStore(tmp_path / "old"), LocalStore(tmp_path / "new")
    house.move(Means(remove=True))
    new.delete(house.digests[2])
    house.tools = replace(house.tools, store=Stores(old, [old, new]))
    collect_for_hours(house, clock)
    house.require_whole()
    assert all(old.kept(digest) for digest in house.digests)
    assert [new.kept(digest) for digest in house.digests] == [True, True, False, True]


def test_what_no_second_copy_was_made_of_stays(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    house = House(tools, folder_to_folder, tmp_path)
    house.move(Means(remove=True))
    LocalStore(tmp_path / "new").delete(house.digests[2])
    collect_for_hours(house, clock)
    house.require_whole()
    assert [LocalStore(tmp_path / "old").kept(digest) for digest in house.digests] == [False, False, True, False]


def test_asked_twice_the_old_copy_is_remembered_once(tools: Tools, tmp_path: Path) -> None:
    house = House(tools, folder_to_folder, tmp_path)
    for _ in range(2):
        house.move(Means(remove=True))
        LocalStore(tmp_path / "new").delete(house.digests[2])
    assert garbage.status(house.tools).doomed_blobs == 4


def places(house: House) -> dict[str, str]:
    found = {digest: house.tools.lookup.blob(house.path, digest) for digest in house.digests}
    return {digest: row.place for digest, row in found.items() if row is not None}


def test_pushes_and_uploads_go_on(house: House) -> None:
    """What comes now goes to the new place; what was on its way before ends where it began, and is moved then."""
    session = uploads.begin(house.old.tools, house.caller, house.path)
    uploads.append(house.old.tools, house.caller, house.path, session.id, start=0, pieces=[b"first "], digest=None)
    new = Repository.blob(house.old, b"pushed through a process that does not know of it yet")
    house.old.tools = house.tools
    newer = house.old.blob(b"pushed meanwhile")
    assert set(house.move()) == {"moved"}
    assert moving.expect(house.tools) == (0, 0)
    digest = digests.of(b"first second")
    uploads.append(house.tools, house.caller, house.path, session.id, start=6, pieces=[b"second"], digest=digest)
    for moved in (new, newer, digest):
        assert digests.of(house.content(moved)) == moved
    house.move()
    assert moving.expect(house.tools) == (0, 0)
    assert house.content(digest) == b"first second"


def test_a_layer_that_is_pushed_again_while_it_is_moved(house: House) -> None:
    data = LAYERS[-1]
    house.old.tools = house.tools
    paced = iter([lambda: house.old.blob(data)])
    house.move(Means(at_once=1, pace=lambda count: next(paced, lambda: None)() if count > 100_000 else None))  # type: ignore[func-returns-value]
    house.require_whole()
    assert moving.expect(house.tools) == (0, 0)


def test_what_is_deleted_while_it_is_moved_goes(house: House, clock: Clock) -> None:
    """The collector takes the row between copy and switch: the copy goes too."""

    def collect(_: int) -> None:
        if house.tools.lookup.by_tag(house.path, "1.0") is not None:
            images.delete_tag(house.tools, house.caller, house.path, "1.0")
            images.delete_manifest(house.tools, house.caller, house.path, house.image)
        for _ in range(6):
            clock.advance(days=9)
            garbage.run(house.tools, pause=lambda _: None)

    outcomes = [one.outcome for one in moving.run(house.tools, Means(at_once=1, pace=collect))]
    assert "gone" in outcomes
    assert "failed" not in outcomes
    for _ in range(6):
        clock.advance(days=9)
        garbage.run(house.tools, pause=lambda _: None)
    assert garbage.status(house.tools).doomed_blobs == 0
    assert verify.expect(house.tools) == (0, 0)
    assert not any(house.tools.store.kept(digest, "") for digest in house.digests)


def test_bytes_that_are_missing_or_broken_are_named_and_the_rest_is_moved(to_bucket: House) -> None:
    files = {digest: LocalStore.blob_path(to_bucket.old.tools.store, digest) for digest in to_bucket.digests}  # type: ignore[arg-type]
    Path(files[to_bucket.digests[1]]).unlink()
    Path(files[to_bucket.digests[2]]).write_bytes(b"something else")
    found = {one.digest: one for one in moving.run(to_bucket.tools, Means())}
    assert [found[digest].outcome for digest in to_bucket.digests] == ["moved", "failed", "failed", "moved"]
    assert "push it again" in found[to_bucket.digests[1]].reason
    assert "has the digest" in found[to_bucket.digests[2]].reason
    assert moving.expect(to_bucket.tools)[0] == 2


def test_a_copy_that_comes_back_changed_does_not_count(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    """A store that keeps something else than it was given: with `compare` the row stays where it was."""

    class Lying(MemoryObjects):
        def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
            yield from (bytes(len(piece)) for piece in super().read(name, start, end))

    lying = Lying()

    def make(tools: Tools, folder: Path) -> tuple[Store, Store]:
        plain = LocalStore(folder / "old")
        placed = ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(lying, name="new"))
        return plain, Stores(placed, [plain], placed)

    house = House(tools, make, tmp_path)
    assert sorted(house.move(Means(compare=True))) == ["failed", "failed", "failed", "moved"], "one has no bytes"
    house.require_whole()
    assert lying.kept
    clock.advance(hours=2)
    garbage.run(house.tools, pause=lambda _: None)
    assert not lying.kept, "the collector removes what no row named"


def test_comparing_a_large_blob_may_take_long(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    """Meanwhile no row names the copy, and the collector is at work."""

    class Slow(MemoryObjects):
        def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
            for at in range(start, end, MIB):
                clock.advance(minutes=25)
                garbage.run(tools, pause=lambda _: None)
                yield self.kept[name][at : min(at + MIB, end)]

    def make(tools: Tools, folder: Path) -> tuple[Store, Store]:
        plain = LocalStore(folder / "old")
        placed = ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(Slow(), name="new"))
        return plain, Stores(placed, [plain], placed)

    house = House(tools, make, tmp_path)
    tools = house.tools
    assert [one.outcome for one in moving.run(tools, Means(at_once=1, compare=True))] == ["moved"] * 4
    clock.advance(hours=3)
    garbage.run(tools, pause=lambda _: None)
    house.require_whole()


def test_who_moves_the_other_way_at_the_same_time_is_refused(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    """Two hosts with opposite settings, both with `--remove`: each would leave the copy that the other counts on."""
    house = House(tools, folder_to_folder, tmp_path)
    house.move(Means(remove=True))
    old, new = LocalStore(tmp_path / "old"), LocalStore(tmp_path / "new")
    there = replace(tools, store=Stores(old, [old, new]))
    for digest in house.digests:
        old.delete(digest)
    refused = list(moving.run(there, Means(remove=True)))
    assert [one.outcome for one in refused] == ["failed"] * 4
    assert "same [storage]" in refused[0].reason
    collect_for_hours(house, clock)
    house.require_whole()
    house.tools = there
    assert house.move(Means(remove=True)) == ["moved"] * 4, "what was to be removed is gone"
    collect_for_hours(house, clock)
    house.require_whole()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_small_blobs_that_go_together_fail_one_by_one(tools: Tools, tmp_path: Path, way: Make) -> None:
    house = House(tools, way, tmp_path)
    small = [house.old.blob(some(2000, seed)) for seed in range(10)]
    for digest, data in zip(small[:2], (None, b"something else"), strict=True):
        spoil(house, digest, data)
    found = {one.digest: one for one in moving.run(house.tools, Means(at_once=1))}
    assert [found[digest].outcome for digest in small] == ["failed"] * 2 + ["moved"] * 8
    assert "push it again" in found[small[0]].reason
    assert {found[digest].outcome for digest in house.digests} == {"moved"}
    assert [house.content(digest) for digest in small[2:]] == [some(2000, seed) for seed in range(2, 10)]


def test_a_blob_whose_row_has_another_size_stays(house: House) -> None:
    """Sealed, its last bytes could not be opened."""
    with house.tools.db.begin() as tx:
        tx.execute(update(blobs).where(blobs.c.digest == house.digests[2]).values(size_bytes=len(LAYERS[2]) + 1))
    found = {one.digest: one for one in moving.run(house.tools, Means())}
    assert [found[digest].outcome for digest in house.digests] == ["moved", "moved", "failed", "moved"]
    assert house.content(house.digests[2]) == LAYERS[2]


def spoil(house: House, digest: str, data: bytes | None) -> None:
    """Let a blob's bytes be others, or none."""
    row, store = house.tools.lookup.blob(house.path, digest), house.old.tools.store
    assert row is not None
    if isinstance(store, LocalStore):
        Path(store.blob_path(digest)).unlink()
        if data is not None:
            Path(store.blob_path(digest)).write_bytes(data)
    elif isinstance(store, ObjectStore):
        [shelf], [name] = store.shelves.all, Place.parse(row.place).names
        shelf.objects.delete([name])
        if data is not None:
            shelf.objects.put([(name, [data])], MIB)


def test_back_to_a_folder_whose_old_copies_are_just_removed(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    """The copy has the name of what the collector takes away: the row stays where it was, and a second run moves it."""
    house = House(tools, folder_to_bucket, tmp_path)
    house.move(Means(remove=True))
    there = house.tools.store
    assert isinstance(there, Stores)
    house.tools = replace(tools, store=Stores(there.plain[0], there.plain, there.placed))
    clock.advance(hours=2)
    db = Meanwhile(tools.db, lambda: None, first=lambda: garbage.retry(house.tools))
    moved = list(moving.run(replace(house.tools, db=db), Means(at_once=1, together_bytes=0)))  # type: ignore[arg-type]
    db.join()
    house.require_whole()
    assert [one.outcome for one in moved].count("failed") == 1
    assert "again" in next(one.reason for one in moved if one.outcome == "failed")
    house.move()
    assert moving.expect(house.tools) == (0, 0)
    house.require_whole()
