"""Purging the trash: what was in there for long enough goes, and what it needed is reviewed (`domain/garbage.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import images as image_rows
from wharfinger.db import trash as rows
from wharfinger.db import usage as usage_rows
from wharfinger.domain import usage
from wharfinger.domain.tools import Tools
from wharfinger.domain.trash import Kind
from wharfinger.rules import garbage as rules


def expired(tools: Tools, tx: Connection, now: datetime) -> list[Row[Any]]:
    """Remove what has been in the trash for long enough, a batch at a time; the entries that were dealt with.

    A large repository goes in several batches, and is dealt with again in the next one until nothing is left in it.
    """
    found = rows.expired(tx, now, tools.policy.gc_batch)
    alone = [row for row in found if row.kind != Kind.REPOSITORY]
    if alone:
        _let_go(tx, alone, now, now + tools.policy.gc_delay)
        rows.remove(tx, [row.id for row in alone])
    whole = [row for row in found if row.kind == Kind.REPOSITORY]
    for count, row in enumerate(whole, 1):
        if _purged_part(tx, row.repository_id, tools.policy.gc_batch, now):
            rows.close(tx, row.id)
            return alone + whole[:count]
    return alone + whole


def _let_go(tx: Connection, gone: Sequence[Row[Any]], now: datetime, later: datetime) -> None:
    """What these needed is looked at: bytes now, manifests after a delay, for clients see those."""
    garbage_rows.hurry_manifests(tx, rows.needs(tx, [row.id for row in gone], "manifest"), later)
    images = {(row.repository_id, row.digest): row for row in gone if row.kind == Kind.MANIFEST}
    if images:
        blobs = rows.needs(tx, [row.id for row in images.values()], "blob")
        garbage_rows.queue_blobs(tx, {digest for _, digest in blobs}, now)
        garbage_rows.queue_speakers(tx, images, later)
        absent = images.keys() - image_rows.present(tx, images)
        names = [(repository, tag) for repository, digest in absent for tag in rules.fallback_tags(digest)]
        usage.drop_tags(tx, names, later)


def _purged_part(tx: Connection, repository: int, limit: int, now: datetime) -> bool:
    """Remove a part of a repository, or the last of it: then False. Nothing arrives in it meanwhile."""
    usage_rows.hold(tx, repository, alone=True)
    manifests_, blobs = rows.some_manifests(tx, repository, limit), rows.some_blobs(tx, repository, limit)
    if manifests_:
        garbage_rows.delete_manifests(tx, manifests_)
        garbage_rows.add_freed(tx, {"manifests": len(manifests_)})
    elif blobs:
        garbage_rows.delete_links(tx, [(repository, digest) for digest in blobs], now)
        garbage_rows.add_freed(tx, {"links": len(blobs)})
    else:
        garbage_rows.queue_blobs(tx, rows.blobs_needed_in(repository), now)
        rows.remove_repository(tx, repository)
    return bool(manifests_ or blobs)
