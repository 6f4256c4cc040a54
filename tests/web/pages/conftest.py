"""Chromium, a server with the pages, and people in front of it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Error, expect, sync_playwright

import hatch_build
from tests.clients.programs import find
from tests.serving import Server
from tests.web.pages.people import Person, with_password

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip

NewPerson = Callable[..., Person]

expect.set_options(timeout=20_000)  # milliseconds: a machine that is busy is no fault of the page


@pytest.fixture(scope="session", autouse=True)
def stylesheet() -> None:
    """What the pages need from npm is built."""
    hatch_build.refresh()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips where there is none."""
    program = find("chromium")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            pytest.skip(f"chromium does not start here: {error.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, stylesheet: None) -> Iterator[Server]:
    """A server on SQLite that browsers visit: the database makes no difference to a page."""
    made = Server(tmp_path_factory.mktemp("site"), {"server": {"workers": 1}}).start()
    yield made
    made.stop()


@pytest.fixture
def person(browser: Browser, site: Server) -> Iterator[NewPerson]:
    """Makes people, signed in: `person(project, "developer")`, `person(admin=True)`; `person(None)` is nobody."""
    made: list[Person] = []

    def make(project: object = "", role: str | None = None, *, admin: bool = False, server: Server = site) -> Person:
        username = with_password(server, project or None, role, admin=admin) if project is not None else ""
        one = Person(browser, server, username)
        made.append(one)
        return one.sign_in() if username else one

    yield make
    for one in made:
        one.close()
