"""`python -m bench [--quick] [row …]`: measure Wharfinger, docker-registry and nginx side by side."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.console import Console

from bench import report
from bench.bodies import GIB
from bench.process import put_first
from bench.rows import STAGES
from bench.run import Run, Scale

RESULTS = Path(__file__).parent / "results"
_LONG = ("push-100MiB-*-c10", "push-100MiB-*-c64", "push-10MiB-*-c64", "push-1MiB-patch-c64", "pull-100MiB-c64")
QUICK = Scale(
    "quick", seconds=1, rounds=1, big_layer_bytes=GIB, big_start=100_000, many=10_000, events=100_000, without=_LONG
)
FULL = Scale(
    "full", seconds=3, rounds=3, big_layer_bytes=10 * GIB, big_start=1_000_000, many=100_000, events=10_000_000
)


@dataclass
class Arguments(argparse.Namespace):
    """The command line."""

    rows: Sequence[str] = ()
    quick: bool = False
    list: bool = False
    first: bool = False
    name: str = ""
    scratch: Path = Path("/var/tmp")  # on a disk: what lies in memory has nothing to flush


def main() -> int:
    """Run what is wanted; 1 if a server made an error, as figures with errors mean nothing."""
    wanted = _arguments()
    if wanted.list:
        print("\n".join(row for stage in STAGES for row in stage.rows))
        return 0
    console = Console(width=max(Console().width, 170), highlight=False)
    if missing := [program for program in ("wrk", "nginx", "docker-registry") if shutil.which(program) is None]:
        console.print(f"not installed: {', '.join(missing)}. On Debian: apt-get install {' '.join(missing)}")
        return 2
    run = _measure(wanted, console)
    report.show(run, console)
    path = RESULTS / f"{wanted.name or _name(wanted)}.json"
    report.save(run, path)
    console.print(f"saved as bench/results/{path.name}")
    return int(any(measured.errors for figures in run.results.values() for measured in figures.values()))


def _measure(wanted: Arguments, console: Console) -> Run:
    began = monotonic()
    scratch = tempfile.mkdtemp(prefix="wharfinger-bench-", dir=wanted.scratch)
    run = Run(QUICK if wanted.quick else FULL, Path(scratch), wanted.rows)
    run.first = wanted.first
    if run.first:
        put_first(os.getpid())
    run.said = lambda row: console.print(f"{monotonic() - began:6.0f} s  {report.line(run, row)}", soft_wrap=True)
    try:
        for stage in STAGES:
            if run.wants(*stage.rows):
                stage.run(run)
    finally:
        subprocess.run(["rm", "-rf", "--", scratch], check=True)  # much faster than file by file in Python
    return run


def _name(wanted: Arguments) -> str:
    """A run of everything at full length is the one to keep."""
    if wanted.rows:
        return "selected"
    return "quick" if wanted.quick else "latest"


def _arguments() -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to measure, by the start of their names or by pattern; all")
    parser.add_argument("--quick", action="store_true", help="about three minutes instead of about twenty-five")
    parser.add_argument("--list", action="store_true", help="show the names of the rows and do nothing")
    parser.add_argument("--first", action="store_true", help="go before whatever else runs on this machine; needs root")
    parser.add_argument("--name", help="save as bench/results/NAME.json")
    parser.add_argument("--scratch", type=Path, help="folder on the disk to be measured, with 40 GB free; /var/tmp")
    return parser.parse_args(namespace=Arguments())


if __name__ == "__main__":
    sys.exit(main())
