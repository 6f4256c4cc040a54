"""Answers that are remembered within a snapshot: what is asked again and again is asked once. Nothing here decides.

Each operation asks by itself where its path leads and what the caller may do there, and a page calls ten of them. In a
transaction of `Database.snapshot` such a question goes to the database once; the others get the same row.

That is safe because nothing else could come back: the transaction only reads and sees one state, all that the answer
depends on is in the statement and its values (who asks, with what, at which moment), and the answers are part of the
transaction and end with it. One that writes has none, so whoever changes something looks at what is so then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select

_ANSWERS: Final = "wharfinger_answers"


def remembering(tx: Connection) -> Connection:
    """The transaction, which sees one state and does not write, and from here on knows what it was asked."""
    return tx.execution_options(**{_ANSWERS: {}})


def rows(tx: Connection, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """The rows of a statement, which is one of a module's own: it is known by being the same object."""
    known = tx.get_execution_options().get(_ANSWERS)
    if known is None:
        return tx.execute(statement, values).all()
    question = (statement, *values.values())
    if question not in known:
        known[question] = tx.execute(statement, values).all()
    found: Sequence[Row[Any]] = known[question]
    return found


def first(tx: Connection, statement: Select[Any], values: Mapping[str, Any]) -> Row[Any] | None:
    """The same of a statement that brings one row at most."""
    return next(iter(rows(tx, statement, values)), None)
