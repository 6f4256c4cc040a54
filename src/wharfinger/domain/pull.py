"""Pulling: a manifest by tag or digest, a blob by digest.

Both are the hottest paths of a registry. `inline(tools)` tells a handler whether it may ask from the event loop: then
a hit is one indexed read on a local file. Everything unusual (a former path, an absent image) takes the slow way,
which ends in a refusal or in the same value.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from random import random
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import garbage
from wharfinger.db import images as rows
from wharfinger.db.lookup import FoundManifest, FoundRepository
from wharfinger.db.pulls import Pulled
from wharfinger.domain import access, events, images, quotas, usage
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import BlobUnknown, BytesLost, ManifestUnknown, StoreUnavailable
from wharfinger.domain.events.images import ManifestPulled
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import digest as digests
from wharfinger.storage.store import BytesMissing, File, Redirect, StoreFailed, Stream

__all__ = ["Blob", "Redirect", "at_once", "blob", "content", "inline", "manifest"]

_log: Final = logging.getLogger("wharfinger.store")


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob's digest, its size in bytes, and where its bytes are, if not simply under the digest.

    `leaving`: its review is near; `keep_blob` before you say that it is here.
    """

    digest: str
    size_bytes: int
    place: str = ""
    leaving: bool = False


def inline(tools: Tools) -> bool:
    """May a manifest or a blob be looked up in the event loop?"""
    return tools.lookup.inline


def at_once(tools: Tools) -> bool:
    """May the content of a whole blob be asked for in the event loop?"""
    return tools.store.at_once


def manifest(tools: Tools, caller: Caller, path: str, reference: str) -> FoundManifest:
    """The manifest under a tag or digest. Raises ProjectUnknown, RepositoryUnknown, ManifestUnknown, SignInNeeded."""
    project = access.granted(caller, path, Action.PULL)
    find = tools.lookup.by_digest if digests.is_digest(reference) else tools.lookup.by_tag
    found = find(path, reference)
    if found is not None and found.project_id == project:
        return found
    found = find(_present(tools, caller, path), reference)
    if found is None:
        raise ManifestUnknown(reference)
    return found


def blob(tools: Tools, caller: Caller, path: str, digest: str) -> Blob:
    """A blob of this repository. Raises ProjectUnknown, RepositoryUnknown, BlobUnknown, SignInNeeded.

    One that a manifest needs, or that was touched lately, costs this one read.
    """
    project = access.granted(caller, path, Action.PULL)
    found = tools.lookup.blob(path, digest)
    if found is None or found.project_id != project:
        found = tools.lookup.blob(_present(tools, caller, path), digest)
    if found is None:
        raise BlobUnknown(digest)
    return Blob(digest, found.size_bytes, found.place, _near(tools, found.review_after))


def keep_blob(tools: Tools, caller: Caller, path: str, digest: str) -> Blob:
    """Postpone the review of a blob that is `leaving`, so that a client told of it finds it. Raises as `blob`.

    Where too much is held that no tag keeps (`loose`), nothing of that kind is put off: it is not here any more.
    """
    known = _known(tools, caller, path)
    if known is not None:
        with tools.db.begin() as tx:
            if _draining(tx, known) and not rows.blob_counted(tx, known.id, digest):
                raise BlobUnknown(digest)
            garbage.keep_link(tx, known.id, digest, tools.clock() + tools.policy.gc_delay)
    return blob(tools, caller, path, digest)


def count(tools: Tools, found: FoundManifest, reference: str) -> None:
    """A client was sent this manifest, which it asked for by this tag or digest."""
    tag = "" if digests.is_digest(reference) else reference
    tools.uses.pulled(tools.db, Pulled(found.repository_id, found.id, tag), tools.clock())


def write_down(tools: Tools, caller: Caller, path: str, found: FoundManifest, reference: str) -> None:
    """Let the audit log know, within a minute, that a manifest was pulled; of as many as the operator wants."""
    share = tools.policy.audit_pulls
    if not share or random() >= share:  # noqa: S311 - which ones are written down is no secret
        return
    tag = None if digests.is_digest(reference) else reference
    event = ManifestPulled(path=path, project_id=found.project_id, digest=found.digest, tag=tag)
    tools.uses.happened(tools.db, events.row(tools, caller, event))


def leaving(tools: Tools, found: FoundManifest) -> bool:
    """Is its review near? Then `keep_manifest` before you say that it is here."""
    return _near(tools, found.review_after)


def keep_manifest(tools: Tools, caller: Caller, path: str, digest: str) -> FoundManifest:
    """The same of a manifest that is `leaving`. Raises as `manifest`."""
    known = _known(tools, caller, path)
    if known is not None:
        with tools.db.begin() as tx:
            if _draining(tx, known) and not usage.tags_keep(tx, known.id, digest):
                raise ManifestUnknown(digest)
            garbage.keep_manifest(tx, known.id, digest, tools.clock() + tools.policy.gc_delay)
    return manifest(tools, caller, path, digest)


def content(
    tools: Tools, blob: Blob, start: int = 0, length: int | None = None, *, address: str = ""
) -> Path | Redirect | Iterator[bytes]:
    """The bytes of a blob that `blob` returned: a file that holds all of them, a URL, or pieces of what was asked for.

    `address` is the client's: there are networks from which the store's URLs cannot be reached.

    Raises BytesLost, StoreUnavailable.
    """
    try:
        if blob.place:
            redirect = _redirect_life(tools, address)
            kept = tools.store.read(blob.digest, start, length, place=blob.place, redirect=redirect)
        else:
            kept = tools.store.read(blob.digest, start, length)
    except BytesMissing as error:
        _log.error("%s", error)
        raise BytesLost(blob.digest) from error
    except StoreFailed as error:
        _log.error("%s", error)
        raise StoreUnavailable(error.outward, timedelta(seconds=30)) from error
    if isinstance(kept, Stream):
        return kept.pieces
    return kept.path if isinstance(kept, File) else kept


def _redirect_life(tools: Tools, address: str) -> timedelta | None:
    """How long a URL for this client is good; None where the bytes are to come through us."""
    life, networks = tools.policy.redirect_life, tools.policy.stream_to
    if life is not None and networks:
        with suppress(ValueError):  # an address that is none is in no network
            client = ip_address(address)
            client = getattr(client, "ipv4_mapped", None) or client
            return None if any(client in network for network in networks) else life
    return life


def _near(tools: Tools, review_after: datetime | None) -> bool:
    """Half of the delay is promised to whoever is told that something is here."""
    return review_after is not None and review_after < tools.clock() + tools.policy.gc_delay / 2


def _known(tools: Tools, caller: Caller, path: str) -> FoundRepository | None:
    return tools.lookup.repository(_present(tools, caller, path))


def _draining(tx: Connection, known: FoundRepository) -> bool:
    """Is there too much that no tag keeps in a place that this repository is in?"""
    return known.full and bool(quotas.crowded(tx, known.project_id))


def _present(tools: Tools, caller: Caller, path: str) -> str:
    """Where the repository is now: its present path, if `path` is a former one or has nothing under it."""
    known = tools.lookup.repository(path)
    if known is not None and known.listed and known.project_id == access.granted(caller, path, Action.PULL):
        return path
    with tools.db.read() as tx:
        return images.open_existing(tx, caller, path, Action.PULL).path
