"""Limits, thresholds and forecasts, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.rules import quotas
from wharfinger.rules.quotas import Ceiling, Meter

DAY = timedelta(days=1)
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def line(*limits: tuple[int | None, int | None]) -> list[Meter]:
    """A project in a group in a group of an instance: limit of all, limit of each, from the project up."""
    paths = ("acme/web/shop", "acme/web", "acme", "")
    return [
        Meter(path, 0, whole, each, project=path.count("/") == 2)
        for path, (whole, each) in zip(paths, limits, strict=True)
    ]


NONE = (None, None)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ((NONE, NONE, NONE, NONE), []),
        (((5, None), NONE, NONE, NONE), [("acme/web/shop", 5, "acme/web/shop")]),
        ((NONE, (None, 7), (None, 9), NONE), [("acme/web/shop", 7, "acme/web")]),
        ((NONE, NONE, (None, 9), NONE), [("acme/web/shop", 9, "acme")]),
        (((5, None), (None, 7), NONE, NONE), [("acme/web/shop", 5, "acme/web/shop")]),
        (((0, None), NONE, NONE, NONE), [("acme/web/shop", 0, "acme/web/shop")]),
        ((NONE, NONE, NONE, (None, 30)), [("acme", 30, "")]),
        ((NONE, NONE, (20, None), (None, 30)), [("acme", 20, "acme")]),
        (
            (NONE, (10, None), (20, None), (99, None)),
            [("acme/web", 10, "acme/web"), ("acme", 20, "acme"), ("", 99, "")],
        ),
    ],
)
def test_ceilings(limits: tuple[tuple[int | None, int | None], ...], found: list[tuple[str, int, str]]) -> None:
    assert [(meter.path, held.limit_bytes, held.source) for meter, held in quotas.ceilings(line(*limits))] == found


def test_a_project_right_in_a_top_namespace_is_no_top_namespace() -> None:
    shop, acme, instance = Meter("acme/shop", 0, project=True), Meter("acme", 0), Meter("", 0, each_limit_bytes=8)
    assert quotas.ceiling([shop, acme, instance]) is None
    assert quotas.ceiling([acme, instance]) == Ceiling(8, "")
    assert quotas.ceiling([instance]) is None


@pytest.mark.parametrize(
    ("used", "limit", "reached"),
    [(0, 100, 0), (69, 100, 0), (70, 100, 70), (85, 100, 85), (94, 100, 85), (95, 100, 95), (100, 100, 100),
     (250, 100, 100), (0, 0, 100), (699, 1000, 0), (999, 1000, 95)],
)  # fmt: skip
def test_thresholds(used: int, limit: int, reached: int) -> None:
    assert quotas.threshold(used, limit) == reached


@pytest.mark.parametrize(
    ("before", "used", "after"),
    [
        (0, 50, 0),
        (0, 72, 70),  # crossed: told
        (70, 80, 70),  # told already
        (70, 96, 95),  # two crossed at once: told once, of the higher
        (70, 69, 70),  # not far enough below: crossing again is no news
        (70, 68, 70),
        (70, 67, 0),  # back
        (100, 99, 100),
        (100, 97, 95),  # room again: the next time it is full is news
        (100, 10, 0),
        (95, 86, 85),
    ],
)
def test_what_is_noticed(before: int, used: int, after: int) -> None:
    assert quotas.noticed(before, used, 100) == after


def days(*used: int) -> list[tuple[datetime, int]]:
    return [(BEGAN + number * DAY, size) for number, size in enumerate(used)]


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([], None),
        (days(10, 20), None),
        (days(10, 20, 30), 7 * DAY),
        (days(30, 20, 10), None),
        (days(10, 10, 10), None),
        (days(10, 20, 30, 120), timedelta(0)),
        (days(0, 0, 0, 0, 1), None),  # over a year
        ([(BEGAN, 1), (BEGAN, 2), (BEGAN, 3)], None),
    ],
)
def test_forecast(samples: list[tuple[datetime, int]], found: timedelta | None) -> None:
    full = quotas.full_in(samples, 100)
    assert full == found or (full is not None and found is not None and abs(full - found) < timedelta(minutes=1))


@pytest.mark.parametrize(
    ("used", "adding", "at_once", "found"),
    [
        (0, 1, 100, True),
        (500, 1, 100, True),
        (500, 2, 100, False),  # a hundred of these would not fit between 90 % and the limit
        (500, 100, 1, True),
        (899, 1, 100, True),
        (900, 1, 100, False),
        (1200, 0, 1, False),
    ],
)
def test_who_may_push_beside_others(used: int, adding: int, at_once: int, found: bool) -> None:
    assert quotas.beside(Meter("acme", used), Ceiling(1000, "acme"), adding, at_once) is found


def test_a_limit_of_nothing_lets_nobody_pass() -> None:
    assert not quotas.beside(Meter("acme", 0), Ceiling(0, "acme"), 0, 100)


@pytest.mark.parametrize(
    ("loose", "limit", "percent", "found"),
    [
        (300, 100, 300, False),
        (301, 100, 300, True),
        (1, 0, 300, True),  # nothing is allowed: then nothing beside it
        (0, 0, 300, False),
        (10**15, 1, 0, False),
    ],
)
def test_what_does_not_count_may_take_a_share_of_the_limit(loose: int, limit: int, percent: int, found: bool) -> None:
    assert quotas.crowded(loose, limit, percent) is found
