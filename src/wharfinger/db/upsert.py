"""INSERT … ON CONFLICT in the words of the database at hand.

Building a statement costs several times what running it does, so those of the hot paths are made once, for both
databases: `Upsert`. Others say `insert(tx, table)`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


class Upsert:
    """An insert into a table that `finish` completes with `on_conflict_do_nothing` or `on_conflict_do_update`."""

    def __init__(self, table: Table, finish: Callable[[Any], Any]) -> None:
        self._by_dialect: Mapping[str, Any] = {
            "sqlite": finish(sqlite.insert(table)),
            "postgresql": finish(postgresql.insert(table)),
        }

    def on(self, tx: Connection) -> Any:
        """The statement for the database of this transaction; rows are given when it is run."""
        return self._by_dialect[tx.dialect.name]


def once(table: Table) -> Upsert:
    """An insert that leaves what is there already."""
    return Upsert(table, lambda insert: insert.on_conflict_do_nothing())


def insert(tx: Connection, table: Table) -> Any:
    """An insert that knows `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(table)
