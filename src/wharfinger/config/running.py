"""What runs: the settings in force, and who has taken them over.

    data/run/server.json      written by `serve` and `reconfigure`, whole and at once
    data/run/workers/<pid>    each process of the server: the generation of settings it follows
    data/run/tls.pem          the certificate and key that web processes serve (cli/certificate.py)
    data/run/lock             held by the server and its processes while any of them lives

`reconfigure` writes the next generation; every process notices, builds itself anew from it and says so. The folder is
readable by its owner only, because settings may hold passwords.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from wharfinger.config.settings import Settings

_SERVER: Final = "server.json"
_WORKERS: Final = "workers"
_LOCK: Final = "lock"


class Running(BaseModel):
    """A running server: its main process, the settings in force and where they came from."""

    model_config = ConfigDict(frozen=True)

    generation: int
    pid: int
    started_at: datetime
    version: str
    file: Path | None  # the settings file it was started with
    variables: dict[str, str]  # the WHARFINGER_ variables it was started with
    settings: Settings


class Acknowledged(BaseModel):
    """One process of a server: the generation it follows, or why it refused the newest one."""

    model_config = ConfigDict(frozen=True)

    pid: int
    server: int
    role: str  # "web" or "worker"
    generation: int
    refused: str = ""


class AlreadyRunning(Exception):
    """Another server has this data folder."""


def write(running: Running) -> None:
    """Put the settings in force where every process of the server looks."""
    _replace(running.settings.run / _SERVER, running.model_dump_json(indent=1))


def read(folder: Path) -> Running | None:
    """What the run folder says; None where nothing ever ran, or where it is of another version."""
    try:
        return Running.model_validate_json((folder / _SERVER).read_text())
    except (OSError, ValidationError):
        return None


def find(folder: Path) -> Running | None:
    """The server that runs now; None where there is none."""
    if not (folder / _LOCK).exists():
        return None
    try:
        with hold(folder):
            return None
    except AlreadyRunning:
        return read(folder)
    except OSError:
        return None


@contextmanager
def hold(folder: Path, patience_seconds: float = 0.0) -> Iterator[None]:
    """Be the one server of this data folder. Raises AlreadyRunning; processes forked inside hold it as well."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _LOCK).open("a") as lock:
        ends = monotonic() + patience_seconds
        while not _lock(lock):
            if monotonic() >= ends:
                raise AlreadyRunning(f"a server with this data folder is running already ({lock.name} is held)")
            sleep(0.05)
        yield


def _lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def forget_workers(folder: Path) -> None:
    """Nobody has taken over anything yet."""
    for file in (folder / _WORKERS).glob("*"):
        file.unlink(missing_ok=True)


def acknowledged(running: Running) -> list[Acknowledged]:
    """The living processes of a server, as far as they have said anything."""
    found = []
    for file in sorted((running.settings.run / _WORKERS).glob("*.json")):
        try:
            one = Acknowledged.model_validate_json(file.read_text())
        except (OSError, ValidationError):
            continue
        if one.server == running.pid and alive(one.pid):
            found.append(one)
    return found


def alive(pid: int) -> bool:
    """Is there such a process?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Follower:
    """One process of a server that takes over settings as they change. `poll` costs one look at a file's date."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder, self._role = folder, role
        self._seen = 0
        self._server = os.getppid()

    @property
    def orphaned(self) -> bool:
        """Has the server's main process gone without a word?"""
        return os.getppid() != self._server

    def poll(self) -> Running | None:
        """The settings now in force, if they changed since the last call."""
        try:
            stamp = (self._folder / _SERVER).stat().st_mtime_ns
        except OSError:
            return None
        if stamp == self._seen:
            return None
        self._seen = stamp
        running = read(self._folder)
        if running is not None:
            self._server = running.pid
        return running

    def acknowledge(self, generation: int, refused: str = "") -> None:
        """Say which generation this process follows now, and why not a newer one."""
        said = Acknowledged(
            pid=os.getpid(), server=self._server, role=self._role, generation=generation, refused=refused
        )
        _replace(self._folder / _WORKERS / f"{os.getpid()}.json", said.model_dump_json())


def _replace(path: Path, text: str) -> None:
    """Write a file whole: readers see the old one or the new one. Only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)
