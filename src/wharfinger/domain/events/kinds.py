"""Every kind of event there is."""

from collections.abc import Iterator

from wharfinger.domain.events.record import Event


def kinds() -> list[str]:
    """In order of their names."""
    return sorted({event.kind for event in _below(Event)})


def _below(event: type[Event]) -> Iterator[type[Event]]:
    for found in event.__subclasses__():
        yield found
        yield from _below(found)
