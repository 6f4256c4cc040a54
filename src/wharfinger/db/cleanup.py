"""What cleanup looks at: tags, what hangs together, and which bytes nothing else needs. Nothing here decides.

Repositories have a hundred thousand tags: each of these is one statement for a whole repository.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, select, union, update

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
from wharfinger.db.tables.trash import trash, trash_needs

_TAGS: Final = select(
    tags.c.name, tags.c.manifest_id, tags.c.pushed_at, tags.c.last_pulled_at, tags.c.total_size_bytes
).where(tags.c.repository_id == bindparam("repository"))


def repositories_of(tx: Connection, project: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """id, name and path of a project's repositories that anything was pushed to, by id."""
    columns = (repositories.c.id, repositories.c.name, repositories.c.path)
    found = select(*columns).where(repositories.c.project_id == project, repositories.c.pushed_at.is_not(None))
    return tx.execute(found.order_by(repositories.c.id)).all()


def is_at(tx: Connection, repository: int, project: int, path: str) -> bool:
    """Is a repository in this project, at this path?"""
    here = (repositories.c.id == repository) & (repositories.c.project_id == project) & (repositories.c.path == path)
    return bool(tx.scalar(select(exists().where(here))))


def begin(tx: Connection, ids: Collection[int], now: datetime) -> None:
    """Note in these repositories that a policy's run begins; in order, as pulls are counted there too."""
    these = among(repositories.c.id, ids)
    tx.execute(select(repositories.c.id).where(these).order_by(repositories.c.id).with_for_update())
    tx.execute(update(repositories).where(these).values(cleaned_at=now))


def tags_of(tx: Connection, repository: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """name, manifest_id, pushed_at, last_pulled_at and total_size_bytes of a repository's tags."""
    return tx.execute(_TAGS, {"repository": repository}).all()


def children(tx: Connection, repository: int) -> list[tuple[int, int]]:
    """Pairs of ids: an index, and a manifest that it names and that is here."""
    named = (manifests.c.repository_id == manifest_children.c.repository_id) & (
        manifests.c.digest == manifest_children.c.digest
    )
    found = select(manifest_children.c.manifest_id, manifests.c.id).join(manifests, named)
    return [(row[0], row[1]) for row in tx.execute(found.where(manifest_children.c.repository_id == repository))]


def speakers(tx: Connection, repository: int) -> list[tuple[int, int]]:
    """Pairs of ids: a manifest, and one that speaks about it (`subject`)."""
    subject = manifests.alias("subject")
    same = (subject.c.repository_id == manifests.c.repository_id) & (subject.c.digest == manifests.c.subject)
    found = select(subject.c.id, manifests.c.id).join_from(manifests, subject, same)
    here = (manifests.c.repository_id == repository) & manifests.c.subject.is_not(None)
    return [(row[0], row[1]) for row in tx.execute(found.where(here))]


def untagged(tx: Connection, repository: int, before: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """id, digest and created_at of manifests that arrived before this moment, and that no tag, nor the trash, names."""
    tagged = exists().where(tags.c.manifest_id == manifests.c.id)
    wanted = exists().where(
        trash_needs.c.repository_id == manifests.c.repository_id,
        trash_needs.c.digest == manifests.c.digest,
        trash_needs.c.need == "manifest",
    )
    found = select(manifests.c.id, manifests.c.digest, manifests.c.created_at)
    old = (manifests.c.repository_id == repository) & (manifests.c.created_at <= before)
    return tx.execute(found.where(old, ~tagged, ~wanted).order_by(manifests.c.id)).all()


def blobs_named(tx: Connection, ids: Collection[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """digest and size_bytes of the blobs that these manifests name, and how many repositories hold each (`links`)."""
    return _blobs(tx, select(manifest_blobs.c.digest).where(among(manifest_blobs.c.manifest_id, ids)))


def removed(tx: Connection, repository: int, batch: str) -> set[int]:
    """Ids of the manifests that are here and that the trash holds for what one act removed from a repository."""
    needed = _needed(repository, batch).subquery()
    pointed_to = (needed.c.need == "manifest") & (needed.c.digest == manifests.c.digest)
    speaks = (needed.c.need == "subject") & (needed.c.digest == manifests.c.subject)
    here = manifests.c.repository_id == repository
    found = [select(manifests.c.id).join(needed, each).where(here) for each in (pointed_to, speaks)]
    return set(tx.scalars(union(*found)))


def blobs_removed(tx: Connection, repository: int, batch: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """As `blobs_named`, of the manifests that one act moved to the trash of a repository."""
    needed = _needed(repository, batch).subquery()
    return _blobs(tx, select(needed.c.digest).where(needed.c.need == "blob"))


def _blobs(tx: Connection, digests: Select[Any]) -> Sequence[Row[*tuple[Any, ...]]]:
    linked = blobs.outerjoin(repository_blobs, repository_blobs.c.digest == blobs.c.digest)
    links = func.count(repository_blobs.c.digest).label("links")
    found = select(blobs.c.digest, blobs.c.size_bytes, links).select_from(linked)
    return tx.execute(found.where(blobs.c.digest.in_(digests)).group_by(blobs.c.digest)).all()


def _needed(repository: int, batch: str) -> Select[Any]:
    found = select(trash_needs.c.need, trash_needs.c.digest).join(trash, trash.c.id == trash_needs.c.trash_id)
    return found.where(trash.c.batch == batch, trash.c.repository_id == repository)


def digests_named(tx: Connection, ids: Collection[int]) -> set[str]:
    """The digests of the blobs that these manifests name."""
    found = select(manifest_blobs.c.digest).where(among(manifest_blobs.c.manifest_id, ids))
    return set(tx.scalars(found.distinct()))
