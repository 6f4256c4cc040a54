"""What happens to groups and projects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCreated(Event):
    """There is a group at `path`."""

    kind = "group created"

    visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMoved(Event):
    """The group that was at `before` is at `path`, with everything below."""

    kind = "group moved"

    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged(Event):
    """Facts about the group changed."""

    kind = "group changed"

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDeleted(Event):
    """The group is gone, with members and tokens."""

    kind = "group deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCreated(Event):
    """There is a project at `path`."""

    kind = "project created"

    visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMoved(Event):
    """The project that was at `before` is at `path`, with its images; renaming is moving."""

    kind = "project moved"

    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanged(Event):
    """Facts about the project changed."""

    kind = "project changed"

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaChanged(Event):
    """The limit of a place changed, in bytes; `path` is "" for the whole instance."""

    kind = "quota changed"

    before: Mapping[str, int | None]
    after: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReached(Event):
    """A place uses so many per cent of the limit that holds for it, and did not before."""

    kind = "quota reached"

    percent: int
    used_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDeleted(Event):
    """The project is gone, with members, tokens and images."""

    kind = "project deleted"
