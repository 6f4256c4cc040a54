"""What the rows say there is: blobs, manifests and the images that need them: the statements. Nothing here decides."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, union

from wharfinger.db.many import among
from wharfinger.db.tables.images import (
    blobs,
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
    tags,
)
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.trash import doomed_bytes, trash
from wharfinger.db.upsert import Upsert

_KNOWN: Final = select(blobs.c.digest).where(blobs.c.digest.in_(bindparam("digests", expanding=True)))

# Who inserts the same row meanwhile waits, whether or not it is taken back.
_HOLD_ABSENT: Final = Upsert(blobs, lambda insert: insert.on_conflict_do_nothing().returning(blobs.c.digest))


def totals(tx: Connection) -> tuple[int, int]:
    """How many blobs there are, and their bytes."""
    found = tx.execute(select(func.count(), func.coalesce(func.sum(blobs.c.size_bytes), 0)).select_from(blobs)).one()
    return int(found[0]), int(found[1])


def blobs_page(tx: Connection, after: str, limit: int) -> Sequence[Row[Any]]:
    """digest, size_bytes and place of blobs after a digest, in byte order."""
    page: Select[Any] = select(blobs.c.digest, blobs.c.size_bytes, blobs.c.place).where(blobs.c.digest > after)
    return tx.execute(page.order_by(blobs.c.digest).limit(limit)).all()


def blob(tx: Connection, digest: str) -> Row[Any] | None:
    """digest, size_bytes and place of one blob."""
    found: Select[Any] = select(blobs.c.digest, blobs.c.size_bytes, blobs.c.place).where(blobs.c.digest == digest)
    return tx.execute(found).first()


def doomed_places(tx: Connection) -> Iterator[str]:
    """The places of bytes that are on their way out, or that no row names yet."""
    yield from tx.scalars(select(doomed_bytes.c.place).where(doomed_bytes.c.place != ""))


def known(tx: Connection, digests: Sequence[str]) -> set[str]:
    """Those of these digests that are blobs."""
    return set(tx.scalars(_KNOWN, {"digests": digests}))


def hold_absent(tx: Connection, digest: str, now: datetime) -> bool:
    """There is no blob of this digest, and there will be none until the transaction ends; False where there is one."""
    row = {"digest": digest, "size_bytes": 0, "created_at": now}
    held = tx.scalar(_HOLD_ABSENT.on(tx), row) is not None
    if held:
        tx.execute(delete(blobs).where(blobs.c.digest == digest))
    return held


def manifests_page(tx: Connection, after: int, limit: int) -> Sequence[Row[Any]]:
    """id, digest, body and repository path of manifests after an id."""
    page: Select[Any] = select(manifests.c.id, manifests.c.digest, manifests.c.body, repositories.c.path)
    page = page.join(repositories).where(manifests.c.id > after).order_by(manifests.c.id).limit(limit)
    return tx.execute(page).all()


def unheld(tx: Connection, limit: int) -> Sequence[Row[Any]]:
    """path and digest of blobs that a manifest names and its repository does not hold."""
    here = (repository_blobs.c.repository_id == manifest_blobs.c.repository_id) & (
        repository_blobs.c.digest == manifest_blobs.c.digest
    )
    found: Select[Any] = (
        select(repositories.c.path, manifest_blobs.c.digest)
        .distinct()
        .select_from(manifest_blobs)
        .join(repositories, repositories.c.id == manifest_blobs.c.repository_id)
        .outerjoin(repository_blobs, here)
        .where(repository_blobs.c.digest.is_(None))
    )
    return tx.execute(found.order_by(repositories.c.path, manifest_blobs.c.digest).limit(limit)).all()


def images_with(tx: Connection, digest: str, limit: int) -> Sequence[Row[Any]]:
    """path and tag of images that need this blob, by themselves or through an index; tag is None where there is none.

    Repositories that hold it without a manifest that names it are among them.
    """
    direct = (
        select(manifests.c.id, manifests.c.repository_id, manifests.c.digest)
        .join(manifest_blobs, manifest_blobs.c.manifest_id == manifests.c.id)
        .where(manifest_blobs.c.digest == digest)
        .cte("direct")
    )
    same = (manifest_children.c.repository_id == direct.c.repository_id) & (
        manifest_children.c.digest == direct.c.digest
    )
    parents = select(manifest_children.c.manifest_id, manifest_children.c.repository_id).join(direct, same)
    every = union(select(direct.c.id, direct.c.repository_id), parents).subquery("every")
    named: Select[Any] = (
        select(repositories.c.path, tags.c.name.label("tag"))
        .select_from(every)
        .join(repositories, repositories.c.id == every.c.repository_id)
        .outerjoin(tags, tags.c.manifest_id == every.c.id)
    )
    held: Select[Any] = (
        select(repositories.c.path, tags.c.name.label("tag"))
        .select_from(repository_blobs)
        .join(repositories)
        .outerjoin(tags, tags.c.name.is_(None))
        .where(repository_blobs.c.digest == digest)
    )
    return tx.execute(union(named, held).order_by("path", "tag").limit(limit)).all()


def paths(tx: Connection, ids: Collection[int]) -> dict[int, str]:
    """The paths of repositories by id; of one in the trash the path that it had."""
    hidden = (trash.c.repository_id == repositories.c.id) & (trash.c.kind == "repository")
    found: Select[Any] = (
        select(repositories.c.id, repositories.c.path, projects.c.path.label("above"), trash.c.name)
        .join(projects, projects.c.id == repositories.c.project_id)
        .outerjoin(trash, hidden)
        .where(among(repositories.c.id, ids))
    )
    return {
        row.id: row.path if row.name is None else f"{row.above}/{row.name}".rstrip("/") for row in tx.execute(found)
    }


def sizes(tx: Connection, digests: Collection[str]) -> dict[str, int]:
    """The sizes of blobs in bytes, by digest."""
    found = select(blobs.c.digest, blobs.c.size_bytes).where(among(blobs.c.digest, digests))
    return {row.digest: row.size_bytes for row in tx.execute(found)}


def tag(tx: Connection, repository: int, name: str) -> Row[Any] | None:
    """digest and pushed_at of what a tag points to."""
    found: Select[Any] = select(manifests.c.digest, tags.c.pushed_at).join(tags, tags.c.manifest_id == manifests.c.id)
    return tx.execute(found.where(tags.c.repository_id == repository, tags.c.name == name)).first()
