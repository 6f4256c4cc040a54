"""The disk says no to the collector: what is needed stays, and what should go is gone once the disk works again."""

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.domain.shelf import Shelf
from tests.faults.disks import FailingDisk
from wharfinger.domain import garbage
from wharfinger.domain.tools import Policy, Tools
from wharfinger.storage.disk import Disk
from wharfinger.storage.local import LocalStore


@pytest.fixture
def policy() -> Policy:
    return Policy(trash_keep=timedelta(days=7), gc_delay=timedelta(hours=24), gc_batch=3)


@pytest.mark.parametrize("call", ["rename", "unlink", "open", "fsync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_disk_that_fails_in_the_middle(tools: Tools, clock: Clock, quick_path: Path, call: str, number: int) -> None:
    store = LocalStore(quick_path / "bytes")
    shelf = Shelf(replace(tools, store=store))
    shelf.image(b"needed", tag="v1")
    shelf.image(b"in the trash", tag="v2")
    shelf.delete("v2")
    garbage_ = [shelf.blob(b"never named %d" % count) for count in range(5)]
    clock.advance(hours=25)
    store.disk = FailingDisk(call, number, after=1)
    shelf.collect()
    assert shelf.has("v1")
    assert not any(map(shelf.has_blob, garbage_)), "they are in no repository any more"
    waiting = garbage.status(shelf.tools)
    assert waiting.doomed_blobs > 0, "what could not be removed is remembered"
    store.disk = Disk()
    clock.advance(minutes=6)
    shelf.collect()
    left = sorted(file.read_bytes() for file in (quick_path / "bytes").glob("blobs/*/*/*"))
    assert left == [b"in the trash", b"needed"]
    assert not list((quick_path / "bytes/doomed").iterdir())
    assert garbage.status(shelf.tools).doomed_blobs == 0
    shelf.restore(shelf.trash()[0].id)
    assert shelf.has("v2")
    assert shelf.blob(b"never named 0") in garbage_
