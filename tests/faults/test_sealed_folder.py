"""Objects in a folder, which sealed blobs are: a disk that fails, and power that does, at every point of a write."""

import errno
from itertools import count
from pathlib import Path

import pytest

from tests.faults.disks import FailingDisk, PowerCut, PowerDisk, ShortDisk, UnsyncedDisk, restore
from tests.storage.bytes_of import some
from wharfinger.storage.disk import Disk
from wharfinger.storage.folder import Folder
from wharfinger.storage.store import BytesMissing, StoreFailed

MIB = 1024 * 1024
NAMES = [f"objects/ab/{number}" for number in range(3)]
CONTENT = {name: some(MIB + 5000, seed) for seed, name in enumerate(NAMES)}


def write(folder: Folder, name: str) -> None:
    writer, data = folder.writer(name, MIB), CONTENT[name]
    for at in range(0, len(data), 600_000):
        writer.write(data[at : at + 600_000])
    writer.finish()


def put(folder: Folder, *names: str) -> None:
    folder.put([(name, [CONTENT[name][:600_000], CONTENT[name][600_000:]]) for name in names], MIB)


def content(folder: Folder, name: str) -> bytes:
    return b"".join(folder.read(name, 0, len(CONTENT[name])))


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("together", [False, True])
def test_what_could_not_be_written_is_not_there(
    tmp_path: Path, number: int, call: str, after: int, *, together: bool
) -> None:
    """Not even torn, under any name; and once the disk is well, all goes on."""
    folder = Folder(tmp_path / "store", UnsyncedDisk())
    write(folder, NAMES[0])
    folder.disk = failing = FailingDisk(call, number, after)
    with pytest.raises(StoreFailed) as refused:
        if together:
            put(folder, *NAMES[1:])
        for name in NAMES[1:]:
            write(folder, name)
    assert str(tmp_path) in str(refused.value)
    assert str(tmp_path) not in refused.value.outward
    failing.mended = True
    assert content(folder, NAMES[0]) == CONTENT[NAMES[0]]
    there = {found.name for found in folder.list("objects")}
    assert all(content(folder, name) == CONTENT[name] for name in there)
    assert not list((tmp_path / "store" / "arriving").iterdir())
    for name in set(NAMES) - there:
        write(folder, name)
    assert {name: content(folder, name) for name in NAMES} == CONTENT


def test_short_writes_are_gone_on_with(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "store", ShortDisk())
    write(folder, NAMES[0])
    put(folder, *NAMES[1:])
    assert {name: content(folder, name) for name in NAMES} == CONTENT


@pytest.mark.parametrize("together", [False, True])
def test_what_was_acknowledged_survives_a_cut_at_any_call(quick_path: Path, *, together: bool) -> None:
    for call in count():
        before, acknowledged = quick_path / f"before{call}", list[str]()
        folder, disk = Folder(before, UnsyncedDisk()), PowerDisk(call)
        folder.disk = disk
        try:
            if together:
                put(folder, *NAMES)
                acknowledged += NAMES
            for name in NAMES[len(acknowledged) :]:
                write(folder, name)
                acknowledged.append(name)
        except PowerCut:
            pass
        for state, names in enumerate(disk.durable.after_a_cut()):
            for torn in range(4):
                after = quick_path / f"after{call}-{state}-{torn}"
                restore(names, torn, before, after)
                found = Folder(after, UnsyncedDisk())
                assert {name: content(found, name) for name in acknowledged} == {
                    name: CONTENT[name] for name in acknowledged
                }
        if acknowledged == NAMES:
            break
    assert call > 12


def test_an_object_that_is_missing_or_short_is_told_apart_from_a_disk_that_fails(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "store", Disk())
    write(folder, NAMES[0])
    (tmp_path / "store" / NAMES[0]).write_bytes(CONTENT[NAMES[0]][:-1])
    with pytest.raises(BytesMissing, match="1 bytes too early"):
        content(folder, NAMES[0])
    with pytest.raises(BytesMissing, match="push it again"):
        folder.read(NAMES[1], 0, 1)
    folder.disk = FailingDisk("pread", errno.EIO)
    with pytest.raises(StoreFailed, match="check the disk"):
        content(folder, NAMES[0])
