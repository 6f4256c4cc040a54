"""How many bytes something reaches: every blob (config or layer) once, however many manifests name it.

An index reaches the blobs of the manifests that it names and that are here, those that these name in turn, and so on.
Manifests themselves and what merely speaks about them (`subject`) do not count. Nothing here decides.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import CTE, BigInteger, ColumnElement, Connection, Select, bindparam, cast, func, select

from wharfinger.db.access import below
from wharfinger.db.many import among
from wharfinger.db.tables.columns import ID
from wharfinger.db.tables.images import blobs, manifest_blobs, manifest_children, manifests, repositories, tags


def reached(start: Select[Any]) -> CTE:
    """The ids of the manifests that `start` selects, and of all below them."""
    found = start.cte("reached", recursive=True)
    children = (
        select(manifests.c.id)
        .join(
            manifest_children,
            (manifest_children.c.repository_id == manifests.c.repository_id)
            & (manifest_children.c.digest == manifests.c.digest),
        )
        .join(found, found.c.id == manifest_children.c.manifest_id)
    )
    return found.union(children)


def _bytes(start: Select[Any]) -> Select[Any]:
    found = reached(start)
    named = select(manifest_blobs.c.digest).join(found, found.c.id == manifest_blobs.c.manifest_id)
    return select(cast(func.coalesce(func.sum(blobs.c.size_bytes), 0), BigInteger)).where(blobs.c.digest.in_(named))


def _bytes_by_start(starts: Select[Any]) -> Select[Any]:
    """`starts` selects what is asked about, as `start`, and the ids of manifests that it begins with."""
    found = starts.cte("each_reached", recursive=True)
    here = (manifests.c.repository_id == manifest_children.c.repository_id) & (
        manifests.c.digest == manifest_children.c.digest
    )
    children = select(found.c.start, manifests.c.id).join(
        manifest_children, manifest_children.c.manifest_id == found.c.id
    )
    all_of_them = found.union(children.join(manifests, here))
    named = manifest_blobs.c.manifest_id == all_of_them.c.id
    held = select(all_of_them.c.start, manifest_blobs.c.digest).join(manifest_blobs, named).distinct().subquery()
    total: ColumnElement[Any] = cast(func.sum(blobs.c.size_bytes), BigInteger).label("total")
    return select(held.c.start, total).join(blobs, blobs.c.digest == held.c.digest).group_by(held.c.start)


_OF_MANIFESTS: Final = _bytes_by_start(
    select(manifests.c.id.label("start"), manifests.c.id).where(among(manifests.c.id, "starts"))
)
_OF_MANIFEST: Final = _bytes(select(bindparam("start", type_=ID).label("id")))
_OF_REPOSITORIES: Final = _bytes_by_start(
    select(tags.c.repository_id.label("start"), tags.c.manifest_id.label("id")).where(
        among(tags.c.repository_id, "starts")
    )
)


def of_manifest(tx: Connection, manifest: int) -> int:
    """Bytes that a manifest reaches: what pulling all of it takes."""
    return int(tx.execute(_OF_MANIFEST, {"start": manifest}).scalar_one())


def of_tree(tx: Connection, path: str, project_ids: Select[Any] | None = None) -> int:
    """Bytes that the tags of the repository at this path and of all below it reach, each blob once for all of them.

    Those in projects that `project_ids` selects; None: all.
    """
    tagged = select(tags.c.manifest_id.label("id")).join(repositories, repositories.c.id == tags.c.repository_id)
    within = (repositories.c.path == path) | below(repositories.c.path, path)
    if project_ids is not None:
        within &= repositories.c.project_id.in_(project_ids)
    return int(tx.execute(_bytes(tagged.where(within))).scalar_one())


def of_manifests(tx: Connection, ids: Collection[int]) -> dict[int, int]:
    """The same for many manifests."""
    return _each(tx, _OF_MANIFESTS, ids)


def of_repositories(tx: Connection, ids: Collection[int]) -> dict[int, int]:
    """Bytes that the tags of each of these repositories reach."""
    return _each(tx, _OF_REPOSITORIES, ids)


def _each(tx: Connection, statement: Select[Any], ids: Collection[int]) -> dict[int, int]:
    found = {row.start: int(row.total) for row in tx.execute(statement, {"starts": ids})} if ids else {}
    return {id_: found.get(id_, 0) for id_ in ids}
