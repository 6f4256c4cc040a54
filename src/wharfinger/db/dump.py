"""All rows out of a database and into an empty one, of either kind: the statements. Nothing here decides.

A table goes out as lines of JSON, one a row, and says itself what its columns are. So a dump can be read without the
tables it was made from: it goes into a database at the revision that it was made at, which is migrated afterwards.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    inspect,
    select,
    text,
)

from wharfinger.db.tables.columns import Moment
from wharfinger.db.tables.schema import metadata

# Uploads have no bytes in a backup; duties and the pause of the collector are this server's own.
LEFT_OUT: Final = ("uploads", "duties")
_SOMEBODYS: Final = ("users", "namespaces", "projects", "blobs")
_BATCH: Final = 1000
_KINDS: Final[dict[str, Any]] = {
    "moment": Moment(),
    "bytes": LargeBinary(),
    "flag": Boolean(),
    "number": BigInteger(),
    "text": Text(),
}


class Shape(NamedTuple):
    """A table: the names and kinds of its columns, and the highest number it ever gave to a row."""

    name: str
    columns: list[tuple[str, str]]
    last_id: int | None


def shapes(tx: Connection) -> list[Shape]:
    """What goes out, in an order in which it can come in: what is referred to first."""
    return [
        Shape(str(table.name), [(str(column.name), _kind(column)) for column in table.columns], _last_id(tx, table))
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT
    ]


def lines(tx: Connection, shape: Shape) -> Iterator[bytes]:
    """The rows of a table, each a JSON list with a line's end, as they are read."""
    table = metadata.tables[shape.name]
    encoders = [_ENCODERS.get(kind) for _, kind in shape.columns]
    rows = tx.execution_options(stream_results=True, yield_per=_BATCH).execute(select(table))
    for row in rows:
        values = [
            value if encode is None or value is None else encode(value)
            for value, encode in zip(row, encoders, strict=True)
        ]
        yield orjson.dumps(values) + b"\n"


def fill(tx: Connection, shape: Shape, found: Iterable[bytes]) -> int:
    """Insert lines that `lines` made; how many. References within a table are set once all of its rows are there."""
    table = Table(shape.name, MetaData(), *(Column(name, _KINDS[kind]) for name, kind in shape.columns))
    inward, count = _inward(tx, shape.name), 0
    later: list[dict[str, Any]] = []
    for batch in _batches(_rows(shape, found)):
        later += [{"wanted": row["id"], **{name: row[name] for name in inward}} for row in batch if _any(row, inward)]
        tx.execute(table.insert(), [row | dict.fromkeys(inward) for row in batch])
        count += len(batch)
    for row in later:
        wanted = row.pop("wanted")
        tx.execute(table.update().where(table.c.id == wanted).values(row))
    if shape.last_id is not None:
        _count_on(tx, shape.name, shape.last_id)
    return count


def is_empty(tx: Connection) -> bool:
    """Is there nobody and nothing? What migrations put in by themselves does not count."""
    return not any(tx.scalar(text(f'SELECT 1 FROM "{name}" LIMIT 1')) for name in _SOMEBODYS)  # noqa: S608


def clear(tx: Connection, found: Sequence[Shape]) -> None:
    """Remove what migrations put in, for the same comes with the dump."""
    for shape in reversed(found):
        tx.execute(text(f'DELETE FROM "{shape.name}"'))  # noqa: S608


def known(found: Sequence[Shape], tx: Connection) -> bool:
    """Are these the names of tables and columns that the database has?"""
    here = inspect(tx)
    tables = set(here.get_table_names())
    return all(
        shape.name in tables
        and {name for name, _ in shape.columns} == {column["name"] for column in here.get_columns(shape.name)}
        for shape in found
    )


def _kind(column: Column[Any]) -> str:
    if isinstance(column.type, Moment):
        return "moment"
    if isinstance(column.type, LargeBinary):
        return "bytes"
    if isinstance(column.type, Boolean):
        return "flag"
    return "number" if isinstance(column.type, Integer) else "text"


_ENCODERS: Final[dict[str, Callable[[Any], Any]]] = {
    "moment": lambda value: value.isoformat(),
    "bytes": lambda value: b64encode(value).decode(),
}
_DECODERS: Final[dict[str, Callable[[Any], Any]]] = {"moment": datetime.fromisoformat, "bytes": b64decode}


def _rows(shape: Shape, found: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    decoders = [(name, _DECODERS.get(kind)) for name, kind in shape.columns]
    for line in found:
        yield {
            name: value if decode is None or value is None else decode(value)
            for (name, decode), value in zip(decoders, orjson.loads(line), strict=True)
        }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _any(row: dict[str, Any], names: Sequence[str]) -> bool:
    return any(row[name] is not None for name in names)


def _inward(tx: Connection, name: str) -> list[str]:
    """The columns of a table that refer to the table itself."""
    keys = inspect(tx).get_foreign_keys(name)
    return [column for key in keys if key["referred_table"] == name for column in key["constrained_columns"]]


def _last_id(tx: Connection, table: Table) -> int | None:
    """The numbers of rows that are gone count too, where the table never gives one twice."""
    column = table.autoincrement_column
    if column is None:
        return None
    highest = int(tx.scalar(select(func.coalesce(func.max(column), 0))) or 0)
    if tx.dialect.name == "postgresql":
        given = tx.scalar(text(f'SELECT last_value FROM "{table.name}_{column.name}_seq"'))  # noqa: S608
    elif inspect(tx).has_table("sqlite_sequence"):
        given = tx.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        given = 0
    return max(highest, int(given or 0))


def _count_on(tx: Connection, name: str, last_id: int) -> None:
    """Let the next row have a number of its own."""
    if not last_id:
        return
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), {"name": name, "last": last_id})
    elif name in _counted(tx):
        tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        tx.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), {"name": name, "last": last_id}
        )


def _counted(tx: Connection) -> set[str]:
    """SQLite's tables that never give a number twice."""
    made = tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    return {row.name for row in made if row.sql and "AUTOINCREMENT" in row.sql.upper()}
