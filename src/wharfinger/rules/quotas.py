"""What limits hold for a place, when its owners hear of it, and when it will be full: decided from numbers alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

THRESHOLDS: Final = (70, 85, 95, 100)  # per cent of a limit
FULL: Final = THRESHOLDS[-1]
BACK_PERCENT: Final = 2  # so far below a threshold the usage must fall before crossing it is news again
CLOSE_PERCENT: Final = 90  # from here on, those who add take turns
_FEWEST_SAMPLES: Final = 3
_LONGEST_FORECAST: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Meter:
    """A place on the way from a project to the whole instance: what is used, and the limits that were set there.

    `path` is "" for the instance. `limit_bytes` is for all that is in the place; `each_limit_bytes` for each project
    in a group, and for each top namespace of the instance, that has no limit of its own.
    """

    path: str
    used_bytes: int
    limit_bytes: int | None = None
    each_limit_bytes: int | None = None
    project: bool = False


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The limit that holds for a place, and the path of the place where it was set."""

    limit_bytes: int
    source: str


def ceiling(line: Sequence[Meter]) -> Ceiling | None:
    """The limit that holds for the first place of a line, which ends with the instance: its own, or inherited."""
    place, *above = line
    if place.limit_bytes is not None:
        return Ceiling(place.limit_bytes, place.path)
    if place.project:
        givers = [meter for meter in above if meter.path]
    else:
        givers = [meter for meter in above if not meter.path and "/" not in place.path]
    for meter in givers:
        if meter.each_limit_bytes is not None:
            return Ceiling(meter.each_limit_bytes, meter.path)
    return None


def ceilings(line: Sequence[Meter]) -> Iterator[tuple[Meter, Ceiling]]:
    """Every place of the line for which a limit holds: all of them must have room for a push."""
    for start, meter in enumerate(line):
        if (found := ceiling(line[start:])) is not None:
            yield meter, found


def percent(used_bytes: int, limit_bytes: int) -> int:
    """How full a place is, rounded down; a limit of nothing is full."""
    return used_bytes * 100 // limit_bytes if limit_bytes else FULL


def threshold(used_bytes: int, limit_bytes: int) -> int:
    """The highest threshold that is reached; 0 for none."""
    return max((mark for mark in THRESHOLDS if percent(used_bytes, limit_bytes) >= mark), default=0)


def noticed(before: int, used_bytes: int, limit_bytes: int) -> int:
    """The threshold that is noticed from now on: above `before` owners are told; below, the next crossing is news."""
    reached = threshold(used_bytes, limit_bytes)
    if reached >= before:
        return reached
    held = threshold(used_bytes + limit_bytes * BACK_PERCENT // 100, limit_bytes)
    return max(reached, min(before, held))


def crowded(loose_bytes: int, limit_bytes: int, percent: int) -> bool:
    """Does a place hold too much that no tag keeps: over so many per cent of its limit? 0 is as much as one likes."""
    return bool(percent) and loose_bytes * FULL > limit_bytes * percent


def beside(meter: Meter, held: Ceiling, adding_bytes: int, at_once: int) -> bool:
    """May a push go on beside others that it does not see and that do not see it? `adding_bytes` counts already.

    If so many at once each add as much as this allows, all of them fit between CLOSE_PERCENT and the limit. So no order
    in which they begin and end makes the place overflow: the last to look saw less than CLOSE_PERCENT.
    """
    room = held.limit_bytes * (FULL - CLOSE_PERCENT)
    return meter.used_bytes * FULL < held.limit_bytes * CLOSE_PERCENT and adding_bytes * at_once * FULL <= room


def full_in(samples: Sequence[tuple[datetime, int]], limit_bytes: int) -> timedelta | None:
    """When a place will be full if it grows on as it did: by a straight line through samples of its usage.

    Counted from the newest sample. None where there are too few, where it does not grow, or it takes over a year.
    """
    if len(samples) < _FEWEST_SAMPLES:
        return None
    began, used_bytes = samples[0][0], samples[-1][1]
    days = [(at - began) / timedelta(days=1) for at, _ in samples]
    middle, level = sum(days) / len(days), sum(used for _, used in samples) / len(samples)
    spread = sum((day - middle) ** 2 for day in days)
    growth = sum((day - middle) * (used - level) for day, (_, used) in zip(days, samples, strict=True))
    if growth <= 0 or spread == 0:
        return None
    left = (limit_bytes - used_bytes) * spread / growth
    return timedelta(days=max(left, 0)) if left <= _LONGEST_FORECAST / timedelta(days=1) else None
