"""Whether a login may be tried at all, after the failures there were."""

from collections.abc import Iterable
from datetime import datetime, timedelta


def retry_after(failures: Iterable[datetime], limit: int, window: timedelta, now: datetime) -> timedelta | None:
    """How long to wait: None if fewer than `limit` of the failures lie in the last `window`. A limit of 0 is none.

    A failure from the future (a clock was set back) counts, and its wait is never longer than the window.
    """
    recent = sorted(failure for failure in failures if failure > now - window)
    if not limit or len(recent) < limit:
        return None
    return min(recent[-limit] + window - now, window)
