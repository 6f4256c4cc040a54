"""When something that failed is tried again."""

from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 20


def next_try(
    tries: int, first_at: datetime, now: datetime, patience: timedelta, *, most: int | None = None
) -> datetime | None:
    """The moment of the next try after `tries` failed ones, each pause twice the last.

    None when patience is over, or `most` have failed.
    """
    if most is not None and tries >= most:
        return None
    pause = min(LONGEST, SHORTEST * 2 ** min(max(0, tries - 1), _MOST_DOUBLINGS))
    return now + pause if now + pause <= first_at + patience else None
