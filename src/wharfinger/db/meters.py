"""The meters of places: made with them, moved with them, added up. Nothing here decides.

A place's meter counts what the repositories below it hold. When the place moves, what it counts is taken from the
meters it was below and given to those it comes below, blob by blob, with all its holders.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)

from wharfinger.db import answers
from wharfinger.db.access import below
from wharfinger.db.many import among
from wharfinger.db.tables.columns import ID
from wharfinger.db.tables.images import blobs, repositories
from wharfinger.db.tables.places import namespaces, projects
from wharfinger.db.tables.usage import meter_blobs, meter_changes, meters, project_meters
from wharfinger.db.upsert import Upsert, insert

_OF_INSTANCE: Final = meters.c.project_id.is_(None) & meters.c.namespace_id.is_(None)
_CHANGED: Final = (
    select(func.coalesce(func.sum(meter_changes.c.added_bytes), 0))
    .where(meter_changes.c.meter_id == meters.c.id)
    .correlate(meters)
    .scalar_subquery()
)
USED: Final = (meters.c.used_bytes + _CHANGED).label("used")
_PLACED: Final = meters.outerjoin(projects, projects.c.id == meters.c.project_id).outerjoin(
    namespaces, namespaces.c.id == meters.c.namespace_id
)
_PATH: Final = func.coalesce(projects.c.path, namespaces.c.path, "")
_ROW: Final = (
    meters.c.id,
    meters.c.project_id,
    meters.c.namespace_id,
    meters.c.limit_bytes,
    meters.c.each_limit_bytes,
    meters.c.noticed_percent,
    meters.c.full,
    meters.c.loose_bytes,
    meters.c.crowded,
    _PATH.label("path"),
    USED,
)
_LINE: Final[Select[Any]] = select(*_ROW).select_from(_PLACED).order_by(func.length(_PATH).desc())
_ON_THE_WAY: Final = union_all(  # each by an index: with `or` every meter would be looked at
    select(meters.c.id).where(_OF_INSTANCE),
    select(meters.c.id).join(namespaces).where(among(namespaces.c.path, "paths")),
    select(meters.c.id).join(projects).where(projects.c.path == bindparam("path")),
)
_LINE_TO: Final[Select[Any]] = _LINE.where(meters.c.id.in_(_ON_THE_WAY))
_TURN: Final = 0x7768_6D74  # any number, the same in every process
_ALONE: Final = text("SELECT pg_advisory_xact_lock(:turn, :meter)")
_BESIDE: Final = text("SELECT pg_advisory_xact_lock_shared(:turn, :meter)")
_CONNECTIONS: Final = text("SELECT current_setting('max_connections')")


def adding(insert: Any, rows: Select[Any]) -> Any:
    """Insert rows of meter_id, digest, size_bytes, holders, or add their holders to those there are."""
    return insert.from_select(["meter_id", "digest", "size_bytes", "holders"], rows).on_conflict_do_update(
        index_elements=["meter_id", "digest"], set_={"holders": meter_blobs.c.holders + insert.excluded.holders}
    )


def _shifted(insert: Any) -> Any:
    other = meters.alias("other")
    holders = meter_blobs.c.holders * bindparam("sign", type_=ID)
    rows = (
        select(other.c.id, meter_blobs.c.digest, meter_blobs.c.size_bytes, holders)
        .select_from(meter_blobs.join(other, true()))
        .where(meter_blobs.c.meter_id == bindparam("source", type_=ID))
        .where(other.c.id.in_(bindparam("others", expanding=True, type_=ID)))
        .order_by(meter_blobs.c.digest, other.c.id)
    )
    return adding(insert, rows)


_NOTE: Final = meter_changes.insert()
_SHIFT: Final = Upsert(meter_blobs, _shifted)
_SOURCE: Final = meter_blobs.alias("source")
_SHIFTED: Final = (
    select(meter_blobs.c.meter_id, func.sum(meter_blobs.c.size_bytes * bindparam("sign", type_=ID)))
    .join(_SOURCE, _SOURCE.c.digest == meter_blobs.c.digest)
    .where(_SOURCE.c.meter_id == bindparam("source", type_=ID))
    .where(meter_blobs.c.meter_id.in_(bindparam("others", expanding=True, type_=ID)))
    .group_by(meter_blobs.c.meter_id)
)
_NOTE_JOINED: Final = _NOTE.from_select(
    ["meter_id", "added_bytes"], _SHIFTED.where(meter_blobs.c.holders == _SOURCE.c.holders)
)
_NOTE_LEFT: Final = _NOTE.from_select(["meter_id", "added_bytes"], _SHIFTED.where(meter_blobs.c.holders < 1))
_FORGET_LEFT: Final = delete(meter_blobs).where(
    meter_blobs.c.meter_id.in_(bindparam("others", expanding=True, type_=ID)),
    meter_blobs.c.digest.in_(select(_SOURCE.c.digest).where(_SOURCE.c.meter_id == bindparam("source", type_=ID))),
    meter_blobs.c.holders < 1,
)
_ADD: Final = (
    update(meters)
    .where(meters.c.id == bindparam("meter", type_=ID))
    .values(used_bytes=meters.c.used_bytes + bindparam("more", type_=ID))
)


# --- with their places


def add(tx: Connection, path: str, *, project: int | None = None, namespace: int | None = None) -> None:
    """Make the meter of a place that was just made at this path."""
    made = tx.execute(
        insert(tx, meters).values(project_id=project, namespace_id=namespace).returning(meters.c.id)
    ).scalar_one()
    if project is not None:
        rows = [{"project_id": project, "meter_id": meter} for meter in {made, *above(tx, path)}]
        tx.execute(project_meters.insert(), rows)


def above(tx: Connection, path: str) -> set[int]:
    """Ids of the meters of all places above a path, the instance's too."""
    parts = path.split("/")
    paths = ["/".join(parts[:end]) for end in range(1, len(parts))]
    found = select(meters.c.id).outerjoin(namespaces, namespaces.c.id == meters.c.namespace_id)
    return set(tx.scalars(found.where(or_(_OF_INSTANCE, namespaces.c.path.in_(paths)))))


