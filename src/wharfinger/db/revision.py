"""Where a database stands among the migrations. Every command asks, and most need nothing else of them."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Select, column, inspect, select, table

from wharfinger.db.engine import Database

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_STANDS: Final[Select[Any]] = select(column("version_num")).select_from(table("alembic_version"))


class SchemaUnknown(RuntimeError):
    """The database is at a revision that this version of Wharfinger does not have."""


def current(url: str) -> str | None:
    """The revision the database is at; None if it was never migrated."""
    db = Database.open(url)
    try:
        with db.read() as tx:
            found: str | None = tx.scalar(_STANDS) if inspect(tx).has_table("alembic_version") else None
            return found
    finally:
        db.close()


def head() -> str:
    """The newest revision of this version of Wharfinger: a migration's file is called by its number and a word."""
    files = [file.name for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")]
    if not files:
        raise SchemaUnknown("this installation has no migrations: install Wharfinger again")
    return max(files).partition("_")[0]
