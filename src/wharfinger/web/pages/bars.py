"""Bars drawn as SVG: pages may not say `style="width: …"`, so widths are attributes of shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 1000  # of the drawing, whatever its width on the screen
COLOURS: Final = 6
_THINNEST: Final = 3.0
_GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bar: which value it is for, its colour, where it begins, how wide it is, its share in percent."""

    number: int
    colour: int
    x: float
    width: float
    percent: float


def slices(values: Sequence[int]) -> list[Slice]:
    """The parts of a bar for these values, without those of nothing; the small ones are wide enough to be seen."""
    shown = [(number, value) for number, value in enumerate(values) if value > 0]
    total = sum(value for _, value in shown)
    gap = min(_GAP, WIDTH / 4 / max(1, len(shown)))
    room = WIDTH - gap * max(0, len(shown) - 1)
    thinnest = min(_THINNEST, room / max(1, len(shown)))
    widths = [max(thinnest, room * value / total) for _, value in shown]
    shrunk = _shrunk(widths, thinnest, room)
    found, x = [], 0.0
    for place, ((number, value), width) in enumerate(zip(shown, shrunk, strict=True)):
        found.append(Slice(number, place % COLOURS, round(x, 2), round(width, 2), 100 * value / total))
        x += width + gap
    return found


def _shrunk(widths: Sequence[float], thinnest: float, room: float) -> list[float]:
    """The same widths in the room there is: what small ones were given, large ones lack."""
    over = sum(widths) - room
    spare = sum(width - thinnest for width in widths)
    if over <= 0 or spare <= 0:
        return list(widths)
    return [width - over * (width - thinnest) / spare for width in widths]