def at(tx: Connection, path: str) -> int:
    """The id of the meter of the project, group or personal namespace at this path; "" is the instance."""
    here = or_(projects.c.path == path, namespaces.c.path == path) if path else _OF_INSTANCE
    return int(tx.execute(select(meters.c.id).select_from(_PLACED).where(here)).scalar_one())


def move(tx: Connection, meter: int, leaving: Collection[int], joining: Collection[int]) -> None:
    """What a meter counts leaves these meters and joins those; no repository of its place changes meanwhile."""
    _leave(tx, meter, leaving)
    if joining:
        about = {"source": meter, "sign": 1, "others": sorted(joining)}
        tx.execute(_SHIFT.on(tx), about)
        tx.execute(_NOTE_JOINED, about)
    same = project_meters.alias("same")
    inside = select(same.c.project_id).where(same.c.meter_id == meter)
    if leaving:
        out = project_meters.c.project_id.in_(inside) & project_meters.c.meter_id.in_(leaving)
        tx.execute(delete(project_meters).where(out))
    if joining:
        into = select(same.c.project_id, meters.c.id).select_from(same.join(meters, true()))
        into = into.where(same.c.meter_id == meter, meters.c.id.in_(joining))
        tx.execute(project_meters.insert().from_select(["project_id", "meter_id"], into))


def remove(tx: Connection, meter: int, leaving: Collection[int]) -> None:
    """A place goes with all that it holds: these meters above it count that no more."""
    _leave(tx, meter, leaving)
    for table in (meter_blobs, meter_changes):
        tx.execute(delete(table).where(table.c.meter_id == meter))


def _leave(tx: Connection, meter: int, others: Collection[int]) -> None:
    if others:
        about = {"source": meter, "sign": -1, "others": sorted(others)}
        tx.execute(_SHIFT.on(tx), about)
        tx.execute(_NOTE_LEFT, about)
        tx.execute(_FORGET_LEFT, {"source": meter, "others": about["others"]})


def note(tx: Connection, changes: Mapping[int, int]) -> None:
    """These meters, by id, count so many bytes more from now on, or fewer."""
    rows = [{"meter_id": meter, "added_bytes": more} for meter, more in sorted(changes.items()) if more]
    if rows:
        tx.execute(_NOTE, rows)


