"""A disk that is really full, and one that is really read-only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.bytes_of import MIB, holds, push, some
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import StoreFailed

SIZE = "12m"
ID = "0123456789abcdef" * 2


def run(*command: str | Path) -> None:
    """Skips with what the command says if it cannot be done here."""
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} on this machine")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        pytest.skip(f"{command[0]} does not work here: {ended.stderr.strip()}")


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if request.param == "tmpfs":
        run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", mounted)
    else:
        image = tmp_path / "image"
        image.touch()
        os.truncate(image, 16 * MIB)
        run("mkfs.ext4", "-q", "-m", "0", image)
        run("mount", "-o", "loop", image, mounted)
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bytes")
    before = push(store, some(MIB, 1))
    store.begin(ID)
    with store.open(ID) as upload:
        with pytest.raises(StoreFailed, match=f"write an upload in {small_disk}.*free space") as failure:
            for number in range(20):
                upload.write(some(MIB, number))
        assert "full" in failure.value.outward
        assert 2 * MIB < upload.size_bytes < 16 * MIB
        arrived = upload.size_bytes
    assert holds(store, before)
    store.withdraw(before)
    store.erase([(before, "")])
    with store.open(ID) as upload:
        upload.write(some(MIB // 2))
        arrived += MIB // 2
    with store.open(ID) as upload:
        assert upload.size_bytes == arrived
        upload.cancel()
    store.check()
    assert holds(store, push(store, some(2 * MIB, 2)))


def test_a_disk_that_turns_read_only(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bytes")
    before = push(store, some(MIB))
    store.begin(ID)
    run("mount", "-o", "remount,ro", small_disk)
    removals = (lambda: store.delete(before), lambda: store.withdraw(before))
    for change in (store.check, lambda: store.begin("f" * 32), lambda: store.open(ID), *removals):
        with pytest.raises(StoreFailed, match=r"Read-only.*writable"):
            change()
    assert holds(store, before)
    run("mount", "-o", "remount,rw", small_disk)
    store.check()
    assert holds(store, push(store, some(MIB, 3)))
