"""When a login may be tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules.lockout import retry_after

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=10)


def ago(*minutes: float) -> list[datetime]:
    """Failures so many minutes ago; negative: in the future."""
    return [NOW - timedelta(minutes=count) for count in minutes]


@pytest.mark.parametrize(
    ("failures", "limit", "expected_minutes"),
    [
        (ago(), 3, None),
        (ago(1), 3, None),
        (ago(1, 2), 3, None),
        (ago(1, 2, 3), 3, 7),
        (ago(3, 1, 2), 3, 7),
        (ago(0, 0, 0), 3, 10),
        (ago(1, 2, 3, 4), 3, 7),
        (ago(9.5, 9.5, 9.5), 3, 0.5),
        (ago(10, 2, 1), 3, None),
        (ago(11, 12, 13), 3, None),
        (ago(11, 3, 2, 1), 3, 7),
        (ago(5), 1, 5),
        (ago(-60, -60, -60), 3, 10),
        (ago(*range(100)), 0, None),
    ],
)
def test_retry_after(failures: list[datetime], limit: int, expected_minutes: float | None) -> None:
    expected = None if expected_minutes is None else timedelta(minutes=expected_minutes)
    assert retry_after(failures, limit, WINDOW, NOW) == expected


@given(st.lists(st.integers(-300, 1200), max_size=30), st.integers(1, 12))
def test_who_waits_as_told_may_try(seconds: list[int], limit: int) -> None:
    failures = [NOW - timedelta(seconds=count) for count in seconds]
    wait = retry_after(failures, limit, WINDOW, NOW)
    if wait is None:
        assert sum(failure > NOW - WINDOW for failure in failures) < limit
        return
    assert timedelta() < wait <= WINDOW
    if min(seconds) >= 0:
        assert retry_after(failures, limit, WINDOW, NOW + wait) is None
        assert retry_after(failures, limit, WINDOW, NOW + wait - timedelta(microseconds=1)) is not None
