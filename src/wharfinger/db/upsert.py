"""INSERT … ON CONFLICT in the words of the database at hand."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(tx: Connection, table: Table) -> Any:
    """An insert that knows `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(table)
