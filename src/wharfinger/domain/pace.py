"""Doing much in many transactions, none of which others wait for for long (`rules.pace`)."""

from collections.abc import Iterator, Sequence
from time import monotonic, sleep
from typing import TypeVar

from wharfinger.db.engine import Database
from wharfinger.rules import pace as rules

Item = TypeVar("Item")


def sizes(db: Database, most: int) -> Iterator[int]:
    """How many to do in each transaction, without end: what is done between two of them is what is timed."""
    size = min(rules.FIRST, most)
    while True:
        began = monotonic()
        yield size
        size = rules.following(size, monotonic() - began, most, db.holds_up_seconds)
        sleep(db.rests_seconds)


def parts(db: Database, items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """These in parts of such sizes."""
    at = 0
    for size in sizes(db, most):
        if at >= len(items):
            return
        yield items[at : at + size]
        at += size
