"""Quotas: limits of projects, groups, personal namespaces and the whole instance, and what a push may still add.

A push needs room in every place above it that has a limit. Reading a meter is exact whenever it happens, but pushes
that run at the same moment do not see each other. Those that add little to a place with room go on side by side; one
that adds much, or to a place that is nearly full, waits until these have ended and lets nobody pass (`rules.beside`).
So no limit is passed by a byte.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import groups as group_rows
from wharfinger.db import meters as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import OPERATOR, Caller, Group, Project
from wharfinger.domain.errors import NotFound, QuotaExceeded, Refusal, ScopeMissing, SettingInvalid, StorageCrowded
from wharfinger.domain.events.places import QuotaChanged, QuotaReached
from wharfinger.domain.tools import Tools
from wharfinger.domain.usage import MustBeAlone
from wharfinger.rules import quotas as rules
from wharfinger.rules.quotas import Ceiling, Meter
from wharfinger.rules.roles import Action, Role

LARGEST_LIMIT: Final = 2**62  # bytes, which both databases can hold

_ITSELF: Final = replace(OPERATOR, name="wharfinger")
_BATCH: Final = 10_000
_WARN_PERCENT: Final = rules.THRESHOLDS[0]


@dataclass(frozen=True, slots=True)
class Quota:
    """What a place uses, the limits that were set for it, and the one that holds, its own or inherited.

    `path` is "" for the instance. All sizes in bytes; `percent` of the ceiling, None where there is none.
    """

    path: str
    used_bytes: int
    limit_bytes: int | None
    each_limit_bytes: int | None
    ceiling: Ceiling | None
    percent: int | None


def require_room(tx: Connection, project: int, came: Collection[str] | None = None) -> None:
    """After these blobs came to count in a project: raises QuotaExceeded where a place is over its limit now.

    Raises MustBeAlone where others filled a place meanwhile; without `came`, everybody else waits from the start.
    """
    _require(tx, lambda: rows.of_project(tx, project), came)


def require_room_at(tx: Connection, path: str) -> None:
    """The same for all that a place brought along when it moved to this path."""
    _require(tx, lambda: rows.line(tx, path), None)


def require_any_room(tx: Connection, project: int) -> None:
    """Before something comes: raises QuotaExceeded where a place is full already, so that it is not sent in vain."""
    for _, meter, held in _ceilings(rows.of_project(tx, project)):
        if meter.used_bytes >= held.limit_bytes:
            raise QuotaExceeded(meter.path, meter.used_bytes, held.limit_bytes, added=False)


def require_space(tx: Connection, project: int) -> None:
    """Before something comes that no tag keeps yet: raises StorageCrowded where there is too much of that (`loose`)."""
    for refusal in crowded(tx, project):
        raise refusal


def crowded(tx: Connection, project: int) -> list[StorageCrowded]:
    """A refusal for each place above what is pushed to a project that holds too much, as of the last look."""
    line = rows.of_project(tx, project)
    loose = {row.path: row.loose_bytes for row in line if row.crowded}
    return [
        StorageCrowded(meter.path, loose[meter.path], held.limit_bytes)
        for _, meter, held in (_ceilings(line) if loose else ())
        if meter.path in loose
    ]


def _require(tx: Connection, read: Callable[[], Sequence[Row[Any]]], came: Collection[str] | None) -> None:
    found = _ceilings(read())
    if not found:
        return
    adding, at_once = None if came is None else rows.size_of(tx, came), rows.most_at_once(tx)
    alone = {id_ for id_, meter, held in found if adding is None or not rules.beside(meter, held, adding, at_once)}
    rows.take_turns(tx, {id_: id_ in alone for id_, _, _ in found})
    for id_, meter, held in _ceilings(read()):
        if meter.used_bytes > held.limit_bytes:
            raise QuotaExceeded(meter.path, meter.used_bytes, held.limit_bytes, added=True)
        if id_ not in alone and not rules.beside(meter, held, adding or 0, at_once):
            raise MustBeAlone


def add_up(tools: Tools) -> int:
    """Take what pushes and deletions changed into the sums, and look whether limits are reached; how many changes."""
    with tools.db.read() as tx:
        if not rows.anything_changed(tx):
            return 0
    with tools.db.begin() as tx:
        count, changed = rows.add_up(tx, _BATCH)
        look(tx, tools, changed)
    return count


def look(tx: Connection, tools: Tools, meters: Collection[int]) -> None:
    """Compare these meters with the limits that hold for them: uploads stop where it is full, owners hear of it."""
    for line in rows.lines(tx, meters):
        row, meter = line[0], _meter(line[0])
        held = rules.ceiling([_meter(each) for each in line])
        full = held is not None and meter.used_bytes >= held.limit_bytes
        crowded = held is not None and rules.crowded(row.loose_bytes, held.limit_bytes, tools.policy.untagged_percent)
        noticed = rules.noticed(row.noticed_percent, meter.used_bytes, held.limit_bytes) if held else 0
        if (full, crowded, noticed) != (row.full, row.crowded, row.noticed_percent):
            rows.change(tx, row.id, full=full, crowded=crowded, noticed_percent=noticed)
        if held and noticed > row.noticed_percent:
            events.put(tx, tools, _ITSELF, _reached(row, meter, held, noticed))


def show(tools: Tools, caller: Caller, path: str) -> list[Quota]:
    """What a place uses and may use, and the same of all places above it that the caller may see; "" is the instance.

    Raises ProjectUnknown.
    """
    with tools.db.read() as tx:
        return [
            quota for quota in line(tx, _open(tx, caller, path).path if path else "") if _may_see(tx, caller, quota)
        ]


def get(tools: Tools, caller: Caller, path: str) -> Quota:
    """The quota of one place, for its members; of the instance (""), for administrators. Raises ScopeMissing."""
    if not path:
        access.require_admin(caller, "looking at what all of it uses")
    found = show(tools, caller, path)
    if not found or (path and not found[0].path):
        raise ScopeMissing(f"what {path or 'this registry'} uses is for its members: ask to become one")
    return found[0]


def of_projects(tools: Tools, projects: Collection[int]) -> dict[int, int]:
    """By id: the bytes that these projects use; the caller may see them already."""
    with tools.db.read() as tx:
        return rows.used_by(tx, projects)


def of_groups(tools: Tools, groups: Collection[int]) -> dict[int, int]:
    """By id: the bytes that these groups use, with all below; the caller may see them already."""
    with tools.db.read() as tx:
        return rows.used_by(tx, groups, groups=True)


def line(tx: Connection, path: str) -> list[Quota]:
    """The quotas of a place and of all above it, the instance last."""
    found = [_meter(row) for row in rows.line(tx, path)]
    return [_quota(found[start:]) for start in range(len(found))]


def nearly_full(tools: Tools, caller: Caller, place: Project | Group) -> list[Quota]:
    """The quotas of a place and those above it that its members should look at; they are open to the caller already."""
    if place.role is None:
        return []
    with tools.db.read() as tx:
        close = [quota for quota in line(tx, place.path) if quota.path and (quota.percent or 0) >= _WARN_PERCENT]
        return [quota for quota in close if _may_see(tx, caller, quota)]


def may_limit(tools: Tools, caller: Caller, path: str) -> bool:
    """May the caller set limits of this place?"""
    with tools.db.read() as tx:
        try:
            _require_above(tx, caller, _open(tx, caller, path) if path else None)
        except Refusal:
            return False
        return True


def set_limit(tools: Tools, caller: Caller, path: str, limit_bytes: int | None, *, each: bool = False) -> Quota:
    """Limit a place, or with None no more; with `each`, everything right in it that has no limit of its own.

    That is each project of a group, and each top group and personal namespace of the instance (""). For owners of what
    is above the place, and for administrators.
    """
    if limit_bytes is not None and not 0 <= limit_bytes <= LARGEST_LIMIT:
        raise SettingInvalid("a limit is a size from zero bytes to 4096 PiB")
    column = "each_limit_bytes" if each else "limit_bytes"
    with tools.db.begin() as tx:
        place = _open(tx, caller, path) if path else None
        _require_above(tx, caller, place)
        if each and isinstance(place, Project):
            raise SettingInvalid(f"{path} is a project: a limit for each project is set on a group")
        path = place.path if place else ""
        before = rows.line(tx, path)[0]
        rows.change(tx, before.id, **{column: limit_bytes})
        look(tx, tools, rows.within(tx, path) if each else [before.id])
        events.put(tx, tools, caller, _changed(place, before, column, limit_bytes))
        return line(tx, path)[0]


def _require_above(tx: Connection, caller: Caller, place: Project | Group | None) -> None:
    """Who owns a place may not give it more: owners of what is above may, and administrators."""
    access.require_account(caller)
    if caller.admin:
        return
    above = place.namespace_id if isinstance(place, Project) else place.parent_id if place else None
    if above is None:
        raise ScopeMissing("limiting a top namespace or the instance needs an administrator: ask one")
    parent = access.open_group(tx, caller, group_rows.by_id(tx, above).path, Action.ADMINISTER)
    access.require_role(parent, Role.OWNER, "setting a limit")


def _open(tx: Connection, caller: Caller, path: str) -> Project | Group:
    return access.open_place(tx, caller, path, Action.PULL)


def _may_see(tx: Connection, caller: Caller, quota: Quota) -> bool:
    """The instance's numbers are for administrators, a group's for its members; a public group shows none to others."""
    if caller.admin:
        return True
    try:
        return bool(quota.path) and access.open_place(tx, caller, quota.path, Action.PULL).role is not None
    except NotFound:
        return False


def _changed(place: Project | Group | None, before: Row[Any], column: str, after: int | None) -> QuotaChanged:
    where = events.at(place) if place else {"path": ""}
    return QuotaChanged(**where, before={column: getattr(before, column)}, after={column: after})


def _reached(row: Row[Any], meter: Meter, held: Ceiling, percent: int) -> QuotaReached:
    where = {"path": meter.path, "project_id": row.project_id, "namespace_id": row.namespace_id}
    return QuotaReached(**where, percent=percent, used_bytes=meter.used_bytes, limit_bytes=held.limit_bytes)


def _ceilings(line: Sequence[Row[Any]]) -> list[tuple[int, Meter, Ceiling]]:
    ids = {row.path: row.id for row in line}
    return [(ids[meter.path], meter, held) for meter, held in rules.ceilings([_meter(row) for row in line])]


def _meter(row: Row[Any]) -> Meter:
    used = int(row.used)  # a sum is a Decimal on PostgreSQL
    return Meter(row.path, used, row.limit_bytes, row.each_limit_bytes, project=row.project_id is not None)


def _quota(line: Sequence[Meter]) -> Quota:
    place, held = line[0], rules.ceiling(line)
    percent = rules.percent(place.used_bytes, held.limit_bytes) if held else None
    return Quota(place.path, place.used_bytes, place.limit_bytes, place.each_limit_bytes, held, percent)
