"""A chart of usage drawn as SVG: an area, its upper line, and the limit across it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 180
_ROOM: Final = 1.08  # above the highest value


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths in a drawing of WIDTH by HEIGHT. `limit_y` is None where no limit is near enough to be drawn."""

    line: str
    area: str
    limit_y: float | None
    top_bytes: int
    first_at: datetime
    last_at: datetime


def draw(samples: Sequence[tuple[datetime, int]], limit_bytes: int | None) -> Chart | None:
    """The chart of at least two samples, oldest first; None where there are fewer."""
    if len(samples) < 2:
        return None
    (first_at, _), (last_at, _) = samples[0], samples[-1]
    highest = max(1, *(used for _, used in samples))
    near = limit_bytes is not None and limit_bytes <= 4 * highest
    top = max(highest, limit_bytes or 0) if near else highest
    span = max(1.0, (last_at - first_at).total_seconds())
    points = [(WIDTH * (at - first_at).total_seconds() / span, _y(used, top)) for at, used in samples]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    limit_y = round(_y(limit_bytes or 0, top), 1) if near else None
    return Chart(line, f"{line} L{WIDTH} {HEIGHT} L0 {HEIGHT} Z", limit_y, top, first_at, last_at)


def _y(value: int, top: int) -> float:
    return HEIGHT - HEIGHT * value / (top * _ROOM)
