"""Users: the statements. Nothing here decides."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, select, update

from wharfinger.db.tables.people import users
from wharfinger.db.upsert import insert


def at(tx: Connection, username: str) -> Row[Any] | None:
    """Every column of the user of this name."""
    return tx.execute(select(*users.c).where(users.c.username == username)).first()


def by_id(tx: Connection, user: int) -> Row[Any] | None:
    """Every column of this user."""
    return tx.execute(select(*users.c).where(users.c.id == user)).first()


def add(tx: Connection, *, username: str, name: str, now: datetime, **values: Any) -> int | None:
    """Make a user; None if the name is taken."""
    row = {"username": username, "name": name, "created_at": now, **values}
    made: int | None = tx.scalar(insert(tx, users).values(row).on_conflict_do_nothing().returning(users.c.id))
    return made


def change(tx: Connection, user: int, **values: Any) -> None:
    """Set columns of a user."""
    tx.execute(update(users).where(users.c.id == user).values(values))


def remove(tx: Connection, user: int) -> None:
    """Delete a user, with memberships, credentials and an empty personal namespace."""
    tx.execute(delete(users).where(users.c.id == user))


def any_people(tx: Connection) -> bool:
    """Is there anybody yet?"""
    return bool(tx.scalar(select(exists().where(users.c.bot.is_(False)))))


def other_admins(tx: Connection, user: int) -> bool:
    """Is there an administrator who can sign in, besides this user?"""
    others = users.c.admin.is_(True) & users.c.blocked.is_(False) & (users.c.id != user)
    return bool(tx.scalar(select(exists().where(others))))
