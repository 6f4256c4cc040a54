"""When what goes, and what it takes along."""

from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.clock import Clock
from tests.domain.crashes import Crash, CrashingDatabase, CrashingStore, Fuse
from tests.domain.shelf import Shelf
from wharfinger.db import garbage as rows
from wharfinger.db.tables.images import repository_blobs
from wharfinger.domain import garbage, images, projects, pull, uploads
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import BlobUnknown, Conflict, StoreUnavailable
from wharfinger.domain.garbage_preview import Doomed, Preview, What, preview
from wharfinger.domain.tools import Policy, Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.memory import MemoryStore
from wharfinger.storage.store import StoreFailed


@pytest.fixture
def policy() -> Policy:
    """No trash: what is deleted is garbage at once."""
    return Policy(trash_keep=timedelta(), gc_delay=timedelta(hours=24))


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def days(shelf: Shelf, clock: Clock, count: int) -> None:
    for _ in range(count):
        clock.advance(hours=25)
        shelf.collect()


def test_an_image_that_is_tagged_stays(shelf: Shelf, clock: Clock) -> None:
    shelf.image(b"one", b"two", tag="v1")
    days(shelf, clock, 10)
    assert shelf.has("v1")
    assert {queue.waiting for queue in garbage.status(shelf.tools).queues.values()} == {0}


def test_a_blob_without_a_manifest_goes_after_the_delay(shelf: Shelf, clock: Clock) -> None:
    blob = shelf.blob(b"never named")
    clock.advance(hours=23, minutes=59)
    assert shelf.collect() == garbage.Freed()
    assert shelf.has_blob(blob)
    clock.advance(minutes=1)
    assert shelf.collect().bytes == len(b"never named")
    assert not shelf.has_blob(blob)


def test_a_manifest_that_lost_its_tag(shelf: Shelf, clock: Clock) -> None:
    """Its blobs, looked at before and found needed, have another day; what another image names stays."""
    old = shelf.image(b"shared", b"of the old one", tag="latest")
    days(shelf, clock, 2)
    shelf.image(b"shared", b"of the new one", tag="latest")
    days(shelf, clock, 1)
    assert not shelf.has(old)
    assert shelf.has_blob(digests.of(b"of the old one"))
    days(shelf, clock, 1)
    assert not shelf.has_blob(digests.of(b"of the old one"))
    assert shelf.has("latest")


def test_a_manifest_that_is_pushed_again_has_another_day(shelf: Shelf, clock: Clock) -> None:
    """Its client may be about to tag it, or to name it in an index."""
    image = shelf.image(b"a layer")
    clock.advance(hours=23)
    assert shelf.image(b"a layer") == image
    clock.advance(hours=23)
    assert shelf.collect() == garbage.Freed()
    assert shelf.has(image)
    clock.advance(hours=1)
    assert shelf.collect().manifests == 1
    assert not shelf.has(image)


def test_a_preview_waits_for_a_push_that_holds_what_it_looks_at(shelf: Shelf, clock: Clock) -> None:
    if shelf.tools.db.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time: who looks waits for the push")
    shelf.image(b"a layer", tag="v1")
    days(shelf, clock, 1)
    shelf.delete("v1")
    clock.advance(hours=25)
    waited, arriving = list[float](), select(repository_blobs).with_for_update()
    with pytest.raises(Conflict, match="ask again"), shelf.tools.db.begin() as tx:
        tx.execute(arriving).all()
        preview(shelf.tools, waited.append)
    with ExitStack() as push:
        push.enter_context(shelf.tools.db.begin()).execute(arriving).all()

        def ends(_: float) -> None:
            push.close()

        assert preview(shelf.tools, ends).freed.manifests == 1
    assert len(waited) == 5


def test_images_go_with_their_index_and_not_before(shelf: Shelf, clock: Clock) -> None:
    child = shelf.image(b"for one machine")
    shelf.index(child, tag="multi")
    days(shelf, clock, 3)
    assert shelf.has(child)
    shelf.delete("multi")
    days(shelf, clock, 3)
    assert not shelf.has(child)
    assert not shelf.tools.store.kept(digests.of(b"for one machine"))


