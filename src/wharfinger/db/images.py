"""Repositories, tags, manifests and blobs: the statements. Nothing here decides."""

from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError

from wharfinger.db import answers, sizes
from wharfinger.db.many import among
from wharfinger.db.tables.columns import ID, PATH, Moment
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
from wharfinger.db.upsert import Upsert, once

MOST_PAGE_BYTES: Final = 4 * 1024 * 1024  # what clients are told to expect of a manifest at most
_ROW_BY_ROW: Final = {"stream_results": True, "max_row_buffer": 8}

_ADD_REPOSITORY: Final = once(repositories)
# Rows that are there are written, too: so whoever is removing one is waited for, and then it is made anew.
_ADD_BLOB: Final = Upsert(
    blobs,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["digest"],
        set_={"place": case((insert.excluded.place == "", ""), else_=blobs.c.place)},
    ),
)


class RepositoryGone(LookupError):
    """The repository that a blob was to be part of has gone since it was looked up."""


def _linking(*conditions: ColumnElement[bool]) -> Upsert:
    """Insert a blob that exists into a repository; the lock has it exist until we are done (PostgreSQL)."""
    columns = ["repository_id", "digest", "created_at", "review_after"]
    found = select(
        bindparam("repository", type_=ID),
        blobs.c.digest,
        bindparam("now", type_=Moment()),
        bindparam("later", type_=Moment()),
    ).where(blobs.c.digest == bindparam("wanted", type_=PATH), *conditions)
    return Upsert(
        repository_blobs,
        lambda insert: (
            insert.from_select(columns, found.with_for_update(read=True, key_share=True))
            .on_conflict_do_update(
                index_elements=["repository_id", "digest"], set_={"review_after": insert.excluded.review_after}
            )
            .returning(repository_blobs.c.digest)
        ),
    )


_LINK_BLOB: Final = _linking()
_MOUNT_BLOB: Final = _linking(blobs.c.review_after.is_(None))
_ADD_MANIFEST: Final = Upsert(
    manifests,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["repository_id", "digest"], set_={"review_after": insert.excluded.review_after}
    ).returning(manifests.c.id),
)
_MOVE_TAGS: Final = Upsert(
    tags,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["repository_id", "name"],
        set_={name: insert.excluded[name] for name in ("manifest_id", "pushed_at", "pushed_by", "total_size_bytes")},
        where=tags.c.manifest_id != insert.excluded.manifest_id,
    ),
)
_CLAIM_TAGS: Final = once(tags)
_ADD_TAGS: Final = Upsert(tags, lambda insert: insert.on_conflict_do_nothing().returning(tags.c.name))
_NAMES: Final = tuple(once(table) for table in (manifest_blobs, manifest_children))
# The lock (PostgreSQL; SQLite has one writer) keeps them here until the manifest that names them is.
_HELD_BLOBS: Final = (
    select(repository_blobs.c.digest)
    .where(
        repository_blobs.c.repository_id == bindparam("repository"),
        repository_blobs.c.digest.in_(bindparam("digests", expanding=True)),
    )
    .with_for_update(read=True, key_share=True)
)
_HELD_MANIFESTS: Final = (
    select(manifests.c.id)
    .where(
        manifests.c.repository_id == bindparam("repository"),
        manifests.c.digest.in_(bindparam("digests", expanding=True)),
    )
    .with_for_update(read=True, key_share=True)
)
_LEAVE: Final = (
    update(manifests)
    .where(
        manifests.c.id.in_(
            select(tags.c.manifest_id).where(
                tags.c.repository_id == bindparam("repository"),
                tags.c.name.in_(bindparam("names", expanding=True)),
                tags.c.manifest_id != bindparam("target"),
            )
        )
    )
    .values(review_after=bindparam("later", type_=Moment()))
    .returning(manifests.c.digest)
)

# --- repositories

_REPOSITORY: Final[Select[Any]] = select(repositories.c.id).where(
    repositories.c.project_id == bindparam("project"), repositories.c.name == bindparam("name")
)


def repository_id(tx: Connection, project_id: int, name: str) -> int | None:
    """The repository of this name in the project, if there is one."""
    row = answers.first(tx, _REPOSITORY, {"project": project_id, "name": name})
    return None if row is None else int(row.id)


