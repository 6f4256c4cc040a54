"""Sessions of people in a browser: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, or_, select, update

from wharfinger.db.tables.people import users
from wharfinger.db.tables.sessions import sessions

_OF_SECRET: Final[Select[Any]] = (
    select(*sessions.c, users.c.username, users.c.name, users.c.admin, users.c.blocked, users.c.password_once)
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.secret_hash == bindparam("hash"))
)


def of_secret(tx: Connection, secret_hash: str) -> Row[Any] | None:
    """The session with this hash and its user's username, name, admin, blocked and password_once."""
    return tx.execute(_OF_SECRET, {"hash": secret_hash}).first()


def of_user(tx: Connection, user: int, now: datetime, seen_after: datetime) -> Sequence[Row[Any]]:
    """A person's sessions that are not over, last seen first."""
    going = (sessions.c.expires_at > now) & (sessions.c.seen_at > seen_after)
    found: Select[Any] = select(*sessions.c).where(sessions.c.user_id == user, going)
    return tx.execute(found.order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())).all()


def add(tx: Connection, **values: Any) -> int:
    """Keep a new session; returns its id."""
    return int(tx.execute(insert(sessions).values(values).returning(sessions.c.id)).scalar_one())


def seen(tx: Connection, session: int, now: datetime) -> None:
    """Somebody came with this session."""
    tx.execute(update(sessions).where(sessions.c.id == session).values(seen_at=now))


def remove(tx: Connection, user: int, session: int) -> bool:
    """End a session of this user; False if there was none."""
    return tx.execute(delete(sessions).where(sessions.c.id == session, sessions.c.user_id == user)).rowcount > 0


def remove_others(tx: Connection, user: int, kept: int | None) -> int:
    """End every session of this user but one; how many."""
    others = sessions.c.user_id == user
    if kept is not None:
        others &= sessions.c.id != kept
    return tx.execute(delete(sessions).where(others)).rowcount


def remove_over(tx: Connection, now: datetime, seen_before: datetime) -> None:
    """Forget those whose time is over."""
    tx.execute(delete(sessions).where(or_(sessions.c.expires_at <= now, sessions.c.seen_at <= seen_before)))
