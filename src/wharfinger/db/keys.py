"""Signing keys, sealed: the statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from wharfinger.db.tables.people import signing_keys


def usable(tx: Connection, retired_after: datetime) -> Sequence[Row[Any]]:
    """kid, sealed, created_at and retired_at of keys in use and of those retired after this, newest first."""
    listed = or_(signing_keys.c.retired_at.is_(None), signing_keys.c.retired_at > retired_after)
    newest_first = (signing_keys.c.created_at.desc(), signing_keys.c.kid)
    return tx.execute(select(*signing_keys.c).where(listed).order_by(*newest_first)).all()


def add(tx: Connection, kid: str, sealed: bytes, now: datetime) -> None:
    """Keep a new key."""
    tx.execute(insert(signing_keys).values(kid=kid, sealed=sealed, created_at=now))


def retire_others(tx: Connection, kid: str, now: datetime) -> None:
    """Let all keys but this one sign no more."""
    others = (signing_keys.c.kid != kid) & signing_keys.c.retired_at.is_(None)
    tx.execute(update(signing_keys).where(others).values(retired_at=now))


def forget_retired(tx: Connection, before: datetime) -> int:
    """Remove keys that were retired at this moment or before; how many."""
    return tx.execute(delete(signing_keys).where(signing_keys.c.retired_at <= before)).rowcount
