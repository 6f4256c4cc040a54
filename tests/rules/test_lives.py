"""How long tokens live that tokens made, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.rules import lives

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("asked", "maker", "found"),
    [(None, None, None), (None, NOW, NOW), (NOW + DAY, NOW, NOW + DAY), (NOW, None, NOW)],
)
def test_what_is_not_said_ends_with_its_maker(
    asked: datetime | None, maker: datetime | None, found: datetime | None
) -> None:
    assert lives.ending(asked, maker) == found


@pytest.mark.parametrize(
    ("ends_at", "maker", "refused"),
    [
        (None, None, False),
        (NOW + 1000 * DAY, None, False),
        (NOW, NOW, False),
        (NOW - DAY, NOW, False),
        (NOW + timedelta(seconds=1), NOW, True),
        (None, NOW, True),
    ],
)
def test_nothing_outlives_its_maker(ends_at: datetime | None, maker: datetime | None, refused: bool) -> None:
    sentence = lives.outliving(ends_at, maker)
    assert bool(sentence) is refused
    assert not refused or "your token ends on 2026-03-01" in sentence


@pytest.mark.parametrize(
    ("ends_at", "life", "refused"),
    [
        (None, None, False),
        (NOW + 1000 * DAY, None, False),
        (None, 30 * DAY, True),
        (NOW + 30 * DAY, 30 * DAY, False),
        (NOW + 30 * DAY + timedelta(seconds=1), 30 * DAY, True),
        (NOW + 29 * DAY + timedelta(hours=16), 29 * DAY + timedelta(hours=14), False),
        (NOW + DAY, timedelta(hours=1), False),
        (NOW + 2 * DAY, timedelta(hours=1), True),
    ],
)
def test_what_rotates_itself_grows_no_older(ends_at: datetime | None, life: timedelta | None, refused: bool) -> None:
    sentence = lives.outgrowing(ends_at, NOW, life)
    assert bool(sentence) is refused
    assert not refused or "your token was made for" in sentence


def test_a_day_is_one() -> None:
    assert "made for 1 day," in lives.outgrowing(None, NOW, DAY)


def test_rotating_again_and_again_adds_nothing() -> None:
    """Not even where each time the hours up to midnight are gained."""
    now, ends_at, life = NOW, NOW + timedelta(days=29, hours=16), timedelta(days=29, hours=16)
    for _ in range(100):
        now = ends_at - timedelta(hours=1)
        ends_at = (now + 31 * DAY).replace(hour=0)
        while lives.outgrowing(ends_at, now, life):
            ends_at -= DAY
        life = ends_at - now
        assert life <= 30 * DAY