def hold_project(tx: Connection, project: int) -> None:
    """Nobody makes or changes repositories of this project until we are done."""
    tx.execute(select(projects.c.id).where(projects.c.id == project).with_for_update())
    tx.execute(select(repositories.c.id).where(repositories.c.project_id == project).with_for_update())


# --- adding up


def anything_changed(tx: Connection) -> bool:
    """Is there anything to add up?"""
    return bool(tx.scalar(select(exists().where(meter_changes.c.id.is_not(None)))))


def add_up(tx: Connection, limit: int) -> tuple[int, set[int]]:
    """Take at most so many changes into the sums; how many, and ids of the meters that changed."""
    some = select(meter_changes.c.id).order_by(meter_changes.c.id).limit(limit).with_for_update(skip_locked=True)
    taken = delete(meter_changes).where(meter_changes.c.id.in_(some))
    found = tx.execute(taken.returning(meter_changes.c.meter_id, meter_changes.c.added_bytes)).all()
    sums = Counter[int]()
    for row in found:
        sums[row.meter_id] += row.added_bytes
    if sums:
        tx.execute(_ADD, [{"meter": meter, "more": more} for meter, more in sorted(sums.items())])
    return len(found), set(sums)


# --- reading


def of_project(tx: Connection, project: int) -> Sequence[Row[Any]]:
    """The meters that count what is pushed to a project, its own first, the instance's last, with `used`."""
    charged = select(project_meters.c.meter_id).where(project_meters.c.project_id == project)
    return tx.execute(_LINE.where(meters.c.id.in_(charged))).all()


def used_by(tx: Connection, ids: Collection[int], *, groups: bool = False) -> dict[int, int]:
    """By id: the bytes that projects use, or `groups`."""
    place = meters.c.namespace_id if groups else meters.c.project_id
    found = select(place.label("place"), USED).where(place.in_(ids))
    return {row.place: int(row.used) for row in tx.execute(found)} if ids else {}


def line(tx: Connection, path: str) -> Sequence[Row[Any]]:
    """The meters of the place at this path and of those above it, in the same order; "" is the instance."""
    parts = path.split("/")
    paths = tuple("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return answers.rows(tx, _LINE_TO, {"path": path, "paths": paths})


def within(tx: Connection, path: str) -> list[int]:
    """Ids of the meters that a limit for each thing in this place may be for: projects of a group, top namespaces."""
    found = select(meters.c.id).select_from(_PLACED)
    top = namespaces.c.path.is_not(None) & ~namespaces.c.path.contains("/")
    return list(tx.scalars(found.where(below(projects.c.path, path) if path else top)))


def lines(tx: Connection, ids: Collection[int]) -> Sequence[Sequence[Row[Any]]]:
    """For each of these meters that is still there: it and those above it."""
    paths = [row.path for row in tx.execute(_LINE.where(meters.c.id.in_(ids)))]
    return [line(tx, path) for path in paths]


def take_turns(tx: Connection, alone: Mapping[int, bool]) -> None:
    """Add to these meters from here on, until we are done: to each either beside others who do, or alone.

    In the order of their ids, so that nobody waits in a circle. SQLite has one writer, who is always alone.
    """
    if tx.dialect.name == "postgresql":
        for id_, waits in sorted(alone.items()):
            tx.execute(_ALONE if waits else _BESIDE, {"turn": _TURN, "meter": id_ % 2**31})


def most_at_once(tx: Connection) -> int:
    """How many transactions can go on at once, at the most."""
    return int(tx.scalar(_CONNECTIONS) or 1) if tx.dialect.name == "postgresql" else 1


def size_of(tx: Connection, digests: Collection[str]) -> int:
    """Bytes of these blobs together."""
    found = select(func.coalesce(func.sum(blobs.c.size_bytes), 0)).where(blobs.c.digest.in_(digests))
    return int(tx.scalar(found) or 0)


def change(tx: Connection, meter: int, **values: Any) -> None:
    """Set columns of a meter."""
    tx.execute(update(meters).where(meters.c.id == meter).values(values))
