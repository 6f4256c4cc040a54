"""Usage: a blob counts while a tag keeps it, once for every place that holds it.

A tag keeps its manifest, an index the manifests it names, and a manifest what speaks about it (signatures, SBOMs): so
what counts is what the collector would never take for as long as no tag changes. Every operation that changes tags or
manifests does so between `watch` and `settle`, or in `pushing`: then the meters are right whenever its transaction is.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import usage as rows
from wharfinger.domain.errors import RepositoryUnknown
from wharfinger.rules import garbage as rules
from wharfinger.rules.garbage import Node
from wharfinger.spec.manifest import Manifest


class MustBeAlone(Exception):
    """This push changes more than it adds: begin its transaction again, and hold the repository alone."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Tags and manifests of a repository that are about to change, or all of it, and the blobs they keep so far."""

    repository: int
    tags: Collection[str]
    digests: Collection[str]
    whole: bool
    blobs: Collection[str]


@dataclass(slots=True)
class Push:
    """What a push does, in this project. `moves`: tags leave another manifest; `came`: the blobs that came to count."""

    project: int
    moves: bool
    limited: bool
    came: Collection[str] = ()


def watch(
    tx: Connection, repository: int, *, tags: Collection[str] = (), digests: Collection[str] = (), whole: bool = False
) -> Watched:
    """Before a change of what these tags and manifests of a repository keep: nobody else changes it meanwhile.

    `whole` is for all that is in it. Afterwards, in the same transaction, `settle` what was watched.
    """
    rows.hold(tx, repository, alone=True)
    return Watched(repository, tags, digests, whole, set() if whole else _named(tx, repository, tags, digests))


def settle(tx: Connection, watched: Watched) -> set[str]:
    """Count anew what was watched before and what is there now; which blobs came to count."""
    if watched.whole:
        return recharge(tx, watched.repository, rows.all_blobs(tx, watched.repository))
    now = _named(tx, watched.repository, watched.tags, watched.digests)
    return recharge(tx, watched.repository, {*watched.blobs, *now})


@contextmanager
def moving(tx: Connection, repository: int) -> Iterator[None]:
    """A repository goes to another project in the block: none of it counts before, and all that tags keep after."""
    rows.hold(tx, repository, alone=True)
    rows.count(tx, repository, kept=(), lost=rows.all_blobs(tx, repository))
    yield
    recharge(tx, repository, rows.all_blobs(tx, repository))


def recharge(tx: Connection, repository: int, digests: Collection[str]) -> set[str]:
    """These blobs of a repository, which is held alone, may have come to be kept by tags or not; which came."""
    held = rows.hold(tx, repository, alone=True)
    kept = set() if held is None or held.hidden else _kept(tx, repository, digests)
    return rows.count(tx, repository, kept=kept, lost=set(digests) - kept)


def tags_keep(tx: Connection, repository: int, digest: str) -> bool:
    """Does this manifest hang from a tag?"""
    return bool(_hanging(tx, rows.manifest_ids(tx, repository, [digest])))


def drop_tags(tx: Connection, pairs: Collection[tuple[int, str]], later: datetime) -> None:
    """Remove tags, by repository and name, if they are there; what they pointed to is reviewed later."""
    for repository in sorted({repository for repository, _ in pairs}):
        names = [name for place, name in pairs if place == repository]
        if rows.targets(tx, repository, names):
            watched = watch(tx, repository, tags=names)
            garbage_rows.drop_tags(tx, [(repository, name) for name in names], later)
            settle(tx, watched)


@contextmanager
def pushing(
    tx: Connection, repository: int, digest: str, parsed: Manifest, *, tags: Collection[str], alone: bool
) -> Iterator[Push]:
    """A manifest is pushed in the block, and tags point to it then. Raises MustBeAlone, RepositoryUnknown.

    Most pushes only add: a manifest that nothing here knew of, under new tags. These do it side by side.
    """
    held = rows.hold(tx, repository, alone=alone)
    if held is None or held.hidden:
        raise RepositoryUnknown("the repository was removed a moment ago: push again")
    found = rows.facts(tx, repository, digest, tags)
    if not (found.moves or found.named or found.spoken_of or parsed.subject or _sparse(tx, repository, parsed)):
        push = Push(held.project_id, moves=False, limited=held.limited)
        yield push
        push.came = rows.count(tx, repository, kept=_added(tx, repository, parsed), lost=()) if tags else ()
    elif alone or tx.dialect.name == "sqlite":
        push = Push(held.project_id, moves=found.moves, limited=held.limited)
        if found.spoken_of:
            rows.hold_speakers(tx, repository, digest)
        left = {row.manifest_id for row in rows.targets(tx, repository, tags) if row.digest != digest}
        before = rows.named_blobs(tx, _with_below(tx, left))
        yield push
        pushed = _named(tx, repository, (), [digest]) if found.named or found.spoken_of or parsed.children else set()
        push.came = _replace(tx, repository, {*parsed.blobs, *pushed}, before, tagged=bool(tags))
    else:
        raise MustBeAlone


def _replace(tx: Connection, repository: int, pushed: set[str], left: set[str], *, tagged: bool) -> set[str]:
    """Count what was pushed, which a tag keeps for certain if it was `tagged`, and no more what nothing keeps of what
    tags have left; which blobs came to count.
    """
    kept = pushed if tagged else _kept(tx, repository, pushed)
    lost = (pushed | left) - kept
    kept_still = _kept(tx, repository, lost) if lost else set()
    return rows.count(tx, repository, kept=kept | kept_still, lost=lost - kept_still)


def _sparse(tx: Connection, repository: int, parsed: Manifest) -> bool:
    """Does it name manifests that are not here? They may be arriving at this moment."""
    return len(rows.manifest_ids(tx, repository, parsed.children)) < len(set(parsed.children))


def _added(tx: Connection, repository: int, parsed: Manifest) -> set[str]:
    children = rows.manifest_ids(tx, repository, parsed.children)
    return set(parsed.blobs) | rows.named_blobs(tx, _with_below(tx, children))


def _named(tx: Connection, repository: int, tags: Collection[str], digests: Collection[str]) -> set[str]:
    """Blobs that these manifests, those that the tags point to, and all that they keep, name now."""
    top = {row.manifest_id for row in rows.targets(tx, repository, tags)}
    return rows.named_blobs(tx, _with_below(tx, top | rows.manifest_ids(tx, repository, digests)))


def _with_below(tx: Connection, top: set[int]) -> set[int]:
    found, ahead = set(top), set(top)
    while ahead:
        ahead = rows.below(tx, ahead) - found
        found |= ahead
    return found


def _kept(tx: Connection, repository: int, digests: Collection[str]) -> set[str]:
    """Those of these blobs that a tag keeps. Nearly all are named close to one; the way up is walked for others."""
    close = rows.kept_closely(tx, repository, digests)
    naming = rows.naming(tx, repository, set(digests) - close)
    return close.union(*(naming[id_] for id_ in _hanging(tx, naming)))


def _hanging(tx: Connection, ids: Collection[int]) -> set[int]:
    """Those of these manifests that hang from a tag."""
    nodes, ahead = dict[int, Node](), set(ids)
    while ahead:
        tagged = rows.tagged(tx, ahead)
        keepers = rows.above(tx, ahead)
        nodes |= {id_: Node(id_ in tagged, due=True, keepers=keepers.get(id_, ())) for id_ in ahead}
        ahead = {keeper for found in keepers.values() for keeper in found} - nodes.keys()
    return set(rules.judge(nodes).live) & set(ids)
