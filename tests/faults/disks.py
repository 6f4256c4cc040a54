"""Disks that do not do as they are told, to stand in for the real one."""

import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wharfinger.storage.disk import Disk

CHANGING = ("open", "write", "fsync", "link", "unlink", "rename", "close", "flock", "ftruncate")


class WatchedDisk(Disk):
    """Calls `before(name, arguments)` before each call of the system, which may raise or kill instead."""

    def __init__(self, before: Callable[[str, tuple[Any, ...]], None]) -> None:
        self._before = before

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return self._watched(name, found) if name in vars(Disk) else found

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            self._before(name, arguments)
            return call(*arguments)

        return watched


class FailingDisk(WatchedDisk):
    """Fails with `errno` in every call of this name from the `after`-th on, until `mended`."""

    def __init__(self, call: str, errno: int, after: int = 0) -> None:
        super().__init__(self._fail)
        self.call, self.errno, self.left, self.mended = call, errno, after, False

    def _fail(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == self.call and not self.mended:
            if self.left <= 0:
                raise OSError(self.errno, os.strerror(self.errno), *[a for a in arguments if isinstance(a, str)][:1])
            self.left -= 1


class ShortDisk(Disk):
    """Writes at most 100 bytes at a time, as a disk may; full after `room` bytes."""

    def __init__(self, room: int = 1 << 62) -> None:
        self.room = room

    def write(self, file: int, data: memoryview) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = os.write(file, data[: min(100, self.room)])
        self.room -= written
        return written


class UnsyncedDisk(Disk):
    """Syncs nothing: faster, where a test plays what that leads to anyway."""

    def fsync(self, file: int) -> None:
        """Lie."""


class KillingDisk(WatchedDisk):
    """Kills its process with SIGKILL before the `call`-th call that may change something."""

    def __init__(self, call: int) -> None:
        super().__init__(self._kill)
        self._left = call

    def _kill(self, name: str, _: tuple[Any, ...]) -> None:
        if name in CHANGING:
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


class PowerCut(BaseException):
    """The machine is off. Not an Exception: nothing may handle it."""


@dataclass
class Inode:
    """A file as it is, and as it was when it was last synced; None: never."""

    now: bytes = b""
    synced: bytes | None = None

    def after_a_cut(self) -> list[bytes]:
        """What may be found in it: all, nothing, or a part, where zeros stand for what did not arrive."""
        if self.synced == self.now:
            return [self.now]
        half = len(self.now) // 2
        return [b"", self.now[:half], self.now[:half] + bytes(len(self.now) - half), self.now]


@dataclass
class Change:
    """A name given to a file, or taken away (None), in one or two folders at once (`rename`)."""

    names: dict[str, Inode | None]

    def concerns(self, folder: str) -> bool:
        return any(os.path.dirname(name) == folder for name in self.names)  # noqa: PTH120


@dataclass
class Durable:
    """What is on the disk for certain, and the changes of names that may or may not be."""

    names: dict[str, Inode] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def sync(self, folder: str) -> None:
        """The changes that concern this folder are certain now."""
        for change in [change for change in self.pending if change.concerns(folder)]:
            self._apply(self.names, change)
            self.pending.remove(change)

    def after_a_cut(self) -> Iterator[dict[str, Inode]]:
        """What names there may be: those for certain, and any first part of what was pending."""
        names = dict(self.names)
        yield dict(names)
        for change in self.pending:
            self._apply(names, change)
            yield dict(names)

    def _apply(self, names: dict[str, Inode], change: Change) -> None:
        for name, inode in change.names.items():
            if inode is None:
                names.pop(name, None)
            else:
                names[name] = inode


class PowerDisk(Disk):
    """Keeps book of what a loss of power would leave; cuts it before the `call`-th call that may change something.

    It knows no file system better than POSIX does: bytes are certain after fsync of the file, names after fsync of
    the folder, and a rename happens whole or not at all.
    """

    def __init__(self, call: int) -> None:
        self.left, self._files, self._names, self.durable = (
            call,
            dict[int, Inode | str](),
            dict[str, Inode](),
            Durable(),
        )

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        self._count()
        file = os.open(path, flags, mode)
        if flags & os.O_CREAT:
            self._name({path: Inode()})
        self._files[file] = self._names.get(path, path)
        return file

    def write(self, file: int, data: memoryview) -> int:
        self._count()
        self._inode(file).now += bytes(data)
        return os.write(file, data)

    def ftruncate(self, file: int, length: int) -> None:
        self._count()
        self._inode(file).now = self._inode(file).now[:length]
        os.ftruncate(file, length)

    def fsync(self, file: int) -> None:
        self._count()
        opened = self._files[file]
        if isinstance(opened, Inode):
            opened.synced = opened.now
        else:
            self.durable.sync(opened)

    def link(self, path: str, to: str) -> None:
        self._count()
        os.link(path, to)
        self._name({to: self._names[path]})

    def rename(self, path: str, to: str) -> None:
        self._count()
        os.rename(path, to)  # noqa: PTH104
        self._name({path: None, to: self._names[path]})

    def unlink(self, path: str) -> None:
        self._count()
        os.unlink(path)  # noqa: PTH108
        self._name({path: None})

    def _name(self, names: dict[str, Inode | None]) -> None:
        change = Change(names)
        self.durable.pending.append(change)
        self.durable._apply(self._names, change)

    def _inode(self, file: int) -> Inode:
        opened = self._files[file]
        assert isinstance(opened, Inode)
        return opened

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise PowerCut


def restore(names: dict[str, Inode], torn: int, old: Path, new: Path) -> None:
    """Write what a cut left of the files in `old` to `new`; `torn` chooses among what a torn file may hold."""
    contents = {id(inode): inode.after_a_cut() for inode in names.values()}
    by_inode: dict[int, list[Path]] = defaultdict(list)
    for name, inode in names.items():
        by_inode[id(inode)].append(new / Path(name).relative_to(old))
    for inode_id, paths in by_inode.items():
        _write(paths, contents[inode_id][torn % len(contents[inode_id])])


def _write(paths: Sequence[Path], data: bytes) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    paths[0].write_bytes(data)
    for path in paths[1:]:
        path.hardlink_to(paths[0])
