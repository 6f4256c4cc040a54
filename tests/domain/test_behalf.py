"""What the worker does for somebody, it does with the rights that they have by then."""

from collections.abc import Callable

import pytest

from tests.domain.gallery import Gallery
from tests.domain.people import person
from wharfinger.domain import repositories, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Tools
from wharfinger.jobs import labour
from wharfinger.rules.roles import Role


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    made = Gallery(tools)
    made.container({"os": "linux"}, b"one", tag="1.0")
    return made


def demote(tools: Tools) -> None:
    users.change(tools, OPERATOR, "root", admin=False)


def block(tools: Tools) -> None:
    users.block(tools, OPERATOR, "root")


@pytest.mark.parametrize("lose", [demote, block])
def test_an_administrator_who_is_none_any_more(gallery: Gallery, lose: Callable[[Tools], None]) -> None:
    tools = gallery.tools
    person(tools, "another", admin=True)
    repositories.delete(tools, person(tools, "root", admin=True), gallery.path)
    lose(tools)
    labour.do_all(tools)
    assert repositories.get(tools, OPERATOR, gallery.path).tags_count == 1


@pytest.mark.parametrize("blocked", [False, True])
def test_a_member_who_is_blocked(gallery: Gallery, *, blocked: bool) -> None:
    tools, maintainer = gallery.tools, gallery.member(Role.MAINTAINER)
    repositories.delete(tools, maintainer, gallery.path)
    if blocked:
        users.block(tools, OPERATOR, maintainer.name)
    labour.do_all(tools)
    left = [one.path for one in repositories.list_repositories(tools, OPERATOR).items]
    assert (gallery.path in left) is blocked
