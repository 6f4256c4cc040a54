"""How values are written for people: the filters of the templates."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from wharfinger.rules.roles import LOWEST, Action, Profile, Role
from wharfinger.rules.scopes import DOING

_STEPS: Final = (
    (timedelta(days=365), "year"),
    (timedelta(days=30), "month"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float | None) -> str:
    """Bytes: `0 bytes`, `9.8 MiB`."""
    value, unit = float(count or 0), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    if not unit:
        return f"{value:.0f} {'byte' if value == 1 else 'bytes'}"
    return f"{value:.0f} {_UNITS[unit]}" if value >= 99.95 else f"{value:.1f} {_UNITS[unit]}"


def number(count: int) -> str:
    """A number with a thin space after each three digits: `12 345`."""
    return f"{count:,}".replace(",", "\u202f")


def count(amount: int, one: str, many: str = "") -> str:
    """A number and what it counts: `1 tag`, `3 tags`."""
    return f"{number(amount)} {one if amount == 1 else many or one + 's'}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, or until when: `3 hours ago`, `in 2 days`, `just now`."""
    apart = abs(now - moment)
    for step, name in _STEPS:
        if apart >= step:
            passed = count(int(apart / step), name)
            return f"{passed} ago" if moment <= now else f"in {passed}"
    return "just now" if moment <= now else "in less than a minute"


def lasting(duration: timedelta) -> str:
    """A duration by its largest unit: `7 days`, `90 minutes`."""
    for step, name in _STEPS:
        if duration >= step and not duration % step:
            return count(int(duration / step), name)
    return count(int(duration.total_seconds()), "second")


def stamp(moment: datetime) -> str:
    """A moment in full."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def day(moment: datetime) -> str:
    """The day of a moment."""
    return f"{moment:%Y-%m-%d}"


def named(value: IntEnum) -> str:
    """A role or a visibility: `Maintainer`."""
    return value.name.capitalize()


def options(roles: Iterable[Role]) -> list[tuple[str, str]]:
    """Roles to choose from."""
    return [(role.name.lower(), named(role)) for role in roles]


def short(digest: str) -> str:
    """A digest that people can compare: `sha256:0123456789ab`."""
    algorithm, colon, digits = digest.partition(":")
    return f"{algorithm}{colon}{digits[:12]}"


def may(role: Role, profile: Profile) -> str:
    """What a role allows: `pulling, pushing`."""
    return ", ".join(DOING[action] for action in Action if role >= LOWEST[profile][action]) or "seeing the project"


def browser(agent: str) -> str:
    """What a browser is, out of what it calls itself: `Firefox on Linux`."""
    names = [name for mark, name in _BROWSERS if mark in agent]
    systems = [name for mark, name in _SYSTEMS if mark in agent]
    if not names:
        return agent.partition("/")[0][:40] or "Unknown"
    return f"{names[0]} on {systems[0]}" if systems else names[0]


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    filter_.__name__: filter_
    for filter_ in (size, number, count, ago, lasting, stamp, day, named, options, short, browser, may)
}
