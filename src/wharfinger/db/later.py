"""The later of two moments, in the words of the database at hand: each is looked up once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from wharfinger.db.tables.columns import Moment


class _Later(FunctionElement[datetime]):
    type = Moment()
    inherit_cache = True


def later(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """The later of both, neither of them null."""
    return _Later(one, other)


@compiles(_Later, "postgresql")
def _in_postgres(element: _Later, compiler: SQLCompiler, **options: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **options)})"


@compiles(_Later, "sqlite")
def _in_sqlite(element: _Later, compiler: SQLCompiler, **options: Any) -> str:
    return f"max({compiler.process(element.clauses, **options)})"
