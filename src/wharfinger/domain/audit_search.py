"""Finding events of the audit log: by what has an index, and by words in what they tell.

Who may look where was asked before (`domain.audit`). Both ways take a bounded time however many events there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import audit as rows
from wharfinger.db import chain as chain_rows
from wharfinger.db.audit import Condition, Times
from wharfinger.rules.audit import Asked

MOST_IN_A_ROW: Final = 20_000  # events that are looked at for words, one after another
MOST_LOOKED_UP: Final = 5_000  # and where each has to be looked up first
_FIRST_STRETCH: Final = 2000  # events
_WIDER: Final = 8
_RARE: Final = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """What events have to meet: conditions with an index, numbers and times between which they are, and words."""

    conditions: Sequence[Condition]
    numbers: tuple[int, int | None]
    times: Times
    asked: Asked


@dataclass(frozen=True, slots=True)
class Answer:
    """Numbers of events, newest first; where it stopped because it had looked at enough, the last one looked at."""

    numbers: Sequence[int]
    stopped: int | None = None


def newest(tx: Connection, question: Question, limit: int) -> Answer:
    """The newest events that meet all of it, so many at most."""
    if question.asked == Asked():
        return Answer(_meeting(tx, question.conditions, question, limit))
    here = _at_path(tx, question)
    if here is not None:
        return Answer(_telling(tx, here, question.conditions, question, limit))
    # Events at many paths are frequent: so they are soon found among all.
    first, others = _rarest(tx, question)
    most = MOST_LOOKED_UP if first else MOST_IN_A_ROW
    looked_at = _meeting(tx, first, question, most) if first else _last_ones(tx, question, most)
    found = _telling(tx, looked_at, others, question, limit)
    return Answer(found, looked_at[-1] if len(looked_at) == most else None)


def _last_ones(tx: Connection, question: Question, most: int) -> range:
    """The numbers have no gaps."""
    low, top = _ends(tx, question)
    return range(top, max(low - 1, top - most), -1)


def _at_path(tx: Connection, question: Question) -> list[int] | None:
    """Events at the path that is asked for and below, where one is and they are not too many to look at them all."""
    if not question.asked.path:
        return None
    found = rows.at_path(tx, question.asked.path, MOST_LOOKED_UP + 1)
    low, high = question.numbers
    return [one for one in found if low <= one <= (high or one)] if len(found) <= MOST_LOOKED_UP else None


def _rarest(tx: Connection, question: Question) -> tuple[Sequence[Condition], Sequence[Condition]]:
    """The condition that fewest events meet, as far as it is worth counting them, and the others."""
    conditions = list(question.conditions)
    if len(conditions) > 1:
        conditions = _rarest_first(conditions, rows.counts(tx, conditions, _ends(tx, question), MOST_LOOKED_UP))
    return conditions[:1], conditions[1:]


def _telling(
    tx: Connection, among: Sequence[int], conditions: Sequence[Condition], question: Question, limit: int
) -> Sequence[int]:
    asked = question.asked
    return rows.telling(tx, among, conditions, words=asked.words, path=asked.path, times=question.times, limit=limit)


def _meeting(tx: Connection, conditions: Sequence[Condition], question: Question, limit: int) -> Sequence[int]:
    if not conditions or (len(conditions) == 1 and len(conditions[0][1]) == 1):
        return rows.page(tx, conditions, numbers=question.numbers, times=question.times, limit=limit)
    return _in_stretches(tx, conditions, question, limit)


def _in_stretches(tx: Connection, conditions: Sequence[Condition], question: Question, limit: int) -> list[int]:
    """Events that meet several conditions, or are of one of many groups: from the newest on in ever longer stretches.

    In each stretch they are looked for among those that meet the condition that fewest do.
    """
    found, span = list[int](), _FIRST_STRETCH
    low, top = _ends(tx, question)
    while top >= low and len(found) < limit:
        stretch = (max(low, top - span + 1), top)
        counted = rows.counts(tx, conditions, stretch, _RARE)
        if min(counted):
            rarest_first = _rarest_first(conditions, counted)
            left = limit - len(found)
            found += rows.page(tx, rarest_first, numbers=stretch, times=question.times, limit=left)
        top, span = stretch[0] - 1, span * _WIDER
    return found


def _rarest_first(conditions: Sequence[Condition], counted: Sequence[int]) -> list[Condition]:
    """In the order of these counts; of those with the same, what has fewest values."""
    pairs = sorted(zip(counted, conditions, strict=True), key=lambda pair: (pair[0], len(pair[1][1])))
    return [condition for _, condition in pairs]


def _ends(tx: Connection, question: Question) -> tuple[int, int]:
    low, high = question.numbers
    return low, chain_rows.last_number(tx) if high is None else high
