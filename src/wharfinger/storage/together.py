"""Writing several files at once: the file system has a few commits of its journal to make for all, not two for each.

    every content ──► every fsync ──► every name ──► every folder's fsync

A content is durable before it gets its name, so whatever had the name before is never replaced by half a file. A crash
in between leaves files of which nobody knows, under names where uploads arrive, or whole ones under their final names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from os import stat_result
from typing import NamedTuple

from wharfinger.storage.disk import CREATE, WRITE_NOW, Disk, write_all, write_full_back
from wharfinger.storage.store import Pieces, StoreError
from wharfinger.storage.synced import sync_folder


class NewFile(NamedTuple):
    """`arriving` is the path that it has until its content is durable."""

    arriving: str
    path: str
    pieces: Pieces


def write_together(disk: Disk, files: Sequence[NewFile]) -> list[stat_result]:
    """Let these files be there, durably; returns how they are found.

    Raises OSError, and what the pieces raise: then some may be there, each whole.
    """
    with _opened(disk, files) as numbers:
        for number, file in zip(numbers, files, strict=True):
            _write(disk, number, file.pieces)
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
    except (OSError, StoreError):
        for file in files:
            with suppress(OSError):
                disk.unlink(file.arriving)
        raise
    finally:
        for number in numbers:
            with suppress(OSError):
                disk.close(number)


def _write(disk: Disk, number: int, pieces: Pieces) -> None:
    """All of them, and have the disk start on it: by the time of the first fsync the others are under way too."""
    size = 0
    for piece in pieces:
        write_all(disk, number, piece)
        write_full_back(disk, number, size, size + len(piece))
        size += len(piece)
    disk.write_back(number, 0, size, WRITE_NOW)
