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
class SettingsChanged(Event):
    """A running server took other settings over: values by setting, as they are written; secrets are not shown."""

    kind = "settings changed"

    before: Mapping[str, str]
    after: Mapping[str, str]
