"""What the rows are to reach, as values: each goal finds its figure in the results and says whether it is met."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.measured import Measured, rounded

Figures = Mapping[str, Measured]  # of one row, by server
Results = Mapping[str, Figures]  # of all rows so far


@dataclass(frozen=True, slots=True)
class Goal:
    """`found` takes the figures of the row and of all rows; None where there is nothing to compare with."""

    text: str
    wanted: float
    found: Callable[[Figures, Results], float | None]
    at_least: bool = True

    def judge(self, figures: Figures, results: Results) -> dict[str, Any]:
        """The goal with what was found, ready for JSON."""
        found = self.found(figures, results)
        met = None if found is None else (found >= self.wanted) if self.at_least else (found <= self.wanted)
        return {"goal": self.text, "found": None if found is None else rounded(found), "met": met}


def rate_ratio(figures: Figures, other: str) -> float | None:
    """Our rate in units of another's."""
    ours, theirs = figures.get("wharfinger"), figures.get(other)
    return ours.rate / theirs.rate if ours and theirs and theirs.rate else None


def cpu_ratio(figures: Figures, other: str) -> float | None:
    """Our server CPU seconds for an operation in units of another's."""
    ours, theirs = figures.get("wharfinger"), figures.get(other)
    if not (ours and theirs and ours.cpu_per_100 and theirs.cpu_per_100):
        return None
    return ours.cpu_per_100 / theirs.cpu_per_100


def times_peer(wanted: float) -> Goal:
    """So many times the peer's rate."""
    return Goal(f"rate at least {wanted:g} times the peer's", wanted, lambda figures, _: rate_ratio(figures, "peer"))


def share_of(other: str, wanted: float) -> Goal:
    """At least such a share of another's rate."""
    text = f"rate at least {wanted:.0%} of {other}'s"
    return Goal(text, wanted, lambda figures, _: rate_ratio(figures, other))


def share_of_slower(wanted: float, *others: str) -> Goal:
    """At least such a share of the rate of whichever of the others is slower."""

    def found(figures: Figures, _: Results) -> float | None:
        return max((ratio for other in others if (ratio := rate_ratio(figures, other)) is not None), default=None)

    return Goal(f"rate at least {wanted:.0%} of the slower of {' and '.join(others)}", wanted, found)


def as_fast_as(other_row: str, wanted: float) -> Goal:
    """Flat in the number of entries: at least such a share of our own rate in another row."""

    def found(figures: Figures, results: Results) -> float | None:
        ours, few = figures.get("wharfinger"), results.get(other_row, {}).get("wharfinger")
        return ours.rate / few.rate if ours and few and few.rate else None

    return Goal(f"rate at least {wanted:.0%} of {other_row}", wanted, found)


def at_most(what: str, wanted: float, unit: str) -> Goal:
    """Our figure `what` is no more than this."""

    def found(figures: Figures, _: Results) -> float | None:
        ours = figures.get("wharfinger")
        return ours.extra.get(what) if ours else None

    return Goal(f"at most {wanted:g} {unit}", wanted, found, at_least=False)


QUARTER = Goal(
    "at most a quarter of the peer's CPU seconds", 0.25, lambda figures, _: cpu_ratio(figures, "peer"), at_least=False
)