def add_repository(tx: Connection, *, project_id: int, name: str, now: datetime) -> None:
    """Make a repository unless it is there, or its project has gone; two first pushes at once make one.

    The project's path is read again, and held until this is over: on PostgreSQL the project may be moving just now.
    """
    held = select(projects.c.path).where(projects.c.id == project_id).with_for_update(read=True, key_share=True)
    above = tx.scalar(held)
    if above is not None:
        row = {"project_id": project_id, "name": name, "path": f"{above}/{name}" if name else above, "created_at": now}
        tx.execute(_ADD_REPOSITORY.on(tx), row)


def mark_pushed(tx: Connection, repository: int, now: datetime) -> None:
    """Have the repository listed from its first manifest on."""
    unlisted = repositories.c.pushed_at.is_(None) & ~repositories.c.path.startswith("~")  # that one was just deleted
    tx.execute(update(repositories).where(repositories.c.id == repository, unlisted).values(pushed_at=now))


def catalog_page(tx: Connection, readable: Select[Any] | None, last: str, limit: int) -> list[str]:
    """Repository paths after `last` in byte order; `readable` selects project ids, None means all."""
    page = select(repositories.c.path).where(repositories.c.pushed_at.is_not(None), repositories.c.path > last)
    if readable is not None:
        page = page.where(repositories.c.project_id.in_(readable))
    return list(tx.scalars(page.order_by(repositories.c.path).limit(limit)))


# --- blobs


def hold_blob(tx: Connection, repository: int, blob: dict[str, Any], *, now: datetime, later: datetime) -> None:
    """The bytes are kept: let the blob (`digest`, `size_bytes`, `place`) exist, and be part of this repository.

    There it is reviewed `later`. A blob that exists keeps its place, but for an empty one: those bytes are where every
    process looks first.
    """
    tx.execute(_ADD_BLOB.on(tx), {**blob, "created_at": now})
    link_blob(tx, repository, blob["digest"], now=now, later=later)


def blob_place(tx: Connection, digest: str) -> str:
    """Where the bytes of a blob are. Raises LookupError where there is no such blob."""
    place = tx.scalar(select(blobs.c.place).where(blobs.c.digest == digest))
    if place is None:
        raise LookupError(f"the blob {digest}, there a moment ago, has gone")
    return str(place)


def places_page(tx: Connection, after: str, limit: int) -> list[tuple[str, str]]:
    """Digests and places of blobs after a digest, by digest."""
    page = select(blobs.c.digest, blobs.c.place).where(blobs.c.digest > after).order_by(blobs.c.digest).limit(limit)
    return [(row.digest, row.place) for row in tx.execute(page)]


def move_blob(tx: Connection, digest: str, before: str, place: str) -> bool:
    """Let a blob's bytes be in another place; False if it was not in `before` any more."""
    there = (blobs.c.digest == digest) & (blobs.c.place == before)
    return tx.execute(update(blobs).where(there).values(place=place)).rowcount > 0


def link_blob(tx: Connection, repository: int, digest: str, *, now: datetime, later: datetime) -> bool:
    """Let a blob be part of this repository too; False if there is none of this digest. Raises RepositoryGone."""
    return _linked(tx, _LINK_BLOB, {"repository": repository, "wanted": digest, "now": now, "later": later})


def mount_blob(tx: Connection, repository: int, digest: str, *, now: datetime, later: datetime) -> bool:
    """The same, where no bytes come along; False as well if its bytes may be on their way out."""
    return _linked(tx, _MOUNT_BLOB, {"repository": repository, "wanted": digest, "now": now, "later": later})


def _linked(tx: Connection, linking: Upsert, row: dict[str, Any]) -> bool:
    """The blob is held, so what a foreign key misses is the repository."""
    try:
        return tx.scalar(linking.on(tx), row) is not None
    except IntegrityError as error:
        raise RepositoryGone from error


def unlink_blob(tx: Connection, repository: int, digest: str) -> bool:
    """Take a blob out of this repository; True if it was there."""
    held = (repository_blobs.c.repository_id == repository) & (repository_blobs.c.digest == digest)
    return tx.execute(delete(repository_blobs).where(held)).rowcount > 0