def test_an_image_of_two_indexes(shelf: Shelf, clock: Clock) -> None:
    child, other = shelf.image(b"shared"), shelf.image(b"other")
    shelf.index(child, tag="a")
    shelf.index(child, other, tag="b")
    shelf.delete("b")
    days(shelf, clock, 4)
    assert shelf.has(child)
    assert not shelf.has(other)


def test_signatures_go_with_their_subject_and_not_before(shelf: Shelf, clock: Clock) -> None:
    """By the field of the spec, and by the tags of clients that do not know it."""
    image = shelf.image(b"the image", tag="v1")
    referrer = shelf.image(b"a signature", subject=image)
    of_that = shelf.image(b"who signed it", subject=referrer)
    tag = image.replace(":", "-")
    by_tag = [shelf.image(ending.encode(), tag=tag + ending) for ending in (".sig", ".att", ".sbom")]
    days(shelf, clock, 5)
    assert all(map(shelf.has, (image, referrer, of_that, *by_tag)))
    shelf.delete("v1")
    days(shelf, clock, 5)
    assert not any(map(shelf.has, (image, referrer, of_that, *by_tag)))
    assert images.list_tags(shelf.tools, shelf.caller, shelf.path, last="", limit=10).names == []


def test_a_signature_of_an_image_that_was_never_here(shelf: Shelf, clock: Clock) -> None:
    """Signatures may be kept in a repository of their own: only the death of a subject takes its tags along."""
    shelf.image(b"a signature", tag="sha256-" + "ab" * 32 + ".sig")
    days(shelf, clock, 5)
    assert shelf.has("sha256-" + "ab" * 32 + ".sig")


def test_a_tagged_referrer_outlives_its_subject(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"the image", tag="v1")
    shelf.image(b"a report", subject=image, tag="report")
    shelf.delete("v1")
    days(shelf, clock, 4)
    assert shelf.has("report")
    assert not shelf.has(image)


def test_manifests_that_keep_each_other_alive(shelf: Shelf, clock: Clock) -> None:
    """An index names an image and an older index of that image's: a circle, and nobody outside holds it."""
    child = shelf.image(b"child")
    inner = shelf.index(child, tag="inner")
    shelf.put(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
         "subject": {"mediaType": "x/y", "digest": child, "size": 2},
         "manifests": [{"mediaType": "x/y", "digest": inner, "size": 2}]},
        "outer",
    )  # fmt: skip
    days(shelf, clock, 2)
    shelf.delete("inner")
    shelf.delete("outer")
    days(shelf, clock, 6)
    assert not shelf.has(child)
    assert not shelf.tools.store.kept(digests.of(b"child"))


# --- promises


def test_who_was_told_that_a_blob_is_here_finds_it(shelf: Shelf, clock: Clock) -> None:
    blob = shelf.blob(b"asked for")
    for _ in range(6):
        clock.advance(hours=23)
        shelf.look(blob)
        shelf.collect()
        clock.advance(hours=11)
        shelf.collect()
        assert shelf.has_blob(blob)
    days(shelf, clock, 2)
    with pytest.raises(BlobUnknown):
        shelf.look(blob)


def test_an_answer_costs_a_write_only_where_it_must(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"named", tag="v1")
    blob = digests.of(b"named")
    for hours in (0, 11):
        clock.advance(hours=hours)
        assert not pull.blob(shelf.tools, shelf.caller, shelf.path, blob).leaving
    clock.advance(hours=2)
    assert pull.blob(shelf.tools, shelf.caller, shelf.path, blob).leaving
    found = pull.manifest(shelf.tools, shelf.caller, shelf.path, image)
    assert pull.leaving(shelf.tools, found)
    clock.advance(hours=12)
    shelf.collect()
    assert not pull.blob(shelf.tools, shelf.caller, shelf.path, blob).leaving
    assert pull.manifest(shelf.tools, shelf.caller, shelf.path, image).review_after is None
    clock.advance(days=100)
    assert not pull.blob(shelf.tools, shelf.caller, shelf.path, blob).leaving


