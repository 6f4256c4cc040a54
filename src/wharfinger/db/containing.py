"""Is a text part of another, in any case? As each database does it fastest. Nothing here decides."""

import re
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_ESCAPE: Final = "/"
_CASED: Final = re.compile(r"[^\x00-@\[-`{-\x7f]+")  # what may have another case: letters, and whatever is not ASCII


class _Containing(FunctionElement[bool]):
    """The column, the pattern, and that of the longest piece of it that knows no case."""

    type = Boolean()
    inherit_cache = True


def containing(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Does the column contain this part, in any case of the letters A to Z?"""
    return _Containing(column, _pattern(part), _pattern(max(_CASED.split(part), key=len)))


def _pattern(part: str) -> ColumnElement[str]:
    for special in (_ESCAPE, "%", "_"):
        part = part.replace(special, _ESCAPE + special)
    return literal(f"%{part}%", String())


@compiles(_Containing)
def _in_two_steps(element: _Containing, compiler: SQLCompiler, **how: Any) -> str:
    """ILIKE lowers the case of every value, for half of the time of such a search: LIKE passes by most of them."""
    column, whole, piece = element.clauses
    return f"({_like(column, piece, 'LIKE', compiler, how)} AND {_like(column, whole, 'ILIKE', compiler, how)})"


@compiles(_Containing, "sqlite")
def _in_one(element: _Containing, compiler: SQLCompiler, **how: Any) -> str:
    """Here LIKE knows no case by itself; lowering each side first takes twice as long."""
    column, whole, _ = element.clauses
    return _like(column, whole, "LIKE", compiler, how)


def _like(column: Any, pattern: Any, operator: str, compiler: SQLCompiler, how: dict[str, Any]) -> str:
    return f"({compiler.process(column, **how)} {operator} {compiler.process(pattern, **how)} ESCAPE '{_ESCAPE}')"
