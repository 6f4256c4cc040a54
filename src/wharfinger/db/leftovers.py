"""What nobody needs any more, and whose turn it is to clear it away: the statements."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select

from wharfinger.db.tables.people import credentials, login_failures, users
from wharfinger.db.tables.work import duties
from wharfinger.db.upsert import insert


def planned(tx: Connection) -> dict[str, datetime]:
    """When each duty is due again."""
    return {row.name: row.due_at for row in tx.execute(select(duties.c.name, duties.c.due_at))}


def take_turn(tx: Connection, duty: str, now: datetime, *, next_at: datetime, farthest: datetime) -> bool:
    """Is a duty due, or planned for later than the farthest moment? Then the caller has it, and nobody else until

    `next_at`.
    """
    mine = or_(duties.c.due_at <= now, duties.c.due_at > farthest)
    taken = (
        insert(tx, duties)
        .values(name=duty, due_at=next_at)
        .on_conflict_do_update(index_elements=["name"], set_={"due_at": next_at}, where=mine)
        .returning(duties.c.name)
    )
    return tx.execute(taken).first() is not None


def forget_login_failures(tx: Connection, before: datetime) -> int:
    """Remove failed logins that count no more; how many."""
    return tx.execute(delete(login_failures).where(login_failures.c.failed_at < before)).rowcount


def forget_credentials(tx: Connection, before: datetime, kinds: Sequence[str]) -> int:
    """Remove credentials of these kinds that ended before this moment; how many."""
    ended = or_(credentials.c.expires_at < before, credentials.c.revoked_at < before)
    return tx.execute(delete(credentials).where(credentials.c.kind.in_(kinds), ended)).rowcount


def forget_bots(tx: Connection) -> int:
    """Remove the users that acted for a token which is gone; how many."""
    holds = exists().where(credentials.c.user_id == users.c.id)
    return tx.execute(delete(users).where(users.c.bot, ~holds)).rowcount
