"""How many things one transaction does where many are to be done, so that nobody waits for it for long."""

from typing import Final

FIRST: Final = 250
_GROWS: Final = 2
_RANGE: Final = 16


def following(size: int, seconds: float, most: int, aim: float) -> int:
    """How many the next transaction does, where one of so many took so long and is to take `aim` seconds: what fits.

    At most twice as many, and never more than `most`, and no fewer than a sixteenth of that: then it would take too
    long together.
    """
    fitting = size * _GROWS if seconds * _GROWS <= aim else int(size * aim / seconds)
    return min(most, max(fitting, most // _RANGE, 1))
