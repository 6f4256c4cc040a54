"""A page of a listing: sorted, from an offset or after a marker. Nothing here decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, literal, select, tuple_


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows: beyond the marker (name, and the value sorted by unless that is the name), or from the offset.

    `backward`: those before the marker, nearest first.
    """

    limit: int
    offset: int = 0
    marker: tuple[str, int | str | datetime | None] | None = None
    descending: bool = False
    backward: bool = False

    @property
    def falling(self) -> bool:
        """Whether the rows are read from high to low."""
        return self.descending is not self.backward


def cut(listing: Select[Any], name: ColumnElement[Any], value: ColumnElement[Any] | None, by: Cut) -> Select[Any]:
    """The page of a listing that is sorted by `value`, or by name where that is None; one row more than the limit."""
    keys = [name] if value is None else [value, name]
    if by.marker is not None:
        marked = [by.marker[0]] if value is None else [by.marker[1], by.marker[0]]
        bound = tuple_(*(bindparam(None, mark, type_=key.type) for mark, key in zip(marked, keys, strict=True)))
        listing = listing.where(tuple_(*keys) < bound if by.falling else tuple_(*keys) > bound)
    order = [key.desc() if by.falling else key.asc() for key in keys]
    return listing.order_by(*order).limit(by.limit + 1).offset(by.offset)


def count(tx: Connection, listing: Select[Any]) -> int:
    """How many rows a listing has."""
    each = listing.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)
    return int(tx.scalar(select(func.count()).select_from(each.subquery())) or 0)


def rows_of(tx: Connection, page: Select[Any], limit: int) -> tuple[list[Row[Any]], bool]:
    """At most `limit` rows of the page, and whether there are more behind them."""
    found = list(tx.execute(page))
    return found[:limit], len(found) > limit
