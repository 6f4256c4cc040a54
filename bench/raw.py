"""What the machine can do at most: hash, and write to disk, 100 MiB at a time."""

import os
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path

from bench.bodies import stock
from bench.load import drive
from bench.measured import Tally

_PIECE = 1024 * 1024
_NAMES = count()


def hashing(size: int, clients: int, seconds: float) -> Tally:
    """So many threads that each hash so many bytes, again and again."""
    data = stock(size).plain
    return drive([lambda: _hash(data)] * clients, seconds)


def writing(folder: Path, size: int, clients: int, seconds: float) -> Tally:
    """So many threads that each write a new file of this size and flush it, again and again."""
    folder.mkdir(exist_ok=True)
    try:
        return drive([_writer(folder, stock(size).plain)] * clients, seconds)
    finally:
        for path in folder.iterdir():
            os.truncate(path, 0)


def _hash(data: memoryview) -> None:
    hashed = sha256()
    for at in range(0, len(data), _PIECE):
        hashed.update(data[at : at + _PIECE])


def _writer(folder: Path, data: memoryview) -> Callable[[], None]:
    def write() -> None:
        path = folder / str(next(_NAMES))
        with path.open("xb", buffering=0) as file:
            for at in range(0, len(data), _PIECE):
                file.write(data[at : at + _PIECE])
            os.fsync(file.fileno())

    return write
