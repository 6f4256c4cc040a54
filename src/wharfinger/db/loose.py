"""What places hold that no tag keeps: the statements. Nothing here decides."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select, union, update

from wharfinger.db.many import among
from wharfinger.db.tables.images import blobs, repositories, repository_blobs
from wharfinger.db.tables.trash import trash_needs
from wharfinger.db.tables.usage import meter_blobs, meters, project_meters

_LIMITS: Final = (meters.c.limit_bytes, meters.c.each_limit_bytes)
_LIMITED: Final = (
    select(project_meters.c.project_id)
    .join(meters, meters.c.id == project_meters.c.meter_id)
    .where(or_(*(limit.is_not(None) for limit in _LIMITS)))
)


def smallest_limit(tx: Connection) -> int | None:
    """In bytes, of all limits there are; None where there is none."""
    found = tx.execute(select(*(func.min(limit) for limit in _LIMITS))).one()
    return min((int(limit) for limit in found if limit is not None), default=None)


def measured(tx: Connection) -> dict[int, int]:
    """By meter id: what the last look wrote down of those that had too much, or nearly."""
    found = select(meters.c.id, meters.c.loose_bytes).where(or_(meters.c.loose_bytes > 0, meters.c.crowded))
    return {row.id: row.loose_bytes for row in tx.execute(found)}


def of_blobs(tx: Connection) -> dict[int, int]:
    """By meter id, for projects below some limit: bytes of blobs that it holds and does not count, each once."""
    held = union(_of_limited(repository_blobs, ~repository_blobs.c.counted),
                 _of_limited(trash_needs, trash_needs.c.need == "blob")).subquery()  # fmt: skip
    below = held.join(project_meters, project_meters.c.project_id == held.c.project_id)
    each = select(project_meters.c.meter_id, held.c.digest).select_from(below).distinct().subquery()
    counted = exists().where(
        meter_blobs.c.meter_id == each.c.meter_id, meter_blobs.c.digest == each.c.digest, meter_blobs.c.holders > 0
    )
    size = func.sum(blobs.c.size_bytes).label("bytes")
    found: Select[Any] = select(each.c.meter_id, size).join(blobs, blobs.c.digest == each.c.digest)
    return {row.meter_id: int(row.bytes) for row in tx.execute(found.where(~counted).group_by(each.c.meter_id))}


def _of_limited(table: Any, wanted: ColumnElement[bool]) -> Select[Any]:
    of = select(repositories.c.project_id, table.c.digest).join(table, table.c.repository_id == repositories.c.id)
    return of.where(repositories.c.project_id.in_(_LIMITED), wanted)


def meters_of(tx: Connection, projects: Collection[int]) -> Mapping[int, list[int]]:
    """By project id, for those below some limit: ids of the meters above what is pushed to it."""
    above = select(project_meters.c.project_id, project_meters.c.meter_id)
    here = project_meters.c.project_id.in_(_LIMITED) & among(project_meters.c.project_id, projects)
    found = dict[int, list[int]]()
    for row in tx.execute(above.where(here)):
        found.setdefault(row.project_id, []).append(row.meter_id)
    return found


def write_down(tx: Connection, found: Mapping[int, int]) -> None:
    """What these meters were found to hold so."""
    for meter, size in sorted(found.items()):
        tx.execute(update(meters).where(meters.c.id == meter).values(loose_bytes=size))
