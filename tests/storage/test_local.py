"""What the local store promises beyond the suite: its layout, who may read it, and how little it asks of the disk."""

import fcntl
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.storage.bytes_of import MIB, holds, push, some, whole
from wharfinger.spec import digest as digests
from wharfinger.storage.disk import Disk
from wharfinger.storage.hashes import RecentHashes, RunningHash
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import BytesMissing, File, Stream, UploadLocked, UploadMissing

ID = "0123456789abcdef" * 2

HOLDER = """
import sys
from pathlib import Path
from wharfinger.storage.local import LocalStore
with LocalStore(Path(sys.argv[1])).open(sys.argv[2]) as upload:
    upload.write(b"from another process")
    print("open", flush=True)
    sys.stdin.read()
"""


class CountingDisk(Disk):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in vars(Disk):
            self.calls[name] += 1
        return super().__getattribute__(name)


def counted(folder: Path) -> tuple[LocalStore, CountingDisk]:
    disk = CountingDisk()
    store = LocalStore(folder, disk)
    disk.calls.clear()
    return store, disk


def files(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_the_layout(local: LocalStore, tmp_path: Path) -> None:
    digest = push(local, b"laid out")
    hexes = digest.removeprefix("sha256:")
    local.begin(ID)
    assert set(files(tmp_path / "bytes")) == {f"blobs/sha256/{hexes[:2]}/{hexes}", f"uploads/{ID}"}
    assert local.read(digest) == File(tmp_path / "bytes" / "blobs" / "sha256" / hexes[:2] / hexes)


def test_nobody_else_may_look(local: LocalStore, tmp_path: Path) -> None:
    push(local, b"private")
    local.begin(ID)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "bytes").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "bytes").rglob("*") if path.is_file()} == {0o600}


def test_every_folder_is_there_before_the_first_push(local: LocalStore, tmp_path: Path) -> None:
    blobs = tmp_path / "bytes" / "blobs"
    names = {f"{number:02x}" for number in range(256)}
    assert {path.name for path in (blobs / "sha256").iterdir()} == names
    (blobs / "sha512" / "7f").rmdir()
    LocalStore(tmp_path / "bytes")
    assert {path.name for path in (blobs / "sha512").iterdir()} == names


def test_starting_again_makes_folders_durable_that_another_start_may_not_have(tmp_path: Path) -> None:
    LocalStore(tmp_path / "bytes")
    disk = CountingDisk()
    LocalStore(tmp_path / "bytes", disk)
    assert disk.calls["fsync"] == 5  # both algorithms, blobs, the root, and the folder the root is in


def test_a_restart_keeps_everything(local: LocalStore, tmp_path: Path) -> None:
    digest = push(local, b"there before")
    local.begin(ID)
    with local.open(ID) as upload:
        upload.write(b"half ")
    again = LocalStore(tmp_path / "bytes")
    assert holds(again, digest)
    with again.open(ID) as upload:
        upload.write(b"and half")
        assert upload.digest("sha256") == digests.of(b"half and half")


def test_another_process_has_it_open(local: LocalStore, tmp_path: Path) -> None:
    local.begin(ID)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "bytes"), ID]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(UploadLocked):
            local.open(ID)
        assert local.abandon(-3600) == 0
        holder.kill()
    with local.open(ID) as upload:
        assert upload.digest("sha256") == digests.of(b"from another process")


