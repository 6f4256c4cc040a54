"""Pauses grow, and end."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.rules.retries import next_try

START = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (12, 3600), (10_000, 3600)]
)
def test_the_pause_doubles_up_to_an_hour(tries: int, seconds: int) -> None:
    assert next_try(tries, START, START, DAY) == START + timedelta(seconds=seconds)


def test_patience_ends() -> None:
    assert next_try(30, START, START + DAY - timedelta(hours=1), DAY) == START + DAY
    assert next_try(30, START, START + DAY - timedelta(minutes=59), DAY) is None
    assert next_try(1, START, START, timedelta()) is None


def test_tries_end() -> None:
    assert next_try(9, START, START, DAY, most=10) is not None
    assert next_try(10, START, START, DAY, most=10) is None
