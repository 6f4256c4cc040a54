"""Which failures of a database pass: real ones of SQLite, and PostgreSQL's by their codes."""

import logging
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from wharfinger.db.failures import passing
from wharfinger.domain import failures
from wharfinger.domain.errors import Conflict, DatabaseUnavailable


def refused(url: str, *statements: str) -> Exception:
    """What a database says to the last of these, through SQLAlchemy."""
    engine = create_engine(url)
    with engine.connect() as tx, pytest.raises(DBAPIError) as caught:
        for statement in statements:
            tx.execute(text(statement))
    engine.dispose()
    return caught.value


def test_a_database_without_room(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'small.db'}"
    fill = ("PRAGMA max_page_count = 4", "CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(100000))")
    error = refused(url, *fill)
    refusal = failures.refusal(error)
    assert isinstance(refusal, DatabaseUnavailable)
    assert "database is full: tell its operator, then try again" in str(refusal)
    assert refusal.retry_after.total_seconds() > 0


def test_a_database_that_may_not_be_written(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "there.db").execute("CREATE TABLE t (x)")
    error = refused(f"sqlite:///file:{tmp_path}/there.db?mode=ro&uri=true", "INSERT INTO t VALUES (1)")
    assert passing(error) == "is read-only"


def test_what_passes_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """A worker looks every second, and each second's trace would say the same."""
    log = logging.getLogger("wharfinger.test")
    gone = psycopg.OperationalError('connection to "h" failed: Connection refused\n\tIs the server running there?')
    failures.tell(log, "could not look", DBAPIError("select", None, gone))
    failures.tell(log, "could not look", ValueError("no"))
    away, broken = caplog.records
    told = 'could not look: the database is out of reach: connection to "h" failed: Connection refused'
    assert (away.getMessage(), away.exc_info) == (told, None)
    assert (broken.getMessage(), broken.exc_info is not None) == ("could not look", True)


def test_the_driver_alone(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "nowhere" / "it.db")
    assert passing(caught.value) == "is out of reach"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (psycopg.errors.DiskFull, "is full"),
        (psycopg.errors.ReadOnlySqlTransaction, "is read-only"),
        (psycopg.errors.AdminShutdown, "is out of reach"),
        (psycopg.OperationalError, "is out of reach"),
        (psycopg.errors.UniqueViolation, ""),
    ],
)
def test_postgresql(kind: type[psycopg.Error], what: str) -> None:
    assert passing(DBAPIError("select", None, kind("it is so"))) == what


CROSSED = (
    "CREATE TABLE a (id INTEGER PRIMARY KEY)",
    "CREATE TABLE b (a INTEGER REFERENCES a (id), n INTEGER NOT NULL UNIQUE)",
    "INSERT INTO a VALUES (1)",
    "INSERT INTO b VALUES (1, 1)",
)


@pytest.mark.parametrize(
    "last", ["INSERT INTO b VALUES (2, 2)", "INSERT INTO b VALUES (1, 1)", "INSERT INTO a VALUES (1)"]
)
def test_two_that_change_the_same(database_url: str, last: str) -> None:
    """Somebody removed the one, or made the other, after it was looked at: a conflict, and no failure of ours."""
    foreign_keys = ("PRAGMA foreign_keys = ON",) if database_url.startswith("sqlite") else ()
    assert isinstance(failures.refusal(refused(database_url, *foreign_keys, *CROSSED, last)), Conflict)


def test_what_nobody_crossed(database_url: str) -> None:
    error = refused(database_url, *CROSSED, "INSERT INTO b VALUES (1, NULL)")
    assert failures.refusal(error) is None


@pytest.mark.parametrize("kind", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_those_who_wait_for_each_other(kind: type[psycopg.Error]) -> None:
    assert isinstance(failures.refusal(DBAPIError("select", None, kind("it is so"))), Conflict)


def test_a_mistake_of_ours_does_not_pass(tmp_path: Path) -> None:
    assert passing(refused(f"sqlite:///{tmp_path / 'it.db'}", "SELECT * FROM nothing")) == ""
    assert failures.refusal(ValueError(os.strerror(28))) is None
