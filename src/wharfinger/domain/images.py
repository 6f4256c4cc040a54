"""Image repositories: what is in them, and taking it out again."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import images as rows
from wharfinger.db import projects as project_rows
from wharfinger.db import renaming as renaming_rows
from wharfinger.db import tags as tag_rows
from wharfinger.db import trash as trash_rows
from wharfinger.db.lookup import FoundRepository
from wharfinger.domain import access, events, sight, usage
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.errors import (
    BlobInUse,
    BlobUnknown,
    ManifestInUse,
    ManifestUnknown,
    PathTaken,
    RepositoryUnknown,
    TagUnknown,
)
from wharfinger.domain.events.images import BlobDeleted, ManifestDeleted, RepositoryDeleted, TagsDeleted
from wharfinger.domain.guard import Warden
from wharfinger.domain.tools import Tools
from wharfinger.rules import garbage as rules
from wharfinger.rules.roles import Action

# In one transaction, at the most (`pace`). Fewer take longer together, because the blobs of each part lie all over the
# tables: SQLite writes nearly the same pages for a thousand tags.
TAGS_AT_ONCE: Final = 4_000
MANIFESTS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Names:
    """One page of names in byte order. `last` is the marker of the next page, None on the last one."""

    names: list[str]
    last: str | None


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that speaks about another: a signature, an SBOM, an attestation."""

    media_type: str
    digest: str
    size_bytes: int
    artifact_type: str | None
    annotations: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Existing:
    """A repository that is there: its number, its path, and the project it is in."""

    id: int
    path: str
    project_id: int


@dataclass(frozen=True, slots=True)
class Referrers:
    """One page of referrers by digest. `last` is the marker of the next page, None on the last one."""

    referrers: list[Referrer]
    last: str | None


def list_tags(tools: Tools, caller: Caller, path: str, *, last: str, limit: int) -> Names:
    """The tags of a repository after `last`, at most `limit` (distribution-spec, Listing Tags)."""
    project = access.granted(caller, path, Action.PULL)
    known = tools.lookup.repository(path)
    if known is not None and known.project_id == project:
        repository = known.id
    else:
        with tools.db.read() as tx:
            repository = _open(tx, caller, path, Action.PULL)
    return _page(tools.lookup.tags(repository, last, limit + 1), limit)


def list_repositories(tools: Tools, caller: Caller, *, last: str, limit: int) -> Names:
    """The repositories that the caller may pull from, after `last`, at most `limit`."""
    access.require_catalog(caller)
    with tools.db.read() as tx:
        readable = sight.image_projects(caller, tools.clock(), tools.policy.profile)
        return _page(rows.catalog_page(tx, readable, last, limit + 1), limit)


def list_referrers(
    tools: Tools, caller: Caller, path: str, subject: str, *, artifact_type: str | None, last: str, limit: int
) -> Referrers:
    """What speaks about `subject`, which need not be here yet (distribution-spec, Listing Referrers)."""
    with tools.db.read() as tx:
        here = find(tx, access.open_repository(tx, caller, path, Action.PULL), Action.PULL)
        if here is None:
            return Referrers([], None)
        found, more = rows.referrers_page(tx, here.id, subject, artifact_type=artifact_type, last=last, limit=limit)
    page = [
        Referrer(row.media_type, row.digest, row.size_bytes, row.artifact_type, _annotations(row.annotations))
        for row in found
    ]
    return Referrers(page, page[-1].digest if more else None)


def delete_tag(tools: Tools, caller: Caller, path: str, tag: str) -> None:
    """Move a tag to the trash; its manifest stays, for the tags that share it. Raises TagUnknown, TagProtected."""
    if not delete_chosen(tools, caller, path, [tag]):
        raise TagUnknown(f"no tag {tag} in {path}: list its tags to see what there is")


