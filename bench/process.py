"""Programs under measurement: started, watched through /proc, ended."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def put_first(pid: int) -> None:
    """Prefer the session of a process to all others (sched(7), autogroup); needs root."""
    Path(f"/proc/{pid}/autogroup").write_text("-19")


class Process:
    """A server with all processes it starts. `ready_seconds` is how long its last start took."""

    def __init__(
        self, command: Sequence[str], log: Path, *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.command, self.log, self.folder = list(command), log, folder
        self.environment = {**os.environ, **(environment or {})}
        self.started: subprocess.Popen[bytes] | None = None
        self.first = False  # whether it goes before everything else that runs on this machine
        self.ready_seconds = 0.0

    def start(self, port: int, path: str, *, patience: float = 60) -> None:
        """Start it and wait until GET `path` is answered with 200."""
        began = monotonic()
        with self.log.open("ab") as log:
            self.started = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        if self.first:
            put_first(self.started.pid)
        while _status(port, path) != 200:
            if self.started.poll() is not None or monotonic() - began > patience:
                self.stop()
                raise RuntimeError(f"{self.command[0]} is not ready; it said:\n{self.log.read_text()[-2000:]}")
            sleep(0.005)
        self.ready_seconds = monotonic() - began

    def stop(self) -> None:
        """End it and what it started; by force after 20 seconds."""
        if self.started is None:
            return
        self.started.send_signal(signal.SIGTERM)
        try:
            self.started.wait(20)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.started.pid, signal.SIGKILL)
            self.started.wait()
        self.started = None

    def tree(self) -> set[int]:
        """Its process id and those of all its descendants."""
        assert self.started is not None
        parents = {pid: int(stat[1]) for pid, stat in _stats()}
        found, grown = {self.started.pid}, True
        while grown:
            below = {pid for pid, parent in parents.items() if parent in found} - found
            found, grown = found | below, bool(below)
        return found

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree so far, with that of children already gone."""
        tree = self.tree()
        return sum(sum(map(int, stat[11:15])) for pid, stat in _stats() if pid in tree) / TICK

    def forget_peaks(self) -> None:
        """Start anew to look for the highest memory use."""
        for pid in self.tree():
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The highest resident memory of any one process of the tree since `forget_peaks`."""
        return max(_peak(pid) for pid in self.tree())


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Of each process, its id and the fields of /proc/<pid>/stat from the third on (proc(5))."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
