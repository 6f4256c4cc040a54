"""Transactions grow and shrink towards the time that others can wait."""

from typing import Final

import pytest

from wharfinger.rules.pace import following

AIM_SECONDS: Final = 0.2


@pytest.mark.parametrize(
    ("size", "seconds", "wanted"),
    [
        (1000, AIM_SECONDS, 1000),
        (1000, 2 * AIM_SECONDS, 500),
        (1000, AIM_SECONDS / 1.5, 1500),
        (1000, AIM_SECONDS / 2, 2000),
        (1000, AIM_SECONDS / 100, 2000),  # one that happened to be short
        (1000, 0, 2000),
        (3000, 0, 4000),
        (1000, 100 * AIM_SECONDS, 250),
    ],
)
def test_as_many_as_fit(size: int, seconds: float, wanted: int) -> None:
    assert following(size, seconds, 4000, AIM_SECONDS) == wanted


@pytest.mark.parametrize(("size", "most", "wanted"), [(1, 2, 1), (2, 1, 1)])
def test_one_at_least(size: int, most: int, wanted: int) -> None:
    assert following(size, 1000, most, AIM_SECONDS) == wanted
