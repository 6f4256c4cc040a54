"""What makes up the usage of a place: exact and shared bytes, growth, what is largest, what does not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import breakdown as rows
from wharfinger.db import meters as meter_rows
from wharfinger.domain import access, quotas
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import ScopeMissing
from wharfinger.domain.quotas import Quota
from wharfinger.domain.tools import Tools
from wharfinger.rules import quotas as rules
from wharfinger.rules.roles import Action

LARGEST: Final = 10
SHOWN: Final = timedelta(days=90)
KEPT: Final = timedelta(days=400)
FORECAST_FROM: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Large:
    """An image of a project, or a project, and the bytes it uses."""

    path: str
    used_bytes: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Sizes in bytes. `alone_bytes`: held by nothing else in `whole`, the place they are shared in ("": the instance).

    `untagged_bytes` is None but for a project. `full_in`: when it is full, if it grows on as it did.
    """

    quota: Quota
    alone_bytes: int
    whole: str
    largest: Sequence[Large]
    trash_things: int
    trash_bytes: int
    untagged_bytes: int | None
    samples: Sequence[tuple[datetime, int]]
    full_in: timedelta | None


def get(tools: Tools, caller: Caller, path: str) -> Breakdown:
    """Of a project or group, for its members, or of the instance (""), for administrators. Raises ProjectUnknown,
    ScopeMissing.
    """
    with tools.db.read() as tx:
        place = opened(tx, caller, path)
        project = place.id if isinstance(place, Project) else None
        return of(tx, place.path if place else "", tools.clock(), project)


def opened(tx: Connection, caller: Caller, path: str) -> Project | Group | None:
    """A place for one who may see what it uses; None is the instance. Raises ProjectUnknown, ScopeMissing."""
    if not path:
        access.require_admin(caller, "looking at what all of it uses")
        return None
    place = access.open_place(tx, caller, path, Action.PULL)
    if place.role is None:
        raise ScopeMissing(f"what {place.path} uses is for its members: ask to become one")
    return place


def of(tx: Connection, path: str, now: datetime, project: int | None = None) -> Breakdown:
    """The same inside a transaction, of a place that is open already."""
    line = meter_rows.line(tx, path)
    place, whole = line[0], _whole(line)
    quota = quotas.line(tx, path)[0]
    large = rows.largest_projects(tx, path, LARGEST) if project is None else rows.largest_images(tx, project, LARGEST)
    things, trashed = rows.trash_of(tx, path, place.id)
    samples = rows.samples(tx, place.id, now - SHOWN)
    return Breakdown(
        quota=quota,
        alone_bytes=rows.alone_bytes(tx, place.id, whole.id),
        whole=whole.path,
        largest=[Large(row.path, int(row.bytes)) for row in large],
        trash_things=things,
        trash_bytes=trashed,
        untagged_bytes=None if project is None else rows.untagged_bytes(tx, project, place.id),
        samples=[*samples, (now, quota.used_bytes)],
        full_in=_full_in(quota, samples, now),
    )


def take_samples(tools: Tools) -> int:
    """Write down what every meter shows today (a duty); how many meters that are."""
    now = tools.clock()
    with tools.db.begin() as tx:
        return rows.sample(tx, now.replace(hour=0, minute=0, second=0, microsecond=0), now - KEPT)


def _whole(line: Sequence[Row[Any]]) -> Row[Any]:
    """Where layers are shared: in the top namespace; a top namespace itself shares with the others of the instance."""
    return line[-2] if len(line) > 2 else line[-1]


def _full_in(quota: Quota, samples: Sequence[tuple[datetime, int]], now: datetime) -> timedelta | None:
    if quota.ceiling is None:
        return None
    lately = [(at, used) for at, used in samples if at >= now - FORECAST_FROM]
    return rules.full_in([*lately, (now, quota.used_bytes)], quota.ceiling.limit_bytes)
