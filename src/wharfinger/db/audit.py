"""The audit log's events, to be looked for. Nothing here decides."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, or_, select, union_all

from wharfinger.db.access import below
from wharfinger.db.tables.audit import audit, audit_digests
from wharfinger.db.tables.places import namespaces


def page(
    tx: Connection,
    equal: Mapping[str, Any],
    *,
    numbers: tuple[int, int | None],
    times: tuple[datetime | None, datetime | None],
    limit: int,
) -> Sequence[int]:
    """Numbers of events whose columns are `equal` to these values, between two numbers and two times, newest first."""
    low, high = numbers
    since, until = times
    conditions: list[ColumnElement[bool]] = [audit.c[name] == value for name, value in equal.items()]
    conditions += [audit.c.number >= low, *([audit.c.number <= high] if high is not None else [])]
    conditions += [*([audit.c.at >= since] if since else []), *([audit.c.at < until] if until else [])]
    found = select(audit.c.number).where(*conditions).order_by(audit.c.number.desc()).limit(limit)
    return tx.scalars(found).all()


def events(tx: Connection, numbers: Sequence[int]) -> Sequence[Row[Any]]:
    """The events of these numbers, newest first."""
    found: Select[Any] = select(audit).where(audit.c.number.in_(numbers)).order_by(audit.c.number.desc())
    return tx.execute(found).all()


def about_digest(tx: Connection, mark: int, project: int, low: int, limit: int) -> Sequence[Row[Any]]:
    """Events of a project about digests with this mark, newest first."""
    marked = audit_digests.join(audit, audit.c.number == audit_digests.c.number)
    here = (audit_digests.c.mark == mark) & (audit_digests.c.number >= low) & (audit.c.project_id == project)
    found: Select[Any] = select(audit).select_from(marked).where(here)
    return tx.execute(found.order_by(audit_digests.c.number.desc()).limit(limit)).all()


def of_kind_about(
    tx: Connection, kind: str, marks: Collection[int], project: int, low: int, *, each: int
) -> Sequence[Row[Any]]:
    """Events of this kind in a project about digests with these marks, newest first; of the newest `each` about one."""
    if not marks:
        return []
    values: dict[str, Any] = {f"mark{place}": mark for place, mark in enumerate(sorted(marks))}
    about = {"kind": kind, "project": project, "low": low, "each": each}
    return tx.execute(_of_kind_about(len(marks)), values | about).all()


@cache
def _of_kind_about(marks: int) -> Select[Any]:
    """Made once for each number of marks: making it takes longer than asking."""
    newest = (
        select(audit_digests.c.number)
        .where(audit_digests.c.mark == bindparam(f"mark{place}"), audit_digests.c.number >= bindparam("low"))
        .order_by(audit_digests.c.number.desc())
        .limit(bindparam("each"))
        .subquery()
        for place in range(marks)
    )
    numbers = union_all(*(select(found.c.number) for found in newest)).subquery()
    here = (audit.c.project_id == bindparam("project")) & (audit.c.kind == bindparam("kind"))
    found: Select[Any] = select(audit).where(audit.c.number.in_(select(numbers.c.number)), here)
    return found.order_by(audit.c.number.desc())


def namespaces_below(tx: Connection, path: str) -> list[int]:
    """The ids of the group at this path and of all below it."""
    here = or_(namespaces.c.path == path, below(namespaces.c.path, path))
    return list(tx.scalars(select(namespaces.c.id).where(here)))
