"""What tests of several rooms need: databases to throw away, and the domain in this process."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.in_process import build_tools, close_tools
from tests.postgres import Cluster, Missing
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


@pytest.fixture(scope="session")
def make_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Makes a migrated database of a kind ("sqlite", "postgres") and returns its URL, as often as it is called."""
    numbers, folder = count(), tmp_path_factory.mktemp("databases")
    templates: dict[str, Path] = {}

    def on_sqlite() -> str:
        if "sqlite" not in templates:
            templates["sqlite"] = folder / "template.db"
            migrate.upgrade(f"sqlite:///{templates['sqlite']}")
        file = folder / f"{next(numbers)}.db"
        shutil.copy(templates["sqlite"], file)
        return f"sqlite:///{file}"

    def on_postgres() -> str:
        cluster: Cluster = request.getfixturevalue("postgres")
        if "postgres" not in templates:
            migrate.upgrade(cluster.create("migrated"))
            templates["postgres"] = Path("migrated")
        return cluster.create(f"test{next(numbers)}", "migrated")

    return lambda kind: on_sqlite() if kind == "sqlite" else on_postgres()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    """The URL of a migrated, empty database of the test's own; the test runs once on each kind."""
    return make_database(request.param)


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
