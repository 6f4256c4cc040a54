"""Is a text part of another, in any case? As each database does it fastest. Nothing here decides."""

from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_ESCAPE: Final = "/"


class _Containing(FunctionElement[bool]):
    """The column, and the pattern."""

    type = Boolean()
    inherit_cache = True


def containing(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Does the column contain this part, in any case of the letters A to Z?"""
    for special in (_ESCAPE, "%", "_"):
        part = part.replace(special, _ESCAPE + special)
    return _Containing(column, literal(f"%{part}%", String()))


@compiles(_Containing)
def _ilike(element: _Containing, compiler: SQLCompiler, **how: Any) -> str:
    return _like(element, compiler, "ILIKE", **how)


@compiles(_Containing, "sqlite")
def _plain(element: _Containing, compiler: SQLCompiler, **how: Any) -> str:
    """Here LIKE knows no case by itself; lowering each side first takes twice as long."""
    return _like(element, compiler, "LIKE", **how)


def _like(element: _Containing, compiler: SQLCompiler, operator: str, **how: Any) -> str:
    column, pattern = (compiler.process(clause, **how) for clause in element.clauses)
    return f"({column} {operator} {pattern} ESCAPE '{_ESCAPE}')"
