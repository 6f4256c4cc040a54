"""Driving other people's programs: where they are found, a home of their own, what they said.

A program runs with a HOME under the test's own folder, so that no credential or setting of the machine is read or
changed. Nothing goes through a shell.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
CLIENTS = Path(os.environ.get("WHARFINGER_TEST_CLIENTS") or CACHE / "wharfinger-test-clients")
SEARCH = os.pathsep.join([str(CLIENTS / "bin"), os.environ["PATH"], "/usr/sbin", "/sbin"])


def find(program: str) -> Path:
    """Where the program is; skips the test, with a reason, when it is nowhere."""
    found = shutil.which(program, path=SEARCH)
    if found is None:
        pytest.skip(f"{program} not found: tests/install_clients.sh says why it could not be had")
    return Path(found)


def need(*programs: str, root: bool = False) -> None:
    """Skip the test, with a reason, when one of the programs is not here."""
    for program in programs:
        find(program)
    if root and os.geteuid() != 0:
        pytest.skip(f"{programs[0]} needs root to build and unpack images here")


@dataclass(frozen=True)
class Said:
    """How a program ended. `text` is what it wrote to both its outputs."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Programs:
    """A folder that is home to every program run from it, with environment variables of its own."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def also(self, **variables: str) -> Self:
        """The same home with more variables."""
        return type(self)(self.home, self.variables | variables)

    @property
    def environment(self) -> dict[str, str]:
        """Everything a program may know of the machine: where programs are, and this home."""
        kept = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
        own = {
            "HOME": str(self.home),
            "PATH": SEARCH,
            "TMPDIR": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "REGISTRY_AUTH_FILE": str(self.home / "auth.json"),
            "DOCKER_CONFIG": str(self.home / "docker"),
        }
        return kept | own | self.variables

    def __call__(self, *command: str | Path, stdin: str = "", cwd: Path | None = None) -> Said:
        """Run to the end and return what was said, however it ended."""
        found = subprocess.run(
            [str(word) for word in command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            cwd=cwd or self.home,
            env=self.environment,
        )
        return Said(found.returncode, found.stdout, found.stderr)

    def works(self, *command: str | Path, stdin: str = "", cwd: Path | None = None) -> str:
        """Run, expect success, return the standard output without its last line break."""
        said = self(*command, stdin=stdin, cwd=cwd)
        assert said.code == 0, f"{command[0]} ended with {said.code}:\n{said.text}"
        return said.out.strip()

    def fails(self, *command: str | Path, stdin: str = "", cwd: Path | None = None) -> str:
        """Run, expect a failure, return all that was said."""
        said = self(*command, stdin=stdin, cwd=cwd)
        assert said.code != 0, f"{command[0]} went through and should not have:\n{said.text}"
        return said.text
