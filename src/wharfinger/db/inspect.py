"""What people ask of one image: the statements. Nothing here decides."""

from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from wharfinger.db import answers
from wharfinger.db.many import among
from wharfinger.db.tables.images import blobs, manifest_blobs, manifests, repositories, repository_blobs, tags

MOST_BYTES: Final = 4 * 1024 * 1024
_ROW_BY_ROW: Final = {"stream_results": True, "max_row_buffer": 8}
_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    manifests.c.id,
    manifests.c.digest,
    manifests.c.media_type,
    manifests.c.size_bytes,
    manifests.c.body,
    manifests.c.created_at,
)
_PLACES: Final[Select[Any]] = (
    select(blobs.c.digest, blobs.c.size_bytes, blobs.c.place)
    .join_from(blobs, repository_blobs)
    .where(repository_blobs.c.repository_id == bindparam("repository"), among(blobs.c.digest, "digests"))
)
_REPOSITORY: Final[Select[Any]] = select(repositories.c.id).where(
    repositories.c.project_id == bindparam("project"),
    repositories.c.name == bindparam("name"),
    repositories.c.pushed_at.is_not(None),
)


def by_tag(tx: Connection, repository: int, tag: str) -> Row[Any] | None:
    """id, digest, media_type, size_bytes, body, created_at of the manifest that a tag points to."""
    here = (tags.c.repository_id == repository) & (tags.c.name == tag)
    return tx.execute(select(*_COLUMNS).join(tags, tags.c.manifest_id == manifests.c.id).where(here)).first()


def by_digest(tx: Connection, repository: int, digest: str) -> Row[Any] | None:
    """The same of the manifest with this digest."""
    return tx.execute(_of(repository).where(manifests.c.digest == digest)).first()


def by_digests(tx: Connection, repository: int, digests: Collection[str]) -> Sequence[Row[Any]]:
    """The same of those of these manifests that are here, about MOST_BYTES of bodies at most."""
    return _some(tx, _of(repository).where(manifests.c.digest.in_(digests)).order_by(manifests.c.digest))


def by_tags(tx: Connection, repository: int, names: Collection[str]) -> Sequence[Row[Any]]:
    """The same of the manifests under these tags, and `tag`."""
    here = (tags.c.repository_id == repository) & tags.c.name.in_(names)
    joined = select(*_COLUMNS, tags.c.name.label("tag")).join(tags, tags.c.manifest_id == manifests.c.id)
    return _some(tx, joined.where(here).order_by(tags.c.name))


def speakers(tx: Connection, repository: int, subject: str, limit: int) -> Sequence[Row[Any]]:
    """The same of manifests that name this subject, by digest, about MOST_BYTES of bodies at most."""
    spoken = _of(repository).where(manifests.c.subject == subject).order_by(manifests.c.digest).limit(limit)
    return _some(tx, spoken)


def tag_names(tx: Connection, manifest: int, limit: int) -> list[str]:
    """The first tags that point to a manifest."""
    pointing = select(tags.c.name).where(tags.c.manifest_id == manifest).order_by(tags.c.name)
    return list(tx.scalars(pointing.limit(limit)))


def places(tx: Connection, repository: int, digests: Collection[str]) -> dict[str, tuple[int, str]]:
    """Size in bytes and place of those of these blobs that the repository holds."""
    found = tx.execute(_PLACES, {"repository": repository, "digests": digests})
    return {row.digest: (row.size_bytes, row.place) for row in found}


def sizes(tx: Connection, ids: Collection[int]) -> dict[int, int]:
    """Bytes of the blobs that manifests name, by the manifests' ids."""
    summed = (
        select(manifest_blobs.c.manifest_id, func.sum(blobs.c.size_bytes))
        .join(blobs, blobs.c.digest == manifest_blobs.c.digest)
        .where(manifest_blobs.c.manifest_id.in_(ids))
        .group_by(manifest_blobs.c.manifest_id)
    )
    return {row[0]: int(row[1]) for row in tx.execute(summed)}


def repository_of(tx: Connection, project: int, name: str) -> int | None:
    """The id of a repository that has had a manifest at least."""
    row = answers.first(tx, _REPOSITORY, {"project": project, "name": name})
    return None if row is None else int(row.id)


def _of(repository: int) -> Select[Any]:
    return select(*_COLUMNS).where(manifests.c.repository_id == repository)


def _some(tx: Connection, found: Select[Any]) -> list[Row[Any]]:
    """Rows until their bodies are too many bytes to hold at once."""
    taken, size = list[Row[Any]](), 0
    with closing(tx.execute(found, execution_options=_ROW_BY_ROW)) as rows:
        for row in rows:
            size += row.size_bytes
            if taken and size > MOST_BYTES:
                break
            taken.append(row)
    return taken
