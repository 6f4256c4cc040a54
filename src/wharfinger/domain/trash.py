"""The trash: what was deleted can be restored by a maintainer until `[trash] keep` is over; then it is purged.

`images` puts things in; this lists, restores and purges. What lies here keeps its bytes: a manifest its blobs, an index
its images, a subject what speaks about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import images as image_rows
from wharfinger.db import trash as rows
from wharfinger.domain import access, events, push, quotas, usage
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import PathTaken, RestoreFirst, TagTaken, TrashedUnknown
from wharfinger.domain.events.images import Restored, TrashEmptied
from wharfinger.domain.guard import Warden
from wharfinger.domain.tools import Tools
from wharfinger.rules import garbage as rules
from wharfinger.rules.roles import Action
from wharfinger.spec import manifest as manifests


class Kind(StrEnum):
    """What something in the trash was."""

    TAG = "tag"
    MANIFEST = "manifest"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True)
class Trashed:
    """Something in the trash. `path` is the repository's, `name` the tag or digest, "" where all of it was deleted."""

    id: int
    kind: Kind
    path: str
    name: str
    tags: tuple[str, ...]
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime


def list_trash(tools: Tools, caller: Caller, project: str, *, last: int = 0, limit: int = 100) -> list[Trashed]:
    """What a project has in the trash, after this id, for its maintainers."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        return [_trashed(row) for row in rows.page(tx, opened.id, tools.clock(), last, limit)]


def restore(tools: Tools, caller: Caller, project: str, id_: int) -> Trashed:
    """Bring something back, with what it needs that was deleted after it. Tags that others have taken stay theirs.

    Raises TrashedUnknown, TagTaken where a tag was pushed again, PathTaken where a repository was, RestoreFirst where
    the repository lies in the trash as well.
    """
    with tools.db.begin() as tx:
        garbage_rows.take_turn(tx)
        row = _entry(tx, tools.clock(), caller, project, id_)
        _require_shown(tx, row)
        found = _trashed(row)
        _require_restore(tx, tools, caller, row)
        match found.kind:
            case Kind.REPOSITORY:
                _restore_repository(tx, tools, row)
            case Kind.TAG:
                _restore_tag(tx, tools, row)
            case Kind.MANIFEST:
                _restore_manifest(tx, tools, row)
        quotas.require_room(tx, row.project_id)
        where = {"path": found.path, "project_id": row.project_id}
        events.put(tx, tools, caller, Restored(**where, what=str(found.kind), name=found.name, digest=row.digest))
        return found


def empty(tools: Tools, caller: Caller, project: str, id_: int | None = None) -> int:
    """Let the time of all that a project has in the trash be over, or of one thing; how many. Raises TrashedUnknown."""
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        if id_ is not None:
            _entry(tx, tools.clock(), caller, project, id_)
        things = rows.expire(tx, opened.id, tools.clock(), id_)
        events.put(tx, tools, caller, TrashEmptied(**events.at(opened), things=things))
        return things


def purge(tools: Tools, tx: Connection, now: datetime) -> int:
    """Remove what has been in the trash for long enough, a batch at a time; how many things were dealt with.

    A large repository goes in several batches, and is dealt with again in the next one until nothing is left in it.
    """
    later, found = now + tools.policy.gc_delay, rows.expired(tx, now, tools.policy.gc_batch)
    for row in found:
        if row.kind == Kind.REPOSITORY:
            if not _purged_part(tx, row.repository_id, tools.policy.gc_batch, now):
                continue
            return len(found)
        _let_go(tx, row, now, later)
        rows.remove(tx, row.id)
    return len(found)


def _let_go(tx: Connection, row: Row[Any], now: datetime, later: datetime) -> None:
    """What it needed is looked at: bytes now, manifests after a delay, for clients see those."""
    here = [(row.repository_id, digest) for digest in rows.needs(tx, row.id, "manifest")]
    garbage_rows.hurry_manifests(tx, here, later)
    if row.kind == Kind.MANIFEST:
        garbage_rows.queue_blobs(tx, rows.needs(tx, row.id, "blob"), now)
        garbage_rows.queue_speakers(tx, row.repository_id, row.digest, later)
        if image_rows.manifest_id(tx, row.repository_id, row.digest) is None:
            names = [(row.repository_id, tag) for tag in rules.fallback_tags(row.digest)]
            usage.drop_tags(tx, names, later)


def _purged_part(tx: Connection, repository: int, limit: int, now: datetime) -> bool:
    """Remove a part of a repository, or the last of it: then False."""
    manifests_, blobs = rows.some_manifests(tx, repository, limit), rows.some_blobs(tx, repository, limit)
    if manifests_:
        garbage_rows.delete_manifests(tx, manifests_)
    elif blobs:
        garbage_rows.delete_links(tx, [(repository, digest) for digest in blobs], now)
    else:
        garbage_rows.queue_blobs(tx, rows.blobs_needed_in(repository), now)
        rows.remove_repository(tx, repository)
    return bool(manifests_ or blobs)


def _restore_repository(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    if image_rows.repository_id(tx, row.project_id, row.name) is not None:
        raise PathTaken(f"{_path(row)} was pushed to again: delete that first, then both are in the trash")
    watched = usage.watch(tx, row.repository_id, whole=True)
    rows.show_repository(tx, row.repository_id, name=row.name, path=_path(row), now=tools.clock())
    usage.settle(tx, watched)
    rows.remove(tx, row.id)


def _restore_tag(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    if image_rows.tag_target(tx, row.repository_id, row.name) not in (None, row.digest):
        raise TagTaken(f"the tag {row.name} of {_path(row)} points to another manifest now: delete it first")
    watched = usage.watch(tx, row.repository_id, tags=[row.name], digests=[row.digest])
    _restore_missing(tx, tools, row.repository_id, [row.digest])
    manifest = image_rows.manifest_id(tx, row.repository_id, row.digest)
    if manifest is None:
        raise TrashedUnknown(f"the manifest {row.digest} of the tag {row.name} is gone: push it again")
    _tag(tx, tools, row, [row.name], manifest)
    rows.remove(tx, row.id)
    usage.settle(tx, watched)


def _restore_manifest(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    watched = usage.watch(tx, row.repository_id, digests=[row.digest])
    body, now = rows.body(tx, row.id), tools.clock()
    parsed, later = manifests.parse(body, row.media_type), now + tools.policy.gc_delay
    for digest in rows.needs(tx, row.id, "blob"):
        image_rows.link_blob(tx, row.repository_id, digest, now=now, later=later)
    values = push.row_of(row.repository_id, parsed, row.digest, body) | {"created_at": now, "review_after": later}
    stored = image_rows.add_manifest(tx, values, parsed.blobs, parsed.children)
    free = [tag for tag in rows.tag_names(row) if image_rows.tag_target(tx, row.repository_id, tag) is None]
    _tag(tx, tools, row, free, stored)
    rows.remove(tx, row.id)
    _restore_missing(tx, tools, row.repository_id, parsed.children)
    usage.settle(tx, watched)


def _restore_missing(tx: Connection, tools: Tools, repository: int, digests: Sequence[str]) -> None:
    """Those of these manifests that are not here and are in the trash."""
    for digest in digests:
        trashed = rows.entry_of(tx, repository, tools.clock(), digest)
        if trashed is not None and image_rows.manifest_id(tx, repository, digest) is None:
            _restore_manifest(tx, tools, trashed)


def _tag(tx: Connection, tools: Tools, row: Row[Any], names: list[str], manifest: int) -> None:
    now = tools.clock()
    later = now + tools.policy.gc_delay
    if names:
        image_rows.move_tags(tx, row.repository_id, names, manifest, pushed_by=row.deleted_by, now=now, later=later)


def _entry(tx: Connection, now: datetime, caller: Caller, project: str, id_: int) -> Row[Any]:
    opened = access.open_project(tx, caller, project, Action.ADMINISTER)
    row = rows.entry(tx, opened.id, now, id_)
    if row is None:
        raise TrashedUnknown(f"nothing in the trash of {project} has the number {id_}: list it to see what there is")
    return row


def _require_shown(tx: Connection, row: Row[Any]) -> None:
    if row.kind != Kind.REPOSITORY and rows.hidden(tx, row.repository_id):
        raise RestoreFirst("the repository lies in the trash itself: restore that first")


def _require_restore(tx: Connection, tools: Tools, caller: Caller, row: Row[Any]) -> None:
    names = {Kind.TAG: [row.name], Kind.MANIFEST: rows.tag_names(row), Kind.REPOSITORY: None}
    Warden(tx, tools, caller, row.repository_id).require_restore(_path(row), names[Kind(row.kind)])


def _path(row: Row[Any]) -> str:
    name = row.name if row.kind == Kind.REPOSITORY else row.repository_name
    return f"{row.project_path}/{name}" if name else str(row.project_path)


def _trashed(row: Row[Any]) -> Trashed:
    kind = Kind(row.kind)
    name = {Kind.TAG: row.name, Kind.MANIFEST: row.digest, Kind.REPOSITORY: ""}[kind]
    return Trashed(
        row.id, kind, _path(row), name, tuple(rows.tag_names(row)), row.deleted_by, row.deleted_at, row.expires_at
    )
