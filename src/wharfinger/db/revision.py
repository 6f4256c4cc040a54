"""Where a database stands among the migrations. Every command asks, and most need nothing else of them."""

from enum import Enum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Select, column, inspect, select, table

from wharfinger.db.engine import Database

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_STANDS: Final[Select[Any]] = select(column("version_num")).select_from(table("alembic_version"))


class SchemaUnknown(RuntimeError):
    """The database is at a revision that this version of Wharfinger does not have."""


class Standing(Enum):
    """How a database stands to this version of Wharfinger; the value says so, and what to do."""

    PRESENT = ""
    EMPTY = "the database has no tables of Wharfinger yet: if it is the right one, `wharfinger migrate` makes them"
    BEHIND = (
        "the database is behind this version of Wharfinger: back it up (with the version that ran, or by the "
        "database's own means), then run `wharfinger migrate`"
    )
    AHEAD = "the database is of a newer version of Wharfinger: run that one, or restore the backup made before"


def current(url: str) -> str | None:
    """The revision the database is at; None if it was never migrated."""
    db = Database.open(url)
    try:
        with db.read() as tx:
            found: str | None = tx.scalar(_STANDS) if inspect(tx).has_table("alembic_version") else None
            return found
    finally:
        db.close()


def standing(url: str) -> Standing:
    """How the database stands to this version."""
    found, known = current(url), _known()
    if found is None:
        return Standing.EMPTY
    if found not in known:
        return Standing.AHEAD
    return Standing.PRESENT if found == max(known) else Standing.BEHIND


def head() -> str:
    """The newest revision of this version of Wharfinger."""
    return max(_known())


def _known() -> set[str]:
    """All revisions of this version: a migration's file is called by its number and a word."""
    found = {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")}
    if not found:
        raise SchemaUnknown("this installation has no migrations: install Wharfinger again")
    return found
