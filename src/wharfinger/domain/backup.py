"""Backups: all rows as they are at one moment, a list of the bytes that belong to them and, of a folder, the bytes.

Made beside a running server: the rows are read in one transaction, and until the bytes are linked nothing that a row
names is removed. What is not in a backup: the installation's secret, master keys, settings, and bytes in a bucket.

    make ─► a folder ─► restore (into an empty database, of either kind) ─► bring_back (the bytes)
"""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from wharfinger.db import dump, inventory, migrate, revision
from wharfinger.db.dump import Shape
from wharfinger.db.engine import Database
from wharfinger.domain import kept
from wharfinger.domain.tools import Tools
from wharfinger.storage.backup import BackupFolder, Written, bring, files, sync_folder
from wharfinger.storage.store import StoreFailed

FORMAT: Final = 1
BYTES: Final = "bytes"
_PAGE: Final = 1000
_AT_ONCE: Final = 4


@dataclass
class Copied:
    """Bytes that were linked or copied, those that were there already, and a sentence for each that could not be."""

    files: int = 0
    there: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Made:
    """A backup: its rows, the blobs that belong to them, and what became of the bytes."""

    rows: int
    blobs: int
    blob_bytes: int
    copied: Copied


def make(
    tools: Tools, folder: Path, about: Mapping[str, Any], *, copies: Path | None = None, pace: Callable[[int], None]
) -> Made:
    """Write a backup into `folder`, which is made; `about` is said in its description. Raises StoreFailed.

    With `copies`, the bytes are brought into that folder too; it may serve several backups. `pace` is told of them.
    """
    partial = BackupFolder(folder.with_name(f"{folder.name}.partial"))
    if folder.exists():
        raise StoreFailed(f"{folder} is there already: a backup is a folder of its own, name another")
    partial.make()
    try:
        made = _make(tools, partial, about, copies, pace)
        partial.root.rename(folder)
    except BaseException:
        shutil.rmtree(partial.root, ignore_errors=True)
        raise
    sync_folder(folder.absolute().parent)
    return made


def _make(
    tools: Tools, backup: BackupFolder, about: Mapping[str, Any], copies: Path | None, pace: Callable[[int], None]
) -> Made:
    with _nothing_removed(tools):
        with tools.db.read() as tx:
            found = dump.shapes(tx)
            tables = {shape.name: _described(shape, backup.write(shape.name, dump.lines(tx, shape))) for shape in found}
            count, size = inventory.totals(tx)
            listed = backup.write(BYTES, _bytes(tx))
        copied = _copy_all(tools, backup, copies, pace) if copies else Copied()
    of_bytes = {"count": count, "bytes": size, "sha256": listed.sha256}
    made = {"format": FORMAT, **about, "made_at": tools.clock().isoformat(), "revision": revision.head()}
    backup.describe({**made, "tables": tables, "blobs": of_bytes})
    return Made(sum(table["rows"] for table in tables.values()), count, size, copied)


def restore(url: str, folder: BackupFolder) -> int:
    """Put the rows into the database at this URL, which must be empty; how many. All of them, or none.

    The database becomes one of the backup's revision and is then brought to the newest. Raises StoreFailed,
    SchemaUnknown.
    """
    table = folder.description()
    if table.get("format") != FORMAT:
        raise StoreFailed(f"{folder.root} is of a format that this version does not read: restore it with a newer one")
    shapes = [
        Shape(name, [tuple(it) for it in one["columns"]], one["last_id"]) for name, one in table["tables"].items()
    ]
    present = revision.current(url)
    if present not in (None, table["revision"]):
        raise StoreFailed(_NOT_EMPTY)
    migrate.upgrade(url, table["revision"])
    db = Database.open(url)
    try:
        with db.begin() as tx:
            if not dump.known(shapes, tx):
                raise StoreFailed(f"{folder.root} names tables that its revision {table['revision']} does not have")
            if not dump.is_empty(tx):
                raise StoreFailed(_NOT_EMPTY)
            dump.clear(tx, shapes)
            count = sum(_fill(tx, folder, shape, table["tables"][shape.name]) for shape in shapes)
    finally:
        db.close()
    migrate.upgrade(url)
    return count


