"""Backups: all rows of one moment, into a database of either kind, with the bytes that belong to them."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.clock import Clock
from tests.domain.shelf import Shelf as Repository
from tests.in_process import build_tools, close_tools
from tests.storage import buckets
from tests.storage.bytes_of import some
from tests.storage.test_served import MASTER
from wharfinger.db import dump, migrate, revision
from wharfinger.db.engine import Database
from wharfinger.db.tables.schema import metadata
from wharfinger.domain import backup, garbage, groups, images, kept, verify
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules.roles import Visibility
from wharfinger.storage.backup import BackupFolder
from wharfinger.storage.folder import Folder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Store, StoreFailed

MakeStore = Callable[[Tools, Path], Store]


def plain(_: Tools, folder: Path) -> Store:
    return LocalStore(folder)


def sealed(tools: Tools, folder: Path) -> Store:
    shelf = Shelf(Folder(folder), KeyList(MASTER), name=folder.as_uri())
    return ObjectStore(DatabaseLedger(tools.db, tools.clock), shelf)


class House:
    """A registry with an image, a nested group, and ids of rows that are gone; on files of its own."""

    def __init__(self, tools: Tools, make: MakeStore, folder: Path) -> None:
        self.tools = replace(tools, store=make(tools, folder / "store"))
        self.repository = Repository(self.tools)
        self.repository.image(b"a layer", some(300_000), tag="1.0")
        self.folder, self.copies = folder / "backup", folder / "copies"

    def back_up(self, copies: Path | None = None, folder: Path | None = None) -> backup.Made:
        return backup.make(self.tools, folder or self.folder, {}, copies=copies, pace=lambda _: None)


@pytest.fixture(params=[plain, sealed], ids=lambda make: make.__name__)
def house(request: pytest.FixtureRequest, tools: Tools, tmp_path: Path) -> House:
    return House(tools, request.param, tmp_path)


@pytest.fixture
def on_files(tools: Tools, tmp_path: Path) -> House:
    return House(tools, plain, tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has touched yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'restored.db'}"
    return str(request.getfixturevalue("postgres").create(f"empty{os.urandom(4).hex()}"))


@pytest.fixture
def opened(clock: Clock) -> Iterator[Callable[[str], Tools]]:
    made = list[Tools]()

    def open_(url: str) -> Tools:
        made.append(build_tools(url, clock, Policy()))
        return made[-1]

    yield open_
    for tools in made:
        close_tools(tools)


def rows(db: Database) -> dict[str, list[Any]]:
    """Every row that a backup is to hold."""
    with db.read() as tx:
        return {
            table.name: sorted(map(tuple, tx.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in dump.LEFT_OUT
        }


def test_what_is_restored_is_what_was_there(
    house: House, empty: str, opened: Callable[[str], Tools], tmp_path: Path, clock: Clock
) -> None:
    """Into either kind of database, with the bytes, and verified; what comes next gets numbers of its own."""
    parent = groups.create(house.tools, OPERATOR, "later-parent", visibility=Visibility.PUBLIC)
    groups.move(house.tools, OPERATOR, house.repository.project.partition("/")[0], parent.path)
    house.repository.delete("1.0")
    before = rows(house.tools.db)
    made = house.back_up(house.copies)
    assert (made.blobs, made.copied.files, made.copied.problems) == (2, 2, [])
    assert backup.restore(empty, BackupFolder(house.folder)) == made.rows
    restored = opened(empty)
    assert rows(restored.db) == before
    restored = replace(restored, store=house_store(house, restored, tmp_path / "restored"))
    assert {problem.kind for step in verify.blobs(restored, verify.Means()) for problem in step.problems} == {"missing"}
    assert backup.bring_back(restored, house.copies, lambda _: None).files == 2
    assert not [problem for step in verify.blobs(restored, verify.Means(deep=True)) for problem in step.problems]
    newer = groups.create(restored, OPERATOR, "after-the-restore")
    assert newer.id > parent.id


def house_store(house: House, tools: Tools, folder: Path) -> Store:
    return plain(tools, folder) if isinstance(house.tools.store, LocalStore) else sealed(tools, folder)


def test_numbers_of_rows_that_are_gone_are_not_given_again(
    on_files: House, empty: str, opened: Callable[[str], Tools]
) -> None:
    last = groups.create(on_files.tools, OPERATOR, "short-lived")
    groups.delete(on_files.tools, OPERATOR, last.path)
    on_files.back_up()
    backup.restore(empty, BackupFolder(on_files.folder))
    assert groups.create(opened(empty), OPERATOR, "next").id > last.id


def test_nothing_is_removed_while_it_is_made(on_files: House, clock: Clock) -> None:
    """Whatever is deleted once the rows were read: their bytes are still linked."""
    repository, tools = on_files.repository, on_files.tools
    deleted = list[int]()

    def delete(_: int) -> None:
        if not deleted:
            deleted.append(1)
            images.delete_tag(tools, repository.caller, repository.path, "1.0")
            for table in ("manifests", "repository_blobs", "blobs"):
                with tools.db.begin() as tx:
                    tx.execute(text(f"UPDATE {table} SET review_after = :now"), {"now": clock() - timedelta(days=1)})
            with tools.db.begin() as tx:
                tx.execute(text("DELETE FROM tags"))
                tx.execute(text("DELETE FROM trash_needs"))
        garbage.run(tools, pause=lambda _: None)

    made = backup.make(tools, on_files.folder, {}, copies=on_files.copies, pace=delete)
    garbage.run(tools, pause=lambda _: None)
    assert made.copied.problems == []
    assert verify.expect(tools)[0] == 2, "their rows wait, too"
    clock.advance(days=3)
    for _ in range(3):
        garbage.run(tools, pause=lambda _: None)
        clock.advance(days=2)
    assert verify.expect(tools)[0] == 0, "and go afterwards"


def test_the_next_backup_brings_what_is_new(on_files: House, tmp_path: Path) -> None:
    on_files.back_up(on_files.copies)
    digest = on_files.repository.blob(b"newer")
    made = on_files.back_up(on_files.copies, tmp_path / "second")
    assert (made.copied.files, made.copied.there) == (1, 2)
    store = on_files.tools.store
    assert isinstance(store, LocalStore)
    copy = on_files.copies / Path(store.blob_path(digest)).relative_to(store.root)
    assert copy.stat().st_ino == Path(store.blob_path(digest)).stat().st_ino, "linked, not copied"


def test_bytes_that_are_missing_are_named(on_files: House) -> None:
    store = on_files.tools.store
    assert isinstance(store, LocalStore)
    digest = on_files.repository.blob(b"lost")
    Path(store.blob_path(digest)).unlink()
    made = on_files.back_up(on_files.copies)
    assert [problem for problem in made.copied.problems if digest.partition(":")[2] in problem]


def test_a_list_of_the_bytes(on_files: House) -> None:
    on_files.back_up()
    with gzip.open(on_files.folder / "bytes.jsonl.gz") as file:
        listed = [json.loads(line) for line in file]
    assert sorted(one["size"] for one in listed) == [len(b"a layer"), 300_000]
    assert {file.stat().st_mode & 0o777 for file in on_files.folder.iterdir()} == {0o600}


def test_only_into_an_empty_database(on_files: House, database_url: str) -> None:
    """The test's own database, which holds what was backed up."""
    on_files.back_up()
    with pytest.raises(StoreFailed, match="empty"):
        backup.restore(database_url, BackupFolder(on_files.folder))


