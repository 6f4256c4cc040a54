"""What tests of several rooms need: databases to throw away, and the domain in this process."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.in_process import build_tools, close_tools
from tests.postgres import Cluster, Missing
from tests.scratch import scratch
from wharfinger.db import migrate
from wharfinger.domain.recount import drift
from wharfinger.domain.tools import Policy, Tools

pytest_plugins = ["tests.serving"]

SLOW_FIRST = ("clients", "faults")

MakeDatabase = Callable[[str], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand out the slow folders first, so that no worker is left with them at the end."""
    items.sort(key=lambda item: not set(SLOW_FIRST) & set(item.path.parts))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server; skips what needs it, with the reason, where there is none."""
    try:
        cluster = Cluster()
    except Missing as missing:
        pytest.skip(str(missing))
    yield cluster
    cluster.stop()


class Databases:
    """Migrated, empty databases: each is a copy of its kind's first."""

    def __init__(self, folder: Path, cluster: Callable[[], Cluster]) -> None:
        self._folder, self._cluster = folder, cluster
        self._numbers, self._template = count(), folder / "template.db"
        self._templates: set[str] = set()

    def make(self, kind: str) -> str:
        """The URL of a new one, "sqlite" or "postgres"."""
        return self._on_sqlite() if kind == "sqlite" else self._on_postgres()

    def drop(self, url: str) -> None:
        """Remove one, whoever still has it open."""
        name = url.partition("?")[0].rpartition("/")[2]
        if url.startswith("sqlite"):
            for file in self._folder.glob(f"{name}*"):
                file.unlink()
        else:
            self._cluster().drop(name)

    def _on_sqlite(self) -> str:
        if "sqlite" not in self._templates:
            migrate.upgrade(f"sqlite:///{self._template}")
            self._templates.add("sqlite")
        file = self._folder / f"{next(self._numbers)}.db"
        shutil.copy(self._template, file)
        return f"sqlite:///{file}"

    def _on_postgres(self) -> str:
        if "postgres" not in self._templates:
            migrate.upgrade(self._cluster().create("migrated"))
            self._templates.add("postgres")
        return self._cluster().create(f"test{next(self._numbers)}", "migrated")


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases to throw away. Those that nobody drops go with the session."""
    folder = scratch("whf-db-")
    yield Databases(folder, lambda: request.getfixturevalue("postgres"))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def make_database(databases: Databases) -> MakeDatabase:
    """Makes a migrated database of a kind ("sqlite", "postgres") and returns its URL, as often as it is called."""
    return databases.make


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """The URL of a migrated, empty database of the test's own; the test runs once on each kind."""
    url = databases.make(request.param)
    yield url
    databases.drop(url)


@pytest.fixture
def clock() -> Clock:
    """The clock that `tools` has."""
    return Clock()


@pytest.fixture
def policy() -> Policy:
    """What `tools` has for settings; a module may have its own fixture of this name."""
    return Policy()


@pytest.fixture
def tools(database_url: str, clock: Clock, policy: Policy) -> Iterator[Tools]:
    """The domain in this process, on a database of its own, with bytes in memory."""
    built = build_tools(database_url, clock, policy)
    yield built
    with built.db.read() as tx:
        assert not drift(tx), "the meters are wrong: what changes tags or manifests does so within `domain.usage`"
    close_tools(built)