def delete_chosen(
    tools: Tools,
    caller: Caller,
    path: str,
    names: Sequence[str],
    *,
    batch: str | None = None,
    only: int | None = None,
) -> dict[str, str]:
    """Move these tags to the trash, as many as there are, a part at a time: those that were there, and their digests.

    `batch` is a label of this act, by which `trash.restore_batch` brings all of it back. Raises TagProtected, and
    RepositoryUnknown where another repository than `only` has this path by now.
    """
    _check_token(caller, path)
    gone = dict[str, str]()
    for at in range(0, len(names), TAGS_AT_ONCE):
        part = names[at : at + TAGS_AT_ONCE]
        with tools.db.begin() as tx:
            garbage_rows.take_turn(tx)
            repository = open_existing(tx, caller, path, Action.DELETE)
            if only not in (None, repository.id):
                raise RepositoryUnknown(f"{path} is another image since a moment ago: look which tags it has")
            Warden(tx, tools, caller, repository.id, path).require_delete(part)
            gone |= delete_tags(tx, tools, caller, repository, part, batch=batch)
    return gone


def delete_tags(
    tx: Connection,
    tools: Tools,
    caller: Caller,
    repository: Existing,
    names: Collection[str],
    *,
    batch: str | None = None,
    pushed: Mapping[str, datetime] | None = None,
) -> dict[str, str]:
    """Move these tags to the trash in a few statements: those that were there, and their digests.

    The caller has seen to it that no rule protects them. `pushed`: since when each is known to point where it does;
    those that have moved since then stay.
    """
    garbage_rows.take_turn(tx)
    watched = usage.watch(tx, repository.id, tags=names)
    here = tag_rows.pointing(tx, repository.id, names)
    gone = [row for row in here if pushed is None or pushed.get(row.name) == row.pushed_at]
    if gone:
        entry = _entry(tools, caller, repository.id, "tag") | {"batch": batch}
        if tools.policy.trash_keep:
            trash_rows.add_tags(tx, entry, [row.name for row in gone])
        aims = {row.manifest_id for row in gone}
        garbage_rows.set_manifest_review(tx, aims, max(entry["expires_at"], _later(tools)))
        tag_rows.remove(tx, repository.id, [row.name for row in gone])
        usage.settle(tx, watched)
        project_rows.note_change(tx, repository.project_id, tools.clock())
        tags = {row.name: row.digest for row in gone}
        event = TagsDeleted(path=repository.path, project_id=repository.project_id, tags=tags, batch=batch)
        events.put(tx, tools, caller, event)
    return {row.name: row.digest for row in gone}


def delete_manifest(tools: Tools, caller: Caller, path: str, digest: str) -> None:
    """Move a manifest and the tags that point to it to the trash.

    Raises ManifestUnknown, ManifestInUse, ManifestProtected.
    """
    _check_token(caller, path)
    with tools.db.begin() as tx:
        garbage_rows.take_turn(tx)
        opened = open_existing(tx, caller, path, Action.DELETE)
        repository = opened.id
        watched = usage.watch(tx, repository, digests=[digest], tags=rules.fallback_tags(digest))
        found = rows.manifest(tx, repository, digest)
        if found is None:
            raise ManifestUnknown(digest)
        Warden(tx, tools, caller, repository, path).require_delete_manifest(found.id, digest)
        parent = rows.parent_of(tx, repository, digest)
        if parent is not None:
            raise ManifestInUse(f"the index {parent} names this manifest: delete the index first")
        _remove_manifest(tx, tools, caller, opened, found)
        project_rows.note_change(tx, opened.project_id, tools.clock())
        usage.settle(tx, watched)


