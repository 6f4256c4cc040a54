"""What happens to the installation itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMonthDropped(Event):
    """The audit log of a month went: so many events, the last link over which had this hash."""

    kind = "audit month dropped"

    month: str
    events: int
    last_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRepaired(Event):
    """A recount found meters that were not what they should be, and put them right; `domain.recount.Drift`."""

    kind = "usage repaired"

    blobs: int
    holders: int
    sums: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """Servers follow other settings, because they were reconfigured or started anew with them.

    Values by setting, as they are written; secrets are not shown.
    """

    kind = "settings changed"

    before: Mapping[str, str]
    after: Mapping[str, str]