def test_a_manifest_that_was_asked_for_stays(shelf: Shelf, clock: Clock) -> None:
    child = shelf.image(b"for one machine")
    clock.advance(hours=23)
    assert pull.leaving(shelf.tools, pull.manifest(shelf.tools, shelf.caller, shelf.path, child))
    pull.keep_manifest(shelf.tools, shelf.caller, shelf.path, child)
    clock.advance(hours=12)
    shelf.collect()
    shelf.index(child, tag="multi")
    days(shelf, clock, 3)
    assert shelf.has(child)


def test_a_mount_counts_from_its_own_moment(shelf: Shelf, clock: Clock) -> None:
    blob = shelf.blob(b"mounted")
    clock.advance(hours=20)
    assert uploads.mount(shelf.tools, shelf.caller, shelf.other, blob, shelf.path)
    clock.advance(hours=20)
    shelf.collect()
    assert not shelf.has_blob(blob)
    assert shelf.has_blob(blob, shelf.other)
    days(shelf, clock, 1)
    assert not shelf.tools.store.kept(blob)


def test_what_is_on_its_way_out_is_not_mounted(shelf: Shelf, clock: Clock) -> None:
    """The one source of a mount was looked up a moment before it went."""
    blob = shelf.blob(b"mounted too late")
    shelf.blob(b"another", shelf.other)
    clock.advance(hours=25)
    garbage.review_links(shelf.tools)
    assert not uploads.mount(shelf.tools, shelf.caller, shelf.other, blob, shelf.path)
    shelf.collect()
    assert not shelf.has_blob(blob, shelf.other)


# --- deleting by hand, and whole places


def test_a_blob_that_was_deleted(shelf: Shelf, clock: Clock) -> None:
    blob = shelf.blob(b"deleted")
    images.delete_blob(shelf.tools, shelf.caller, shelf.path, blob)
    assert not shelf.has_blob(blob)
    days(shelf, clock, 1)
    assert not shelf.tools.store.kept(blob)


def test_a_project_goes_with_its_bytes(shelf: Shelf, clock: Clock) -> None:
    other = Shelf(shelf.tools)
    shelf.image(b"shared", b"alone", tag="v1")
    other.image(b"shared", tag="v1")
    projects.delete(shelf.tools, OPERATOR, shelf.project, with_images=True)
    days(shelf, clock, 2)
    assert not shelf.tools.store.kept(digests.of(b"alone"))
    assert other.has("v1")


def test_a_repository_goes_in_parts(shelf: Shelf, clock: Clock, tools: Tools) -> None:
    shelf.tools = replace(tools, policy=replace(tools.policy, gc_batch=2))
    for number in range(7):
        shelf.image(b"shared", str(number).encode(), tag=f"v{number}")
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    assert shelf.tools.lookup.repository(shelf.path) is None
    shelf.image(b"again", tag="v1")
    days(shelf, clock, 2)
    kept = [data for data in (b"shared", b"0", b"6", b"again") if shelf.tools.store.kept(digests.of(data))]
    assert kept == [b"again"]


# --- when the store fails, or something crashes


class Failing(MemoryStore):
    """Fails to withdraw one blob, and to erase anything until mended."""

    def __init__(self, stubborn: str) -> None:
        super().__init__()
        self.stubborn, self.mended = stubborn, False

    def withdraw(self, digest: str, place: str = "") -> None:
        if digest == self.stubborn and not self.mended:
            raise StoreFailed("no")
        super().withdraw(digest, place)

    def erase(self, blobs: Any) -> None:
        if not self.mended:
            raise StoreFailed("no")
        super().erase(blobs)


