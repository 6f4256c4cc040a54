"""The power fails at every point of pushing: what was acknowledged is there, and everything else can be done again."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from errno import EIO
from itertools import count
from pathlib import Path

import pytest

from tests.faults.disks import FailingDisk, PowerCut, PowerDisk, UnsyncedDisk, restore
from tests.storage.bytes_of import coming, holds, push, some
from wharfinger.spec import digest as digests
from wharfinger.storage.disk import CREATE, FOLDER
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import BytesMissing, Store, StoreFailed, UploadMissing
from wharfinger.storage.stores import Stores

FIRST, SECOND = some(50_000, 1), some(60_000, 2)
ID = "a" * 32


def push_in_parts(store: Store, data: bytes) -> str:
    store.begin(ID)
    for part in (data[:20_000], data[20_000:]):
        with store.open(ID) as upload:
            upload.write(part)
    with store.open(ID) as upload:
        upload.keep(upload.digest("sha256"))
    return digests.of(data)


def work(store: Store, acknowledged: set[str]) -> None:
    """Push, push the same again, push in parts, and the first once more; collect that, and push it anew."""
    acknowledged.add(push(store, FIRST))
    acknowledged.add(push(store, FIRST))
    acknowledged.add(push_in_parts(store, SECOND))
    acknowledged.add(push(store, FIRST))
    gone = digests.of(FIRST)
    acknowledged.remove(gone)
    store.withdraw(gone)
    store.erase([(gone, "")])
    acknowledged.add(push(store, FIRST))
    acknowledged.remove(gone)
    store.withdraw(gone)
    acknowledged.add(push(store, FIRST))
    store.erase([(gone, "")])


def go_on(store: Store) -> None:
    """What clients do when the server is back: end the upload if it is there, push again if not."""
    with suppress(UploadMissing), store.open(ID) as upload:
        assert upload.size_bytes <= len(SECOND)
        if upload.digest("sha256") == digests.of(SECOND[: upload.size_bytes]):
            upload.write(SECOND[upload.size_bytes :])
            upload.keep(upload.digest("sha256"))
    for data in (FIRST, SECOND, FIRST):
        assert holds(store, push(store, data))


def cuts(folder: Path) -> Iterator[tuple[PowerDisk, set[str]]]:
    """Work until the power fails, one call later each time, until it no longer does."""
    for call in count():
        _empty(folder)
        store, disk, acknowledged = LocalStore(folder, UnsyncedDisk()), PowerDisk(call), set[str]()
        store.disk = disk
        try:
            work(store, acknowledged)
        except PowerCut:
            yield disk, acknowledged
            continue
        yield disk, acknowledged
        return


@pytest.mark.timeout(600)
def test_a_cut_at_any_call(quick_path: Path) -> None:
    seen = 0
    for disk, acknowledged in cuts(quick_path / "before"):
        for names in disk.durable.after_a_cut():
            for torn in range(4):
                after = quick_path / "after"
                _empty(after)
                restore(names, torn, quick_path / "before", after)
                store = LocalStore(after, UnsyncedDisk())
                assert all(holds(store, digest) for digest in acknowledged)
                go_on(store)
                seen += 1
    assert len(acknowledged) == 2, "the last time it does not fail"
    assert seen > 100


def _empty(folder: Path) -> None:
    """Take the files away and leave the folders: making them takes most of the time."""
    names = {digests.of(data).removeprefix("sha256:") for data in (FIRST, SECOND)}
    for path in [
        *folder.glob("uploads/*"),
        *folder.glob("doomed/*"),
        *(folder / "blobs" / "sha256" / name[:2] / name for name in names),
    ]:
        path.unlink(missing_ok=True)


@pytest.mark.timeout(600)
def test_a_cut_while_what_another_folder_has_is_copied(quick_path: Path) -> None:
    """A file that is torn must not hide a whole one: rows name the blob, and the new folder is read first."""
    old, gone = LocalStore(quick_path / "old"), digests.of(FIRST)
    push(old, FIRST)
    for call in count():
        _empty(quick_path / "new")
        new, disk, done = LocalStore(quick_path / "new", UnsyncedDisk()), PowerDisk(call), False
        both = Stores(new, [new, old])
        new.disk = disk
        with suppress(PowerCut):
            push(both, FIRST)
            done = True
        for names in disk.durable.after_a_cut():
            for torn in range(4):
                _empty(quick_path / "after")
                restore(names, torn, quick_path / "new", quick_path / "after")
                after = LocalStore(quick_path / "after", UnsyncedDisk())
                assert holds(Stores(after, [after, old]), gone)
        if done:
            return


@pytest.mark.timeout(600)
def test_a_cut_while_small_blobs_are_kept_together(quick_path: Path) -> None:
    """One of them is there already, and a row names it: it is whole at every moment."""
    blobs = [(digests.of(data), data) for data in (FIRST, SECOND)]
    for call in count():
        _empty(quick_path / "before")
        store, disk, done = LocalStore(quick_path / "before", UnsyncedDisk()), PowerDisk(10_000), False
        store.disk = disk
        push(store, FIRST)
        disk.left = call
        with suppress(PowerCut):
            store.put([coming(data) for _, data in blobs])
            done = True
        for names in disk.durable.after_a_cut():
            for torn in range(4):
                _empty(quick_path / "after")
                restore(names, torn, quick_path / "before", quick_path / "after")
                after = LocalStore(quick_path / "after", UnsyncedDisk())
                assert holds(after, blobs[0][0])
                with nullcontext() if done else suppress(BytesMissing):
                    assert holds(after, blobs[1][0])
        if done:
            break
    assert call > 10


@pytest.mark.parametrize("synced_first", [True, False])
def test_the_book_tells_orders_apart(quick_path: Path, *, synced_first: bool) -> None:
    """Renaming over a name before the bytes are synced may tear what the name promised."""
    disk, path, final = PowerDisk(100), str(quick_path / "a"), str(quick_path / "b" / "final")
    (quick_path / "b").mkdir()
    file = disk.open(path, CREATE)
    disk.write(file, memoryview(b"data"))
    if synced_first:
        disk.fsync(file)
    disk.rename(path, final)
    disk.fsync(disk.open(str(quick_path / "b"), FOLDER))
    found = [names[final].after_a_cut() for names in disk.durable.after_a_cut()]
    expected = [b"data"] if synced_first else [b"", b"da", b"da\0\0", b"data"]
    assert found == [expected, expected], "whether or not the first name's folder got so far"


class InterruptedDisk(PowerDisk):
    """Does `then` once before it syncs anything; counts what it syncs."""

    def __init__(self) -> None:
        super().__init__(10_000)
        self.then: Callable[[], None] | None = None
        self.synced = 0

    def fsync(self, file: int) -> None:
        then, self.then = self.then, None
        if then is not None:
            then()
        self.synced += 1
        super().fsync(file)


def test_what_another_upload_has_not_synced_yet_is_durable_before_anybody_relies_on_it(quick_path: Path) -> None:
    """The collector took the first one's file away in the moment between its `keep` and its row."""
    first, second = (LocalStore(quick_path / "before", UnsyncedDisk()) for _ in range(2))
    first.disk = second.disk = disk = InterruptedDisk()
    seen = list[bool]()

    def relied_on() -> None:
        assert first.kept(blob)
        for names in disk.durable.after_a_cut():
            for torn in range(4):
                _empty(quick_path / "after")
                restore(names, torn, quick_path / "before", quick_path / "after")
                seen.append(holds(LocalStore(quick_path / "after", UnsyncedDisk()), blob))

    blob = push(first, FIRST)
    first.withdraw(blob)
    disk.then = relied_on
    push(second, FIRST)
    assert seen
    assert all(seen)


def test_what_another_upload_could_not_sync_is_not_relied_on(quick_path: Path) -> None:
    first, second = LocalStore(quick_path), LocalStore(quick_path)
    blob = push(first, FIRST)
    first.withdraw(blob)
    second.disk = FailingDisk("fsync", EIO)
    with pytest.raises(StoreFailed):
        push(second, FIRST)
    assert not first.kept(blob)
    assert holds(first, push(first, FIRST))


def test_who_relies_on_their_own_bytes_syncs_them_once(quick_path: Path) -> None:
    store = LocalStore(quick_path, UnsyncedDisk())
    store.disk = disk = InterruptedDisk()
    for _ in range(2):
        blob, before = push(store, FIRST), disk.synced
        assert store.kept(blob)
        assert disk.synced == before