def bring_back(tools: Tools, copies: Path, pace: Callable[[int], None]) -> Copied:
    """Bring the bytes that the rows name from the folder of copies into the store. Raises StoreFailed."""
    after, copied = "", Copied()
    while True:
        with tools.db.read() as tx:
            page = inventory.blobs_page(tx, after, _PAGE)
        if not page:
            return copied
        after = page[-1].digest
        pairs = [(files(tools.store, row.digest, row.place), row.size_bytes) for row in page]
        _bring_all([([(copies / name, path) for name, path in found], size) for found, size in pairs], copied, pace)


_NOT_EMPTY: Final = (
    "there are rows in the database already: a backup is restored into an empty one: name another in [database] url "
    "or another data folder"
)

_Pairs = list[tuple[Path, Path]]  # source and target


@contextmanager
def _nothing_removed(tools: Tools) -> Iterator[None]:
    """No bytes are removed while the block goes on, nor for some minutes after: another backup may be under way."""
    over = threading.Event()

    def hold() -> None:
        while not over.wait(kept.PAUSE.total_seconds() / 4):
            kept.pause_removal(tools)

    kept.pause_removal(tools)
    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()


def _described(shape: Shape, written: Written) -> dict[str, Any]:
    return {"columns": shape.columns, "last_id": shape.last_id, "rows": written.lines, "sha256": written.sha256}


def _bytes(tx: Connection) -> Iterator[bytes]:
    after = ""
    while page := inventory.blobs_page(tx, after, _PAGE):
        after = page[-1].digest
        for row in page:
            yield orjson.dumps({"digest": row.digest, "size": row.size_bytes, "place": row.place}) + b"\n"


def _copy_all(tools: Tools, backup: BackupFolder, copies: Path, pace: Callable[[int], None]) -> Copied:
    copied = Copied()
    blobs = (orjson.loads(line) for line in backup.read(BYTES))
    for page in _pages(blobs):
        pairs = [(files(tools.store, blob["digest"], blob["place"]), blob["size"]) for blob in page]
        _bring_all([([(path, copies / name) for name, path in found], size) for found, size in pairs], copied, pace)
    return copied


def _bring_all(blobs: list[tuple[_Pairs, int]], copied: Copied, pace: Callable[[int], None]) -> None:
    """A page of blobs, each with its files; the folders are synced at its end."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for outcomes, (_, size) in zip(pool.map(lambda blob: _bring(blob[0]), blobs), blobs, strict=True):
            copied.files += outcomes.count("brought")
            copied.there += outcomes.count("there")
            copied.problems += [outcome for outcome in outcomes if outcome not in ("brought", "there")]
            pace(size)
    for folder in {target.parent for pairs, _ in blobs for _, target in pairs if target.parent.is_dir()}:
        sync_folder(folder)


def _bring(pairs: _Pairs) -> list[str]:
    """What became of each file of a blob. Where several stores may have it, one that does is enough."""
    outcomes = list[str]()
    for source, target in pairs:
        try:
            outcomes.append("brought" if bring(source, target) else "there")
        except FileNotFoundError:
            outcomes.append(f"{source} is missing")
    return outcomes


def _pages(blobs: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    page: list[dict[str, Any]] = []
    for blob in blobs:
        page.append(blob)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _fill(tx: Connection, folder: BackupFolder, shape: Shape, said: Mapping[str, Any]) -> int:
    count = dump.fill(tx, shape, folder.read(shape.name, said["sha256"]))
    if count != said["rows"]:
        raise StoreFailed(f"the backup has {count} rows of {shape.name}, not the {said['rows']} that it says")
    return count