def test_a_store_that_fails_gets_another_chance(tools: Tools, clock: Clock) -> None:
    store = Failing(digests.of(b"stubborn"))
    shelf = Shelf(replace(tools, store=store))
    shelf.blob(b"stubborn")
    shelf.blob(b"willing")
    clock.advance(hours=25)
    assert shelf.collect().blobs == 0
    assert set(store.blobs) == {digests.of(b"stubborn")}
    status = garbage.status(shelf.tools)
    assert (status.doomed_blobs, status.doomed_bytes) == (2, 15)
    store.mended = True
    clock.advance(minutes=6)
    shelf.collect()
    clock.advance(minutes=6)
    shelf.collect()
    assert not store.blobs
    assert not store.doomed
    assert garbage.status(shelf.tools).doomed_blobs == 0


def test_bytes_that_a_loss_of_power_brings_back_go_all_the_same(tools: Tools, clock: Clock) -> None:
    """Out of the way, their row gone, and not removed: then they have their old name again."""
    store, digest = Failing(""), digests.of(b"never named")
    shelf = Shelf(replace(tools, store=store))
    shelf.blob(b"never named")
    clock.advance(hours=25)
    shelf.collect()
    store.blobs[digest] = store.doomed.pop(digest)
    store.mended = True
    clock.advance(minutes=6)
    shelf.collect()
    assert not store.blobs


@pytest.mark.parametrize("calls", range(12))
def test_bytes_that_were_withdrawn_before_a_crash_go_though_they_are_pushed_again(
    tools: Tools, clock: Clock, calls: int
) -> None:
    """Whatever call of the collector the crash comes at."""
    fuse, store = Fuse(), MemoryStore()
    shelf = Shelf(replace(tools, store=store))
    shelf.blob(b"comes back")
    clock.advance(hours=25)
    garbage.review_links(shelf.tools)
    crashing: Any = {"db": CrashingDatabase(tools.db, fuse), "store": CrashingStore(store, fuse)}
    fuse.left = calls
    with suppress(Crash):
        garbage.reclaim(replace(tools, **crashing))
    shelf.image(b"comes back", tag="kept")
    for _ in range(3):
        clock.advance(hours=25)
        shelf.collect()
    assert not store.doomed
    assert shelf.has("kept")


def test_a_push_that_meets_its_own_removal_is_told(tools: Tools) -> None:
    """Bytes that were withdrawn between keeping them and the row are no blob."""

    class Withdrawing(MemoryStore):
        def kept(self, digest: str, place: str = "") -> bool:
            self.withdraw(digest)
            return super().kept(digest, place)

    shelf = Shelf(replace(tools, store=Withdrawing()))
    with pytest.raises(StoreUnavailable, match="send it again"):
        shelf.blob(b"unlucky")
    assert shelf.tools.lookup.blob(shelf.path, digests.of(b"unlucky")) is None


# --- what operators see


