"""Bars drawn as SVG."""

import pytest

from wharfinger.web.pages import bars


def drawn(*values: int) -> list[tuple[int, float]]:
    return [(each.number, each.width) for each in bars.slices(values)]


def test_widths_are_shares_of_the_whole() -> None:
    found = bars.slices([1, 3])
    assert [round(each.percent) for each in found] == [25, 75]
    assert found[1].width == pytest.approx(3 * found[0].width)
    assert found[1].x == pytest.approx(found[0].width + 2)


def test_what_is_nothing_is_left_out() -> None:
    assert [number for number, _ in drawn(0, 5, 0, 7)] == [1, 3]
    assert drawn() == drawn(0) == []


@pytest.mark.parametrize("values", [[1, 10**12], [1] * 40 + [10**9], list(range(1, 1000)), [7], [10**9, 1, 10**9, 1]])
def test_small_ones_are_seen_and_all_fit(values: list[int]) -> None:
    found = bars.slices(values)
    assert len(found) == len(values)
    assert found[-1].x + found[-1].width <= bars.WIDTH + 1
    assert all(each.width > 0 for each in found)
    assert {each.colour for each in found} <= set(range(bars.COLOURS))
