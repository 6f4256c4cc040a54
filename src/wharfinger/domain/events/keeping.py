"""What happens to rules on what is kept, and by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionRuleChanged(Event):
    """A rule of the project at `path` was made (no `before`), changed, or removed (no `after`)."""

    kind = "protection rule changed"

    rule_id: int
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupPolicyChanged(Event):
    """A policy of the project or group at `path` (of the instance: "") was made, changed, or removed (no `after`)."""

    kind = "cleanup policy changed"

    policy: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupAsked(Event):
    """Somebody asked for a run: of a policy in the project at `path`, or once, by `terms`, in the repository there."""

    kind = "cleanup asked for"

    run_id: int
    policy: str | None = None
    terms: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRan(Event):
    """A run of cleanup in the project at `path` is done; a deletion in bulk is of no policy."""

    kind = "cleanup ran"

    run_id: int
    policy: str | None
    tags_count: int
    manifests_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupFailed(Event):
    """A run of cleanup in the project at `path` failed and is tried again, or (`given_up`) was not done in time."""

    kind = "cleanup failed"

    run_id: int
    policy: str | None
    error: str
    given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupStopped(Event):
    """Somebody stopped a run of cleanup in the project at `path`, after it had removed so much."""

    kind = "cleanup stopped"

    run_id: int
    policy: str | None
    tags_count: int
    manifests_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRestored(Event):
    """What a run of cleanup in the project at `path` had removed came back: so many things, and so many could not."""

    kind = "cleanup restored"

    run_id: int
    back: int
    left: int
