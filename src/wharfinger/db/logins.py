"""Failed logins, counted for all processes: the statements."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from wharfinger.db.tables.people import login_failures


def latest(tx: Connection, key: str, since: datetime, limit: int) -> Sequence[datetime]:
    """When logins under this key failed after `since`: the latest, at most `limit`."""
    failed = select(login_failures.c.failed_at).where(login_failures.c.key == key, login_failures.c.failed_at > since)
    return tx.scalars(failed.order_by(login_failures.c.failed_at.desc()).limit(limit)).all()


def record(tx: Connection, keys: Sequence[str], now: datetime, forget_before: datetime) -> None:
    """Count a failure under each key, and let go of those that are too old to count for any."""
    tx.execute(delete(login_failures).where(login_failures.c.failed_at < forget_before))
    tx.execute(insert(login_failures), [{"key": key, "failed_at": now} for key in keys])
