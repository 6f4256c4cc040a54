"""What was planned stands, unless only a wrong clock can have planned it."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.rules.clocks import stands

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONGEST = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("ahead_minutes", "expected"),
    [(-1, False), (0, False), (0.1, True), (10, True), (11, True), (11.1, False), (60 * 24 * 365, False)],
)
def test_what_stands(ahead_minutes: float, expected: bool) -> None:
    """A minute more than the longest is what the clocks of two hosts may be apart."""
    assert stands(NOW + timedelta(minutes=ahead_minutes), NOW, LONGEST) is expected
