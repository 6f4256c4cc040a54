"""Bringing a database to the present tables.

A migration is one transaction: it happens in full or not at all, on SQLite too. Processes that start together take
turns, and all but the first find nothing left to do.
"""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from wharfinger.db.engine import Database
from wharfinger.db.revision import MIGRATIONS, SchemaUnknown

_TURN: Final = 0x7768_6172  # any number, the same in every process


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at this URL to the newest revision, or to an older one. Raises SchemaUnknown."""
    db = Database.open(url)
    try:
        with db.begin() as tx:
            _take_turn(tx)
            config = _config()
            config.attributes["connection"] = tx
            command.upgrade(config, revision)
    except CommandError as error:
        raise SchemaUnknown(
            f"the database was migrated by another version of Wharfinger ({error}): run a version at least as new as "
            "that one, or restore the backup made before"
        ) from error
    finally:
        db.close()


def _config() -> Config:
    config = Config()
    # Alembic reads % as the start of a variable, and a folder may have one in its name.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _take_turn(tx: Connection) -> None:
    """One at a time: SQLite's write transactions are that already."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
