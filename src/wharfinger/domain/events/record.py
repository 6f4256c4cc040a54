"""Writing down what happened, and reading it again.

An operation that changes something ends with `put`, inside its transaction: so the event exists if and only if the
change does. It is the record for the audit log and what reactions follow (`jobs/reactions.py`).

Events are past tense. Their fields are facts for people and machines, never secrets: they are what JSON can hold, by
names that say the unit. What changed stands in `before` and `after`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final

import orjson
from sqlalchemy import Connection

from wharfinger.db import events as rows
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: to what (`path`), and in which project or group, if in one."""

    kind: ClassVar[str]

    path: str
    project_id: int | None = None
    namespace_id: int | None = None


_PLACE: Final = frozenset(field.name for field in fields(Event))


def at(place: Group | Project) -> dict[str, Any]:
    """Where an event about a group or project happened: `GroupDeleted(**events.at(group))`."""
    if isinstance(place, Group):
        return {"path": place.path, "namespace_id": place.id}
    return {"path": place.path, "project_id": place.id, "namespace_id": place.namespace_id}


def put(tx: Connection, tools: Tools, caller: Caller, event: Event) -> None:
    """Write down that this caller made this happen. What follows is queued by the worker, in another transaction."""
    rows.add(tx, row(tools, caller, event))


def row(tools: Tools, caller: Caller, event: Event) -> dict[str, Any]:
    """What is written down: the row, for `put`, or to be put later."""
    return {
        "at": tools.clock(),
        "kind": event.kind,
        "actor": caller.name,
        "user_id": caller.user_id,
        "credential": f"{caller.kind} {caller.credential_id}" if caller.credential_id else str(caller.kind),
        "address": caller.address,
        "namespace_id": event.namespace_id,
        "project_id": event.project_id,
        "path": event.path,
        "about": _about(event),
    }


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the audit log, by its number there. `about` has the event's own fields."""

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
    about: Mapping[str, Any]


def read(tools: Tools, number: int) -> Recorded | None:
    """An event of the audit log by its number, for what follows it; None if it is too old to be kept."""
    with tools.db.read() as tx:
        row = rows.by_number(tx, number)
    return None if row is None else recorded(row)


def recorded(row: Any) -> Recorded:
    """The event in a row of the audit log."""
    names = [field.name for field in fields(Recorded) if field.name != "about"]
    return Recorded(**{name: getattr(row, name) for name in names}, about=orjson.loads(row.about))


def _about(event: Event) -> str:
    kind: Any = type(event)
    facts = {name: value for name in _own_fields(kind) if (value := getattr(event, name)) is not None}
    return orjson.dumps(facts).decode()


@cache
def _own_fields(kind: type[Any]) -> tuple[str, ...]:
    """What an event tells beyond its place."""
    return tuple(field.name for field in fields(kind) if field.name not in _PLACE)
