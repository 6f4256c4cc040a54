"""Accounts at an identity provider: the statements. Nothing here decides."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from wharfinger.db.tables.sessions import identities
from wharfinger.db.upsert import insert


def user_of(tx: Connection, issuer: str, subject: str) -> int | None:
    """The user that this account is connected with."""
    found = (identities.c.issuer == issuer) & (identities.c.subject == subject)
    return tx.scalar(select(identities.c.user_id).where(found))


def connect(tx: Connection, user: int, issuer: str, subject: str, now: datetime) -> bool:
    """Connect an account with a user; False if it is somebody's already."""
    row = {"user_id": user, "issuer": issuer, "subject": subject, "created_at": now}
    made = tx.scalar(insert(tx, identities).values(row).on_conflict_do_nothing().returning(identities.c.id))
    return made is not None


def has_any(tx: Connection, user: int, issuer: str) -> bool:
    """Is an account at this provider connected with the user?"""
    found = (identities.c.user_id == user) & (identities.c.issuer == issuer)
    return tx.scalar(select(identities.c.id).where(found).limit(1)) is not None


def disconnect(tx: Connection, user: int, issuer: str) -> bool:
    """Let the provider sign in as this user no longer; False if it did not before."""
    own = (identities.c.user_id == user) & (identities.c.issuer == issuer)
    return tx.execute(delete(identities).where(own)).rowcount > 0
