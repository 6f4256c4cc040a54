"""Objects in a local folder, durable when they are finished: for sealed blobs on a disk of one's own.

<root>/objects/<2 hex>/<name>     finished
<root>/arriving/<random>          on their way
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

from wharfinger.storage.disk import CREATE, FOLDER, Disk, failed, write_all, write_full_back
from wharfinger.storage.objects import Listed
from wharfinger.storage.pieces import of_file
from wharfinger.storage.store import BytesMissing, Pieces
from wharfinger.storage.together import NewFile, write_together


class Folder:
    """Objects below `root`, which is made if need be; raises StoreFailed where it cannot be used."""

    def __init__(self, root: Path, disk: Disk | None = None, clock: Callable[[], float] = time.time) -> None:
        self.where, self.disk, self._clock = str(root), disk or Disk(), clock
        self.arriving = f"{root}/arriving"
        try:
            for folder in (root, root / "arriving", root / "objects"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(256):
                (root / "objects" / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
            for folder in (root / "objects", root, root.parent):
                with suppress(PermissionError):  # above the root others may rule
                    self.sync_folder(str(folder))
        except OSError as error:
            raise failed(error, "make the store's folders", self.where) from error

    def writer(self, name: str, part_bytes: int) -> "FolderWriter":  # noqa: ARG002 - a file has no parts
        """Start an object."""
        return FolderWriter(self, f"{self.where}/{name}")

    def put(self, objects: Sequence[tuple[str, Pieces]], part_bytes: int) -> None:  # noqa: ARG002 - as above
        """Objects, all in one go."""
        files = [NewFile(f"{self.arriving}/{token_hex(16)}", f"{self.where}/{name}", those) for name, those in objects]
        try:
            write_together(self.disk, files)
        except OSError as error:
            raise failed(error, "keep blobs", self.where) from error

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`."""
        try:
            return of_file(self.disk, f"{self.where}/{name}", start, end, self.where)
        except FileNotFoundError:
            raise BytesMissing(f"{name} is not in {self.where}: restore it, or push it again") from None
        except OSError as error:
            raise failed(error, "read a blob", self.where) from error

    def list(self, folder: str) -> Iterator[Listed]:
        """Every object below a folder of ours: those are one level deep, or two."""
        try:
            for above, _, names in os.walk(f"{self.where}/{folder}"):
                for name in names:
                    with suppress(FileNotFoundError):
                        found = self.disk.lstat(f"{above}/{name}")
                        yield Listed(os.path.relpath(f"{above}/{name}", self.where), found.st_size, found.st_ctime)
        except OSError as error:
            raise failed(error, "list objects", self.where) from error

    def rename(self, name: str, to: str) -> bool:
        """Give an object another name, in a folder that is made if need be."""
        target = Path(self.where) / to
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.disk.rename(f"{self.where}/{name}", str(target))
            self.sync_folder(str(target.parent))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failed(error, "rename", self.where) from error
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects. Not synced: bytes that come back after a crash have no row."""
        try:
            for name in names:
                with suppress(FileNotFoundError):
                    self.disk.unlink(f"{self.where}/{name}")
        except OSError as error:
            raise failed(error, "delete a blob", self.where) from error

    def link(self, name: str, life: timedelta) -> str | None:  # noqa: ARG002 - a folder has no URL
        """None: a folder has no URLs."""
        return None

    def sweep(self, older_than_seconds: float) -> None:
        """Remove what a crash cut off."""
        limit = self._clock() - older_than_seconds
        try:
            for name in self.disk.listdir(self.arriving):
                with suppress(FileNotFoundError):
                    if self.disk.stat(f"{self.arriving}/{name}").st_mtime <= limit:
                        self.disk.unlink(f"{self.arriving}/{name}")
        except OSError as error:
            raise failed(error, "clear away uploads", self.arriving) from error

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        folder = self.disk.open(path, FOLDER)
        try:
            self.disk.fsync(folder)
        finally:
            self.disk.close(folder)


class FolderWriter:
    """One object on its way."""

    def __init__(self, folder: Folder, path: str) -> None:
        self._folder, self._disk, self._path = folder, folder.disk, path
        self._arriving, self._size = f"{folder.arriving}/{token_hex(16)}", 0
        try:
            self._file = self._disk.open(self._arriving, CREATE, 0o600)
        except OSError as error:
            raise failed(error, "write an upload", folder.where) from error

    def write(self, data: bytes | memoryview) -> None:
        """Append, and let the disk start on it."""
        try:
            write_all(self._disk, self._file, data)
        except OSError as error:
            self.abandon()
            raise failed(error, "write an upload", self._folder.where) from error
        before, self._size = self._size, self._size + len(data)
        write_full_back(self._disk, self._file, before, self._size)

    def finish(self) -> None:
        """Named first: then one commit of ext4's journal takes file and name. No row names the object yet."""
        try:
            self._disk.rename(self._arriving, self._path)
            self._arriving = self._path
            self._disk.fsync(self._file)
            self._folder.sync_folder(self._path.rpartition("/")[0])
        except OSError as error:
            self.abandon()
            raise failed(error, "keep a blob", self._folder.where) from error
        self._close()

    def abandon(self) -> None:
        """Forget it."""
        self._close()
        with suppress(OSError):
            self._disk.unlink(self._arriving)

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            with suppress(OSError):
                self._disk.close(file)
