"""The audit log as a chain: what happened is sealed into it, verified, and dropped by month.

A link is made by the worker over the events that came in since the last one, a moment after they happened. Each holds
the hash of the one before, so that nothing in between can be changed, removed or slipped in without its being seen; and
a keyed hash under the installation's secret, so that whoever has the database alone cannot make the chain anew. What
cuts off the end is seen by a hash that was noted elsewhere (`wharfinger audit status` tells the present one).
"""

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import chain as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.events.operation import AuditMonthDropped
from wharfinger.domain.events.record import Recorded, recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules import chain as rules
from wharfinger.rules.chain import Entry, Seal, Tail

_FIELDS: Final = tuple(Entry.__dataclass_fields__)
_LINKS: Final = 100
_DROPPED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class State:
    """Where the chain ends: link, event and hash; how many events wait for their seal; the months that were dropped."""

    seal: int
    event: int
    hash: str
    sealed_at: datetime | None
    waiting: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was verified, and the first thing that is wrong, in a sentence; "" where nothing is."""

    links: int
    events: int
    state: State
    broken: str


def anything_waits(tools: Tools) -> bool:
    """Is there an event that is not sealed yet?"""
    with tools.db.read() as tx:
        return rows.anything_waits(tx)


def seal(tx: Connection, tools: Tools, limit: int) -> list[Recorded]:
    """Put the oldest events that wait into the log, at most `limit`, under a new link; which."""
    rows.take_turn(tx)
    found = rows.unsealed(tx, limit)
    if not found:
        return []
    tail, namespaces = _tail(tx), rows.namespaces_of(tx, {row.project_id for row in found if row.project_id})
    entries = [_numbered(row, tail.event + place, namespaces) for place, row in enumerate(found, 1)]
    made = rules.link(tail, entries, tools.clock())
    marks = [pair for entry in entries for pair in _marks(entry.number, entry.about)]
    fields = [{name: getattr(entry, name) for name in _FIELDS} for entry in entries]
    rows.keep(tx, fields, _seal_row(tools, made, entries), marks)
    rows.take_away(tx, [row.id for row in found])
    return [recorded(entry) for entry in entries]


def state(tools: Tools, caller: Caller) -> State:
    """Where the chain ends. For administrators."""
    access.require_admin(caller, "looking at the audit log's chain")
    with tools.db.read() as tx:
        return _state(tx)


def verify(
    tools: Tools, caller: Caller, *, known: tuple[int, str] | None = None, progress: Callable[[int], object] = int
) -> Verdict:
    """Look at every event and link. `known` is link and hash as they were noted before; `progress` hears of events."""
    access.require_admin(caller, "verifying the audit log")
    with tools.db.read() as tx:
        sentence, tail = _anchors_broken(tools, rows.anchors(tx)), _anchored(rows.last_anchor(tx))
    links = events_ = 0
    while not sentence:
        with tools.db.read() as tx:
            tail = max(tail, _anchored(rows.last_anchor(tx)), key=lambda each: each.seal)  # a month may just have gone
            page = rows.seals(tx, tail.seal, _LINKS)
            found = list(map(_entry, rows.entries(tx, tail.event, page[-1].last_number))) if page else []
            if not page:
                sentence = _end_broken(tx, tail, known)
                break
        for row in page:
            entries = [entry for entry in found if row.first_number <= entry.number <= row.last_number]
            sentence = rules.broken(tail, _seal(row), entries) or _unsigned(tools, row, known)
            if sentence:
                break
            tail, links, events_ = _tail_of(row), links + 1, events_ + len(entries)
        progress(events_)
    with tools.db.read() as tx:
        return Verdict(links, events_, _state(tx), sentence)


def drop_old(tools: Tools) -> int:
    """Drop whole months that are older than `[audit] keep_months`, behind an anchor each; how many events went."""
    while (month := _oldest_month(tools)) and rules.droppable(month, tools.clock(), tools.policy.audit_keep_months):
        _anchor(tools, month)
    return _remove_anchored(tools)


def _oldest_month(tools: Tools) -> str:
    with tools.db.read() as tx:
        page = rows.seals(tx, _anchored(rows.last_anchor(tx)).seal, 1)
        return rules.month(page[0].at) if page else ""


def _anchor(tools: Tools, month: str) -> None:
    """Let a row stand for the links of this month, the oldest there is; from then on they may go."""
    with tools.db.begin() as tx:
        rows.take_turn(tx)
        before = _anchored(rows.last_anchor(tx))
        first = rows.seals(tx, before.seal, 1)
        if not first or rules.month(first[0].at) != month:
            return  # another worker was faster
        last = rows.last_before(tx, _next_month(month))
        facts = {
            "month": month,
            "first_seal": first[0].number,
            "last_seal": last.number,
            "first_number": first[0].first_number,
            "last_number": last.last_number,
            "hash": last.hash,
        }
        rows.add_anchor(tx, {**facts, "at": tools.clock(), "mac": _mac(tools, _canonical(facts))})
        happened = {"month": month, "events": last.last_number - first[0].first_number + 1, "last_hash": last.hash}
        events.put(tx, tools, OPERATOR, AuditMonthDropped(path="", **happened))


def _remove_anchored(tools: Tools) -> int:
    """Remove the events and links that anchors stand for, some at a time, so that pushes go on between."""
    with tools.db.read() as tx:
        anchored, count = _anchored(rows.last_anchor(tx)), 0
    while anchored.seal:
        with tools.db.begin() as tx:
            some = rows.left_over(tx, anchored.event, _DROPPED_AT_ONCE)
            if some:
                rows.drop(tx, some[-1].number, [pair for row in some for pair in _marks(row.number, row.about)])
            if not rows.drop_seals(tx, anchored.seal, _DROPPED_AT_ONCE) and not some:
                break
        count += len(some)
    return count


def _state(tx: Connection) -> State:
    tail = _tail(tx)
    dropped = tuple(row.month for row in rows.anchors(tx))
    return State(tail.seal, tail.event, tail.hash, tail.at, rows.waiting(tx), dropped)


def _tail(tx: Connection) -> Tail:
    last = rows.last_seal(tx)
    return _anchored(rows.last_anchor(tx)) if last is None else _tail_of(last)


def _tail_of(row: Row[Any]) -> Tail:
    return Tail(row.number, row.last_number, row.hash, row.at)


def _anchored(row: Row[Any] | None) -> Tail:
    return Tail() if row is None else Tail(row.last_seal, row.last_number, row.hash)


def _anchors_broken(tools: Tools, anchors: Sequence[Row[Any]]) -> str:
    seal = event = 0
    for row in anchors:
        facts = {name: getattr(row, name) for name in _ANCHORED}
        if not hmac.compare_digest(row.mac, _mac(tools, _canonical(facts))):
            return f"what stands for the dropped month {row.month} was not written by this installation"
        if (row.first_seal, row.first_number) != (seal + 1, event + 1):
            return f"what stands for a month before {row.month} is gone"
        seal, event = row.last_seal, row.last_number
    return ""


def _end_broken(tx: Connection, tail: Tail, known: tuple[int, str] | None) -> str:
    last = rows.last_number(tx)
    if last > tail.event:
        return f"event {tail.event + 1} is in the log and was never sealed"
    if known is not None and known[0] > tail.seal:
        return f"link {known[0]}, whose hash was noted, is gone: the chain ends with link {tail.seal}"
    return ""


def _unsigned(tools: Tools, row: Row[Any], known: tuple[int, str] | None) -> str:
    if not hmac.compare_digest(row.mac, _mac(tools, row.hash)):
        return f"link {row.number} was not made by this installation: somebody without its secret wrote it"
    if known is not None and known[0] == row.number and known[1] != row.hash:
        return f"link {row.number} has another hash than the one that was noted: the chain was made anew"
    return ""


_ANCHORED: Final = ("month", "first_seal", "last_seal", "first_number", "last_number", "hash")


def _canonical(facts: dict[str, Any]) -> str:
    return json.dumps([facts[name] for name in _ANCHORED], separators=(",", ":"))


def _mac(tools: Tools, text: str) -> str:
    key = hmac.digest(tools.secret, b"wharfinger audit chain", "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _numbered(row: Row[Any], number: int, namespaces: dict[int, int]) -> Entry:
    """An event on its way into the log, with the namespace of its project where it names none."""
    fields = {name: getattr(row, name) for name in _FIELDS if name not in ("number", "at")}
    if row.namespace_id is None:
        fields["namespace_id"] = namespaces.get(row.project_id)
    return Entry(number=number, at=row.at.astimezone(UTC), **fields)


def _entry(row: Row[Any]) -> Entry:
    fields = {name: getattr(row, name) for name in _FIELDS if name != "at"}
    return Entry(at=row.at.astimezone(UTC), **fields)


def _seal(row: Row[Any]) -> Seal:
    return Seal(row.number, row.at.astimezone(UTC), row.first_number, row.last_number, row.hash, bytes(row.checks))


def _seal_row(tools: Tools, made: Seal, entries: Sequence[Entry]) -> dict[str, Any]:
    first_at = min(entry.at for entry in entries)
    return {
        "number": made.number,
        "at": made.at,
        "first_at": first_at,
        "late": made.at - first_at > rules.LATE,
        "first_number": made.first,
        "last_number": made.last,
        "hash": made.hash,
        "mac": _mac(tools, made.hash),
        "checks": made.checks,
    }


def _marks(number: int, about: str) -> list[tuple[int, int]]:
    return sorted({(rules.mark(digest), number) for digest in rules.digests(json.loads(about))})


def _next_month(month: str) -> datetime:
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
