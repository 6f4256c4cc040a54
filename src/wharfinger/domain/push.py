"""Pushing a manifest: it is stored and its tags move, in one transaction, or neither."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from wharfinger.db import images as rows
from wharfinger.db import renaming as renaming_rows
from wharfinger.db.lookup import FoundRepository
from wharfinger.domain import events, guard, images, quotas, usage
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import BlobsMissing, DigestMismatch, ManifestTooLarge, RepositoryUnknown
from wharfinger.domain.events import ManifestPushed
from wharfinger.domain.guard import Warden
from wharfinger.domain.tools import Tools
from wharfinger.domain.usage import MustBeAlone
from wharfinger.rules import garbage
from wharfinger.spec import digest as digests
from wharfinger.spec import manifest as manifests
from wharfinger.spec import name as names
from wharfinger.spec import statements
from wharfinger.spec.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was stored: its digest, the tags that now point to it, and the subject it speaks about."""

    digest: str
    tags: tuple[str, ...]
    subject: str | None


@dataclass(frozen=True, slots=True)
class _Arriving:
    """A manifest on its way in: where to, what it says, and the tags that are to point to it."""

    repository: FoundRepository
    path: str
    digest: str
    tags: tuple[str, ...]
    parsed: Manifest
    body: bytes


def manifest(
    tools: Tools, caller: Caller, path: str, *, digest: str | None, tags: Sequence[str], media_type: str, body: bytes
) -> Pushed:
    """Store a manifest under its digest and let `tags` point to it (distribution-spec, Pushing Manifests).

    `digest` is the one the client promises, None where it pushes by tag alone. Raises ManifestTooLarge,
    DigestMismatch, BlobsMissing, TagProtected, TagImmutable, QuotaExceeded, StorageCrowded, spec Malformed, and what
    `access.open_repository` raises.
    """
    repository = images.open_for_push(tools, caller, path)
    if repository.full and not tags:
        with tools.db.read() as tx:
            quotas.require_space(tx, repository.project_id)
    parsed = _parse(tools, media_type, body)
    digest, tags = _checked(digest, body), tuple(names.tag(tag) for tag in dict.fromkeys(tags))
    arriving = _Arriving(repository, path, digest, tags, parsed, body)
    try:
        _store(tools, caller, arriving, alone=False)
    except MustBeAlone:
        _store(tools, caller, arriving, alone=True)
    return Pushed(digest, tags, parsed.subject.digest if parsed.subject else None)


def _store(tools: Tools, caller: Caller, arriving: _Arriving, *, alone: bool) -> None:
    """All of it or nothing. Raises MustBeAlone where it changes more than it adds (`usage.pushing`)."""
    repository, tags = arriving.repository, arriving.tags
    with tools.db.begin() as tx:
        with usage.pushing(tx, repository.id, arriving.digest, arriving.parsed, tags=tags, alone=alone) as charged:
            if charged.project != repository.project_id:
                raise RepositoryUnknown(f"{arriving.path} was moved to another project a moment ago: push it there")
            _require_blobs(tx, repository.id, arriving.parsed)
            replaced = _keep(tx, tools, caller, arriving, moves=charged.moves)
        if charged.came and charged.limited:
            quotas.require_room(tx, repository.project_id, None if alone else charged.came)
        if not repository.listed:
            rows.mark_pushed(tx, repository.id, tools.clock())
            renaming_rows.free_own(tx, repository.id)
        events.put(tx, tools, caller, _event(caller, arriving, replaced))


def _keep(tx: Connection, tools: Tools, caller: Caller, arriving: _Arriving, *, moves: bool) -> Sequence[str]:
    """Store the manifest and let its tags point to it, where no rule stands in the way; what they pointed to before."""
    repository, parsed, now = arriving.repository, arriving.parsed, tools.clock()
    moved = {"pushed_by": caller.name, "now": now, "later": now + tools.policy.gc_delay}
    row = row_of(repository.id, parsed, arriving.digest, arriving.body)
    row |= {"created_at": now, "review_after": moved["later"]}
    stored = rows.add_manifest(tx, row, parsed.blobs, parsed.children)
    if arriving.tags and guard.needed(tools, caller, repository, arriving.path):
        warden = Warden(tx, tools, caller, repository.id, arriving.path)
        warden.require_push(arriving.tags)
        warden.claim(arriving.tags, stored, pushed_by=caller.name, now=now)
    return _tag(tx, repository.id, arriving.tags, stored, moves=moves, **moved)


def _tag(
    tx: Connection, repository: int, tags: Sequence[str], manifest: int, *, moves: bool, **moved: Any
) -> Sequence[str]:
    """Let tags point to the manifest; what they pointed to before.

    Raises MustBeAlone where one that was free a moment ago points elsewhere now.
    """
    if moves:
        return rows.move_tags(tx, repository, tags, manifest, **moved)
    if tags and not rows.add_tags(tx, repository, tags, manifest, **moved):
        raise MustBeAlone
    return ()


def _parse(tools: Tools, media_type: str, body: bytes) -> Manifest:
    limit = tools.policy.manifest_limit_bytes
    if len(body) > limit:
        raise ManifestTooLarge(f"the manifest has {len(body)} bytes; this registry takes {limit}")
    return manifests.parse(body, media_type)


def _checked(promised: str | None, body: bytes) -> str:
    """The digest of the body, in the algorithm that was promised."""
    found = digests.of(body, digests.algorithm(promised) if promised else "sha256")
    if promised and promised != found:
        raise DigestMismatch(promised, found)
    return found


def _require_blobs(tx: Connection, repository: int, parsed: Manifest) -> None:
    """An index may name manifests that are elsewhere (a sparse index); an image's blobs must be here."""
    held = rows.held_blobs(tx, repository, parsed.blobs) if parsed.blobs else set()
    missing = [digest for digest in parsed.blobs if digest not in held]
    if missing:
        raise BlobsMissing(missing)


def _event(caller: Caller, arriving: _Arriving, replaced: Sequence[str]) -> ManifestPushed:
    subject, stated = arriving.parsed.subject, statements.of(arriving.parsed, arriving.body)
    named = next(filter(None, map(garbage.spoken_of, arriving.tags)), None) if stated else None
    return ManifestPushed(
        path=arriving.path,
        project_id=arriving.repository.project_id,
        digest=arriving.digest,
        media_type=arriving.parsed.media_type,
        size_bytes=len(arriving.body),
        tags=arriving.tags,
        subject=subject.digest if subject else named,
        replaced=replaced or None,
        artifact=str(stated.artifact) if stated else None,
        predicate=(stated.predicate or None) if stated else None,
        origin=caller.origin or None,
    )


def row_of(repository: int, parsed: Manifest, digest: str, body: bytes) -> dict[str, Any]:
    """The row of a manifest, but for its moments."""
    spoken_of = parsed.subject is not None
    return {
        "repository_id": repository,
        "digest": digest,
        "media_type": parsed.media_type,
        "artifact_type": parsed.artifact_type,
        "subject": parsed.subject.digest if parsed.subject else None,
        "config_digest": parsed.config.digest if parsed.config else None,
        "annotations": json.dumps(dict(parsed.annotations)) if spoken_of and parsed.annotations else None,
        "size_bytes": len(body),
        "body": body,
    }
