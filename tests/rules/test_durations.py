"""Durations as people and GitLab's API write them."""

from datetime import timedelta

import pytest

from wharfinger.rules import durations

READ = {
    "7d": timedelta(days=7),
    "1month": timedelta(days=30),
    "3month": timedelta(days=90),
    "1h": timedelta(hours=1),
    " 90 Days ": timedelta(days=90),
    "2w": timedelta(days=14),
    "1y": timedelta(days=365),
    "1d12h": timedelta(hours=36),
    "1d 12h": timedelta(hours=36),
    "1 day, 12 hours": timedelta(hours=36),
    "2 weeks and 1 day": timedelta(days=15),
    "30m": timedelta(minutes=30),
}
REFUSED = ["", "d", "7", "7x", "-7d", "7d!", "0d", "101y", "1" * 7 + "d", "٣d", "1d " * 40]


@pytest.mark.parametrize(("text", "length"), READ.items())
def test_read(text: str, length: timedelta) -> None:
    assert durations.parse(text) == length


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"understood|100 years"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=90), "90 days"),
        (timedelta(hours=24), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1), "1 second"),
    ],
)
def test_written(length: timedelta, text: str) -> None:
    assert durations.written(length) == text
