"""Looking into the audit log: by page, as an export, and for one image.

Administrators see everything, owners of a group what happened in it and below it, maintainers of a project what
happened in that. A page is one indexed query; newest first, and the next page goes on from a number.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from wharfinger.db import audit as rows
from wharfinger.db import chain as chain_rows
from wharfinger.db.audit import Condition
from wharfinger.domain import access
from wharfinger.domain.access import Caller, Group
from wharfinger.domain.errors import PageInvalid
from wharfinger.domain.events.record import Recorded, recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules import chain as rules
from wharfinger.rules.roles import Action, Role

MOST: Final = 1000
_PIECE_BYTES: Final = 64 * 1024
COLUMNS: Final = tuple(field.name for field in fields(Recorded))

_NAMED: Final = ("actor", "kind", "path", "address")
_FIRST_STRETCH: Final = 2000  # events
_WIDER: Final = 8
_RARE: Final = 2000

_Scope = tuple[Condition, ...]  # what may be seen; () is everything
_Times = tuple[datetime | None, datetime | None]

_FORMULA: Final = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: who (`actor`), what (`kind`), where (`path`), from where, when; "" and None are anything."""

    actor: str = ""
    kind: str = ""
    path: str = ""
    address: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of events, newest first; `last` is what the next one begins after, None on the last page."""

    events: list[Recorded]
    last: int | None


def page(
    tools: Tools, caller: Caller, place: str, wanted: Wanted, *, last: int | None = None, limit: int = 100
) -> Found:
    """Events of the group or project at `place` ("" is the whole installation) older than number `last`."""
    if not 0 < limit <= MOST or (last is not None and last < 1):
        raise PageInvalid(f"a page has 1 to {MOST} events and begins after one of them: choose so")
    with tools.db.read() as tx:
        return _page(tx, _scope(tx, caller, place), wanted, last, limit)


def export(tools: Tools, caller: Caller, place: str, wanted: Wanted) -> Iterator[Recorded]:
    """The same events, all of them, newest first; who may is decided before the first one is asked for."""
    with tools.db.read() as tx:
        scope = _scope(tx, caller, place)
    return _export(tools, scope, wanted)


def custody(tools: Tools, caller: Caller, path: str, digest: str, *, limit: int = 200) -> list[Recorded]:
    """What happened to an image, newest first: pushes, tags that came and went, pulls, deletions, restores.

    For developers of its project; from where it was done, only maintainers hear.
    """
    with tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.PULL)
        project = access.open_project(tx, caller, place.project_path, Action.PULL)
        access.require_role(project, Role.DEVELOPER, "seeing an image's chain of custody")
        found = rows.about_digest(tx, rules.mark(digest), place.project_id, first(tx), limit)
    events = [event for event in map(recorded, found) if digest in rules.digests(event.about)]
    told = project.role is not None and project.role >= Role.MAINTAINER
    return events if told else [replace(event, address="") for event in events]


def as_lines(events: Iterator[Recorded]) -> Iterator[bytes]:
    """JSON lines: an object an event."""
    for event in events:
        yield orjson.dumps({name: getattr(event, name) for name in COLUMNS}, option=orjson.OPT_APPEND_NEWLINE)


def as_csv(events: Iterator[Recorded]) -> Iterator[bytes]:
    """Comma-separated values (RFC 4180) with a header. What a spreadsheet would take for a formula gets a quote."""
    yield _csv_line(list(COLUMNS))
    for event in events:
        values = {name: getattr(event, name) for name in COLUMNS}
        values |= {"at": event.at.isoformat(), "about": orjson.dumps(event.about).decode()}
        yield _csv_line(["" if value is None else _inert(value) for value in values.values()])


def in_pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in larger pieces."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _export(tools: Tools, scope: _Scope, wanted: Wanted) -> Iterator[Recorded]:
    last: int | None = None
    while True:
        with tools.db.read() as tx:
            found = _page(tx, scope, wanted, last, MOST)
        yield from found.events
        last = found.last
        if last is None:
            return


def _scope(tx: Connection, caller: Caller, place: str) -> _Scope:
    """Where the caller may look."""
    if not place:
        access.require_admin(caller, "looking at the audit log of the installation")
        return ()
    opened = access.open_place(tx, caller, place, Action.ADMINISTER)
    if isinstance(opened, Group):
        access.require_role(opened, Role.OWNER, "looking at the audit log of a group")
        return (("namespace_id", rows.namespaces_below(tx, opened.path)),)
    return (("project_id", [opened.id]),)


def _page(tx: Connection, scope: _Scope, wanted: Wanted, last: int | None, limit: int) -> Found:
    low, high = chain_rows.bounds(tx, wanted.since, wanted.before, rules.LATE)
    ends = [end for end in (high, None if last is None else last - 1) if end is not None]
    numbers, times = (max(low, first(tx)), min(ends, default=None)), (wanted.since, wanted.before)
    named = [(name, [_askable(getattr(wanted, name))]) for name in _NAMED if getattr(wanted, name)]
    conditions = [*scope, *named]
    if (len(conditions) == 1 and len(conditions[0][1]) == 1) or not conditions:
        found = rows.page(tx, conditions, numbers=numbers, times=times, limit=limit + 1)
    else:
        found = _search(tx, conditions, numbers, times, limit + 1)
    events = [recorded(row) for row in rows.events(tx, found[:limit])]
    return Found(events, events[-1].number if len(found) > limit else None)


def _search(
    tx: Connection, conditions: Sequence[Condition], numbers: tuple[int, int | None], times: _Times, limit: int
) -> list[int]:
    """Events that meet several conditions, or are of one of many groups: from the newest on in ever longer stretches.

    In each stretch they are looked for among those that meet the condition that fewest do.
    """
    found, span = list[int](), _FIRST_STRETCH
    low, top = numbers[0], chain_rows.last_number(tx) if numbers[1] is None else numbers[1]
    while top >= low and len(found) < limit:
        stretch = (max(low, top - span + 1), top)
        counted = [(rows.count(tx, each, stretch, _RARE), each) for each in conditions]
        counted.sort(key=lambda pair: (pair[0], len(pair[1][1])))
        if counted[0][0]:
            rarest_first = [condition for _, condition in counted]
            found += rows.page(tx, rarest_first, numbers=stretch, times=times, limit=limit - len(found))
        top, span = stretch[0] - 1, span * _WIDER
    return found


def first(tx: Connection) -> int:
    """The first number that no anchor stands for: what is before is on its way out."""
    anchor = chain_rows.last_anchor(tx)
    return 1 if anchor is None else int(anchor.last_number) + 1


def _askable(text: str) -> str:
    """The text, or one that no event has where databases refuse a character in it; deploy tokens have any script."""
    return text if text.isprintable() else access.askable(text)


def _inert(value: Any) -> str:
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _csv_line(values: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue().encode()
