"""Somebody stays an administrator, however many of them step down at the same moment."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from tests.domain.meanwhile import Meanwhile
from tests.domain.people import person
from wharfinger.db import users as rows
from wharfinger.db.engine import Database
from wharfinger.domain import users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.tools import Tools

Going = Callable[[Tools, str], object]


def demote(tools: Tools, username: str) -> None:
    users.change(tools, OPERATOR, username, admin=False)


def block(tools: Tools, username: str) -> None:
    users.block(tools, OPERATOR, username)


def delete(tools: Tools, username: str) -> None:
    users.delete(tools, OPERATOR, username)


@pytest.mark.parametrize("first", [demote, block, delete])
@pytest.mark.parametrize("second", [demote, block, delete])
def test_two_go_at_once(tools: Tools, first: Going, second: Going) -> None:
    for name in ("ada", "bob"):
        person(tools, name, admin=True)
    db = Meanwhile(tools.db, lambda: second(tools, "bob"))
    first(replace(tools, db=cast(Database, db)), "ada")
    db.join()
    assert isinstance(db.refusal, SettingInvalid)
    with tools.db.read() as tx:
        assert rows.other_admins(tx, 0)
