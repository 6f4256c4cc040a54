"""Usage from the ground up: from tags, manifests and sizes alone, to compare with what the meters say. Nothing here
decides.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Connection,
    Row,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)

from wharfinger.db.meters import USED
from wharfinger.db.tables.images import (
    blobs,
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
    tags,
)
from wharfinger.db.tables.usage import meter_blobs, meter_changes, meters, project_meters


def _kept() -> CTE:
    """Ids of the manifests that tags keep, in repositories that are not in the trash."""
    subject = manifests.alias("subject")
    named = (manifest_children.c.repository_id == manifests.c.repository_id) & (
        manifest_children.c.digest == manifests.c.digest
    )
    spoken = (subject.c.repository_id == manifests.c.repository_id) & (subject.c.digest == manifests.c.subject)
    keeps = union_all(
        select(manifest_children.c.manifest_id.label("above"), manifests.c.id.label("below")).join(manifests, named),
        select(subject.c.id, manifests.c.id).join(manifests, spoken),
    ).cte("keeps")
    shown = ~repositories.c.path.startswith("~")
    top = select(tags.c.manifest_id.label("id")).join(repositories, repositories.c.id == tags.c.repository_id)
    kept = top.where(shown).cte("kept", recursive=True)
    return kept.union(select(keeps.c.below).join(kept, keeps.c.above == kept.c.id))


def _right() -> Select[Any]:
    """repository_id and digest of every blob that ought to be counted."""
    kept = _kept()
    named = select(manifest_blobs.c.repository_id, manifest_blobs.c.digest)
    return named.join(kept, kept.c.id == manifest_blobs.c.manifest_id).distinct()


def _holders() -> Select[Any]:
    """meter_id, digest, size_bytes and holders, as the counted blobs of repositories have it."""
    joined = (
        repository_blobs.join(repositories, repositories.c.id == repository_blobs.c.repository_id)
        .join(project_meters, project_meters.c.project_id == repositories.c.project_id)
        .join(blobs, blobs.c.digest == repository_blobs.c.digest)
    )
    what = (project_meters.c.meter_id, blobs.c.digest, blobs.c.size_bytes)
    counted = select(*what, func.count().label("holders")).select_from(joined).where(repository_blobs.c.counted)
    return counted.group_by(*what)


_SUM: Final = (
    select(func.coalesce(func.sum(meter_blobs.c.size_bytes), 0))
    .where(meter_blobs.c.meter_id == meters.c.id, meter_blobs.c.holders > 0)
    .correlate(meters)
    .scalar_subquery()
)


def wrong_blobs(tx: Connection) -> Sequence[Row[Any]]:
    """repository_id, digest and counted of blobs that are counted and should not be, or the other way round."""
    right = _right().subquery()
    on = (right.c.repository_id == repository_blobs.c.repository_id) & (right.c.digest == repository_blobs.c.digest)
    should = right.c.digest.is_not(None)
    found: Select[Any] = select(repository_blobs.c.repository_id, repository_blobs.c.digest, repository_blobs.c.counted)
    found = found.select_from(repository_blobs.outerjoin(right, on))
    return tx.execute(found.where(should != repository_blobs.c.counted)).all()


def wrong_holders(tx: Connection) -> Sequence[Row[Any]]:
    """meter_id, digest, found and right of blobs that a meter has with other holders than there are."""
    right = _holders().subquery()
    on = (right.c.meter_id == meter_blobs.c.meter_id) & (right.c.digest == meter_blobs.c.digest)
    present = func.coalesce(meter_blobs.c.holders, 0)
    missing = select(right.c.meter_id, right.c.digest, present.label("found"), right.c.holders.label("right"))
    missing = missing.select_from(right.outerjoin(meter_blobs, on)).where(present != right.c.holders)
    more = select(meter_blobs.c.meter_id, meter_blobs.c.digest, meter_blobs.c.holders, literal(0))
    more = more.select_from(meter_blobs.outerjoin(right, on)).join(meters, meters.c.id == meter_blobs.c.meter_id)
    more = more.where(right.c.digest.is_(None), meter_blobs.c.holders != 0)
    return tx.execute(union_all(missing, more)).all()


def wrong_sums(tx: Connection) -> Sequence[Row[Any]]:
    """id, found and right, in bytes, of meters whose sum is not that of their blobs."""
    used = USED.element
    wrong: Select[Any] = select(meters.c.id, used.label("found"), _SUM.label("right")).where(used != _SUM)
    return tx.execute(wrong).all()


def rebuild(tx: Connection) -> None:
    """Count everything from the ground up. Nobody pushes or deletes meanwhile."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE repositories IN EXCLUSIVE MODE"))
    for row in wrong_blobs(tx):
        here = (repository_blobs.c.repository_id == row.repository_id) & (repository_blobs.c.digest == row.digest)
        tx.execute(update(repository_blobs).where(here).values(counted=not row.counted))
    for table in (meter_blobs, meter_changes):
        tx.execute(delete(table))
    right = _holders().subquery()
    columns = (right.c.meter_id, right.c.digest, right.c.size_bytes, right.c.holders)
    into = ["meter_id", "digest", "size_bytes", "holders"]
    tx.execute(insert(meter_blobs).from_select(into, select(*columns)))
    tx.execute(update(meters).values(used_bytes=_SUM))
