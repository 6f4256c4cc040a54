"""What places hold that no tag keeps: the statements. Nothing here decides."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    exists,
    func,
    or_,
    select,
    union,
    union_all,
    update,
)

from wharfinger.db.many import among
from wharfinger.db.tables.images import blobs, manifest_children, manifests, repositories, repository_blobs, tags
from wharfinger.db.tables.trash import trash, trash_needs
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


def of_manifests(tx: Connection) -> dict[int, int]:
    """By meter id, for projects below some limit: bytes of manifests that no tag keeps, or that lie in the trash.

    In each repository by itself, as that is how they are stored. What no tag keeps is in the collector's queue; not
    all that is there is such, for it was not looked at yet: what hangs from a tag closely is left out.
    """
    hidden = repositories.c.path.startswith("~")
    columns = (
        manifests.c.id,
        manifests.c.repository_id,
        manifests.c.digest,
        manifests.c.subject,
        manifests.c.size_bytes,
    )
    queued = select(*columns).where(manifests.c.review_after.is_not(None)).cte("queued")
    queued = queued.prefix_with("MATERIALIZED")  # by its index: else SQLite reads every manifest there is
    found = union_all(
        _sizes(queued, queued.c.size_bytes).where(~hidden, ~_kept(queued)),
        _sizes(manifests, manifests.c.size_bytes).where(hidden),
        _sizes(trash, func.length(trash.c.body)).where(trash.c.body.is_not(None)),
    ).subquery()
    below: Select[Any] = select(project_meters.c.meter_id, func.sum(found.c.bytes).label("bytes"))
    below = below.join(found, found.c.project_id == project_meters.c.project_id).group_by(project_meters.c.meter_id)
    return {row.meter_id: int(row.bytes) for row in tx.execute(below)}


def _sizes(table: FromClause, size: ColumnElement[int]) -> Select[Any]:
    """Of rows that are in a repository below some limit: its project_id, and how many bytes each is."""
    of = select(repositories.c.project_id, size.label("bytes"))
    of = of.join(table, table.c.repository_id == repositories.c.id)
    return of.where(repositories.c.project_id.in_(_LIMITED))


def _kept(table: FromClause) -> ColumnElement[bool]:
    """Has a manifest a tag, or an index that has one, or is its subject such?"""
    subject = manifests.alias("subject")
    same = (subject.c.repository_id == table.c.repository_id) & (subject.c.digest == table.c.subject)
    return or_(_hangs(table), exists().where(same, _hangs(subject)))


def _hangs(table: FromClause) -> ColumnElement[bool]:
    above = manifest_children.alias()
    named = (above.c.repository_id == table.c.repository_id) & (above.c.digest == table.c.digest)
    through_index = exists().where(named, tags.c.manifest_id == above.c.manifest_id)
    return or_(exists().where(tags.c.manifest_id == table.c.id), through_index)


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