class Witness(MemoryStore):
    """Notes whether blobs that are withdrawn are in no repository any more, as one sees it who comes after a crash."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self.tools, self.still_linked = tools, list[int]()

    def withdraw(self, digest: str, place: str = "") -> None:
        with self.tools.db.read() as tx:
            linked = select(func.count()).where(repository_blobs.c.digest == digest)
            self.still_linked.append(tx.scalar(linked) or 0)
        super().withdraw(digest, place)


def test_no_bytes_leave_for_a_removal_that_a_crash_would_undo(tools: Tools, clock: Clock) -> None:
    """Two collectors of a process: one takes a blob out of its repository while the other waits to take its bytes."""
    store = Witness(tools)
    shelf = Shelf(replace(tools, store=store))
    for number in range(10):
        shelf.blob(b"never named %d" % number)
        clock.advance(hours=25)
        other = Thread(target=garbage.reclaim, args=[shelf.tools])
        with tools.db.begin() as tx:
            rows.take_turn(tx)
            links = rows.due_links(tx, clock(), 10)
            rows.hold_blobs(tx, [digest for _, digest in links])
            rows.delete_links(tx, links, clock())
            other.start()
            other.join(timeout=0.005)  # it waits for us by now, so we end without a commit of our own
        other.join()
        shelf.collect()
    assert store.still_linked == [0] * 10


def test_bytes_leave_only_where_all_that_is_found_is_durable(tools: Tools, clock: Clock) -> None:
    """As above, whatever the machine is busy with: the collector asks for it (tests/db/test_engine.py: and gets it)."""

    class Noting:
        settled = False

        def __getattr__(self, name: str) -> Any:
            return getattr(tools.db, name)

        def begin(self, *, settled: bool = False) -> Any:
            self.settled = settled
            return tools.db.begin(settled=settled)

    class Asking(MemoryStore):
        def withdraw(self, digest: str, place: str = "") -> None:
            asked.append(db.settled)
            super().withdraw(digest, place)

    db, asked = Noting(), list[bool]()
    shelf = Shelf(replace(tools, db=db, store=Asking()))  # type: ignore[arg-type]
    shelf.blob(b"never named")
    clock.advance(hours=25)
    shelf.collect()
    assert asked == [True]


def test_a_preview_changes_nothing_and_tells_what_follows(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"untagged")
    digest = shelf.blob(b"unnamed")
    assert preview(shelf.tools) == Preview(garbage.Freed(), [])
    clock.advance(hours=25)
    seen = [preview(shelf.tools) for _ in range(2)]
    freed, layer = garbage.Freed(manifests=1, links=2, blobs=2, bytes=15), digests.of(b"untagged")
    links = sorted([(digest, 7), (layer, 8)])
    doomed = [
        Doomed(What.MANIFEST, shelf.path, image),
        *(Doomed(What.LINK, shelf.path, name, size) for name, size in links),
        *(Doomed(What.BLOB, "", name, size) for name, size in links),
    ]
    assert seen[0].freed == seen[1].freed == freed
    for one in seen:
        assert sorted(one.doomed, key=str) == sorted(doomed, key=str)
    assert replace(garbage.step(shelf.tools), reviewed=0) == freed


def test_a_preview_of_what_the_trash_lets_go(shelf: Shelf, clock: Clock, tools: Tools) -> None:
    """An image whose time in the trash is over: its manifest was removed already, its bytes go now."""
    shelf.tools = replace(tools, policy=replace(tools.policy, trash_keep=timedelta(days=7)))
    image = shelf.image(b"deleted", tag="v1")
    shelf.delete(image)
    days(shelf, clock, 3)
    assert preview(shelf.tools) == Preview(garbage.Freed(), [])
    clock.advance(days=5)
    seen = preview(shelf.tools)
    assert seen.doomed == [
        Doomed(What.TRASHED, shelf.path, image),
        Doomed(What.BLOB, "", digests.of(b"deleted"), 7),
    ]
    assert (seen.freed.blobs, seen.freed.bytes) == (1, 7)
    assert replace(garbage.step(shelf.tools), reviewed=0) == seen.freed


def test_a_preview_names_a_deleted_repository_as_it_was_called(shelf: Shelf, clock: Clock) -> None:
    shelf.tools = replace(shelf.tools, policy=replace(shelf.tools.policy, gc_batch=1))
    shelf.image(b"deleted", tag="v1")
    shelf.blob(b"left over")
    clock.advance(hours=25)
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    trashed, *rest = preview(shelf.tools).doomed
    assert trashed == Doomed(What.TRASHED, shelf.path, "")
    assert {one.image for one in rest if one.what is What.LINK} == {shelf.path}


def test_run_ends_when_nothing_is_due(shelf: Shelf, clock: Clock) -> None:
    rests: list[float] = []
    for number in range(5):
        shelf.blob(str(number).encode())
    assert garbage.run(shelf.tools, pause=rests.append) == garbage.Freed()
    clock.advance(hours=25)
    assert garbage.run(shelf.tools, pause=rests.append).blobs == 5
    assert rests
    assert garbage.status(shelf.tools).freed == {"blobs": 5, "bytes": 5, "links": 5}
