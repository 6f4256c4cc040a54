"""Moments that a clock has planned which may have been put back since, or which is another host's."""

from datetime import datetime, timedelta
from typing import Final

APART: Final = timedelta(minutes=1)  # so far the clocks of hosts agree, or the operator was told (docs/garbage.md)


def stands(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Is what was planned until a moment, for so long at the longest, still on?

    What has longer to go was planned by a clock that was put back since: to wait for it might take years.
    """
    return now < until <= now + longest + APART
