"""A folder that holds a backup, and files that are brought from one folder to another by link or copy.

<backup>/backup.json          what it is, and the digest of every other file
<backup>/<name>.jsonl.gz      lines
<backup>/bytes.jsonl.gz       the bytes that belong to it: digest, size and place of every blob
"""

import gzip
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from errno import EMLINK, EPERM, EXDEV
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import IO, Any, Final, NamedTuple

import orjson

from wharfinger.storage.disk import failed
from wharfinger.storage.folder import Folder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import Place
from wharfinger.storage.store import Store, StoreFailed
from wharfinger.storage.stores import parts

DESCRIPTION: Final = "backup.json"
_NO_LINK: Final = (EXDEV, EPERM, EMLINK)


class Written(NamedTuple):
    """A file of lines: how many, and its digest."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """The files of one backup. Only its owner may read them: they hold hashes of passwords and tokens."""

    root: Path

    def make(self) -> None:
        """Make the folder. Raises StoreFailed where there is something already."""
        try:
            make_folder(self.root.parent)
            self.root.mkdir(mode=0o700)
        except FileExistsError:
            raise StoreFailed(f"{self.root} is there already: a backup is a folder of its own, name another") from None
        except OSError as error:
            raise failed(error, "make a folder", str(self.root)) from error

    def write(self, name: str, lines: Iterable[bytes]) -> Written:
        """A file of lines, durable when this returns."""
        path, count = self._path(name), 0
        try:
            with _private(path) as file:
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
                    for line in lines:
                        packed.write(line)
                        count += 1
                file.flush()
                os.fsync(file.fileno())
            return Written(count, self._digest(name))
        except OSError as error:
            raise failed(error, "write a backup", str(path)) from error

    def read(self, name: str, sha256: str = "") -> Iterator[bytes]:
        """Its lines. Raises StoreFailed where the file is not the one that was written."""
        path = self._path(name)
        try:
            if sha256 and self._digest(name) != sha256:
                raise StoreFailed(f"{path} was changed since it was written: take another backup")
            with gzip.open(path, "rb") as file:
                yield from file
        except (OSError, EOFError) as error:
            raise StoreFailed(f"{path} cannot be read: {error}") from error

    def describe(self, table: dict[str, Any]) -> None:
        """Say what it is; with this, the backup is complete."""
        path = self.root / DESCRIPTION
        with _private(path) as file:
            file.write(orjson.dumps(table, option=orjson.OPT_INDENT_2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.root)

    def description(self) -> dict[str, Any]:
        """What it says it is. Raises StoreFailed."""
        path = self.root / DESCRIPTION
        try:
            table = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            raise StoreFailed(
                f"{self.root} is no backup, or was never completed (no {DESCRIPTION}): name a folder that "
                "`wharfinger backup` made"
            ) from None
        except (OSError, ValueError) as error:
            raise StoreFailed(f"{path} cannot be read: {error}") from error
        if not isinstance(table, dict):
            raise StoreFailed(f"{path} was changed since it was written: take another backup")
        return table

    def _path(self, name: str) -> Path:
        return self.root / f"{name}.jsonl.gz"

    def _digest(self, name: str) -> str:
        with self._path(name).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


def files(store: Store, digest: str, place: str) -> list[tuple[str, Path]]:
    """The files of a blob, by their names within the store's folder. Raises StoreFailed where they are in a bucket."""
    folders = _folders(store, digest, place)
    if not folders:
        raise StoreFailed(f"the row of {digest} names a place that the settings of [storage] do not: put them back")
    return next((found for found in folders if all(path.exists() for _, path in found)), folders[0])


def _folders(store: Store, digest: str, place: str) -> list[list[tuple[str, Path]]]:
    """The same for every folder that may have them; one that takes what is new comes first."""
    if not place:
        paths = [(part.root, Path(part.blob_path(digest))) for part in parts(store) if isinstance(part, LocalStore)]
        return [[(str(path.relative_to(root)), path)] for root, path in paths]
    parsed = Place.parse(place)
    shelves = [shelf for part in parts(store) if isinstance(part, ObjectStore) for shelf in part.shelves.of(parsed)]
    for shelf in shelves:
        if not isinstance(shelf.objects, Folder):
            raise StoreFailed(
                f"the bytes of {digest} are in {shelf.objects.where}: copy them with what the provider has for that, "
                "versions or replication; only what is in a folder is copied here"
            )
    return [[(name, Path(shelf.objects.where) / name) for name in parsed.names] for shelf in shelves]


def bring(source: Path, target: Path) -> bool:
    """Let `target` be `source`: by a hard link, or by a copy on another disk. False where it is there already.

    Raises FileNotFoundError, StoreFailed, also where it is no plain file. The name is durable after `sync_folder` of
    its folder.
    """
    try:
        known = source.lstat()
        if not S_ISREG(known.st_mode):
            raise StoreFailed(f"{source} is no file of its own: nothing else is brought")
        if target.exists() and target.stat().st_size == known.st_size:
            return False
        make_folder(target.parent)
        arriving = target.with_name(f".{target.name}.{token_hex(4)}")
        try:
            os.link(source, arriving)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            _copy(source, arriving)
        arriving.replace(target)
        with suppress(FileNotFoundError):  # where both names are one file already, it is still there
            arriving.unlink()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise failed(error, "bring a file", str(target.parent)) from error
    return True


def make_folder(folder: Path, sync: Callable[[Path], None] | None = None) -> None:
    """Make a folder and what is missing above it, each with a durable name. Raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        (sync or sync_folder)(one.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as taken, _private(target) as file:
        shutil.copyfileobj(taken, file, 1024 * 1024)
        file.flush()
        os.fsync(file.fileno())


def _private(path: Path) -> IO[bytes]:
    """A new file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
