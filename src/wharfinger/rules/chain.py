"""How the audit log is sealed: what is hashed, how links hang together, and what a broken one looks like.

An event's hash is SHA-256 over its fields as a JSON list: number, at (ISO 8601, UTC), kind, actor, user_id, credential,
address, namespace_id, project_id, path, about (the text). A link's hash is SHA-256 over a JSON list of the seal's
number, its moment, the hash of the link before it ("" for the first), its first and last event, and their hashes in
order. JSON is without spaces and in ASCII. So whoever has the rows can check the chain, without this program.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

CHECK_BYTES: Final = 8
LATE: Final = timedelta(hours=1)
_MARK_DIGITS: Final = 15  # hex digits that a 64-bit number holds with its sign


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of the log, as far as its hash is concerned; `about` is the text."""

    number: int
    at: datetime
    kind: str
    actor: str
    user_id: int | None
    credential: str
    address: str
    namespace_id: int | None
    project_id: int | None
    path: str
    about: str

    def hash(self) -> bytes:
        """SHA-256 over the fields in order."""
        at, place = self.at.isoformat(), (self.namespace_id, self.project_id, self.path)
        who = (self.actor, self.user_id, self.credential, self.address)
        return _hashed([self.number, at, self.kind, *who, *place, self.about])


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain, over the events from `first` to `last`."""

    number: int
    at: datetime
    first: int
    last: int
    hash: str
    checks: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the chain ends: the last link's number and hash, its moment, and its last event."""

    seal: int = 0
    event: int = 0
    hash: str = ""
    at: datetime | None = None


def link(tail: Tail, entries: Sequence[Entry], now: datetime) -> Seal:
    """The next link, over these events, whose numbers follow the tail's; never earlier than they or the one before."""
    at = max([now, *(entry.at for entry in entries), *([tail.at] if tail.at else [])])
    hashes = [entry.hash() for entry in entries]
    number, first, last = tail.seal + 1, entries[0].number, entries[-1].number
    made = Seal(number, at, first, last, "", b"".join(each[:CHECK_BYTES] for each in hashes))
    return replace(made, hash=_link_hash(tail, made, hashes))


def broken(tail: Tail, seal: Seal, entries: Sequence[Entry]) -> str:
    """What is wrong with the link after `tail`, in a sentence; empty where it is as it was made."""
    sealed = f"sealed on {seal.at:%Y-%m-%d %H:%M:%S} UTC"
    if seal.number != tail.seal + 1 or seal.first != tail.event + 1:
        return f"after link {tail.seal} with event {tail.event} comes link {seal.number} with event {seal.first}: " + (
            "what was between them is gone"
        )
    if sentence := _event_broken(seal, entries, sealed):
        return sentence
    hashes = [entry.hash() for entry in entries]
    if _link_hash(tail, seal, hashes) != seal.hash:
        return f"link {seal.number}, {sealed}, was changed, or does not continue link {tail.seal}"
    return ""


def month(at: datetime) -> str:
    """The month a link belongs to: "2026-03"."""
    return f"{at:%Y-%m}"


def droppable(month: str, now: datetime, keep_months: int) -> bool:
    """Is this month older than the `keep_months` whole months before the present one? Never where that is 0."""
    count = now.year * 12 + now.month - 1 - keep_months
    return keep_months > 0 and month < f"{count // 12:04}-{count % 12 + 1:02}"


def mark(digest: str) -> int:
    """A number for a digest, by which events about it are found; others may have the same one."""
    return int(sha256(digest.encode()).hexdigest()[:_MARK_DIGITS], 16)


def digests(about: Mapping[str, Any]) -> set[str]:
    """The digests that an event is about: its own, its subject's, and those its tags pointed to."""
    tags = about.get("tags")
    found = [about.get("digest"), about.get("subject"), *(about.get("replaced") or ())]
    return {digest for digest in [*found, *(tags.values() if isinstance(tags, Mapping) else ())] if digest}


def _event_broken(seal: Seal, entries: Sequence[Entry], sealed: str) -> str:
    here = {entry.number: entry for entry in entries}
    checks = [seal.checks[start : start + CHECK_BYTES] for start in range(0, len(seal.checks), CHECK_BYTES)]
    for number, check in enumerate(checks, seal.first):
        entry = here.pop(number, None)
        if entry is None:
            return f"event {number}, {sealed}, is missing"
        if entry.hash()[:CHECK_BYTES] != check:
            who = f'now "{entry.kind}" by {entry.actor or "nobody"} on {entry.at:%Y-%m-%d %H:%M:%S} UTC'
            return f"event {number}, {sealed}, was changed: it is {who}"
    if here:
        return f"event {min(here)} is in the log and was never sealed"
    return ""


def _link_hash(tail: Tail, seal: Seal, hashes: Sequence[bytes]) -> str:
    events = [each.hex() for each in hashes]
    return _hashed([seal.number, seal.at.isoformat(), tail.hash, seal.first, seal.last, events]).hex()


def _hashed(fields: list[Any]) -> bytes:
    return sha256(json.dumps(fields, separators=(",", ":")).encode()).digest()
