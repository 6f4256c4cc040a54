"""How many things one transaction does where many are to be done, so that nobody waits for it for long."""

from typing import Final

AIM_SECONDS: Final = 0.2
FIRST: Final = 250
_GROWS: Final = 2
_RANGE: Final = 16


def following(size: int, seconds: float, most: int) -> int:
    """How many the next transaction does, where one of so many took so long: what fits, at most twice as many.

    Never more than `most`, and no fewer than a sixteenth of that: then it would take too long together.
    """
    fitting = size * _GROWS if seconds * _GROWS <= AIM_SECONDS else int(size * AIM_SECONDS / seconds)
    return min(most, max(fitting, most // _RANGE, 1))
