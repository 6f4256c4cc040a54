"""Garbage: what nothing needs any more goes, all the time, and without ever taking what somebody needs.

Whatever may have made something unreachable gives it a moment (`review_after`) in the same transaction: a push, a tag
that moved or went, a manifest that went. Only what is due is looked at, a batch at a time, in this order:

    manifest ──► blob in a repository ──► blob ──► doomed bytes ──► gone
    no tag, no   no manifest of the       in no     its row is gone, the store has
    index, no    repository names it      repo-     the store still  said so
    subject      any more                 sitory    has the bytes

Why no client is told that something is here which then vanishes: whoever touches a thing (a finished upload, a mount, a
manifest, an answer that it exists) moves its review at least half of `[gc] delay` into the future, and what is not in
the queue gets there with the whole delay before it. Whoever answers reads a state no older than the question
(`db/lookup.py`): an older one could tell of what is gone.

Why no acknowledged push loses bytes: who removes a blob's row, and withdraws its bytes meanwhile, holds that row; who
lets a blob exist writes that row first, and then looks whether the bytes are there.

Why a crash leaves no row without bytes that anybody can see: a blob is in no repository any more, durably (`settled`),
before its bytes are touched, and until the store says that they are gone a row remembers them.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import doomed as doomed_rows
from wharfinger.db import garbage as rows
from wharfinger.domain import kept, purge, usage
from wharfinger.domain.tools import Tools
from wharfinger.rules import garbage as rules
from wharfinger.rules.garbage import Node, Verdict
from wharfinger.storage.store import StoreFailed

_log: Final = logging.getLogger("wharfinger.garbage")
RETRY: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(seconds=5)
REST: Final = 3


@dataclass(frozen=True, slots=True)
class Freed:
    """What was looked at, and what went. `reviewed` counts rows, `links` blobs that left a repository."""

    reviewed: int = 0
    manifests: int = 0
    links: int = 0
    blobs: int = 0
    bytes: int = 0

    def __add__(self, other: "Freed") -> "Freed":
        return Freed(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait for a review: how many, how many of them are due, and when the first one is."""

    waiting: int
    due: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands. `doomed_bytes` are in no repository any more and take space; `freed` counts from the start."""

    queues: dict[str, Queue]
    doomed_blobs: int
    doomed_bytes: int
    trash: int
    freed: dict[str, int]


def run(tools: Tools, longest: timedelta = LONGEST, pause: Callable[[float], None] = time.sleep) -> Freed:
    """Review what is due, batch after batch, for so long. Works a quarter of the time, for pushes and pulls go before:

    after each batch it rests REST times as long as that took.
    """
    ends, freed = time.monotonic() + longest.total_seconds(), Freed()
    with suppress(rows.GaveWay):
        while due := _due(tools):
            before = freed.reviewed
            for work in (work for table, work in WORKS.items() if table in due):
                started = time.monotonic()
                freed += work(tools)
                pause(REST * (time.monotonic() - started))
            if freed.reviewed == before or time.monotonic() > ends:
                break
    return freed


def step(tools: Tools) -> Freed:
    """One batch of each kind."""
    return sum((work(tools) for work in WORKS.values()), Freed())


def empty_trash(tools: Tools) -> Freed:
    """Remove what has been in the trash for long enough."""
    with reviewing(tools) as tx:
        return Freed(reviewed=len(purge.expired(tools, tx, tools.clock())))


def review_manifests(tools: Tools) -> Freed:
    """Remove manifests that nothing keeps alive; what they named is reviewed after another delay."""
    with reviewing(tools) as tx:
        taken = take_manifests(tx, tools, tools.clock())
    return Freed(reviewed=taken.reviewed, manifests=len(taken.pairs))


def review_links(tools: Tools) -> Freed:
    """Take blobs out of repositories where no manifest names them."""
    with reviewing(tools) as tx:
        taken = take_links(tx, tools, tools.clock())
    return Freed(reviewed=taken.reviewed, links=len(taken.pairs))


def reclaim(tools: Tools) -> Freed:
    """Remove blobs that are in no repository and not in the trash; then their bytes."""
    now = tools.clock()
    with reviewing(tools, settled=True) as tx:
        if kept.removal_paused(tx, tools):
            return Freed()
        due, doomed = unneeded(tx, tools, now)
        if needed := due.keys() - set(doomed):
            rows.settle_blobs(tx, needed)
        withdrawn = _withdrawn(tools, [due[digest] for digest in doomed])
        if failed := set(doomed) - {row.digest for row in withdrawn}:
            rows.postpone_blobs(tx, failed, now + RETRY)
        ids = doomed_rows.put(tx, withdrawn, now + RETRY) if withdrawn else []
    _erase_former(tools, [due[digest] for digest in needed])
    return Freed(reviewed=len(due)) + _erase(tools, ids, withdrawn)


def retry(tools: Tools) -> Freed:
    """Bytes that should be gone by now: a crash or a failing store came between. They go through it all once more."""
    now = tools.clock()
    with tools.db.read() as tx:
        paused = kept.removal_paused(tx, tools)
        overdue = doomed_rows.overdue(tx, now, tools.policy.gc_batch)
    if paused or not overdue:
        return Freed()
    with tools.db.begin() as tx:
        taken = doomed_rows.take_up(tx, overdue, now, now + RETRY)
    placed, plain = [row for row in taken if row.place], [row for row in taken if not row.place]
    kept.withdraw_moved(tools, [row.digest for row in plain])
    if plain and _erased(tools, plain):
        with tools.db.begin() as tx:
            doomed_rows.requeue(tx, [row.id for row in plain], now)
    return Freed(reviewed=len(taken)) + _erase(tools, [row.id for row in placed], placed)


WORKS: Final[Mapping[str, Callable[[Tools], Freed]]] = {
    "doomed_bytes": retry,
    "trash": empty_trash,
    "manifests": review_manifests,
    "repository_blobs": review_links,
    "blobs": reclaim,
}  # what is done about each table, in this order


def status(tools: Tools) -> Status:
    """The queues, what waits to be freed, and what was."""
    now = tools.clock()
    with tools.db.read() as tx:
        queues = {name: Queue(*numbers) for name, numbers in rows.queued(tx, now).items()}
        count, size = rows.waiting_bytes(tx)
        return Status(queues, count, size, rows.trash_size(tx, now), rows.totals(tx))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a review took, by repository id and digest, and how many rows it looked at."""

    reviewed: int
    pairs: Collection[rows.Pair]


