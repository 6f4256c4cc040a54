"""Looking into the audit log: by page, as an export, and for one image.

Administrators see everything, owners of a group what happened in it and below it, maintainers of a project what
happened in that. A page is one indexed query; newest first, and the next page goes on from a number.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from wharfinger.db import audit as rows
from wharfinger.db import chain as chain_rows
from wharfinger.db.audit import Condition
from wharfinger.domain import access, audit_search
from wharfinger.domain.access import Caller, Group
from wharfinger.domain.audit_search import Question
from wharfinger.domain.errors import PageInvalid
from wharfinger.domain.events.record import Recorded, recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules import audit as searches
from wharfinger.rules import chain as rules
from wharfinger.rules.roles import Action, Role

MOST: Final = 1000
_PIECE_BYTES: Final = 64 * 1024
COLUMNS: Final = tuple(field.name for field in fields(Recorded))

_NAMED: Final = ("actor", "kind", "path", "address")

_Scope = tuple[Condition, ...]  # what may be seen; () is everything

_FORMULA: Final = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: who (`actor`), what (`kind`), where (`path`), from where, when; "" and None are anything.

    `text` is what somebody typed to search by (`rules.audit`).
    """

    actor: str = ""
    kind: str = ""
    path: str = ""
    address: str = ""
    since: datetime | None = None
    before: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of events, newest first; `last` is what the next one begins after, None on the last page.

    A search by text looks at so many events and no more. `looked_to` is when the last of them happened where it ended
    for that: there may be room on the page, and more to find further on.
    """

    events: list[Recorded]
    last: int | None
    looked_to: datetime | None = None


def page(
    tools: Tools, caller: Caller, place: str, wanted: Wanted, *, last: int | None = None, limit: int = 100
) -> Found:
    """Events of the group or project at `place` ("" is the whole installation) older than number `last`."""
    if not 0 < limit <= MOST or (last is not None and last < 1):
        raise PageInvalid(f"a page has 1 to {MOST} events and begins after one of them: choose so")
    with tools.db.read() as tx:
        return _page(tx, _scope(tx, caller, place), wanted, last, limit)


def export(
    tools: Tools, caller: Caller, place: str, wanted: Wanted, *, looked: Callable[[datetime], None] | None = None
) -> Iterator[Recorded]:
    """The same events, all of them, newest first; who may is decided before the first one is asked for.

    `looked` hears now and then how far back was searched.
    """
    with tools.db.read() as tx:
        scope = _scope(tx, caller, place)
    return _export(tools, scope, wanted, looked)


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


def _export(
    tools: Tools, scope: _Scope, wanted: Wanted, looked: Callable[[datetime], None] | None
) -> Iterator[Recorded]:
    last: int | None = None
    while True:
        with tools.db.read() as tx:
            found = _page(tx, scope, wanted, last, MOST)
        yield from found.events
        last = found.last
        if last is None:
            return
        if looked is not None and found.looked_to is not None:
            looked(found.looked_to)


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
    named = [(name, [_askable(getattr(wanted, name))]) for name in _NAMED if getattr(wanted, name)]
    asked, times = searches.read(wanted.text), (wanted.since, wanted.before)
    answer = audit_search.newest(tx, Question([*scope, *named], _numbers(tx, wanted, last), times, asked), limit + 1)
    events = [recorded(row) for row in rows.events(tx, answer.numbers[:limit])]
    if len(answer.numbers) > limit:
        return Found(events, events[-1].number)
    if answer.stopped is None:
        return Found(events, None)
    return Found(events, answer.stopped, looked_to=rows.events(tx, [answer.stopped])[0].at)


def _numbers(tx: Connection, wanted: Wanted, last: int | None) -> tuple[int, int | None]:
    low, high = chain_rows.bounds(tx, wanted.since, wanted.before, rules.LATE)
    ends = [end for end in (high, None if last is None else last - 1) if end is not None]
    return max(low, first(tx)), min(ends, default=None)


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
