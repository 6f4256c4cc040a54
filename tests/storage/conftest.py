"""Every backend the suite runs on. A new one is a line in `BACKENDS`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.storage import buckets
from tests.storage.bytes_of import MIB
from tests.storage.rows import WithRows
from wharfinger.storage.connect import folder_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.ledger import MemoryLedger
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList, MasterKey
from wharfinger.storage.memory import MemoryStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.objects import Objects
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Store

MASTERS = KeyList("first " + "5a" * 32)


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


def of_objects(objects: Objects, clock: Later, masters: MasterKey | None = None, **known: Any) -> Backend:
    """Two processes on the same objects, with one ledger and the same rows."""
    ledger, places = MemoryLedger(clock), dict[str, str]()
    stores = [WithRows(ObjectStore(ledger, Shelf(objects, masters, **known)), places) for _ in range(2)]
    return Backend(stores[0], stores[1], clock)


BACKENDS: dict[str, Callable[[Path, Later], Backend]] = {
    "local": in_folder,
    "memory": in_memory,
    "s3": lambda _, clock: of_objects(buckets.on_s3(), clock, part_bytes=5 * MIB),
    "google": lambda _, clock: of_objects(buckets.on_google(), clock, part_bytes=5 * MIB),
    "azure": lambda _, clock: of_objects(buckets.on_azure(), clock),
    "folder through obstore": lambda folder, clock: of_objects(folder_bucket(str(folder / "bucket")), clock),
    "sealed folder": lambda folder, clock: of_objects(Folder(folder / "bytes", clock=clock), clock, MASTERS),
    "sealed s3": lambda _, clock: of_objects(buckets.on_s3(), clock, MASTERS),
}


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
