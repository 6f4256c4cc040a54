"""One run: which rows are wanted, how long each takes, and what was found so far."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from bench.goals import Goal
from bench.measured import Measured, Tally, summed
from bench.servers import Server

Load = Callable[[], Tally]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. Sizes in bytes."""

    name: str
    seconds: float  # of one measurement
    rounds: int  # of each row; servers take turns in each
    big_layer_bytes: int
    big_start: int  # manifests in the database when the start is timed
    many: int  # entries where the question is whether many matter
    events: int  # in the audit log where pages of it are timed
    without: tuple[str, ...] = ()  # patterns of rows that take too long for it, unless asked for by name


@dataclass
class Run:
    """What stages are handed: they ask what is wanted, and leave figures."""

    scale: Scale
    scratch: Path
    wanted: Sequence[str] = ()
    first: bool = False  # give the measured programs precedence
    load_average: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))  # what else kept it busy
    said: Callable[[str], None] = print
    results: dict[str, dict[str, Measured]] = field(default_factory=dict)
    goals: dict[str, Sequence[Goal]] = field(default_factory=dict)

    def wants(self, *rows: str) -> bool:
        """Is any of these rows wanted?"""
        if self.wanted:
            return any(fnmatch(row, f"{text}*") for row in rows for text in self.wanted)
        return any(not any(fnmatch(row, text) for text in self.scale.without) for row in rows)

    def measure(
        self,
        row: str,
        loads: Mapping[Server, Callable[[Server], Load]],
        *goals: Goal,
        references: Mapping[str, Load] | None = None,
        rounds: int = 0,
    ) -> None:
        """Measure the servers (and references, which have no server) in turns; each gets its load ready beforehand."""
        if not self.wants(row):
            return
        found: dict[str, list[tuple[Tally, float]]] = {}
        for _ in range(rounds or self.scale.rounds):
            for server, prepare in loads.items():
                load = prepare(server)
                before = server.process.cpu_seconds()
                tally = load()
                found.setdefault(server.name, []).append((tally, server.process.cpu_seconds() - before))
            for name, load in (references or {}).items():
                found.setdefault(name, []).append((load(), 0.0))
        self.record(row, {name: summed(rounds) for name, rounds in found.items()}, *goals)

    def record(self, row: str, figures: Mapping[str, Measured], *goals: Goal) -> None:
        """Keep figures that were found in another way."""
        for name in figures:
            if name in ("sha256", "disk"):
                figures[name].cpu_per_100 = None
        self.results.setdefault(row, {}).update(figures)
        self.goals[row] = goals
        self.said(row)

    def settle(self) -> None:
        """Let the disk finish what it has to write, so that no row pays for the one before."""
        os.sync()
