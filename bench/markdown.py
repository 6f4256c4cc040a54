"""A saved result as the table of docs/performance.md: `python -m bench.markdown bench/results/latest.json`."""

import json
import sys
from pathlib import Path
from typing import Any

HEAD = "| row | server | rate/s | p50 ms | p99 ms | errors | CPU s/100 | rate ratio | CPU ratio | goal |"


def table(saved: dict[str, Any]) -> str:
    """The rows in the order in which they were measured; a ratio is Wharfinger in units of that server."""
    lines = [HEAD, "|" + " --- |" * 10]
    for row, found in saved["rows"].items():
        for number, (server, figures) in enumerate(found["servers"].items()):
            lines.append(_line(row if number == 0 else "", server, figures, found))
    return "\n".join(lines)


def _line(row: str, server: str, figures: dict[str, Any], found: dict[str, Any]) -> str:
    ratio = found["wharfinger_in_units_of"].get(server, {})
    goals = "; ".join(map(_goal, found["goals"])) if server == "wharfinger" else ""
    if figures["rate"]:
        names = ("rate", "p50_ms", "p99_ms", "errors", "server_cpu_seconds_per_100")
        cells = [_number(figures[name]) for name in names]
    else:
        said = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in figures.items() if name not in _RATES)
        cells = [said, "", "", "", ""]
    return f"| {' | '.join([row, server, *cells, _number(ratio.get('rate')), _number(ratio.get('cpu')), goals])} |"


_RATES = {"rate", "p50_ms", "p99_ms", "errors", "server_cpu_seconds_per_100", "generator_cores", "first_error"}


def _goal(goal: dict[str, Any]) -> str:
    met = {True: "met", False: "**not met**", None: "not measured"}[goal["met"]]
    return f"{met}: {goal['goal']}" + ("" if goal["found"] is None else f" ({_number(goal['found'])})")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())))
