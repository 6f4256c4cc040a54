"""What happens to webhooks. URLs may hold secrets of the receiver, so only their host is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCreated(Event):
    """There is a new webhook of the group or project at `path`, or of the installation."""

    kind = "webhook created"

    webhook: int
    host: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChanged(Event):
    """A webhook is told of other things, elsewhere or in another form."""

    kind = "webhook changed"

    webhook: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    other_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDeleted(Event):
    """A webhook is gone."""

    kind = "webhook deleted"

    webhook: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled(Event):
    """A webhook had failed for long and is told nothing any more, until somebody enables it."""

    kind = "webhook disabled"

    webhook: int
    host: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEnabled(Event):
    """A disabled webhook is told of what happens again."""

    kind = "webhook enabled"

    webhook: int
    host: str
