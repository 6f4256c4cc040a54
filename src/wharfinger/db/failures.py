"""Which failures of a database pass, by themselves or once its operator has made room: the drivers' own codes."""

import sqlite3
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

_SQLITE: Final = {
    sqlite3.SQLITE_FULL: "is full",
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_IOERR: "is failing",
    sqlite3.SQLITE_CANTOPEN: "is out of reach",
    sqlite3.SQLITE_BUSY: "is busy",
}
_PRIMARY: Final = 0xFF  # an extended code says more in its upper bits
_POSTGRES: Final = {"53100": "is full", "25006": "is read-only"}


def passing(error: Exception) -> str:
    """What is the matter ("is full"), where an error is such a failure; else nothing."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return _SQLITE.get(getattr(origin, "sqlite_errorcode", 0) & _PRIMARY, "")
    if isinstance(origin, psycopg.Error):
        known = _POSTGRES.get(origin.sqlstate or "", "")
        return known or ("is out of reach" if isinstance(origin, psycopg.OperationalError) else "")
    return ""