def delete_untagged(
    tx: Connection, tools: Tools, caller: Caller, repository: Existing, digests: Collection[str], *, batch: str
) -> int:
    """Move those of these manifests to the trash that no tag and no index names; how many. `batch` as in `delete_tags`.

    The caller has seen to it that no rule protects the repository.
    """
    garbage_rows.take_turn(tx)
    fallbacks = [tag for digest in digests for tag in rules.fallback_tags(digest)]
    watched = usage.watch(tx, repository.id, digests=list(digests), tags=fallbacks)
    gone = 0
    for digest in digests:
        found = rows.manifest(tx, repository.id, digest)
        if found is None or trash_rows.tags_of(tx, found.id) or rows.parent_of(tx, repository.id, digest):
            continue
        _remove_manifest(tx, tools, caller, repository, found, batch=batch)
        gone += 1
    if gone:
        project_rows.note_change(tx, repository.project_id, tools.clock())
    usage.settle(tx, watched)
    return gone


def delete_repository(tools: Tools, caller: Caller, path: str, *, batch: str | None = None) -> None:
    """Move a repository with all that is in it to the trash; `batch` as in `delete_chosen`.

    Raises RepositoryUnknown, and RepositoryProtected or TagProtected where a rule keeps it, or a tag of it.
    """
    with tools.db.begin() as tx:
        garbage_rows.take_turn(tx)
        place = access.open_repository(tx, caller, path, Action.DELETE)
        repository = _open(tx, caller, path, Action.DELETE)
        Warden(tx, tools, caller, repository, path).require_delete_all()
        watched = usage.watch(tx, repository, whole=True)
        entry = _entry(tools, caller, repository, "repository")
        trash_rows.hide_repository(tx, repository)
        trash_rows.add(tx, entry | {"name": place.name, "batch": batch}, {})
        project_rows.note_change(tx, place.project_id, tools.clock())
        usage.settle(tx, watched)
        events.put(tx, tools, caller, RepositoryDeleted(path=place.path, project_id=place.project_id))


def delete_blob(tools: Tools, caller: Caller, path: str, digest: str) -> None:
    """Take a blob out of a repository where no manifest needs it. Raises BlobUnknown, BlobInUse."""
    _check_token(caller, path)
    with tools.db.begin() as tx:
        opened = open_existing(tx, caller, path, Action.DELETE)
        repository = opened.id
        Warden(tx, tools, caller, repository, path).require_repository(Action.DELETE)
        # In this order: who pushes a manifest that names it is waited for, and then seen.
        if not rows.unlink_blob(tx, repository, digest):
            raise BlobUnknown(digest)
        if rows.blob_in_use(tx, repository, digest):
            raise BlobInUse(f"a manifest of {path} names the blob {digest}: delete the manifest first")
        garbage_rows.queue_blobs(tx, [digest], _later(tools))
        events.put(tx, tools, caller, BlobDeleted(path=opened.path, project_id=opened.project_id, digest=digest))


def open_for_push(tools: Tools, caller: Caller, path: str) -> FoundRepository:
    """The repository of this path: made if its project is there. Raises what opening a project raises.

    One that is there costs a hot read and no transaction. Should it vanish before the rows that name it are written,
    their foreign keys refuse them (`still_there`).
    """
    project = access.granted(caller, path, Action.PUSH)
    known = tools.lookup.repository(path)
    if known is not None and known.project_id == project:
        return let_through(tools, caller, known, path)
    with tools.db.begin() as tx:
        place = access.open_repository(tx, caller, path, Action.PUSH)
        if renaming_rows.held(tx, place.project_id, [place.name], tools.clock()):
            raise PathTaken(f"{path} is held for a repository that is about to be renamed: push again in a minute")
        rows.add_repository(tx, project_id=place.project_id, name=place.name, now=tools.clock())
    found = tools.lookup.repository(place.path)
    if found is None:
        raise RepositoryUnknown(f"{path} was removed a moment ago: push again")
    return let_through(tools, caller, found, path)


@contextmanager
def still_there(path: str) -> Iterator[None]:
    """Blobs are linked into a repository that was open for pushes. Raises RepositoryUnknown where it has gone since."""
    try:
        yield
    except rows.RepositoryGone as error:
        raise RepositoryUnknown(f"{path} was removed a moment ago: push again") from error


