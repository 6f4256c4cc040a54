"""A database and a store that end a process at a chosen call: before it, or after it and before anybody knows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from wharfinger.db.engine import Database
from wharfinger.storage.store import Store


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing may handle it."""


class Fuse:
    """Burns one step at every call that may change something; None: never ends."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Crash


class CrashingDatabase:
    """Crashes before a transaction, before its commit, or after it. Everything else is the real one's."""

    def __init__(self, real: Database, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextmanager
    def begin(self, *, settled: bool = False) -> Iterator[Connection]:
        self._fuse.burn()
        with self._real.begin(settled=settled) as tx:
            yield tx
            self._fuse.burn()
        self._fuse.burn()


class CrashingStore:
    """Crashes before or after whatever removes bytes, and after half of what it was to remove."""

    def __init__(self, real: Store, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def withdraw(self, *blob: str) -> None:
        self._fuse.burn()
        self._real.withdraw(*blob)
        self._fuse.burn()

    def erase(self, blobs: Sequence[Any]) -> None:
        self._fuse.burn()
        self._real.erase(blobs[: len(blobs) // 2])
        self._fuse.burn()
        self._real.erase(blobs)
        self._fuse.burn()
