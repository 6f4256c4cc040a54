"""Many values in one statement, as one parameter however many they are.

A parameter for each would have the statement written, parsed and planned anew for every number of them, which takes
longer than what it does.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Dialect, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from wharfinger.db.tables.columns import ID, PATH

_ITEMS: Final[Mapping[str, Any]] = {"text": PATH, "number": ID}


class _List(TypeDecorator[Collection[Any]]):
    """An array for PostgreSQL, a JSON list for SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(_ITEMS[self.kind]) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        found = list(value or ())
        return found if dialect.name == "postgresql" else json.dumps(found)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "_Among":  # noqa: ARG002
        """A condition as it stands: SQLite would use no index for `… = 1`."""
        return self


def among(column: ColumnElement[Any], values: str | Collection[Any]) -> ColumnElement[bool]:
    """Is the column one of these values? A text is the name of the parameter that has them."""
    kind = _List("number" if isinstance(column.type, Integer) else "text")
    if isinstance(values, str):
        return _Among(column, bindparam(values, type_=kind))
    return _Among(column, bindparam(None, values, kind))


@compiles(_Among, "postgresql")
def _in_postgres(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _in_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - names and placeholders