def test_a_symbolic_link_is_no_upload(local: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not ours")
    (tmp_path / "bytes" / "uploads" / ID).symlink_to(outside)
    with pytest.raises(UploadMissing):
        local.open(ID)
    with pytest.raises(ValueError, match="begun before"):
        local.begin(ID)
    assert local.abandon(-3600) == 0
    assert outside.read_bytes() == b"not ours"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_no_upload(local: LocalStore, tmp_path: Path, make: Any) -> None:
    make(tmp_path / "bytes" / "uploads" / ID)
    with pytest.raises(UploadMissing):
        local.open(ID)
    assert local.abandon(-3600) == 0


def test_an_upload_that_is_a_blob_too_is_over(local: LocalStore, tmp_path: Path) -> None:
    """So a kill between the two names leaves it. Going on with it would change the blob."""
    digest = push(local, b"kept")
    upload = tmp_path / "bytes" / "uploads" / ID
    content = local.read(digest)
    assert isinstance(content, File)
    upload.hardlink_to(content.path)
    with pytest.raises(UploadMissing):
        local.open(ID)
    assert not upload.exists()
    assert holds(local, digest)


@pytest.mark.parametrize("begun_anew", [False, True])
def test_an_upload_that_ends_between_open_and_lock(tmp_path: Path, *, begun_anew: bool) -> None:
    """The file that was opened is a blob by then: it must not be appended to."""
    path, blob = tmp_path / "bytes" / "uploads" / ID, tmp_path / "blob"

    class SlowDisk(Disk):
        def flock(self, file: int, operation: int) -> None:
            path.rename(blob)
            if begun_anew:
                path.touch()
            fcntl.flock(file, operation)

    store = LocalStore(tmp_path / "bytes", SlowDisk())
    store.begin(ID)
    with pytest.raises(UploadMissing):
        store.open(ID)


def test_a_lost_race_with_abandon_loses_nothing(tmp_path: Path) -> None:
    """An old upload is written to between the look at its age and the lock."""
    written = LocalStore(tmp_path / "bytes")
    written.begin(ID)
    os.utime(tmp_path / "bytes" / "uploads" / ID, (0, 0))

    class LateDisk(Disk):
        def lstat(self, path: str) -> os.stat_result:
            found = os.lstat(path)
            if found.st_mtime == 0:
                with written.open(ID) as upload:
                    upload.write(b"back again")
            return found

    assert LocalStore(tmp_path / "bytes", LateDisk()).abandon(3600) == 0
    with written.open(ID) as upload:
        assert upload.size_bytes == 10


def test_how_little_a_push_asks_of_the_disk(tmp_path: Path) -> None:
    store, disk = counted(tmp_path)
    store.begin(ID)
    assert disk.calls == {"open": 1, "close": 1}
    disk.calls.clear()
    with store.open(ID) as upload:
        upload.write(some(MIB))
        upload.keep(upload.digest("sha256"))
    assert disk.calls == {"open": 2, "flock": 1, "fstat": 2, "lstat": 1, "write": 1, "link": 1, "unlink": 1, "fsync": 2,
                          "close": 2}  # fmt: skip


def test_requests_in_one_process_read_nothing_again(tmp_path: Path) -> None:
    store, disk = counted(tmp_path)
    store.begin(ID)
    for number in range(20):
        with store.open(ID) as upload:
            upload.write(some(1000, number))
    with store.open(ID) as upload:
        assert upload.digest("sha256") == digests.of(b"".join(some(1000, number) for number in range(20)))
    assert disk.calls["pread"] == 0


def test_requests_in_two_processes_read_what_they_did_not_see(tmp_path: Path) -> None:
    """Once, at the end: not all of it again for every chunk."""
    (one, disk), (two, _) = counted(tmp_path), counted(tmp_path)
    one.begin(ID)
    data = some(8 * 100_000)
    for number in range(8):
        with (two if number % 2 else one).open(ID) as upload:
            upload.write(data[number * 100_000 : (number + 1) * 100_000])
    assert disk.calls["pread"] == 0
    with one.open(ID) as upload:
        assert upload.digest("sha256") == digests.of(data)
        assert upload.digest("sha256") == digests.of(data)
    assert disk.calls["pread"] == 1  # 700,000 bytes, less than a piece


def test_the_disk_starts_early_on_big_uploads(tmp_path: Path) -> None:
    class EarlyDisk(Disk):
        def __init__(self) -> None:
            self.started = list[tuple[int, int]]()

        def write_back(self, file: int, offset: int, length: int, how: int) -> int:
            self.started.append((offset, length))
            return 0

    disk = EarlyDisk()
    store = LocalStore(tmp_path, disk)
    store.begin(ID)
    for _ in range(10):
        with store.open(ID) as upload:
            upload.write(some(MIB // 4))
            upload.write(some(MIB // 4))
    assert disk.started == [(0, MIB), (MIB, MIB), (2 * MIB, MIB), (3 * MIB, MIB)], (
        "not the last: its fsync comes at once"
    )


def test_a_blob_of_a_file_shorter_than_asked(local: LocalStore) -> None:
    digest = push(local, some(3 * MIB))
    content = local.read(digest)
    assert isinstance(content, File)
    os.truncate(content.path, MIB + 5)
    part = local.read(digest, 0, 3 * MIB)
    assert isinstance(part, Stream)
    with pytest.raises(BytesMissing, match="too early"):
        list(part.pieces)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")
def test_files_are_closed_whatever_happens(local: LocalStore) -> None:
    digest = push(local, some(2 * MIB))
    before = open_files()
    for take in (0, 1, 3):
        content = local.read(digest, 1)
        assert isinstance(content, Stream)
        for _ in range(take):
            next(content.pieces, b"")
        del content
    short = local.read(digest, 0, 9 * MIB)
    with pytest.raises(BytesMissing):
        whole(short)
    local.begin(ID)
    with local.open(ID):
        for _ in range(3):
            with pytest.raises(UploadLocked):
                local.open(ID)
    local.check()
    assert open_files() == before


def test_few_running_hashes_are_remembered() -> None:
    recent = RecentHashes(most=3)
    kept = {name: RunningHash("sha256") for name in "abcd"}
    for name, running in kept.items():
        recent.put(name, running)
    assert recent.take("a") is None
    assert [recent.take(name) for name in "bcd"] == [kept[name] for name in "bcd"]
    assert recent.take("b") is None, "whoever took it feeds it alone"


def test_an_upload_that_shrank_is_hashed_anew(local: LocalStore, tmp_path: Path) -> None:
    """So it may come back after a loss of power on the machine that holds the files."""
    local.begin(ID)
    with local.open(ID) as upload:
        upload.write(b"0123456789")
    os.truncate(tmp_path / "bytes" / "uploads" / ID, 4)
    with local.open(ID) as upload:
        assert upload.size_bytes == 4
        assert upload.digest("sha256") == digests.of(b"0123")
