"""The disk says no: the store says what to do about it, loses nothing it promised, and goes on when the disk does."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.disks import FailingDisk, ShortDisk, WatchedDisk
from tests.storage.bytes_of import MIB, holds, push, some, whole
from wharfinger.spec import digest as digests
from wharfinger.storage.disk import Disk
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import BytesMissing, StoreFailed, Stream, UploadMissing
from wharfinger.storage.stores import Stores

ID = "0123456789abcdef" * 2
DATA = some(3000)
DIGEST = digests.of(DATA)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A store on a disk that works so far."""
    return LocalStore(tmp_path / "bytes")


def begun(store: LocalStore) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(DATA)


def keep(store: LocalStore) -> None:
    with store.open(ID) as upload:
        upload.keep(DIGEST)


def put(store: LocalStore, disk: Disk) -> None:
    """From now on, this is the disk."""
    store.disk = disk


ADVICE = {
    errno.ENOSPC: ("No space left", "free space", "is full"),
    errno.EDQUOT: ("quota", "raise it", "is full"),
    errno.EROFS: ("Read-only", "writable", "is read-only"),
    errno.EIO: ("Input/output error", "check the disk", "is failing"),
    errno.EACCES: ("Permission denied", "own the folder", "is closed to us"),
    errno.EPERM: ("not permitted", "own the folder", "is closed to us"),
    errno.ENOENT: ("No such file", "mount the disk", "is missing"),
    errno.EXDEV: ("cross-device", "one file system", "is split"),
    errno.EMFILE: ("Too many open files", "LimitNOFILE", "is out of reach"),
    errno.ENFILE: ("Too many open files", "fs.file-max", "is out of reach"),
    errno.EUCLEAN: ("needs cleaning", "system's log", "is failing"),
}


@pytest.mark.parametrize("number", ADVICE, ids=errno.errorcode.get)
def test_the_operator_is_told_what_to_do_and_the_client_is_told_no_path(
    store: LocalStore, tmp_path: Path, number: int
) -> None:
    put(store, FailingDisk("open", number))
    with pytest.raises(StoreFailed) as failure:
        store.begin(ID)
    what, advice, outward = ADVICE[number]
    assert what in str(failure.value)
    assert advice in str(failure.value)
    assert f"start an upload in {tmp_path / 'bytes' / 'uploads'}" in str(failure.value)
    assert outward in failure.value.outward
    assert str(tmp_path) not in failure.value.outward


ASKS: dict[str, tuple[str, Callable[[LocalStore], Any]]] = {
    "begin": ("open", lambda store: store.begin("f" * 32)),
    "begin, closing": ("close", lambda store: store.begin("f" * 32)),
    "open": ("open", lambda store: store.open(ID)),
    "open, locking": ("flock", lambda store: store.open(ID)),
    "open, looking": ("fstat", lambda store: store.open(ID)),
    "read": ("stat", lambda store: store.read(DIGEST)),
    "read a part": ("open", lambda store: store.read(DIGEST, 1)),
    "read a part, looking": ("fstat", lambda store: whole(store.read(DIGEST, 1))),
    "read a part, reading": ("pread", lambda store: whole(store.read(DIGEST, 1))),
    "delete": ("unlink", lambda store: store.delete(DIGEST)),
    "abandon": ("listdir", lambda store: store.abandon(0)),
    "abandon, looking": ("lstat", lambda store: store.abandon(-3600)),
    "abandon, removing": ("unlink", lambda store: store.abandon(-3600)),
    "check, beginning": ("open", lambda store: store.check()),
    "check, writing": ("write", lambda store: store.check()),
    "check, reading back": ("pread", lambda store: store.check()),
    "check, removing": ("unlink", lambda store: store.check()),
}


