"""What follows each event. One page: a new follower is a line here, and nothing in the operation it follows.

Each reaction is a durable job of its own, tried again alone while it fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.domain import deliveries, events, filling
from wharfinger.domain.cleanup import alarm
from wharfinger.domain.events import Event, Recorded
from wharfinger.domain.events.images import (
    BatchRestored,
    ManifestDeleted,
    ManifestPulled,
    ManifestPushed,
    RepositoryDeleted,
    Restored,
    TagsDeleted,
)
from wharfinger.domain.events.keeping import CleanupFailed, CleanupRan, CleanupRestored, CleanupStopped
from wharfinger.domain.events.places import QuotaChanged, QuotaReached
from wharfinger.domain.events.webhooks import WebhookDisabled
from wharfinger.domain.tools import Tools


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is done after events of some kinds; doing it twice does no harm."""

    name: str
    after: tuple[type[Event], ...]
    react: Callable[[Tools, Recorded], None]
    needed: Callable[[Tools], bool] = lambda _: True  # by anybody, now? If not, no job is queued for it

    def run(self, tools: Tools, about: Mapping[str, Any]) -> None:
        """React to the event of this number; one that is too old to be kept has no reaction any more."""
        found = events.read(tools, about["event"])
        if found is not None:
            self.react(tools, found)


_OF_IMAGES: Final = (
    ManifestPushed,
    ManifestPulled,
    ManifestDeleted,
    TagsDeleted,
    RepositoryDeleted,
    Restored,
    BatchRestored,
)

REACTIONS: Final[tuple[Reaction, ...]] = (
    Reaction(
        "tell webhooks",
        (*_OF_IMAGES, CleanupRan, CleanupFailed, CleanupStopped, CleanupRestored, QuotaReached, QuotaChanged),
        deliveries.tell,
        needed=deliveries.anybody_listens,
    ),
    Reaction(
        "tell who may enable a webhook",
        (WebhookDisabled,),
        deliveries.tell_of_disabling,
        needed=lambda tools: tools.mail.works,
    ),
    Reaction(
        "tell maintainers that cleanup fails",
        (CleanupFailed,),
        alarm.tell_maintainers,
        needed=lambda tools: tools.mail.works,
    ),
    Reaction(
        "tell owners that storage fills up", (QuotaReached,), filling.tell_owners, needed=lambda tools: tools.mail.works
    ),
)


def needed(tools: Tools) -> tuple[Reaction, ...]:
    """The reactions that somebody needs at present."""
    return tuple(reaction for reaction in REACTIONS if reaction.needed(tools))


def by_kind(reactions: tuple[Reaction, ...] = REACTIONS) -> dict[str, list[str]]:
    """Names of the reactions, by the kind of event they follow."""
    kinds = {event.kind for reaction in reactions for event in reaction.after}
    return {kind: [each.name for each in reactions if kind in {event.kind for event in each.after}] for kind in kinds}