def test_all_or_nothing(on_files: House, empty: str) -> None:
    """A file that was changed is noticed, and the database stays as empty as it was: mended, it goes in."""
    on_files.back_up()
    file = on_files.folder / "repositories.jsonl.gz"
    right = file.read_bytes()
    file.write_bytes(gzip.compress(b"[1, 2]\n"))
    with pytest.raises(StoreFailed, match="was changed"):
        backup.restore(empty, BackupFolder(on_files.folder))
    file.write_bytes(right)
    assert backup.restore(empty, BackupFolder(on_files.folder)) > 0


def test_a_backup_of_an_older_version(
    on_files: House, empty: str, opened: Callable[[str], Tools], tmp_path: Path
) -> None:
    """Its rows go in at its own revision, and are migrated."""
    old = f"sqlite:///{tmp_path / 'old.db'}"
    migrate.upgrade(old, "0005")
    on_files.back_up()
    folder = BackupFolder(on_files.folder)
    table = folder.description()
    db = Database.open(old)
    with db.read() as tx:
        here = {name for (name,) in tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))}
    db.close()
    for name in ("users", "freed"):
        assert name in here
    only = {name: table["tables"][name] for name in ("freed",)}
    (on_files.folder / "backup.json").write_text(json.dumps(table | {"revision": "0005", "tables": only}))
    backup.restore(empty, folder)
    assert revision.current(empty) == revision.head()


@pytest.mark.parametrize(
    ("text_", "says"), [("", "cannot be read"), ("[]", "was changed"), ('{"format": 99}', "newer")]
)
def test_what_is_no_backup(tmp_path: Path, text_: str, says: str) -> None:
    with pytest.raises(StoreFailed, match="is no backup"):
        backup.restore("sqlite://", BackupFolder(tmp_path))
    (tmp_path / "backup.json").write_text(text_)
    with pytest.raises(StoreFailed, match=says):
        backup.restore("sqlite://", BackupFolder(tmp_path))


def test_bytes_in_a_bucket_are_their_providers_to_copy(tools: Tools, tmp_path: Path) -> None:
    def in_bucket(tools: Tools, _: Path) -> Store:
        return ObjectStore(DatabaseLedger(tools.db, tools.clock), Shelf(buckets.on_s3(), name="s3://it"))

    house = House(tools, in_bucket, tmp_path)
    with pytest.raises(StoreFailed, match="versions or replication"):
        house.back_up(house.copies)
    assert not list(tmp_path.glob("backup*")), "nothing half-done stays"
    assert house.back_up().blobs == 2


def paused(tools: Tools) -> bool:
    with tools.db.read() as tx:
        return kept.removal_paused(tx, tools)


def test_a_longer_pause_stands(tools: Tools, clock: Clock) -> None:
    """The other host's clock is a little behind."""
    kept.pause_removal(tools)
    clock.advance(seconds=-50)
    kept.pause_removal(tools)
    clock.advance(seconds=50 + 230)
    assert paused(tools)
    clock.advance(seconds=10)
    assert not paused(tools)


def test_a_pause_by_a_clock_that_was_ahead_is_over(tools: Tools, clock: Clock) -> None:
    """Else a backup at a wrong hour would stop the collector until that hour has come."""
    clock.advance(days=300)
    kept.pause_removal(tools)
    clock.advance(days=-300)
    assert not paused(tools)
    kept.pause_removal(tools)
    assert paused(tools)
    clock.advance(minutes=4)
    assert not paused(tools)