@pytest.mark.parametrize(("call", "ask"), ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_nothing_is_lost_and_all_is_closed(
    store: LocalStore, call: str, ask: Callable[[LocalStore], Any], number: int
) -> None:
    push(store, DATA)
    begun(store)
    before, failing = open_files(), FailingDisk(call, number)
    put(store, failing)
    with pytest.raises(StoreFailed):
        ask(store)
    failing.mended = True
    assert call == "close" or open_files() == before, "a failing close leaves ours open: the real one would not"
    assert holds(store, DIGEST)
    with store.open(ID) as upload:
        assert upload.digest("sha256") == DIGEST
    store.check()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0  # noqa: PTH208


def test_short_writes_are_gone_on_with(store: LocalStore) -> None:
    put(store, ShortDisk())
    assert push(store, DATA) == DIGEST
    assert holds(store, DIGEST)


def test_what_fitted_stays_and_the_client_goes_on_from_there(store: LocalStore) -> None:
    put(store, ShortDisk(room=1250))
    store.begin(ID)
    with pytest.raises(StoreFailed, match="free space"), store.open(ID) as upload:
        upload.write(DATA)
    put(store, Disk())
    with store.open(ID) as upload:
        assert upload.size_bytes == 1250
        upload.write(DATA[1250:])
        assert upload.digest("sha256") == DIGEST
        upload.keep(DIGEST)
    assert holds(store, DIGEST)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("there_before", [False, True])
def test_a_failed_fsync_is_never_tried_again(store: LocalStore, number: int, *, there_before: bool) -> None:
    """The bytes may be gone from the system's memory, and the next fsync would say that all is well."""
    if there_before:
        push(store, DATA)
    begun(store)
    failing = FailingDisk("fsync", number)
    put(store, failing)
    with store.open(ID) as upload:
        with pytest.raises(StoreFailed, match="keep a blob"):
            upload.keep(DIGEST)
        failing.mended = True
        with pytest.raises(UploadMissing):
            upload.keep(DIGEST)
    with pytest.raises(UploadMissing):
        store.open(ID)
    if there_before:
        assert holds(store, DIGEST), "what was durable is not touched"
    else:
        assert whole(store.read(DIGEST)) == b"", "what may be torn takes no space"
    assert push(store, DATA) == DIGEST
    assert holds(store, DIGEST)


@pytest.mark.parametrize("there_before", [False, True])
def test_a_folder_that_cannot_be_synced(store: LocalStore, *, there_before: bool) -> None:
    if there_before:
        push(store, DATA)
    begun(store)
    failing = FailingDisk("fsync", errno.EIO, after=1)
    put(store, failing)
    with pytest.raises(StoreFailed, match="check the disk"):
        keep(store)
    failing.mended = True
    assert push(store, DATA) == DIGEST
    assert holds(store, DIGEST)


class Recorder(WatchedDisk):
    """Remembers what was asked, and has no hard links, as some file systems."""

    def __init__(self) -> None:
        super().__init__(self._note)
        self.asked = list[str]()

    def _note(self, name: str, _: tuple[Any, ...]) -> None:
        if name in ("link", "fsync", "rename"):
            self.asked.append(name)
        if name == "link":
            raise PermissionError(errno.EPERM, "no links here")


def test_a_file_system_without_links_is_synced_before_it_renames(store: LocalStore) -> None:
    begun(store)
    recorder = Recorder()
    put(store, recorder)
    keep(store)
    assert recorder.asked == ["link", "fsync", "rename", "fsync"]
    assert holds(store, DIGEST)


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.ENOENT, errno.EXDEV], ids=errno.errorcode.get)
def test_an_upload_that_could_not_be_named_may_be_kept_later(store: LocalStore, number: int) -> None:
    push(store, DATA)  # so that keeping goes by rename
    begun(store)
    failing = FailingDisk("rename", number)
    put(store, failing)
    with pytest.raises(StoreFailed):
        keep(store)
    failing.mended = True
    keep(store)
    assert holds(store, DIGEST)


def test_a_folder_that_went_missing(store: LocalStore, tmp_path: Path) -> None:
    """Never made again while running: it may be the place where a disk was mounted."""
    begun(store)
    folder = tmp_path / "bytes" / "blobs" / "sha256" / DIGEST[7:9]
    folder.rmdir()
    with pytest.raises(StoreFailed, match=f"{folder}.*mount the disk"):
        keep(store)
    LocalStore(tmp_path / "bytes")
    keep(store)
    assert holds(store, DIGEST)


