"""Writing many small files at once: the file system has a few commits of its journal to make for all, not two for each.

    every content ──► every fsync ──► every name ──► every folder's fsync

A content is durable before it gets its name, so whatever had the name before is never replaced by half a file. A crash
in between leaves files of which nobody knows, under names where uploads arrive, or whole ones under their final names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from os import stat_result
from typing import NamedTuple

from wharfinger.storage.disk import CREATE, WRITE_NOW, Disk
from wharfinger.storage.synced import sync_folder


class NewFile(NamedTuple):
    """`arriving` is the path that it has until its content is durable."""

    arriving: str
    path: str
    data: bytes


def write_together(disk: Disk, files: Sequence[NewFile]) -> list[stat_result]:
    """Let these files be there, durably; returns how they are found. Raises OSError: then some may be, each whole."""
    with _opened(disk, files) as numbers:
        for number, file in zip(numbers, files, strict=True):
            _write(disk, number, file.data)
        for number in numbers:
            disk.fsync(number)
        for file in files:
            disk.rename(file.arriving, file.path)
        for folder in sorted({file.path.rpartition("/")[0] for file in files}):
            sync_folder(disk, folder)
        return [disk.fstat(number) for number in numbers]


@contextmanager
def _opened(disk: Disk, files: Sequence[NewFile]) -> Iterator[list[int]]:
    """New files, open; where something fails, what has not got its name yet is removed."""
    numbers = list[int]()
    try:
        for file in files:
            numbers.append(disk.open(file.arriving, CREATE, 0o600))
        yield numbers
    except OSError:
        for file in files:
            with suppress(OSError):
                disk.unlink(file.arriving)
        raise
    finally:
        for number in numbers:
            with suppress(OSError):
                disk.close(number)


def _write(disk: Disk, number: int, data: bytes) -> None:
    """All of it, and have the disk start on it: by the time of the first fsync the others are under way too."""
    rest = memoryview(data)
    while rest:
        rest = rest[disk.write(number, rest) :]
    disk.write_back(number, 0, len(data), WRITE_NOW)