def let_through(tools: Tools, caller: Caller, found: FoundRepository, path: str) -> FoundRepository:
    """A repository that nothing keeps the caller from pushing to: no rule, no registry that is switched off.

    Raises RepositoryProtected, and what `access.open_repository` raises.
    """
    if found.off:
        with tools.db.read() as tx:
            access.open_repository(tx, caller, path, Action.PUSH)
    if found.guarded:
        with tools.db.read() as tx:
            Warden(tx, tools, caller, found.id, path).require_repository(Action.PUSH)
    return found


def open_existing(tx: Connection, caller: Caller, path: str, action: Action) -> Existing:
    """The repository at this path, present or former; by a name that it had before it can be read only.

    Raises RepositoryUnknown, and what opening it raises.
    """
    place = access.open_repository(tx, caller, path, action)
    found = find(tx, place, action)
    if found is None:
        raise RepositoryUnknown(f"there is no image at {path}: push one, or check the name")
    return found


def find(tx: Connection, place: Place, action: Action) -> Existing | None:
    """The repository at a place that is open already, if there is one; to read it, also by a name it had before."""
    if action is Action.PULL and (renamed := renaming_rows.former(tx, place.project_id, place.name)):
        return Existing(renamed.id, renamed.path, place.project_id)
    repository = rows.repository_id(tx, place.project_id, place.name)
    return None if repository is None else Existing(repository, place.path, place.project_id)


def _check_token(caller: Caller, path: str) -> None:
    """Refuse a registry token that does not allow this before a transaction begins; others are looked at in it."""
    if caller.grants is not None:
        access.granted(caller, path, Action.DELETE)


def _remove_manifest(
    tx: Connection, tools: Tools, caller: Caller, place: Existing, found: Row[Any], *, batch: str | None = None
) -> None:
    """Move a manifest that nothing needs to the trash, where one is kept, with its tags."""
    tags = trash_rows.tags_of(tx, found.id)
    if tools.policy.trash_keep:
        _keep_manifest(tx, _entry(tools, caller, place.id, "manifest") | {"batch": batch}, found)
    else:
        names = [(place.id, tag) for tag in rules.fallback_tags(found.digest)]
        usage.drop_tags(tx, names, _later(tools))
    garbage_rows.queue_named(tx, [found.id], _later(tools))
    garbage_rows.delete_manifests(tx, [found.id])
    gone = ManifestDeleted(path=place.path, project_id=place.project_id, digest=found.digest, tags=tuple(tags))
    events.put(tx, tools, caller, gone)


def _keep_manifest(tx: Connection, entry: dict[str, Any], found: Row[Any]) -> None:
    blobs, children = trash_rows.named_by(tx, found.id)
    entry |= {"name": found.digest, "tags": trash_rows.pointing(tx, found.id)}
    entry |= {"digest": found.digest, "media_type": found.media_type, "body": found.body}
    trash_rows.add(tx, entry, {"blob": blobs, "manifest": children, "subject": [found.digest]})


def _entry(tools: Tools, caller: Caller, repository: int, kind: str) -> dict[str, Any]:
    now = tools.clock()
    return {
        "repository_id": repository,
        "kind": kind,
        "deleted_by": caller.name,
        "deleted_at": now,
        "expires_at": now + tools.policy.trash_keep,
    }


def _later(tools: Tools) -> datetime:
    return tools.clock() + tools.policy.gc_delay


def _open(tx: Connection, caller: Caller, path: str, action: Action) -> int:
    return open_existing(tx, caller, path, action).id


def _page(names: Sequence[str], limit: int) -> Names:
    page = list(names[:limit])
    return Names(page, page[-1] if page and len(names) > limit else None)


def _annotations(text: str | None) -> Mapping[str, str] | None:
    return json.loads(text) if text else None
