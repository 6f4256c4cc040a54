"""What happened: the statements. Nothing here decides."""

from datetime import UTC
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from wharfinger.db.tables.audit import audit
from wharfinger.db.tables.work import events
from wharfinger.db.upsert import Upsert

_COLUMNS: Final = (
    "at",
    "kind",
    "actor",
    "user_id",
    "credential",
    "address",
    "namespace_id",
    "project_id",
    "path",
    "about",
)
_ADD: Final = Upsert(events, lambda insert: insert)
_ADD_IN_SQLITE: Final = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


def add(tx: Connection, row: dict[str, Any]) -> None:
    """Write down that something happened. Every push does: on SQLite the driver itself, for a quarter of the time."""
    if tx.dialect.name != "sqlite":
        tx.execute(_ADD.on(tx), row)
        return
    at = row["at"].astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")]
    driver: Any = tx.connection.dbapi_connection
    driver.execute(_ADD_IN_SQLITE, (at, *(row[name] for name in _COLUMNS[1:])))


def by_number(tx: Connection, number: int) -> Row[Any] | None:
    """All columns of an event of the audit log, unless it is too old to be kept."""
    return tx.execute(select(audit).where(audit.c.number == number)).first()
