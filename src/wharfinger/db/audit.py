"""The audit log's events, to be looked for. Nothing here decides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, true, union_all

from wharfinger.db.access import below
from wharfinger.db.tables.audit import audit, audit_digests
from wharfinger.db.tables.places import namespaces

Condition = tuple[str, Sequence[Any]]  # a column that has an index, and the values that it may have


def page(
    tx: Connection,
    conditions: Sequence[Condition],
    *,
    numbers: tuple[int, int | None],
    times: tuple[datetime | None, datetime | None],
    limit: int,
) -> Sequence[int]:
    """Numbers of events that meet all conditions, between two numbers and two times, newest first.

    They are looked for by the index of the first condition; the others are kept from being searched by. Otherwise a
    database that guesses may read millions of events that meet one in search of a few that meet both.
    """
    low, high = numbers
    since, until = times
    wanted = [audit.c.number >= low, *([audit.c.number <= high] if high is not None else [])]
    wanted += [*([audit.c.at >= since] if since else []), *([audit.c.at < until] if until else [])]
    wanted += [_met(condition, by_index=False) for condition in conditions[1:]]
    found = select(audit.c.number).where(*wanted)
    if not conditions or len(conditions[0][1]) == 1:
        found = found.where(*(_met(condition, by_index=True) for condition in conditions[:1]))
        return tx.scalars(found.order_by(audit.c.number.desc()).limit(limit)).all()
    newest = _each(tx, conditions[0], found.order_by(audit.c.number.desc()), limit).subquery()
    found = select(newest.c.number).where(newest.c.number.is_not(None))
    return tx.scalars(found.order_by(newest.c.number.desc()).limit(limit)).all()


def count(tx: Connection, condition: Condition, numbers: tuple[int, int], most: int) -> int:
    """How many events between two numbers meet a condition, about `most` of them counted, by its index alone."""
    here = select(audit.c.number).where(audit.c.number >= numbers[0], audit.c.number <= numbers[1])
    some = _each(tx, condition, here, most // len(condition[1]) + 1).limit(most + len(condition[1])).subquery()
    return tx.scalar(select(func.count(some.c.number))) or 0


def _each(tx: Connection, condition: Condition, found: Select[Any], limit: int) -> Select[Any]:
    """Of these events those that meet a condition; of many groups, on PostgreSQL, `limit` at most of each.

    Both databases would rather read all events than look for those of many groups. Here they are told to look group by
    group: by a lateral query, and where there are none by a join that keeps its order, with a null for an empty group.
    """
    name, values = condition
    if len(values) == 1:
        return found.order_by(None).where(_met(condition, by_index=True))
    here = audit.c[name] == namespaces.c.id
    if tx.dialect.name == "postgresql":
        of_one = found.where(here).limit(limit).correlate(namespaces).lateral()
        joined, number = namespaces.join(of_one, true()), of_one.c.number
    else:
        met = found.whereclause
        joined, number = namespaces.outerjoin(audit, here if met is None else and_(here, met)), audit.c.number
    return select(number).select_from(joined).where(namespaces.c.id.in_(values))


def _met(condition: Condition, *, by_index: bool) -> ColumnElement[bool]:
    name, values = condition
    column: Any = audit.c[name]
    if not by_index:
        column = column + (0 if isinstance(values[0], int) else "")
    return column == values[0] if len(values) == 1 else column.in_(values)  # type: ignore[no-any-return]


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
