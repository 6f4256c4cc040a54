"""What a page asks the database: nothing twice, and no more for a long list than for a short one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.web.pages.test_front import ask
from tests.web.pages.wares import Wares
from wharfinger.domain import members, repositories, sessions, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.sessions import Browser
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role
from wharfinger.web.pages.front import Pages

PASSWORD = "a lantern on the quay"


@pytest.fixture
def wares(tools: Tools) -> Wares:
    return Wares(tools).everything()


@pytest.fixture
def cookie(tools: Tools, wares: Wares) -> str:
    """Of somebody who may do everything in the project."""
    users.create(tools, OPERATOR, "grace", password=PASSWORD)
    members.add(tools, OPERATOR, wares.project, "grace", Role.OWNER)
    return f"wharfinger={sessions.sign_in(tools, 'grace', PASSWORD, Browser('192.0.2.7', '')).secret}"


@contextmanager
def questions(tools: Tools) -> Iterator[Counter[tuple[str, str]]]:
    """How often each statement is sent meanwhile with the same values."""
    asked = Counter[tuple[str, str]]()

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked[statement, str(values)] += 1

    event.listen(tools.db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(tools.db.engine, "before_cursor_execute", note)


def looked_at(tools: Tools, cookie: str, path: str) -> Counter[tuple[str, str]]:
    pages = Pages(tools, "")
    with questions(tools) as asked:
        answer = ask(pages, path, {"cookie": cookie})
    assert answer.status_code == 200, answer.text
    return asked


@pytest.mark.parametrize("page", ["", "/tags/2.0", "/tags/1.0", "?q=1", "?sort=size"])
def test_a_page_of_an_image_asks_nothing_twice(tools: Tools, wares: Wares, cookie: str, page: str) -> None:
    number = repositories.get(tools, OPERATOR, wares.path).id
    asked = looked_at(tools, cookie, f"/{wares.project}/-/registry/{number}{page}")
    assert [question for question, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("page", ["", "/-/registry", "/-/members", "/-/usage", "/-/settings"])
def test_a_page_of_a_place_asks_nothing_twice(tools: Tools, wares: Wares, cookie: str, page: str) -> None:
    asked = looked_at(tools, cookie, f"/{wares.project}{page}")
    assert [question for question, times in asked.items() if times > 1] == []


def test_a_long_list_of_images_takes_no_more_statements(tools: Tools, wares: Wares, cookie: str) -> None:
    page = f"/{wares.project}/-/registry"
    before = looked_at(tools, cookie, page).total()
    for number in range(5):
        Wares(tools, f"more-{number}", wares.place).built("one", "1.0")
    assert looked_at(tools, cookie, page).total() == before
