"""What makes up the usage of a place: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    union,
)

from wharfinger.db.access import below
from wharfinger.db.meters import USED
from wharfinger.db.tables.images import (
    blobs,
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
)
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.trash import trash, trash_needs
from wharfinger.db.tables.usage import meter_blobs, meter_samples, meters
from wharfinger.db.upsert import insert


def alone_bytes(tx: Connection, meter: int, whole: int) -> int:
    """Bytes of a meter's blobs that nothing else below the other one, which is above it, holds as well."""
    other = meter_blobs.alias("other")
    same = (other.c.digest == meter_blobs.c.digest) & (other.c.meter_id == whole)
    alone = (meter_blobs.c.meter_id == meter) & (meter_blobs.c.holders > 0) & (other.c.holders == meter_blobs.c.holders)
    found = select(func.coalesce(func.sum(meter_blobs.c.size_bytes), 0)).join(other, same).where(alone)
    return int(tx.execute(found).scalar_one())


def largest_images(tx: Connection, project: int, limit: int) -> Sequence[Row[Any]]:
    """path and bytes of the repositories of a project whose tags keep most."""
    size = func.sum(blobs.c.size_bytes).label("bytes")
    joined = repositories.join(repository_blobs, repository_blobs.c.repository_id == repositories.c.id)
    found: Select[Any] = (
        select(repositories.c.path, size)
        .select_from(joined.join(blobs, blobs.c.digest == repository_blobs.c.digest))
        .where(repositories.c.project_id == project, repository_blobs.c.counted)
        .group_by(repositories.c.id, repositories.c.path)
        .order_by(size.desc(), repositories.c.path)
        .limit(limit)
    )
    return tx.execute(found).all()


def largest_projects(tx: Connection, group: str, limit: int) -> Sequence[Row[Any]]:
    """path and bytes of the projects below a group's path ("": of all) that use most."""
    size = USED.element.label("bytes")
    found: Select[Any] = select(projects.c.path, size).join(meters, meters.c.project_id == projects.c.id)
    if group:
        found = found.where(below(projects.c.path, group))
    return [row for row in tx.execute(found.order_by(size.desc(), projects.c.path).limit(limit)) if row.bytes]


def trash_of(tx: Connection, place: str, meter: int) -> tuple[int, int]:
    """How many things the trash of a place has ("": of all), and the bytes that only they still need there."""
    inside = select(repositories.c.id).join(projects, projects.c.id == repositories.c.project_id).where(_inside(place))
    things = tx.scalar(select(func.count()).select_from(trash).where(trash.c.repository_id.in_(inside)))
    return int(things or 0), _uncounted(tx, _needed(inside).subquery(), meter)


def _needed(inside: Select[Any]) -> CompoundSelect[Any]:
    """Digests of the blobs that the trash of these repositories needs: of manifests, of their images, of all of one."""
    needed, child = trash_needs.c.repository_id.in_(inside), manifests.alias("child")
    here = (manifests.c.repository_id == trash_needs.c.repository_id) & (manifests.c.digest == trash_needs.c.digest)
    same = (child.c.repository_id == manifest_children.c.repository_id) & (child.c.digest == manifest_children.c.digest)
    kept = trash_needs.join(manifests, here)
    below = kept.join(manifest_children, manifest_children.c.manifest_id == manifests.c.id).join(child, same)
    of_manifests = kept.join(manifest_blobs, manifest_blobs.c.manifest_id == manifests.c.id)
    of_images = below.join(manifest_blobs, manifest_blobs.c.manifest_id == child.c.id)
    hidden = repositories.c.path.startswith("~") & repositories.c.id.in_(inside)
    held = repository_blobs.join(repositories, repositories.c.id == repository_blobs.c.repository_id)
    return union(
        select(trash_needs.c.digest).where(needed, trash_needs.c.need == "blob"),
        select(manifest_blobs.c.digest).select_from(of_manifests).where(needed, trash_needs.c.need == "manifest"),
        select(manifest_blobs.c.digest).select_from(of_images).where(needed, trash_needs.c.need == "manifest"),
        select(repository_blobs.c.digest).select_from(held).where(hidden),
    )


def untagged_bytes(tx: Connection, project: int, meter: int) -> int:
    """Bytes in the repositories of a project that no tag keeps: the collector takes them in time."""
    loose = repository_blobs.join(repositories, repositories.c.id == repository_blobs.c.repository_id)
    here = (repositories.c.project_id == project) & ~repositories.c.path.startswith("~")
    digests = select(repository_blobs.c.digest).select_from(loose).where(here, ~repository_blobs.c.counted).distinct()
    return _uncounted(tx, digests.subquery(), meter)


def _uncounted(tx: Connection, digests: Any, meter: int) -> int:
    counted = exists().where(
        meter_blobs.c.meter_id == meter, meter_blobs.c.digest == blobs.c.digest, meter_blobs.c.holders > 0
    )
    found = select(func.coalesce(func.sum(blobs.c.size_bytes), 0)).join(digests, digests.c.digest == blobs.c.digest)
    return int(tx.execute(found.where(~counted)).scalar_one())


def _inside(place: str) -> ColumnElement[bool]:
    return (projects.c.path == place) | below(projects.c.path, place) if place else true()


# --- day by day


def sample(tx: Connection, at: datetime, forget_before: datetime) -> int:
    """Write down what every meter that counts anything shows at this moment; how many."""
    used = USED.element
    rows = select(meters.c.id, literal(at, meter_samples.c.at.type), used).where(used > 0)
    statement = insert(tx, meter_samples).from_select(["meter_id", "at", "used_bytes"], rows)
    counted = {"preserve_rowcount": True}  # an INSERT keeps no count by itself
    count = tx.execute(statement.on_conflict_do_nothing(), execution_options=counted).rowcount
    tx.execute(delete(meter_samples).where(meter_samples.c.at < forget_before))
    return count


def samples(tx: Connection, meter: int, since: datetime) -> list[tuple[datetime, int]]:
    """What a meter showed, oldest first."""
    here = (meter_samples.c.meter_id == meter) & (meter_samples.c.at >= since)
    found = select(meter_samples.c.at, meter_samples.c.used_bytes).where(here).order_by(meter_samples.c.at)
    return [(row.at, row.used_bytes) for row in tx.execute(found)]
