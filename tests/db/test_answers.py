"""What is asked twice in a snapshot is asked once; nowhere else is anything remembered."""

from datetime import UTC, datetime
from threading import Thread
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from tests.domain.people import statements
from wharfinger.db import answers
from wharfinger.db.engine import Database
from wharfinger.db.tables.people import login_failures
from wharfinger.domain.tools import Tools

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST: Select[Any] = select(login_failures.c.key).where(login_failures.c.key == bindparam("wanted"))
SECOND: Select[Any] = select(login_failures.c.failed_at).where(login_failures.c.key == bindparam("wanted"))


def add(db: Database, key: str) -> None:
    with db.begin() as tx:
        tx.execute(login_failures.insert(), {"key": key, "failed_at": NOW})


def known(tx: Connection, key: str) -> bool:
    return answers.first(tx, FIRST, {"wanted": key}) is not None


def seen(db: Database, key: str) -> bool:
    with db.read() as tx:
        return known(tx, key)


def test_in_a_snapshot_a_question_is_asked_once(tools: Tools) -> None:
    add(tools.db, "here")
    with tools.db.snapshot(), statements(tools) as sent:
        assert [seen(tools.db, "here"), seen(tools.db, "here"), seen(tools.db, "gone"), seen(tools.db, "gone")] == [
            True, True, False, False,
        ]  # fmt: skip
        assert len(sent) == 2
        with tools.db.read() as tx:
            row = answers.first(tx, SECOND, {"wanted": "here"})
        assert row is not None
        assert row.failed_at == NOW


def test_the_next_snapshot_asks_anew(tools: Tools) -> None:
    with tools.db.snapshot():
        assert not seen(tools.db, "late")
        writer = Thread(target=add, args=(tools.db, "late"))
        writer.start()
        writer.join()
        assert not seen(tools.db, "late")
    with tools.db.snapshot():
        assert seen(tools.db, "late")


def test_who_writes_in_a_snapshot_is_told_what_is_so_then(tools: Tools) -> None:
    with tools.db.snapshot():
        assert not seen(tools.db, "own")
        with tools.db.begin() as tx:
            assert not known(tx, "own")
            tx.execute(login_failures.insert(), {"key": "own", "failed_at": NOW})
            assert known(tx, "own")
        assert seen(tools.db, "own")


def test_other_transactions_remember_nothing(tools: Tools) -> None:
    add(tools.db, "here")
    with tools.db.read() as tx, statements(tools) as sent:
        assert known(tx, "here")
        assert known(tx, "here")
    assert len(sent) == 2
