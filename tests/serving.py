"""A real `wharfinger serve`, in processes of its own, for tests that look at the server from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.actors import Actors
from wharfinger.app import compose
from wharfinger.config.load import load
from wharfinger.config.settings import Settings

PATIENCE_SECONDS = 60.0


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def toml(table: Mapping[str, Any]) -> str:
    """A settings file. Values are written as JSON, which TOML reads the same."""
    return "\n".join(_lines(table, "")) + "\n"


def _lines(table: Mapping[str, Any], above: str) -> Iterator[str]:
    yield from (f"{name} = {json.dumps(value)}" for name, value in table.items() if not isinstance(value, dict))
    for name, section in table.items():
        if isinstance(section, dict):
            yield f"\n[{above}{name}]"
            yield from _lines(section, f"{above}{name}.")


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Wait for a condition, but not without end."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


class Server(Actors):
    """One server in a folder. `settings` are what its file says; its tools work in this process, on the same data."""

    def __init__(self, folder: Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.folder, self.file = folder, folder / "wharfinger.toml"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.table: dict[str, Any] = {
            "data": str(folder / "data"),
            "server": {"listen": f"127.0.0.1:{self.port}", "workers": 2, "stop_timeout": "10s"},
            "logins": {"failures": 10_000},  # all tests come from one address
        }
        self.change(changes or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.alone = False  # in a group of its own: `kill` is for that

    def change(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the file with these settings in it, by section."""
        for section, values in changes.items():
            self.table.setdefault(section, {}).update(values)
        self.file.write_text(toml(self.table))

    @property
    def settings(self) -> Settings:
        """What the file says now."""
        return load(self.file, {})

    def start(self, *options: str) -> "Server":
        """Start and wait until it is ready."""
        self.launch(*options)
        self.wait()
        super().__init__(compose.open_tools(self.settings))
        return self

    def launch(self, *options: str) -> None:
        """Start without waiting."""
        command = [sys.executable, "-m", "wharfinger", "serve", "--config", str(self.file), *options]
        with (self.folder / "output").open("ab") as output, (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=log, cwd=self.folder, env=environment(), start_new_session=self.alone
            )

    def wait(self) -> None:
        """Until it is ready. Fails with the server's own words if it ends instead."""
        assert self.process is not None
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            assert self.process.poll() is None, f"the server ended:\n{self.log()}"
            try:
                if httpx.get(f"{self.url}/-/ready", verify=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        pytest.fail(f"the server is not ready after {PATIENCE_SECONDS} s:\n{self.log()}")

    def stop(self) -> int:
        """Ask it to stop and wait; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_SECONDS)
        compose.close(self.tools)
        return code

    def kill(self) -> None:
        """All its processes at once, as a loss of power does; they are not asked."""
        assert self.process is not None
        assert self.alone
        os.killpg(self.process.pid, signal.SIGKILL)

    def output(self) -> str:
        """What it printed."""
        return (self.folder / "output").read_text()

    def log(self) -> str:
        """What it logged."""
        return (self.folder / "log").read_text()

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run another command of `wharfinger` with this server's settings file."""
        command = [sys.executable, "-m", "wharfinger", *words, "--config", str(self.file)]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, cwd=self.folder, env=environment()
        )


def environment() -> dict[str, str]:
    """This process's environment without what would change settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WHARFINGER_")}


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on each kind of database, shared by all tests of the session."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("make_database")("postgres")
    made = Server(tmp_path_factory.mktemp("server"), {"database": {"url": url}}).start()
    yield made
    made.stop()
