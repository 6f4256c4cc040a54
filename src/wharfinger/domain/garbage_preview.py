"""What the collector would take next, by name: the transactions of its next step in one, which is undone."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import inventory
from wharfinger.db.garbage import GIVES_WAY_SECONDS, GaveWay, Pair
from wharfinger.domain import garbage, kept, purge, trash
from wharfinger.domain.errors import Conflict
from wharfinger.domain.garbage import REST, Freed
from wharfinger.domain.tools import Tools

_TRIES: Final = 5


class What(StrEnum):
    """What something is that would go."""

    TRASHED = "trashed"  # it could be restored
    MANIFEST = "manifest"
    LINK = "blob of a repository"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Doomed:
    """One thing that would go. `image` is a repository's path, "" of a blob that is in none.

    `name` is a digest, or the tag of what was deleted by it; "" where all of the repository was.
    """

    what: What
    image: str
    name: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go: in numbers, and thing by thing in the order in which they go."""

    freed: Freed
    doomed: list[Doomed]


def preview(tools: Tools, pause: Callable[[float], None] = time.sleep) -> Preview:
    """What the next `garbage.step` would take. Nothing is changed. Raises Conflict where pushes hold it for seconds."""
    for _ in range(_TRIES):
        with suppress(GaveWay):
            return _preview(tools)
        pause(REST * GIVES_WAY_SECONDS)
    raise Conflict("pushes hold what is to be looked at: ask again in a minute")


class _Undone(Exception):
    """Leaves a transaction without a trace."""


def _preview(tools: Tools) -> Preview:
    found = list[Doomed]()
    with suppress(_Undone), garbage.reviewing(tools) as tx:
        found = list(_taken(tx, tools))
        raise _Undone
    count = [one.what for one in found].count
    size = sum(one.size_bytes or 0 for one in found if one.what is What.BLOB)
    freed = Freed(manifests=count(What.MANIFEST), links=count(What.LINK), blobs=count(What.BLOB), bytes=size)
    return Preview(freed, found)


def _taken(tx: Connection, tools: Tools) -> Iterator[Doomed]:
    now = tools.clock()
    for entry in trash.shown(tx, purge.expired(tools, tx, now)):
        yield Doomed(What.TRASHED, entry.path, entry.name)
    yield from _named(tx, What.MANIFEST, garbage.take_manifests(tx, tools, now).pairs)
    yield from _named(tx, What.LINK, garbage.take_links(tx, tools, now).pairs)
    if not kept.removal_paused(tx, tools):
        due, doomed = garbage.unneeded(tx, tools, now)
        yield from (Doomed(What.BLOB, "", digest, due[digest].size_bytes) for digest in doomed)


def _named(tx: Connection, what: What, pairs: Collection[Pair]) -> Iterator[Doomed]:
    paths = inventory.paths(tx, {repository for repository, _ in pairs}) if pairs else {}
    sizes = inventory.sizes(tx, {digest for _, digest in pairs}) if pairs else {}
    found = [Doomed(what, paths[repository], digest, sizes.get(digest)) for repository, digest in pairs]
    yield from sorted(found, key=lambda one: (one.image, one.name))