@contextmanager
def reviewing(tools: Tools, *, settled: bool = False) -> Iterator[Connection]:
    """A transaction of a review. Raises GaveWay where a push holds what it wants."""
    with rows.giving_way(), tools.db.begin(settled=settled) as tx:
        rows.take_turn(tx, give_way=True)
        yield tx


def _due(tools: Tools) -> set[str]:
    with tools.db.read() as tx:
        return rows.due(tx, tools.clock())


def take_manifests(tx: Connection, tools: Tools, now: datetime) -> Taken:
    """Remove manifests that are due and that nothing keeps alive."""
    verdict, named = _judged(tx, tools, now)
    later = now + tools.policy.gc_delay
    rows.set_manifest_review(tx, verdict.live, None)
    rows.set_manifest_review(tx, verdict.waiting, later)
    dead = {named[id_] for id_ in verdict.dead}
    if dead:
        rows.queue_named(tx, verdict.dead, later)
        gone = dead - rows.trashed(tx, dead)
        usage.drop_tags(tx, [(place, tag) for place, digest in gone for tag in rules.fallback_tags(digest)], later)
        rows.delete_manifests(tx, verdict.dead)
    rows.add_freed(tx, {"manifests": len(verdict.dead)})
    return Taken(sum(map(len, (verdict.dead, verdict.live, verdict.waiting))), dead)


