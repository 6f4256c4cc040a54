"""Commands run in this process, and servers that a test may stop, break and start again."""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server
from wharfinger.cli.main import run


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Ran]
OwnServer = Callable[..., Server]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with no variables that say anything about settings."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("WHARFINGER_CONFIG", "WHARFINGER_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return folder


@pytest.fixture
def invoke(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run the command line as it was typed: `invoke("user", "list")`."""

    def call(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["wharfinger", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            run()
        said = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, said.out, said.err)

    return call


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """Make servers of the test's own; those still running are stopped at its end."""
    made: list[Server] = []

    def make(changes: Mapping[str, Mapping[str, Any]] | None = None) -> Server:
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        made.append(Server(folder, changes))
        return made[-1]

    yield make
    for server in made:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
            server.process.wait()
