"""Which files of a folder are known to survive a loss of power, and making sure of the others."""

from collections import OrderedDict
from os import stat_result
from threading import Lock
from typing import Final, NamedTuple

from wharfinger.storage.disk import FOLDER, READ, Disk

_MOST: Final = 4096


class _File(NamedTuple):
    """`changed_at` tells apart files that had the same number one after the other."""

    number: int
    changed_at: int
    size_bytes: int


class Synced:
    """The files this process made durable last, by digest. Thread-safe; a shortcut that may forget."""

    def __init__(self) -> None:
        self._lock, self._files = Lock(), OrderedDict[str, _File]()

    def put(self, digest: str, found: stat_result) -> None:
        """This file has the blob's bytes and its name, both durably."""
        with self._lock:
            self._files[digest] = _file(found)
            if len(self._files) > _MOST:
                self._files.popitem(last=False)

    def make_sure(self, disk: Disk, digest: str, path: str) -> bool:
        """Is what has this name now durable? One that somebody else put there is synced: they may be at it still.

        False where it is not as long as ours was: they could not sync it. Raises OSError.
        """
        found, ours = _file(disk.stat(path)), self._files.get(digest)
        if found == ours:
            return True
        size = secure(disk, path)
        return ours is None or size == ours.size_bytes


def secure(disk: Disk, path: str) -> int:
    """Make a file and its name durable; returns its size after that. Raises OSError."""
    file = disk.open(path, READ)
    try:
        disk.fsync(file)
        sync_folder(disk, path.rpartition("/")[0])
        return disk.fstat(file).st_size
    finally:
        disk.close(file)


def sync_folder(disk: Disk, path: str) -> None:
    """Make the names in a folder durable. Raises OSError."""
    folder = disk.open(path, FOLDER)
    try:
        disk.fsync(folder)
    finally:
        disk.close(folder)


def _file(found: stat_result) -> _File:
    return _File(found.st_ino, found.st_ctime_ns, found.st_size)
