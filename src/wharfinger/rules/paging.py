"""Pages of a listing: which part is asked for, and the marker from which the next one goes on.

A page is found by counting (`offset`) or from a marker (`after`). A marker holds what the listing is sorted by, and the
name, which tells equals apart: so a page costs the same at any depth, and nothing is skipped or repeated while others
add and remove entries.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Value = int | str | datetime | None

_LONGEST: Final = 1024
_LARGEST: Final = 2**63 - 1
_KINDS: Final[dict[type, str]] = {type(None): "", int: "i", str: "s", datetime: "t"}


@dataclass(frozen=True, slots=True)
class Marker:
    """The last entry of a page: its name, and what the listing is sorted by, None where that is the name."""

    name: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a listing that is asked for: `limit` entries from an offset, or right after or before a marker.

    `counted`: with a count of all.
    """

    limit: int = 20
    offset: int = 0
    after: Marker | None = None
    before: Marker | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a listing. `total` counts all, if that was asked for.

    `after` and `before` are markers of its neighbours: None on the last page, and on the first. One that was found by
    counting says nothing of what is before it.
    """

    items: list[Item]
    total: int | None = None
    after: Marker | None = None
    before: Marker | None = None


def write(marker: Marker) -> str:
    """The marker as text that goes into a URL as it is."""
    value = marker.value
    plain: int | str | None = value.isoformat() if isinstance(value, datetime) else value
    document = json.dumps([_KINDS[type(value)], plain, marker.name], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def read(text: str) -> Marker:
    """The marker in a text that `write` made. Raises ValueError with a sentence."""
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        kind, plain, name = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(name, str) or not name.isprintable():
            raise ValueError(text)
        return Marker(name, _value(kind, plain))
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError("the marker is none that a page of this listing gave: start with the first page") from error


def _value(kind: str, plain: object) -> Value:
    match kind, plain:
        case "", None:
            return None
        case "i", int() if abs(plain) <= _LARGEST:
            return int(plain)
        case "s", str() if plain.isprintable():
            return plain
        case "t", str():
            moment = datetime.fromisoformat(plain)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ValueError(kind)
