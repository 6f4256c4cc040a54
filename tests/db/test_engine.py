"""Writers share a commit on SQLite; each is still alone, and nobody returns before what it wrote is durable."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from wharfinger.db.engine import Database, sqlite_url
from wharfinger.db.tables.people import login_failures
from wharfinger.db.tables.schema import metadata
from wharfinger.domain.tools import Tools

NOW = datetime(2026, 1, 1, tzinfo=UTC)

CRASHER = """
import sys, threading
from datetime import datetime, UTC
from wharfinger.db.engine import Database
from wharfinger.db.tables.people import login_failures
db = Database.open(sys.argv[1])
def write(thread):
    number = 0
    while True:
        key = f"{thread}-{number}"
        with db.begin() as tx:
            tx.execute(login_failures.insert(), {"key": key, "failed_at": datetime.now(UTC)})
        sys.stdout.write(key + "\\n")
        sys.stdout.flush()
        number += 1
for thread in range(8):
    threading.Thread(target=write, args=(thread,)).start()
"""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(sqlite_url(tmp_path))
    with database.begin() as tx:
        metadata.create_all(tx)
    yield database
    database.close()


def add(tx: Connection, key: str) -> None:
    tx.execute(login_failures.insert(), {"key": key, "failed_at": NOW})


def keys(db: Database) -> set[str]:
    with db.read() as tx:
        return set(tx.scalars(select(login_failures.c.key)))


def _add_one(db: Database, key: str) -> None:
    with db.begin() as tx:
        add(tx, key)


def in_threads(count: int, work: object) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError, match="no"), db.begin() as tx:
        add(tx, "gone")
        raise RuntimeError("no")
    assert keys(db) == set()


def test_one_writer_may_fail_among_many(db: Database) -> None:
    def work(number: int) -> None:
        try:
            with db.begin() as tx:
                add(tx, str(number))
                if number % 3 == 0:
                    raise LookupError
        except LookupError:
            pass

    in_threads(48, work)
    assert keys(db) == {str(number) for number in range(48) if number % 3}


def test_every_writer_sees_its_own_rows_committed_on_return(db: Database) -> None:
    missing = []

    def work(number: int) -> None:
        for turn in range(20):
            with db.begin() as tx:
                add(tx, f"{number}-{turn}")
            if f"{number}-{turn}" not in keys(db):
                missing.append((number, turn))

    in_threads(16, work)
    assert missing == []
    assert len(keys(db)) == 320


def test_a_full_database_fails_every_writer_it_did_not_store(db: Database) -> None:
    with db.begin() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}")
    stored, refused = [], []

    def work(number: int) -> None:
        for turn in range(200):
            try:
                with db.begin() as tx:
                    add(tx, f"{number}-{turn}-" + "x" * 500)
            except (DBAPIError, sqlite3.Error):
                refused.append((number, turn))
                return
            stored.append(f"{number}-{turn}-" + "x" * 500)

    in_threads(8, work)
    assert len(refused) == 8
    assert keys(db) == set(stored)
    with db.begin() as tx:
        tx.execute(login_failures.delete())
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 1000}")
    with db.begin() as tx:
        add(tx, "afterwards")
    assert keys(db) == {"afterwards"}


def test_a_reader_sees_one_state_while_others_write(db: Database) -> None:
    with db.read() as tx:
        before = tx.scalar(select(func.count()).select_from(login_failures))
        with db.begin() as writer:
            add(writer, "new")
        assert tx.scalar(select(func.count()).select_from(login_failures)) == before
    assert keys(db) == {"new"}


def test_all_that_is_read_within_a_snapshot_is_of_one_moment(db: Database) -> None:
    with db.snapshot():
        assert keys(db) == set()
        in_threads(1, lambda _: _add_one(db, "meanwhile"))
        assert keys(db) == set()
    assert keys(db) == {"meanwhile"}


def test_who_writes_within_a_snapshot_sees_what_was_written(db: Database) -> None:
    with db.snapshot():
        assert keys(db) == set()
        _add_one(db, "own")
        assert keys(db) == {"own"}
    assert keys(db) == {"own"}


def test_a_snapshot_is_of_one_thread_and_ends_with_what_breaks_in_it(db: Database) -> None:
    seen: list[set[str]] = []
    with pytest.raises(ZeroDivisionError), db.snapshot():
        assert keys(db) == set()
        in_threads(1, lambda _: _add_one(db, "first"))
        in_threads(1, lambda _: seen.append(keys(db)))
        assert seen == [{"first"}]
        raise ZeroDivisionError
    assert keys(db) == {"first"}


def test_the_connection_that_was_used_last_is_used_next(tools: Tools) -> None:
    """However many there are since there was more to do: one that rests has nothing ready, and may be lost."""
    with tools.db.read(), tools.db.read(), tools.db.read():
        pass
    used = set[int]()
    for _ in range(3):
        with tools.db.read() as tx:
            used.add(id(tx.connection.dbapi_connection))
    assert len(used) == 1


@pytest.mark.parametrize("lines", [1, 50, 400])
def test_what_was_acknowledged_survives_kill_9(db: Database, lines: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", CRASHER, db.url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(lines)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += process.stdout.read().split("\n")[:-1]
    process.wait()
    process.stdout.close()
    assert set(acknowledged) - keys(db) == set()


def test_who_asks_for_it_sees_only_what_a_crash_would_not_undo(db: Database) -> None:
    """Others share the commit of who went before them, and see what it wrote before that is durable."""
    differing = []

    def work(number: int) -> None:
        for turn in range(20):
            with db.begin(settled=number < 2) as tx:
                seen = set(tx.scalars(select(login_failures.c.key)))
                if number < 2 and seen != keys(db):
                    differing.append((number, turn))
                add(tx, f"{number}-{turn}")

    in_threads(16, work)
    assert differing == []
    assert len(keys(db)) == 320


def test_only_its_owner_reads_a_new_database(tmp_path: Path) -> None:
    """Hashes of passwords and tokens are in it; the folder may be somebody's who lets others in."""
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        db = Database.open(sqlite_url(tmp_path))
        with db.begin() as tx:
            metadata.create_all(tx)
        with db.read():
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        db.close()
    finally:
        os.umask(before)
    assert {"wharfinger.db", "wharfinger.db-wal", "wharfinger.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}
