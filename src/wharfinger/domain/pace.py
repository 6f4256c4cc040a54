"""Doing much in many transactions, none of which others wait for for long (`rules.pace`)."""

from collections.abc import Iterator, Sequence
from time import monotonic, sleep
from typing import Final, TypeVar

from wharfinger.rules import pace as rules

# Who waits for the file of an SQLite is woken when we leave it, and has to have begun before we are back.
PAUSE_SECONDS: Final = 0.01

Item = TypeVar("Item")


def sizes(most: int) -> Iterator[int]:
    """How many to do in each transaction, without end: what is done between two of them is what is timed."""
    size = min(rules.FIRST, most)
    while True:
        began = monotonic()
        yield size
        size = rules.following(size, monotonic() - began, most)
        sleep(PAUSE_SECONDS)


def parts(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """These in parts of such sizes."""
    at = 0
    for size in sizes(most):
        if at >= len(items):
            return
        yield items[at : at + size]
        at += size
