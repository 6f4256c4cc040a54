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
