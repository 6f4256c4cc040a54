"""Which failures of a database pass, by themselves or once its operator has made room, and which are of two who change
the same at the same moment: the drivers' own codes."""

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
_SQLITE_CROSSED: Final = frozenset(
    (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
)
_POSTGRES_CROSSED: Final = frozenset(("23503", "23505", "40001", "40P01"))  # gone, there, changed, in each other's way


def crossed(error: Exception) -> bool:
    """Did somebody else remove, make or change at the same moment what the statement relied on?"""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", 0) in _SQLITE_CROSSED
    return isinstance(origin, psycopg.Error) and origin.sqlstate in _POSTGRES_CROSSED


def words(error: Exception) -> str:
    """What the database said, in one line: the others show the statement, or guess."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(origin).strip().partition("\n")[0]


def unreachable(error: DBAPIError) -> bool:
    """Did PostgreSQL not let us in? The driver has no code for it, as no statement failed."""
    return isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None


def forbidden(error: DBAPIError) -> bool:
    """Has PostgreSQL's user too few rights?"""
    return isinstance(error.orig, psycopg.errors.InsufficientPrivilege)


def passing(error: Exception) -> str:
    """What is the matter ("is full"), where an error is such a failure; else nothing."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return _SQLITE.get(getattr(origin, "sqlite_errorcode", 0) & _PRIMARY, "")
    if isinstance(origin, psycopg.Error):
        known = _POSTGRES.get(origin.sqlstate or "", "")
        return known or ("is out of reach" if isinstance(origin, psycopg.OperationalError) else "")
    return ""