def blob_size(tx: Connection, repository: int, digest: str) -> int | None:
    """Size in bytes of a blob of this repository."""
    held = (repository_blobs.c.repository_id == repository) & (repository_blobs.c.digest == digest)
    return tx.scalar(select(blobs.c.size_bytes).join_from(blobs, repository_blobs).where(held))


def blob_holder(tx: Connection, readable: Select[Any] | None, digest: str, path: str | None) -> int | None:
    """A repository with this blob in the projects that `readable` selects, None means all; at `path`, if given."""
    found = select(repository_blobs.c.repository_id).join(repositories).where(repository_blobs.c.digest == digest)
    if readable is not None:
        found = found.where(repositories.c.project_id.in_(readable))
    if path is not None:
        found = found.where(repositories.c.path == path)
    return tx.scalar(found.limit(1))


def held_blobs(tx: Connection, repository: int, digests: Sequence[str]) -> set[str]:
    """Those of these blobs that are part of the repository."""
    return set(tx.scalars(_HELD_BLOBS, {"repository": repository, "digests": digests}))


def blob_counted(tx: Connection, repository: int, digest: str) -> bool:
    """Does a tag of the repository keep this blob?"""
    held = (repository_blobs.c.repository_id == repository) & (repository_blobs.c.digest == digest)
    return bool(tx.scalar(select(repository_blobs.c.counted).where(held)))


def blob_in_use(tx: Connection, repository: int, digest: str) -> bool:
    """Does a manifest of the repository name this blob?"""
    names = (manifest_blobs.c.repository_id == repository) & (manifest_blobs.c.digest == digest)
    return bool(tx.scalar(select(exists().where(names))))


# --- manifests


def manifest(tx: Connection, repository: int, digest: str) -> Row[*tuple[Any, ...]] | None:
    """id, digest, media_type, subject, size_bytes and body of a manifest; nobody builds on it until we are done."""
    columns = (
        manifests.c.id,
        manifests.c.digest,
        manifests.c.media_type,
        manifests.c.subject,
        manifests.c.size_bytes,
        manifests.c.body,
    )
    return tx.execute(select(*columns).where(_is(repository, digest)).with_for_update()).first()


def content(tx: Connection, manifest: int) -> Row[*tuple[Any, ...]]:
    """media_type and body of a manifest that is there."""
    return tx.execute(select(manifests.c.media_type, manifests.c.body).where(manifests.c.id == manifest)).one()


def manifest_id(tx: Connection, repository: int, digest: str) -> int | None:
    """The row of a manifest, if it is there."""
    return tx.scalar(select(manifests.c.id).where(_is(repository, digest)))


def manifest_ids(tx: Connection, repository: int, digests: Collection[str]) -> dict[str, int]:
    """The rows of those of these manifests that are here, by digest."""
    here = (manifests.c.repository_id == repository) & among(manifests.c.digest, digests)
    return {row.digest: row.id for row in tx.execute(select(manifests.c.digest, manifests.c.id).where(here))}