def test_a_name_that_could_not_be_taken_away(store: LocalStore) -> None:
    """The blob is named and the upload still too: it must not be gone on with."""
    begun(store)
    failing = FailingDisk("unlink", errno.EIO)
    put(store, failing)
    with pytest.raises(StoreFailed):
        keep(store)
    failing.mended = True
    with pytest.raises(UploadMissing):
        store.open(ID)
    assert push(store, DATA) == DIGEST
    assert holds(store, DIGEST)


def test_bytes_that_the_system_loses_at_close(store: LocalStore) -> None:
    """As NFS may: what this request was to acknowledge is not there, and nobody knows how much."""
    begun(store)
    failing = FailingDisk("close", errno.EIO)
    put(store, failing)
    with pytest.raises(StoreFailed, match="write an upload"), store.open(ID) as upload:
        upload.write(b"more")
    failing.mended = True
    with pytest.raises(UploadMissing):
        store.open(ID)


def test_closing_may_fail_once_the_bytes_are_durable(store: LocalStore) -> None:
    begun(store)
    put(store, FailingDisk("close", errno.EIO, after=1))  # the folder's, then the upload's
    keep(store)
    assert holds(store, DIGEST)


def test_a_read_that_breaks_in_the_middle(store: LocalStore) -> None:
    digest = push(store, some(3 * MIB))
    put(store, FailingDisk("pread", errno.EIO, after=1))
    before = open_files()
    content = store.read(digest, 1)
    assert isinstance(content, Stream)
    assert len(next(content.pieces)) == MIB
    with pytest.raises(StoreFailed, match="read a blob"):
        next(content.pieces)
    assert open_files() == before


def test_a_bad_file_does_not_save_other_old_uploads(store: LocalStore) -> None:
    for number in range(5):
        store.begin(f"{number:032x}")
    failing = FailingDisk("unlink", errno.EIO, after=3)
    put(store, failing)
    with pytest.raises(StoreFailed, match=r"2 old uploads stay, 3 are gone.*Input/output error"):
        store.abandon(-3600)
    failing.mended = True
    assert store.abandon(-3600) == 2


def test_a_disk_that_gives_back_other_bytes(store: LocalStore) -> None:
    class LyingDisk(Disk):
        def pread(self, file: int, length: int, offset: int) -> bytes:
            return bytes(len(os.pread(file, length, offset)))

    put(store, LyingDisk())
    with pytest.raises(StoreFailed, match="does not give back"):
        store.check()


def test_an_upload_that_shrinks_while_it_is_read(store: LocalStore, tmp_path: Path) -> None:
    begun(store)
    with store.open(ID) as upload:
        os.truncate(tmp_path / "bytes" / "uploads" / ID, 10)
        with pytest.raises(StoreFailed, match="shorter than it was"):
            upload.digest("sha512")


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
def test_a_store_that_cannot_start(tmp_path: Path, number: int) -> None:
    with pytest.raises(StoreFailed, match=f"make the store's folders in {tmp_path / 'new'}"):
        LocalStore(tmp_path / "new", FailingDisk("mkdir", number))


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="make the store's folders"):
        LocalStore(tmp_path / "file")


def test_nothing_missing_is_called_failing(store: LocalStore) -> None:
    """404, not 503: clients push again what is missing."""
    with pytest.raises(BytesMissing):
        store.read(DIGEST, 5)


def test_an_old_copy_stays_until_the_new_one_is_durable(tmp_path: Path) -> None:
    """Two folders, and the blob moved from one to the other: the old copy may go, but not for one that may not last."""
    old, new = LocalStore(tmp_path / "old"), LocalStore(tmp_path / "new")
    both, digest = Stores(new, [new, old]), push(old, some(5000))
    places = both.spares(digest)
    push(new, some(5000))
    new.disk = FailingDisk("fsync", errno.EIO)
    with pytest.raises(StoreFailed):
        both.erase([(digest, place) for place in places])
    assert holds(old, digest)
    new.disk = Disk()
    both.erase([(digest, place) for place in places])
    assert holds(new, digest)
    assert not old.kept(digest)
