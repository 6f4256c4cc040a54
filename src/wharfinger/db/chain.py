"""The audit log's chain: events on their way into it, seals, anchors. Nothing here decides."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, select, text

from wharfinger.db.tables.audit import audit, audit_anchors, audit_digests, audit_seals
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.work import events

_TURN: Final = 0x77686673  # "whfs", a lock that is only ours
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


def take_turn(tx: Connection) -> None:
    """Links are made and dropped one at a time."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def anything_waits(tx: Connection) -> bool:
    """Is there an event that is not sealed yet?"""
    return bool(tx.scalar(select(exists().where(events.c.id.is_not(None)))))


def waiting(tx: Connection) -> int:
    """How many events are not sealed yet."""
    return tx.scalar(select(func.count()).select_from(events)) or 0


def unsealed(tx: Connection, limit: int) -> Sequence[Row[Any]]:
    """Events that are not sealed yet, oldest first."""
    return tx.execute(select(events).order_by(events.c.id).limit(limit)).all()


def namespaces_of(tx: Connection, ids: Collection[int]) -> dict[int, int]:
    """The namespaces these projects are in, by their id."""
    found = select(projects.c.id, projects.c.namespace_id).where(projects.c.id.in_(ids))
    return {row.id: row.namespace_id for row in tx.execute(found)} if ids else {}


def keep(
    tx: Connection, rows: Sequence[dict[str, Any]], seal: dict[str, Any], marks: Sequence[tuple[int, int]]
) -> None:
    """Put events into the log, with the seal over them and (mark, number) of the digests they are about."""
    tx.execute(insert(audit), rows)
    tx.execute(insert(audit_seals), seal)
    if marks:
        tx.execute(insert(audit_digests), [{"mark": mark, "number": number} for mark, number in marks])


def take_away(tx: Connection, ids: Sequence[int]) -> None:
    """These events are in the log now."""
    tx.execute(delete(events).where(events.c.id.in_(ids)))


def last_seal(tx: Connection) -> Row[Any] | None:
    """The newest link."""
    return tx.execute(select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1)).first()


def last_anchor(tx: Connection) -> Row[Any] | None:
    """What stands for the newest of the months that were dropped."""
    return tx.execute(select(audit_anchors).order_by(audit_anchors.c.last_seal.desc()).limit(1)).first()


def anchors(tx: Connection) -> Sequence[Row[Any]]:
    """What stands for the months that were dropped, oldest first."""
    return tx.execute(select(audit_anchors).order_by(audit_anchors.c.last_seal)).all()


def seals(tx: Connection, after: int, limit: int) -> Sequence[Row[Any]]:
    """Links after this one, in order."""
    found: Select[Any] = select(audit_seals).where(audit_seals.c.number > after)
    return tx.execute(found.order_by(audit_seals.c.number).limit(limit)).all()


def entries(tx: Connection, after: int, until: int) -> Sequence[Row[Any]]:
    """Events of the log with numbers after this one, until that one included, in order."""
    here = and_(audit.c.number > after, audit.c.number <= until)
    found: Select[Any] = select(audit).where(here).order_by(audit.c.number)
    return tx.execute(found).all()


def last_number(tx: Connection) -> int:
    """The number of the newest event of the log; 0 where there is none."""
    return tx.scalar(select(func.max(audit.c.number))) or 0


def last_before(tx: Connection, before: datetime) -> Row[Any]:
    """The last link made before this moment, where there is one."""
    found: Select[Any] = select(audit_seals).where(audit_seals.c.at < before)
    return tx.execute(found.order_by(audit_seals.c.at.desc(), audit_seals.c.number.desc()).limit(1)).one()


def add_anchor(tx: Connection, row: dict[str, Any]) -> None:
    """Let a row stand for a month that goes."""
    tx.execute(insert(audit_anchors), row)


def left_over(tx: Connection, until: int, limit: int) -> Sequence[Row[Any]]:
    """number and about of events that an anchor stands for already, until this number, some of them."""
    found: Select[Any] = select(audit.c.number, audit.c.about)
    found = found.where(audit.c.number <= until).order_by(audit.c.number)
    return tx.execute(found.limit(limit)).all()


def drop(tx: Connection, until: int, marks: Sequence[tuple[int, int]]) -> None:
    """Remove events until this number, and what finds them by these marks."""
    for mark, number in marks:
        tx.execute(delete(audit_digests).where(audit_digests.c.mark == mark, audit_digests.c.number == number))
    tx.execute(delete(audit).where(audit.c.number <= until))


def drop_seals(tx: Connection, until: int, limit: int) -> int:
    """Remove links until this one, at most `limit`; how many."""
    some = select(audit_seals.c.number).where(audit_seals.c.number <= until).order_by(audit_seals.c.number)
    return tx.execute(delete(audit_seals).where(audit_seals.c.number.in_(some.limit(limit)))).rowcount


def bounds(tx: Connection, since: datetime | None, until: datetime | None, late: timedelta) -> tuple[int, int | None]:
    """Between which numbers all events from `since` on and before `until` are; None is the end.

    A link is never older than its events, and at most `late` younger unless it says so itself.
    """
    low, high = 1, None
    if since is not None:
        first = select(audit_seals.c.first_number).where(audit_seals.c.at >= since).order_by(audit_seals.c.at)
        low = tx.scalar(first.limit(1)) or last_number(tx) + 1
    if until is not None:
        until = min(until, _LAST_MOMENT - late)
        usual = select(audit_seals.c.last_number).where(audit_seals.c.at < until + late)
        delayed = select(audit_seals.c.last_number).where(audit_seals.c.late, audit_seals.c.first_at < until)
        ends = (
            tx.scalar(usual.order_by(audit_seals.c.at.desc(), audit_seals.c.number.desc()).limit(1)),
            tx.scalar(delayed.order_by(audit_seals.c.number.desc()).limit(1)),
        )
        high = max((end for end in ends if end is not None), default=0)
    return low, high
