"""Which failures of a database pass: real ones of SQLite, and PostgreSQL's by their codes."""

import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from wharfinger.db.failures import passing
from wharfinger.domain import failures


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
    assert refusal is not None
    assert "database is full: tell its operator, then try again" in str(refusal)
    assert refusal.retry_after.total_seconds() > 0


def test_a_database_that_may_not_be_written(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "there.db").execute("CREATE TABLE t (x)")
    error = refused(f"sqlite:///file:{tmp_path}/there.db?mode=ro&uri=true", "INSERT INTO t VALUES (1)")
    assert passing(error) == "is read-only"


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


def test_a_mistake_of_ours_does_not_pass(tmp_path: Path) -> None:
    assert passing(refused(f"sqlite:///{tmp_path / 'it.db'}", "SELECT * FROM nothing")) == ""
    assert failures.refusal(ValueError(os.strerror(28))) is None
