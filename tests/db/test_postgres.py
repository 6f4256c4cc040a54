"""Connections to PostgreSQL that were lost while nobody used them."""

from time import sleep

import pytest
from sqlalchemy import select, text

from tests.conftest import MakeDatabase
from wharfinger.db.engine import TRUSTED_SECONDS, Database


@pytest.mark.parametrize("way", ["read", "ask", "begin"])
def test_one_that_was_lost_while_it_rested_is_replaced(make_database: MakeDatabase, way: str) -> None:
    url = make_database("postgres")
    db, other = Database.open(url), Database.open(url)
    with getattr(db, way)() as tx:
        backend = tx.scalar(text("SELECT pg_backend_pid()"))
    with other.begin() as tx:
        tx.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    sleep(TRUSTED_SECONDS + 0.1)
    with getattr(db, way)() as tx:
        assert tx.scalar(select(1)) == 1
    other.close()
    db.close()


def test_asking_leaves_the_next_transaction_as_it_was(make_database: MakeDatabase) -> None:
    db = Database.open(make_database("postgres"))
    with db.ask() as tx:
        assert tx.scalar(select(1)) == 1
    with db.read() as tx:
        assert tx.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    with db.begin() as tx:
        assert tx.scalar(text("SHOW transaction_read_only")) == "off"
    db.close()