def present(tx: Connection, pairs: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of these manifests that are here, by repository id and digest."""
    found = select(manifests.c.repository_id, manifests.c.digest)
    named = manifests.c.repository_id.in_({pair[0] for pair in pairs}) & manifests.c.digest.in_({p[1] for p in pairs})
    return {(row[0], row[1]) for row in tx.execute(found.where(named))} & set(pairs)


def add_manifest(tx: Connection, row: dict[str, Any], named_blobs: Sequence[str], children: Sequence[str]) -> int:
    """Store a manifest with what it names; of one that is there already only the review moves. Returns its id."""
    if children and tx.dialect.name == "postgresql":  # as _HELD_BLOBS
        tx.execute(_HELD_MANIFESTS, {"repository": row["repository_id"], "digests": children}).all()
    added: int = tx.execute(_ADD_MANIFEST.on(tx), row).scalar_one()
    for statement, digests in zip(_NAMES, (named_blobs, children), strict=True):
        if digests:
            place = {"manifest_id": added, "repository_id": row["repository_id"]}
            tx.execute(statement.on(tx), [{**place, "digest": digest} for digest in digests])
    return added


def parent_of(tx: Connection, repository: int, digest: str) -> str | None:
    """Digest of some index that names this manifest."""
    named = (manifest_children.c.repository_id == repository) & (manifest_children.c.digest == digest)
    return tx.scalar(select(manifests.c.digest).join_from(manifests, manifest_children).where(named).limit(1))


def referrers_page(
    tx: Connection, repository: int, subject: str, *, artifact_type: str | None, last: str, limit: int
) -> tuple[list[Row[*tuple[Any, ...]]], bool]:
    """What speaks about `subject` after `last`, by digest, and whether there is more than fits on this page.

    Rows of media_type, digest, size_bytes, artifact_type, annotations: at most `limit`, and about MOST_PAGE_BYTES, as
    annotations may have megabytes each.
    """
    columns = (
        manifests.c.media_type,
        manifests.c.digest,
        manifests.c.size_bytes,
        manifests.c.artifact_type,
        manifests.c.annotations,
    )
    page = select(*columns).where(
        manifests.c.repository_id == repository, manifests.c.subject == subject, manifests.c.digest > last
    )
    if artifact_type:
        page = page.where(manifests.c.artifact_type == artifact_type)
    found = tx.execute(page.order_by(manifests.c.digest).limit(limit + 1), execution_options=_ROW_BY_ROW)
    taken, size = list[Row[*tuple[Any, ...]]](), 0
    with closing(found):
        for row in found:
            size += len(row.annotations or "")
            if len(taken) == limit or (taken and size > MOST_PAGE_BYTES):
                return taken, True
            taken.append(row)
    return taken, False


def _is(repository: int, digest: str) -> Any:
    return (manifests.c.repository_id == repository) & (manifests.c.digest == digest)


# --- tags


def move_tags(
    tx: Connection,
    repository: int,
    names: Sequence[str],
    manifest: int,
    *,
    pushed_by: str,
    now: datetime,
    later: datetime,
) -> list[str]:
    """Let these tags point to the manifest; `pushed_at` changes only where the target does.

    Returns the digests that they pointed to before, which are reviewed `later`.
    """
    leaving = {"repository": repository, "names": names, "target": manifest, "later": later}
    before = list(tx.scalars(_LEAVE, leaving))
    tx.execute(_MOVE_TAGS.on(tx), _tag_rows(tx, repository, names, manifest, pushed_by=pushed_by, now=now))
    return before


def claim_tags(
    tx: Connection, repository: int, names: Sequence[str], manifest: int, *, pushed_by: str, now: datetime
) -> None:
    """Let those of these tags exist that do not yet; who claims one at the same moment is waited for."""
    tx.execute(_CLAIM_TAGS.on(tx), _tag_rows(tx, repository, names, manifest, pushed_by=pushed_by, now=now))


def add_tags(
    tx: Connection,
    repository: int,
    names: Sequence[str],
    manifest: int,
    *,
    pushed_by: str,
    now: datetime,
    later: datetime,  # noqa: ARG001 - as `move_tags`
) -> bool:
    """Let these new tags point to the manifest; False if one points to another by now."""
    rows = _tag_rows(tx, repository, names, manifest, pushed_by=pushed_by, now=now)
    if None not in [tx.scalar(_ADD_TAGS.on(tx), row) for row in rows]:
        return True
    elsewhere = (tags.c.repository_id == repository) & tags.c.name.in_(names) & (tags.c.manifest_id != manifest)
    return not tx.scalar(select(exists().where(elsewhere)))


def _tag_rows(
    tx: Connection, repository: int, names: Sequence[str], manifest: int, *, pushed_by: str, now: datetime
) -> list[dict[str, Any]]:
    row = {"repository_id": repository, "manifest_id": manifest, "pushed_by": pushed_by}
    facts = {"created_at": now, "pushed_at": now, "total_size_bytes": sizes.of_manifest(tx, manifest)}
    return [{**row, **facts, "name": name} for name in names]


def count(tx: Connection) -> dict[str, int]:
    """How many repositories, manifests, tags and blobs there are."""
    counted = {"repositories": repositories, "manifests": manifests, "tags": tags, "blobs": blobs}
    return {name: int(tx.scalar(select(func.count()).select_from(table)) or 0) for name, table in counted.items()}