def take_links(tx: Connection, tools: Tools, now: datetime) -> Taken:
    """Take blobs that are due out of repositories where no manifest names them."""
    due, loose = _loose(tx, tools, now)
    if named := set(due) - set(loose):
        rows.settle_links(tx, named)
    held = rows.hold_blobs(tx, {digest for _, digest in loose}) if loose else set()
    # A blob that somebody pushes at this moment is left for the next time.
    loose = [pair for pair in loose if pair[1] in held]
    if loose:
        rows.delete_links(tx, loose, now)
    rows.add_freed(tx, {"links": len(loose)})
    return Taken(len(named) + len(loose), loose)


def _judged(tx: Connection, tools: Tools, now: datetime) -> tuple[Verdict, dict[int, rows.Pair]]:
    """The verdict on manifests that are due, and the repository and digest of all that were looked at."""
    nodes, named = dict[int, Node](), dict[int, rows.Pair]()
    ahead = rows.due_manifests(tx, now, tools.policy.gc_batch)
    while ahead:
        facts = rows.manifest_facts(tx, ahead)
        young = {row.id for row in facts if row.review_after is not None and row.review_after > now}
        loose = [row.id for row in facts if not row.held and row.id not in young]
        keepers = rows.keepers(tx, loose) if loose else {}
        for row in facts:
            due = row.review_after is not None and row.review_after <= now
            nodes[row.id] = Node(row.held or row.id in young, due, keepers.get(row.id, ()))
            named[row.id] = (row.repository_id, row.digest)
        above = {keeper for found in keepers.values() for keeper in found} - nodes.keys()
        ahead = rows.hold_manifests(tx, above) if above else []
    return rules.judge(nodes), named


def _loose(tx: Connection, tools: Tools, now: datetime) -> tuple[list[rows.Pair], list[rows.Pair]]:
    """Blobs of repositories that are due, and those of them that no manifest there names."""
    due = rows.due_links(tx, now, tools.policy.gc_batch)
    named = rows.named_links(tx, due) if due else set()
    return due, [pair for pair in due if pair not in named]


def unneeded(tx: Connection, tools: Tools, now: datetime) -> tuple[dict[str, Row[Any]], list[str]]:
    """Blobs whose bytes are due, and those of them that nothing needs."""
    due = rows.due_blobs(tx, now, tools.policy.gc_batch)
    needed = rows.needed_blobs(tx, due) if due else set()
    return due, [digest for digest in due if digest not in needed]


def _withdrawn(tools: Tools, doomed: Collection[Row[Any]]) -> list[Row[Any]]:
    """Those that the store let go of. One that it does not must not stop the others."""
    done = []
    for row in doomed:
        try:
            tools.store.withdraw(row.digest, row.place)
            done.append(row)
        except StoreFailed as error:
            _log.error("%s", error)
    return done


def _erase(tools: Tools, ids: list[int], gone: list[Row[Any]]) -> Freed:
    """Have the store remove the bytes, then forget them. What fails is looked at again (`retry`)."""
    if not ids or not _erased(tools, gone):
        return Freed()
    with tools.db.begin() as tx:
        count, size = doomed_rows.forget(tx, ids)
        rows.add_freed(tx, {"blobs": count, "bytes": size})
    return Freed(blobs=count, bytes=size)


def _erase_former(tools: Tools, needed: list[Row[Any]]) -> None:
    """Bytes that were withdrawn before a crash, whose transaction did not end, and that were pushed again since.

    What lies there is in no row. Bytes with a place are never withdrawn, and to erase them would be to lose them.
    """
    if plain := [row for row in needed if not row.place]:
        _erased(tools, plain)


def _erased(tools: Tools, gone: list[Row[Any]]) -> bool:
    try:
        tools.store.erase([(row.digest, row.place) for row in gone])
    except StoreFailed as error:
        _log.error("%s", error)
        return False
    return True
