"""Pages of a listing: which part is asked for, and the marker from which the next one goes on.

A page is found by counting (`offset`) or from a marker (`after`). A marker holds what the listing is sorted by, and the
name, which tells equals apart: so a page costs the same at any depth, and nothing is skipped or repeated while others
add and remove entries.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Value = int | datetime | None

_LONGEST: Final = 1024
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Marker:
    """The last entry of a page: its name, and what the listing is sorted by, None where that is the name."""

    name: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a listing that is asked for: `limit` entries from an offset or after a marker, and a count of all."""

    limit: int = 20
    offset: int = 0
    after: Marker | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a listing. `total` counts all, if that was asked for; `after` is None on the last page."""

    items: list[Item]
    total: int | None = None
    after: Marker | None = None


def write(marker: Marker) -> str:
    """The marker as text that goes into a URL as it is."""
    kind = ""
    if isinstance(marker.value, datetime):
        kind = f"t{marker.value.isoformat()}"
    elif marker.value is not None:
        kind = f"i{marker.value}"
    return base64.urlsafe_b64encode(f"{kind}|{marker.name}".encode()).decode().rstrip("=")


def read(text: str) -> Marker:
    """The marker in a text that `write` made. Raises ValueError with a sentence."""
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        kind, bar, name = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition("|")
        if not bar or not name.isprintable():
            raise ValueError(text)
        return Marker(name, _value(kind))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise ValueError("the marker is none that a page of this listing gave: start with the first page") from error


def _value(text: str) -> Value:
    if not text:
        return None
    if text[0] == "t":
        moment = datetime.fromisoformat(text[1:])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    number = int(text.removeprefix("i"))
    if abs(number) > _LARGEST:
        raise ValueError(text)
    return number
