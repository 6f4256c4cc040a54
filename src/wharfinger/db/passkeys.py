"""Passkeys of people, and the challenges that were answered: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from wharfinger.db.tables.people import users
from wharfinger.db.tables.sessions import passkeys, spent_challenges
from wharfinger.db.upsert import insert


def of_user(tx: Connection, user: int) -> Sequence[Row[Any]]:
    """A person's passkeys, oldest first."""
    return tx.execute(select(*passkeys.c).where(passkeys.c.user_id == user).order_by(passkeys.c.id)).all()


def of_credential(tx: Connection, credential: bytes) -> Row[Any] | None:
    """The passkey that a device calls so, with its owner's `username`."""
    found: Select[Any] = select(*passkeys.c, users.c.username).join(users, users.c.id == passkeys.c.user_id)
    return tx.execute(found.where(passkeys.c.credential == credential)).first()


def count(tx: Connection, user: int) -> int:
    """How many a person has."""
    return tx.scalar(select(func.count()).select_from(passkeys).where(passkeys.c.user_id == user)) or 0


def add(tx: Connection, **values: Any) -> bool:
    """Keep a new one; False where a device's key of this name is somebody's already."""
    made = insert(tx, passkeys).values(values).on_conflict_do_nothing().returning(passkeys.c.id)
    return tx.scalar(made) is not None


def used(tx: Connection, id_: int, before: int, after: int, now: datetime) -> bool:
    """It was shown, and its counter went from `before` to `after`; False where somebody was faster."""
    here = (passkeys.c.id == id_) & (passkeys.c.sign_count == before)
    return tx.execute(update(passkeys).where(here).values(sign_count=after, used_at=now)).rowcount > 0


def remove(tx: Connection, user: int, id_: int) -> str | None:
    """Forget one of this person's; its name, or None if there was none."""
    here = (passkeys.c.id == id_) & (passkeys.c.user_id == user)
    return tx.scalar(delete(passkeys).where(here).returning(passkeys.c.name))


def spend(tx: Connection, challenge_hash: str, ends: datetime) -> bool:
    """Note that a challenge was answered; False if that was noted before."""
    row = {"challenge_hash": challenge_hash, "expires_at": ends}
    made = insert(tx, spent_challenges).values(row).on_conflict_do_nothing()
    return tx.execute(made.returning(spent_challenges.c.challenge_hash)).first() is not None


def forget_spent(tx: Connection, now: datetime) -> None:
    """Forget challenges whose time is over."""
    tx.execute(delete(spent_challenges).where(spent_challenges.c.expires_at <= now))
