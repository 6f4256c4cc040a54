"""Durations as people and GitLab's API write them: `7d`, `1month`, `1h`, `90 days`, `1d 12h`. A month has 30 days."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from wharfinger.spec.errors import quoted

LONGEST: Final = timedelta(days=100 * 365)

_PART: Final = re.compile(r"([0-9]{1,6}) ?([a-z]+)")
_WHOLE: Final = re.compile(rf"{_PART.pattern}(?:(?: |, ?| and )?{_PART.pattern})*")
_LONGEST_TEXT: Final = 100
_UNITS: Final[Mapping[timedelta, str]] = {
    timedelta(seconds=1): "s sec secs second seconds",
    timedelta(minutes=1): "m min mins minute minutes",
    timedelta(hours=1): "h hr hrs hour hours",
    timedelta(days=1): "d day days",
    timedelta(weeks=1): "w week weeks",
    timedelta(days=30): "mo month months",
    timedelta(days=365): "y yr year years",
}
_WRITTEN: Final = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)
_LENGTHS: Final = {word: length for length, words in _UNITS.items() for word in words.split()}


def parse(text: str) -> timedelta:
    """The duration in `text`, more than nothing; raises ValueError with a sentence."""
    lowered = text.strip().lower()
    if len(lowered) > _LONGEST_TEXT or _WHOLE.fullmatch(lowered) is None:
        raise ValueError(_not_understood(text))
    total = timedelta()
    for number, unit in _PART.findall(lowered):
        if unit not in _LENGTHS:
            raise ValueError(_not_understood(text))
        total += int(number) * _LENGTHS[unit]
    if not timedelta() < total < LONGEST:
        raise ValueError(f"the duration {quoted(text)} is not between a second and 100 years")
    return total


def written(duration: timedelta) -> str:
    """The duration for people, in the largest unit that fits evenly: "90 days", "1 hour"."""
    length, name = next(one for one in _WRITTEN if not duration % one[0])
    count = duration // length
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _not_understood(text: str) -> str:
    return f"the duration {quoted(text)} is not understood: write a number and a unit, as in 1h, 7d, 2w, 1month"
