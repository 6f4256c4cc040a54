"""From the part of a listing that is asked for to the rows to be read, and back to a page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, Select

from wharfinger.db import paging as rows
from wharfinger.db.paging import Cut
from wharfinger.domain.errors import PageInvalid
from wharfinger.rules.paging import Marker, Page, Window

Item = TypeVar("Item")
Sorted = type[int] | type[str] | type[datetime] | type[None]  # what a listing is sorted by; None: the name

FIRST: Final = Window()


def cut(window: Window, by: Sorted, *, descending: bool) -> Cut:
    """Which rows. Raises PageInvalid for a marker of a listing in another order."""
    marker = window.after or window.before
    if marker is not None and not (isinstance(marker.value, by) and marker.name.isprintable()):
        raise PageInvalid("the marker is from a listing in another order: start with its first page")
    mark = None if marker is None else (marker.name, marker.value)
    backward = window.before is not None
    return Cut(window.limit, window.offset, mark, descending=descending, backward=backward)


def page(
    tx: Connection,
    window: Window,
    read: tuple[Sequence[Row[Any]], bool],
    listing: Select[Any] | int,
    item: tuple[Callable[[Row[Any]], Item], Callable[[Item], Marker]],
) -> Page[Item]:
    """A page out of the rows that were read, and whether there are more; `item` makes one, and its marker.

    `listing` is counted where that is asked for, unless it is its length, which is known already.
    """
    make, mark = item
    found, more = read
    items = [make(row) for row in found]
    if window.before is not None:
        items.reverse()
        return Page(items, None, *_neighbours(items, mark, after=True, before=more))
    whole = not more and window.after is None and not window.offset  # then there is nothing left to count
    total = None if not window.counted else len(items) if whole else _length(tx, listing)
    return Page(items, total, *_neighbours(items, mark, after=more, before=window.after is not None))


def _length(tx: Connection, listing: Select[Any] | int) -> int:
    return listing if isinstance(listing, int) else rows.count(tx, listing)


def _neighbours(
    items: Sequence[Item], mark: Callable[[Item], Marker], *, after: bool, before: bool
) -> tuple[Marker | None, Marker | None]:
    """The markers of a page from which the next one and the one before it start."""
    return (mark(items[-1]) if items and after else None, mark(items[0]) if items and before else None)
