"""Results as a table for people and as JSON for later comparison, which names no path and no host."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.goals import cpu_ratio, rate_ratio
from bench.measured import Measured, rounded
from bench.run import Run

ORDER = ("wharfinger", "peer", "nginx", "sha256", "disk", "read", "write", "copy", "seal")


def show(run: Run, console: Console) -> None:
    """All rows as one table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, width in (("row", 28), ("server", 10)):
        table.add_column(title, no_wrap=True, min_width=width)
    for title in ("rate/s", "p50 ms", "p99 ms", "errors", "CPU s/100", "generator", "ratio", "CPU ratio"):
        table.add_column(title, justify="right", no_wrap=True, min_width=6)
    table.add_column("goal")
    for row, figures in run.results.items():
        if any(measured.rate for measured in figures.values()):
            _rows(table, run, row)
    console.print(table)
    for row, figures in run.results.items():
        for name, measured in _ordered(run, row):
            if not measured.rate:
                console.print(f"{row:24} {name:12} {_headline(measured)}")
        if not any(measured.rate for measured in figures.values()):
            console.print("\n".join(f"{'':37} {_verdict(goal)}" for goal in _judged(run, row)))
    _mistakes(run, console)


def line(run: Run, row: str) -> str:
    """One row in one line, for those who watch."""
    parts = [f"{name} {_headline(measured)}" for name, measured in _ordered(run, row)]
    return f"{row:34} " + "  ".join(parts)


def save(run: Run, path: Path) -> None:
    """Everything as JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "scale": _scale(run), "rows": _as_json(run)}, indent=1) + "\n")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "memory_GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "processor": _processor(),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
        "docker-registry": _version(["docker-registry", "--version"], -1),
        "nginx": _version(["nginx", "-v"], -1),
    }


def _rows(table: Table, run: Run, row: str) -> None:
    figures, goals = run.results[row], _judged(run, row)
    for number, (name, measured) in enumerate(_ordered(run, row)):
        ours = name == "wharfinger"
        table.add_row(
            row if number == 0 else "",
            name,
            *_columns(measured),
            "" if ours else _text(rate_ratio(figures, name)),
            "" if ours else _text(cpu_ratio(figures, name)),
            "\n".join(map(_verdict, goals)) if ours else "",
        )


def _columns(measured: Measured) -> Sequence[str]:
    return [
        _text(measured.rate),
        _text(measured.p50_ms),
        _text(measured.p99_ms),
        str(measured.errors),
        _text(measured.cpu_per_100),
        _text(measured.generator_cores),
    ]


def _headline(measured: Measured) -> str:
    if not measured.rate:
        return ", ".join(f"{name} {value}" for name, value in measured.extra.items())
    wrong = f" ERRORS {measured.errors}" if measured.errors else ""
    return f"{_text(measured.rate)}/s p99 {_text(measured.p99_ms)} ms cpu {_text(measured.cpu_per_100)}{wrong}"


def _mistakes(run: Run, console: Console) -> None:
    for row, figures in run.results.items():
        for name, measured in figures.items():
            if measured.errors:
                console.print(f"[red]{row}: {name} made {measured.errors} errors, first: {measured.first_error}")


def _verdict(goal: dict[str, Any]) -> str:
    met = {True: "[green]met[/]", False: "[red]not met[/]", None: "not measured"}[goal["met"]]
    return f"{met} {goal['goal']}" + ("" if goal["found"] is None else f" ({_text(goal['found'])})")


def _ordered(run: Run, row: str) -> list[tuple[str, Measured]]:
    return sorted(run.results[row].items(), key=lambda entry: ORDER.index(entry[0]))


def _judged(run: Run, row: str) -> list[dict[str, Any]]:
    return [goal.judge(run.results[row], run.results) for goal in run.goals[row]]


def _as_json(run: Run) -> dict[str, Any]:
    return {row: _row_as_json(run, row) for row in run.results}


def _row_as_json(run: Run, row: str) -> dict[str, Any]:
    figures = run.results[row]
    ratios = {
        name: {
            "rate": None if (rate := rate_ratio(figures, name)) is None else rounded(rate),
            "cpu": None if (cpu := cpu_ratio(figures, name)) is None else rounded(cpu),
        }
        for name in figures
        if name != "wharfinger" and figures[name].rate
    }
    servers = {name: measured.as_json() for name, measured in _ordered(run, row)}
    return {"servers": servers, "wharfinger_in_units_of": ratios, "goals": _judged(run, row)}


def _scale(run: Run) -> dict[str, Any]:
    scale = run.scale
    return {
        "name": scale.name,
        "seconds": scale.seconds,
        "rounds": scale.rounds,
        "many": scale.many,
        "load_average_before": run.load_average,
        "preferred_to_other_programs": run.first,
    }


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{rounded(value):g}"


def _processor() -> str:
    for line_ in Path("/proc/cpuinfo").read_text().splitlines():
        if line_.startswith("model name"):
            return line_.partition(":")[2].strip()
    return platform.machine()


def _version(command: Sequence[str], word: int) -> str:
    if shutil.which(command[0]) is None:
        return "absent"
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return (ran.stdout + ran.stderr).split()[word]
