"""The trash: what was deleted and can still be restored. Nothing here decides.

A deleted manifest moves here with its bytes, and a deleted tag as the name of what it pointed to, so that pulls and
listings know nothing of the trash. A deleted repository stays as it is, under a path that nobody can ask for. What
something in here needs (`trash_needs`) is not reclaimed.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, literal, select, update

from wharfinger.db import many
from wharfinger.db.tables.images import (
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
    tags,
)
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.trash import trash, trash_needs

_OVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # by any clock, also by one that is put back
_ENTRY: Final = (
    trash.c.id,
    trash.c.repository_id,
    trash.c.kind,
    trash.c.name,
    trash.c.digest,
    trash.c.media_type,
    trash.c.tags,
    trash.c.deleted_by,
    trash.c.deleted_at,
    trash.c.expires_at,
    trash.c.batch,
    trash.c.pushed_at,
    repositories.c.name.label("repository_name"),
    projects.c.id.label("project_id"),
    projects.c.path.label("project_path"),
)


def add(tx: Connection, row: dict[str, Any], needs: Mapping[str, Collection[str]]) -> None:
    """Put something into the trash; `needs` are digests by what they are needed as."""
    made = tx.execute(trash.insert().returning(trash.c.id), row).scalar_one()
    place = {"trash_id": made, "repository_id": row["repository_id"]}
    rows = [{**place, "need": need, "digest": digest} for need, digests in needs.items() for digest in digests]
    if rows:
        tx.execute(trash_needs.insert(), rows)


def add_tags(tx: Connection, row: dict[str, Any], names: Collection[str]) -> None:
    """Put tags of a repository, that are there and held, into the trash; each needs what it points to."""
    columns = ["repository_id", "name", "digest", "pushed_at", *(name for name in row if name != "repository_id")]
    facts = [literal(value, trash.c[name].type) for name, value in row.items() if name != "repository_id"]
    pointing = select(tags.c.repository_id, tags.c.name, manifests.c.digest, tags.c.pushed_at, *facts)
    pointing = pointing.join_from(tags, manifests)
    pointing = pointing.where(tags.c.repository_id == row["repository_id"], many.among(tags.c.name, names))
    made = list(tx.scalars(trash.insert().from_select(columns, pointing).returning(trash.c.id)))
    if made:  # in one row, as whoever moves something to the trash has the turn (`garbage.take_turn`)
        mine = trash.c.id.between(min(made), max(made)) & (trash.c.repository_id == row["repository_id"])
        needed = select(trash.c.id, trash.c.repository_id, literal("manifest"), trash.c.digest).where(mine)
        tx.execute(trash_needs.insert().from_select(["trash_id", "repository_id", "need", "digest"], needed))


def named_by(tx: Connection, manifest: int) -> tuple[list[str], list[str]]:
    """Digests of the blobs and of the manifests that a manifest names."""
    return (
        list(tx.scalars(select(manifest_blobs.c.digest).where(manifest_blobs.c.manifest_id == manifest))),
        list(tx.scalars(select(manifest_children.c.digest).where(manifest_children.c.manifest_id == manifest))),
    )


def pointing(tx: Connection, manifest: int) -> str:
    """The tags that point to a manifest and since when, as an entry of the trash has them (`tag_moments`)."""
    found = select(tags.c.name, tags.c.pushed_at).where(tags.c.manifest_id == manifest).order_by(tags.c.name)
    return json.dumps({row.name: row.pushed_at.isoformat() for row in tx.execute(found)})


def tags_of(tx: Connection, manifest: int) -> list[str]:
    """The tags that point to a manifest."""
    return list(tx.scalars(select(tags.c.name).where(tags.c.manifest_id == manifest).order_by(tags.c.name)))


def hide_repository(tx: Connection, repository: int) -> None:
    """Take a repository from its path, to one that no client can write."""
    hidden = f"~{repository}"
    values = {"name": hidden, "path": hidden, "pushed_at": None, "status": None}
    tx.execute(update(repositories).where(repositories.c.id == repository).values(values))


def show_repository(tx: Connection, repository: int, *, name: str, path: str, now: datetime) -> None:
    """Give a hidden repository its path again, which nobody has."""
    values = {"name": name, "path": path, "pushed_at": now}
    tx.execute(update(repositories).where(repositories.c.id == repository).values(values))


def hidden(tx: Connection, among: Collection[int]) -> set[int]:
    """Those of these repositories that lie in the trash themselves."""
    out_of_sight = repositories.c.id.in_(among) & repositories.c.path.startswith("~")
    return set(tx.scalars(select(repositories.c.id).where(out_of_sight)))


def graves(tx: Connection, among: Collection[int]) -> dict[int, Row[Any]]:
    """id and name of what these repositories are in the trash, by repository id."""
    found: Select[Any] = select(trash.c.repository_id, trash.c.id, trash.c.name)
    found = found.where(trash.c.kind == "repository", trash.c.repository_id.in_(among))
    return {row.repository_id: row for row in tx.execute(found)}


def page(
    tx: Connection, project: int, now: datetime, *, batch: str | None, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """What a project has in the trash, newest first, before this id; `batch`: what one act moved there.

    What is over may be purged in part already: it is not there.
    """
    found = _entries().where(projects.c.id == project, trash.c.expires_at > now)
    if batch is not None:
        found = found.where(trash.c.batch == batch)
    if before is not None:
        found = found.where(trash.c.id < before)
    return tx.execute(found.order_by(trash.c.id.desc()).limit(limit)).all()


def entry(tx: Connection, project: int, now: datetime, id_: int) -> Row[Any] | None:
    """One thing of this project in the trash."""
    here = (projects.c.id == project) & (trash.c.id == id_) & (trash.c.expires_at > now)
    return tx.execute(_entries().where(here)).first()


def entry_of(tx: Connection, repository: int, now: datetime, digest: str) -> Row[Any] | None:
    """A manifest of this repository in the trash."""
    here = (trash.c.repository_id == repository) & (trash.c.digest == digest) & (trash.c.kind == "manifest")
    return tx.execute(_entries().where(here, trash.c.expires_at > now).order_by(trash.c.id.desc()).limit(1)).first()


def body(tx: Connection, id_: int) -> bytes | None:
    """The bytes of a manifest in the trash, if it still is there."""
    return tx.scalar(select(trash.c.body).where(trash.c.id == id_))


def needs(tx: Connection, ids: Collection[int], need: str) -> list[tuple[int, str]]:
    """What these things in the trash need as this: pairs of repository id and digest."""
    wanted = trash_needs.c.trash_id.in_(ids) & (trash_needs.c.need == need)
    found = select(trash_needs.c.repository_id, trash_needs.c.digest).where(wanted).distinct()
    return [(row[0], row[1]) for row in tx.execute(found)]


def tag_moments(row: Row[Any]) -> dict[str, datetime | None]:
    """The tags that pointed to a manifest, and since when; None where it was deleted by a version that kept names."""
    found: dict[str, str] | list[str] = json.loads(row.tags) if row.tags else {}
    if isinstance(found, list):
        return dict.fromkeys(found)
    return {name: datetime.fromisoformat(moment) for name, moment in found.items()}


def remove(tx: Connection, ids: Collection[int]) -> None:
    """Take these out of the trash, for good or because they are back."""
    tx.execute(delete(trash).where(many.among(trash.c.id, ids)))


def expire(tx: Connection, project: int, now: datetime, id_: int | None) -> int:
    """Let the time of what a project has in the trash be over for good, of all of it or of one; how many."""
    inside = trash.c.repository_id.in_(select(repositories.c.id).where(repositories.c.project_id == project))
    chosen = inside if id_ is None else inside & (trash.c.id == id_)
    return tx.execute(update(trash).where(chosen, trash.c.expires_at > now).values(expires_at=_OVER)).rowcount


def close(tx: Connection, id_: int) -> None:
    """Let the time of something be over for good: a part of it was purged."""
    tx.execute(update(trash).where(trash.c.id == id_).values(expires_at=_OVER))


def expired(tx: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """What has been in the trash for long enough, longest first."""
    return tx.execute(_entries().where(trash.c.expires_at <= now).order_by(trash.c.expires_at).limit(limit)).all()


def some_manifests(tx: Connection, repository: int, limit: int) -> list[int]:
    """Ids of manifests of a repository."""
    return list(tx.scalars(select(manifests.c.id).where(manifests.c.repository_id == repository).limit(limit)))


def some_blobs(tx: Connection, repository: int, limit: int) -> list[str]:
    """Digests of blobs of a repository."""
    held = repository_blobs.c.repository_id == repository
    return list(tx.scalars(select(repository_blobs.c.digest).where(held).limit(limit)))


def blobs_needed_in(repository: int) -> Select[Any]:
    """Selects digests of the blobs that the trash needs for a repository."""
    here = (trash_needs.c.repository_id == repository) & (trash_needs.c.need == "blob")
    return select(trash_needs.c.digest).where(here)


def remove_repository(tx: Connection, repository: int) -> None:
    """Delete a repository with all that it still has, its trash too."""
    tx.execute(delete(repositories).where(repositories.c.id == repository))


def _entries() -> Select[Any]:
    joined = trash.join(repositories, repositories.c.id == trash.c.repository_id).join(projects)
    return select(*_ENTRY).select_from(joined)
