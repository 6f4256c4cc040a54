"""Second factors and recovery codes: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from wharfinger.db.tables.sessions import recovery_codes, second_factors


def of_user(tx: Connection, user: int) -> Row[Any] | None:
    """Every column of a user's second factor, confirmed or not."""
    return tx.execute(select(*second_factors.c).where(second_factors.c.user_id == user)).first()


def put(tx: Connection, user: int, sealed: bytes, now: datetime) -> None:
    """A new one, not confirmed yet, in place of what there was."""
    remove(tx, user)
    tx.execute(insert(second_factors).values(user_id=user, sealed=sealed, last_step=0, created_at=now))


def confirm(tx: Connection, user: int, now: datetime) -> None:
    """Its owner has shown a first code."""
    tx.execute(update(second_factors).where(second_factors.c.user_id == user).values(confirmed_at=now))


def take_step(tx: Connection, user: int, step: int) -> bool:
    """Use up the code of this step and of all before; False if that has happened already."""
    fresh = (second_factors.c.user_id == user) & (second_factors.c.last_step < step)
    return tx.execute(update(second_factors).where(fresh).values(last_step=step)).rowcount > 0


def remove(tx: Connection, user: int) -> None:
    """Forget it, and the recovery codes with it."""
    for table in (second_factors, recovery_codes):
        tx.execute(delete(table).where(table.c.user_id == user))


def put_codes(tx: Connection, user: int, hashes: Sequence[str]) -> None:
    """New recovery codes in place of what there were."""
    tx.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user))
    tx.execute(insert(recovery_codes), [{"user_id": user, "code_hash": one} for one in hashes])


def take_code(tx: Connection, user: int, code_hash: str) -> bool:
    """Use up a recovery code; False if there is none such."""
    found = (recovery_codes.c.user_id == user) & (recovery_codes.c.code_hash == code_hash)
    return tx.execute(delete(recovery_codes).where(found)).rowcount > 0


def count_codes(tx: Connection, user: int) -> int:
    """How many recovery codes are left."""
    return int(tx.scalar(select(func.count()).where(recovery_codes.c.user_id == user)) or 0)
