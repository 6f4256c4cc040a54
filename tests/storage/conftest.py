"""Every backend the suite runs on. A new one is a line in `BACKENDS`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from wharfinger.storage.local import LocalStore
from wharfinger.storage.memory import MemoryStore
from wharfinger.storage.store import Store


class Later:
    """The time, and whatever a test adds to it."""

    def __init__(self) -> None:
        self.added = timedelta()

    def __call__(self) -> float:
        return time.time() + self.added.total_seconds()


@dataclass(frozen=True)
class Backend:
    """A store, the same bytes as another process has them, and the clock that both follow."""

    store: Store
    elsewhere: Store
    clock: Later


def in_folder(folder: Path, clock: Later) -> Backend:
    root = folder / "bytes"
    return Backend(LocalStore(root, clock=clock), LocalStore(root, clock=clock), clock)


def in_memory(_: Path, clock: Later) -> Backend:
    store = MemoryStore(clock)
    return Backend(store, store, clock)  # its bytes are in one process only


BACKENDS: dict[str, Callable[[Path, Later], Backend]] = {"local": in_folder, "memory": in_memory}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path, Later())


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.store


@pytest.fixture
def elsewhere(backend: Backend) -> Store:
    return backend.elsewhere


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    """The local store alone, for what no other backend promises."""
    return LocalStore(tmp_path / "bytes")
