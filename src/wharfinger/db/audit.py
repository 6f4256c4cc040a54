"""The audit log's events, to be looked for. Nothing here decides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache, reduce
from operator import add
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, true, union_all

from wharfinger.db import many
from wharfinger.db.access import below
from wharfinger.db.containing import containing
from wharfinger.db.tables.audit import audit, audit_digests
from wharfinger.db.tables.places import namespaces

_PATH: Final[Any] = audit.c.path + ""  # looked at, and not searched by
_NAMES: Final[tuple[Any, ...]] = (audit.c.path, audit.c.actor, audit.c.credential, audit.c.kind, audit.c.address)
# In these, as in what the event tells itself, a name stands in quotes.
_TOLD: Final[Any] = reduce(add, ('"' + name + '" ' for name in _NAMES)) + audit.c.about

Times = tuple[datetime | None, datetime | None]  # from when on, and before when
Condition = tuple[str, Sequence[Any]]  # a column that has an index, and the values that it may have


def page(
    tx: Connection,
    conditions: Sequence[Condition],
    *,
    numbers: tuple[int, int | None],
    times: Times,
    limit: int,
) -> Sequence[int]:
    """Numbers of events that meet all conditions, between two numbers and two times, newest first.

    They are looked for by the index of the first condition; the others are kept from being searched by. Otherwise a
    database that guesses may read millions of events that meet one in search of a few that meet both.
    """
    low, high = numbers
    wanted = [audit.c.number >= low, *([audit.c.number <= high] if high is not None else []), *_within(times)]
    wanted += [_met(condition, by_index=False) for condition in conditions[1:]]
    found = select(audit.c.number).where(*wanted)
    if not conditions or len(conditions[0][1]) == 1:
        found = found.where(*(_met(condition, by_index=True) for condition in conditions[:1]))
        return tx.scalars(found.order_by(audit.c.number.desc()).limit(limit)).all()
    newest = _each(tx, conditions[0], found.order_by(audit.c.number.desc()), limit).subquery()
    found = select(newest.c.number).where(newest.c.number.is_not(None))
    return tx.scalars(found.order_by(newest.c.number.desc()).limit(limit)).all()


def counts(tx: Connection, conditions: Sequence[Condition], numbers: tuple[int, int], most: int) -> list[int]:
    """How many events between two numbers meet each condition, about `most` of them counted, by its index alone."""
    here = select(audit.c.number).where(audit.c.number >= numbers[0], audit.c.number <= numbers[1])
    return list(tx.execute(select(*(_counted(tx, each, here, most) for each in conditions))).one())


def _counted(tx: Connection, condition: Condition, here: Select[Any], most: int) -> ColumnElement[int]:
    several = len(condition[1])
    some = _each(tx, condition, here, most // several + 1).limit(most + several).subquery()
    return select(func.count(some.c.number)).scalar_subquery()


def at_path(tx: Connection, path: str, most: int) -> list[int]:
    """Numbers of events at this path and below it, in no order: so many of them at most."""
    places = (audit.c.path == path, below(audit.c.path, path))
    found = union_all(*(select(select(audit.c.number).where(each).limit(most).subquery()) for each in places))
    return list(tx.scalars(found.limit(most)))


def telling(
    tx: Connection,
    numbers: Sequence[int],
    conditions: Sequence[Condition],
    *,
    words: Collection[str],
    path: str,
    times: Times,
    limit: int,
) -> Sequence[int]:
    """Those of these events, newest first, that meet all conditions and have each word in what they tell.

    A word in quotes is all of a name. `path` is where they happened, or above that; "" is anywhere. Each of these
    events is looked at; a range of them, newest first, is told by its ends.
    """
    if not numbers:
        return []
    wanted = [_among(numbers), *_within(times), *(_met(condition, by_index=False) for condition in conditions)]
    wanted += [or_(path == _PATH, below(_PATH, path))] if path else []
    wanted += [containing(_TOLD, word) for word in words]
    found = select(audit.c.number).where(*wanted).order_by(audit.c.number.desc())
    return tx.scalars(found.limit(limit)).all()


def _among(numbers: Sequence[int]) -> ColumnElement[bool]:
    if isinstance(numbers, range):
        return audit.c.number.between(numbers[-1], numbers[0])
    return many.among(audit.c.number, numbers)


def _within(times: Times) -> list[ColumnElement[bool]]:
    since, until = times
    return [*([audit.c.at >= since] if since else []), *([audit.c.at < until] if until else [])]


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
    return select(number).select_from(joined).where(many.among(namespaces.c.id, values))


def _met(condition: Condition, *, by_index: bool) -> ColumnElement[bool]:
    name, values = condition
    column: Any = audit.c[name]
    if not by_index:
        column = column + (0 if isinstance(values[0], int) else "")
    return column == values[0] if len(values) == 1 else many.among(column, values)


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
