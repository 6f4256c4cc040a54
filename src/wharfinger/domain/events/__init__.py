"""What can happen, a file a subject; `record` writes it down."""

from wharfinger.domain.events.images import ManifestPushed
from wharfinger.domain.events.record import Event, Recorded, at, put, read, recorded, row

__all__ = ["Event", "ManifestPushed", "Recorded", "at", "put", "read", "recorded", "row"]
