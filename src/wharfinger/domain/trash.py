"""The trash: what was deleted can be restored by a maintainer until `[trash] keep` is over; then it is purged.

`images` puts things in; this lists and restores, and `purge` removes. What lies here keeps its bytes: a manifest its
blobs, an index its images, a subject what speaks about it.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import images as image_rows
from wharfinger.db import renaming as renaming_rows
from wharfinger.db import tags as tag_rows
from wharfinger.db import trash as rows
from wharfinger.domain import access, events, pace, push, quotas, usage
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import (
    PathTaken,
    RepositoryProtected,
    RestoreFirst,
    TagProtected,
    TagTaken,
    TrashedUnknown,
)
from wharfinger.domain.events.images import BatchRestored, Restored, TrashEmptied
from wharfinger.domain.guard import Warden
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import manifest as manifests

AT_ONCE: Final = 4_000  # things in one transaction at the most, as in `images`


class Kind(StrEnum):
    """What something in the trash was."""

    TAG = "tag"
    MANIFEST = "manifest"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True)
class Trashed:
    """Something in the trash. `path` is the repository's, `name` the tag or digest, "" where all of it was deleted.

    `batch` is the label of the act that deleted it and more, None where it was deleted by itself.
    """

    id: int
    kind: Kind
    path: str
    name: str
    tags: tuple[str, ...]
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime
    batch: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """How many are back, and how many stay in the trash: something is in their way, or what they need is gone."""

    back: int
    left: int


def list_trash(
    tools: Tools, caller: Caller, project: str, *, before: int | None = None, limit: int = 100, batch: str | None = None
) -> list[Trashed]:
    """What a project has in the trash, for its maintainers: newest first, before this id; or what one act deleted."""
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        label = batch and access.askable(batch)
        found = rows.page(tx, opened.id, tools.clock(), batch=label, before=before, limit=limit)
        return shown(tx, found)


def restore(tools: Tools, caller: Caller, project: str, id_: int) -> Trashed:
    """Bring something back, with what it needs that was deleted after it. Tags that others have taken stay theirs.

    Raises TrashedUnknown, TagTaken where a tag was pushed again, PathTaken where a repository was, RestoreFirst where
    the repository lies in the trash as well.
    """
    with tools.db.begin() as tx:
        garbage_rows.take_turn(tx)
        row = _entry(tx, tools.clock(), caller, project, id_)
        _require_shown(tx, row)
        (found,) = shown(tx, [row])
        _require_restore(Warden(tx, tools, caller, row.repository_id), row)
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


def restore_batch(tools: Tools, caller: Caller, project: str, batch: str) -> Returned:
    """Bring back what one act deleted, a part at a time, last deleted first.

    Raises TrashedUnknown if none is left, QuotaExceeded where a part has no room; the parts before are back then.
    """
    before, back, left = None, 0, 0
    for size in pace.sizes(tools.db, AT_ONCE):
        with tools.db.begin() as tx:
            garbage_rows.take_turn(tx)
            opened = access.open_project(tx, caller, project, Action.ADMINISTER)
            label = access.askable(batch)
            part = rows.page(tx, opened.id, tools.clock(), batch=label, before=before, limit=size)
            if not part:
                break
            done = _restore_part(tx, tools, caller, part)
            quotas.require_room(tx, opened.id)
            back, left, before = back + done, left + len(part) - done, part[-1].id
            events.put(tx, tools, caller, BatchRestored(**events.at(opened), batch=batch, back=done))
    if not back + left:
        raise TrashedUnknown(f"nothing in the trash of {project} is labelled {batch}: list it to see what there is")
    return Returned(back, left)


def empty(tools: Tools, caller: Caller, project: str, id_: int | None = None) -> int:
    """Let the time of all that a project has in the trash be over, or of one thing; how many. Raises TrashedUnknown."""
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        if id_ is not None:
            _entry(tx, tools.clock(), caller, project, id_)
        things = rows.expire(tx, opened.id, tools.clock(), id_)
        events.put(tx, tools, caller, TrashEmptied(**events.at(opened), things=things))
        return things


def _restore_part(tx: Connection, tools: Tools, caller: Caller, found: Sequence[Row[Any]]) -> int:
    """Those of these that can come back, and that no rule keeps from this caller: how many."""
    wardens = {id_: Warden(tx, tools, caller, id_) for id_ in {row.repository_id for row in found}}
    free = [row for row in found if _permitted(wardens[row.repository_id], row)]
    back = 0
    for row in free:
        if row.kind == Kind.REPOSITORY:
            with suppress(PathTaken):
                _restore_repository(tx, tools, row)
                back += 1
    hidden = rows.hidden(tx, wardens)
    shown = [row for row in free if row.repository_id not in hidden]
    images = [row for row in shown if row.kind == Kind.MANIFEST]
    for row in images:
        _restore_manifest(tx, tools, row)
    tags = [row for row in shown if row.kind == Kind.TAG]
    return back + len(images) + sum(len(_restore_tags(tx, tools, id_, tags)) for id_ in wardens)


def _restore_repository(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    if image_rows.repository_id(tx, row.project_id, row.name) is not None:
        raise PathTaken(f"{_path(row)} was pushed to again: delete that first, then both are in the trash")
    watched = usage.watch(tx, row.repository_id, whole=True)
    rows.show_repository(tx, row.repository_id, name=row.name, path=_path(row), now=tools.clock())
    renaming_rows.free_own(tx, row.repository_id)
    usage.settle(tx, watched)
    rows.remove(tx, [row.id])


def _restore_tag(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    if not _restore_tags(tx, tools, row.repository_id, [row]):
        if tag_rows.targets(tx, row.repository_id, [row.name]):
            raise TagTaken(f"the tag {row.name} of {_path(row)} points to another manifest now: delete it first")
        raise TrashedUnknown(f"the manifest {row.digest} of the tag {row.name} is gone: push it again")


def _restore_tags(tx: Connection, tools: Tools, repository: int, found: Sequence[Row[Any]]) -> list[int]:
    """Those of these tags that are of this repository, and free or pointing there already: their ids.

    Of two of the same name that is the first.
    """
    wanted = {row.name: row for row in reversed(found) if row.repository_id == repository}
    watched = usage.watch(tx, repository, tags=wanted, digests={row.digest for row in wanted.values()})
    taken = tag_rows.targets(tx, repository, wanted)
    free = [row for row in wanted.values() if taken.get(row.name) in (None, row.digest)]
    digests = {row.digest for row in free}
    _restore_missing(tx, tools, repository, digests)
    here = image_rows.manifest_ids(tx, repository, digests)
    aims = {row.name: here[row.digest] for row in free if row.digest in here}
    names = {row.name: row.deleted_by for row in free}
    moments = {row.name: row.pushed_at for row in free}
    added = tag_rows.add(tx, repository, aims, pushed_by=names, pushed_at=moments, now=tools.clock())
    back = [row.id for row in free if row.name in added or taken.get(row.name) == row.digest]
    rows.remove(tx, back)
    usage.settle(tx, watched)
    return back


def _restore_manifest(tx: Connection, tools: Tools, row: Row[Any]) -> None:
    body, now = rows.body(tx, row.id), tools.clock()
    if body is None:
        return  # what needs it was restored before, and has brought it back
    watched = usage.watch(tx, row.repository_id, digests=[row.digest])
    parsed, later = manifests.parse(body, row.media_type), now + tools.policy.gc_delay
    for _, digest in rows.needs(tx, [row.id], "blob"):
        image_rows.link_blob(tx, row.repository_id, digest, now=now, later=later)
    values = push.row_of(row.repository_id, parsed, row.digest, body) | {"created_at": now, "review_after": later}
    stored = image_rows.add_manifest(tx, values, parsed.blobs, parsed.children)
    _restore_missing(tx, tools, row.repository_id, parsed.children)
    moments = rows.tag_moments(row)
    aims, names = dict.fromkeys(moments, stored), dict.fromkeys(moments, row.deleted_by)
    tag_rows.add(tx, row.repository_id, aims, pushed_by=names, pushed_at=moments, now=now)
    rows.remove(tx, [row.id])
    usage.settle(tx, watched)


def _restore_missing(tx: Connection, tools: Tools, repository: int, digests: Collection[str]) -> None:
    """Those of these manifests that are not here and are in the trash."""
    here = image_rows.manifest_ids(tx, repository, digests) if digests else {}
    for digest in digests:
        trashed = None if digest in here else rows.entry_of(tx, repository, tools.clock(), digest)
        if trashed is not None and image_rows.manifest_id(tx, repository, digest) is None:
            _restore_manifest(tx, tools, trashed)


def _entry(tx: Connection, now: datetime, caller: Caller, project: str, id_: int) -> Row[Any]:
    opened = access.open_project(tx, caller, project, Action.ADMINISTER)
    row = rows.entry(tx, opened.id, now, id_)
    if row is None:
        raise TrashedUnknown(f"nothing in the trash of {project} has the number {id_}: list it to see what there is")
    return row


def _require_shown(tx: Connection, row: Row[Any]) -> None:
    if row.kind != Kind.REPOSITORY and (grave := rows.graves(tx, [row.repository_id]).get(row.repository_id)):
        path = _written(row.project_path, grave.name)
        raise RestoreFirst(f"the repository {path} lies in the trash itself: restore that first, number {grave.id}")


def _require_restore(warden: Warden, row: Row[Any]) -> None:
    names = {Kind.TAG: [row.name], Kind.MANIFEST: list(rows.tag_moments(row)), Kind.REPOSITORY: None}
    warden.require_arrival(_path(row), names[Kind(row.kind)])


def _permitted(warden: Warden, row: Row[Any]) -> bool:
    try:
        _require_restore(warden, row)
    except (RepositoryProtected, TagProtected):
        return False
    return True


def shown(tx: Connection, found: Sequence[Row[Any]]) -> list[Trashed]:
    """Rows of the trash as people see them: of a deleted repository by the name that it had."""
    names = {row.repository_id: row.name for row in found if row.kind == Kind.REPOSITORY}
    hidden = {row.repository_id for row in found if row.repository_name.startswith("~")} - names.keys()
    if hidden:
        names |= {id_: grave.name for id_, grave in rows.graves(tx, hidden).items()}
    return [
        _trashed(row, _written(row.project_path, names.get(row.repository_id, row.repository_name))) for row in found
    ]


def _path(row: Row[Any]) -> str:
    return _written(row.project_path, row.name if row.kind == Kind.REPOSITORY else row.repository_name)


def _written(project: str, name: str) -> str:
    return f"{project}/{name}" if name else project


def _trashed(row: Row[Any], path: str) -> Trashed:
    kind = Kind(row.kind)
    name = {Kind.TAG: row.name, Kind.MANIFEST: row.digest, Kind.REPOSITORY: ""}[kind]
    times = (row.deleted_by, row.deleted_at, row.expires_at)
    return Trashed(row.id, kind, path, name, tuple(rows.tag_moments(row)), *times, row.batch)
