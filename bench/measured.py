"""What one measurement of one server says, and how several become one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(slots=True)
class Tally:
    """What a load generator counted. Latencies in seconds; `cpu_seconds` are the generator's own."""

    operations: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    errors: int = 0
    first_error: str = ""
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class Measured:
    """One server's figures in one row."""

    rate: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    errors: int = 0
    cpu_per_100: float | None = None  # server CPU seconds for 100 operations
    generator_cores: float = 0.0  # CPU seconds of the generator for each second
    first_error: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Rounded to what is worth reading."""
        cpu = None if self.cpu_per_100 is None else rounded(self.cpu_per_100)
        figures: dict[str, Any] = {
            "rate": rounded(self.rate),
            "p50_ms": rounded(self.p50_ms),
            "p99_ms": rounded(self.p99_ms),
            "errors": self.errors,
            "server_cpu_seconds_per_100": cpu,
            "generator_cores": rounded(self.generator_cores),
        }
        return figures | ({"first_error": self.first_error} if self.first_error else {}) | self.extra


def rounded(value: float) -> float:
    """Three significant digits; whole numbers above a thousand."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))


def latencies(seconds: Sequence[float]) -> tuple[float, float]:
    """The 50th and 99th percentile."""
    ordered = sorted(seconds)
    return (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]) if ordered else (0.0, 0.0)


def summed(rounds: Sequence[tuple[Tally, float]]) -> Measured:
    """Rounds of one row with the server's CPU seconds in each: the median rate, CPU over all operations."""
    tallies = [tally for tally, _ in rounds]
    operations = sum(tally.operations for tally in tallies)
    return Measured(
        rate=median(tally.operations / tally.seconds for tally in tallies),
        p50_ms=median(tally.p50 for tally in tallies) * 1000,
        p99_ms=median(tally.p99 for tally in tallies) * 1000,
        errors=sum(tally.errors for tally in tallies),
        cpu_per_100=100 * sum(cpu for _, cpu in rounds) / max(operations, 1),
        generator_cores=sum(tally.cpu_seconds for tally in tallies) / sum(tally.seconds for tally in tallies),
        first_error=next((tally.first_error for tally in tallies if tally.first_error), ""),
    )
