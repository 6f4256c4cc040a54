"""People: made by administrators, with a namespace of their own, and out at once when blocked."""

import pytest
from sqlalchemy import select

from tests.domain.people import ADDRESS, person, refusal, with_token
from wharfinger.db.tables.people import users as table
from wharfinger.domain import directory, groups, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.directory import People, Sort
from wharfinger.domain.errors import CredentialRefused, PathTaken, ScopeMissing, SettingInvalid, UserUnknown
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules.paging import Window

PASSWORD = "correct horse battery"


@pytest.fixture
def policy() -> Policy:
    """Passwords let in here, so that these tests can see which are right."""
    return Policy(password_login=True)


def lets_in(tools: Tools, username: str, password: str) -> bool:
    try:
        return tokens.authenticate(tools, username, password, ADDRESS).name == username
    except CredentialRefused:
        return False


def test_a_person_comes_with_a_namespace(tools: Tools) -> None:
    user = users.create(tools, OPERATOR, "ada", name="Ada L", email="ada@example.com", password=PASSWORD)
    assert (user.username, user.name, user.email, user.admin, user.bot) == (
        "ada",
        "Ada L",
        "ada@example.com",
        False,
        False,
    )
    caller = tokens.authenticate(tools, "ada", PASSWORD, ADDRESS)
    assert groups.get(tools, caller, "ada").owner_id == user.id == caller.user_id


def test_a_name_is_taken_once_by_people_groups_and_bots(tools: Tools) -> None:
    ada = person(tools, "ada")
    groups.create(tools, ada, "acme")
    bot = tokens.create_bot(tools, ada, "acme", "robot", ["api"]).token.username
    for name in ("ada", "acme", bot):
        assert isinstance(refusal(lambda name=name: users.create(tools, OPERATOR, name)), PathTaken)
    person(tools, "eve")
    for name in ("ada", bot):
        assert isinstance(refusal(lambda name=name: users.rename(tools, OPERATOR, "eve", name)), PathTaken)


def test_the_first_administrator_is_made_once(tools: Tools) -> None:
    password = users.ensure_admin(tools)
    assert password is not None
    assert users.ensure_admin(tools) is None
    root = users.get(tools, OPERATOR, "root")
    assert (root.admin, root.password_once) == (True, True)
    refused = refusal(lambda: tokens.authenticate(tools, "root", password, ADDRESS))
    assert "has to be replaced first" in str(refused)


def test_a_one_time_password_is_replaced_by_giving_it(tools: Tools) -> None:
    password = users.ensure_admin(tools) or ""
    wrong = refusal(lambda: users.replace_password(tools, "root", PASSWORD, current="wrong", address=ADDRESS))
    nobody = refusal(lambda: users.replace_password(tools, "nobody", PASSWORD, current="wrong", address=ADDRESS))
    assert isinstance(wrong, CredentialRefused)
    assert str(wrong) == str(nobody)
    users.replace_password(tools, "root", PASSWORD, current=password, address=ADDRESS)
    assert lets_in(tools, "root", PASSWORD)
    assert not lets_in(tools, "root", password)
    once = users.generate_password(tools, OPERATOR, "root")
    assert not lets_in(tools, "root", PASSWORD)
    assert users.get(tools, OPERATOR, "root").password_once
    assert once != password


def test_passwords_are_kept_as_argon2id(tools: Tools) -> None:
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    with tools.db.read() as tx:
        kept = tx.scalar(select(table.c.password_hash)) or ""
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_passwords_have_a_length(tools: Tools, password: str) -> None:
    assert isinstance(refusal(lambda: users.create(tools, OPERATOR, "ada", password=password)), SettingInvalid)


def test_ones_own_password_is_changed_with_the_current_one(tools: Tools) -> None:
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    ada = with_token(tools, "ada")
    for current in (None, "wrong"):
        refused = refusal(lambda current=current: users.set_password(tools, ada, "ada", "another one", current=current))
        assert isinstance(refused, CredentialRefused)
    users.set_password(tools, ada, "ada", "another one", current=PASSWORD)
    assert lets_in(tools, "ada", "another one")
    users.set_password(tools, OPERATOR, "ada", PASSWORD)
    assert lets_in(tools, "ada", PASSWORD)


def test_others_are_for_administrators(tools: Tools) -> None:
    ada, _, root = person(tools, "ada"), person(tools, "eve"), person(tools, "root", admin=True)
    for work in (
        lambda: users.get(tools, ada, "eve"),
        lambda: users.change(tools, ada, "eve", name="Mine"),
        lambda: users.set_password(tools, ada, "eve", PASSWORD),
        lambda: users.revoke_tokens(tools, ada, "eve"),
        lambda: users.get(tools, ada, "nobody"),
        lambda: users.get(tools, root, "nobody"),
    ):
        assert isinstance(refusal(work), UserUnknown)
    for work in (
        lambda: users.create(tools, ada, "new"),
        lambda: users.rename(tools, ada, "ada", "eda"),
        lambda: users.block(tools, ada, "eve"),
        lambda: users.unblock(tools, ada, "eve"),
        lambda: users.delete(tools, ada, "eve"),
        lambda: users.change(tools, ada, "ada", admin=True),
        lambda: users.generate_password(tools, ada, "eve"),
    ):
        assert "needs an administrator" in str(refusal(work))
    assert isinstance(refusal(lambda: users.create(tools, with_token(tools, "root", "read_api"), "new")), ScopeMissing)


def test_people_are_found_filtered_and_sorted(tools: Tools) -> None:
    ada, root = person(tools, "ada"), person(tools, "root", admin=True)
    users.create(tools, OPERATOR, "eve", name="Ève Grün", email="post@example.org")
    users.block(tools, OPERATOR, "ada")
    by_name = People(sort=Sort.PATH, descending=False)
    for wanted, found in (
        (People(), ["eve", "root", "ada"]),
        (by_name, ["ada", "eve", "root"]),
        (People(blocked=True), ["ada"]),
        (People(blocked=False), ["eve", "root"]),
        (People(part="Grün"), ["eve"]),
        (People(part="POST@"), ["eve"]),
        (People(part="x\x00"), []),
    ):
        assert [one.username for one in directory.list_people(tools, root, wanted).items] == found
    first = directory.list_people(tools, root, by_name, Window(1))
    second = directory.list_people(tools, root, by_name, Window(1, after=first.after))
    assert [one.username for one in second.items] == ["eve"]
    assert [one.username for one in directory.list_people(tools, ada, by_name).items] == ["ada"]


def test_name_and_mail_can_be_changed(tools: Tools) -> None:
    ada = person(tools, "ada")
    changed = users.change(tools, ada, "ada", name=" Ada ", email="ada@example.org")
    assert (changed.name, changed.email) == ("Ada", "ada@example.org")
    for values in ({"name": "\n"}, {"name": "x" * 256}, {"email": "none"}, {"email": "a@" + "b" * 260}):
        refused = refusal(lambda values=values: users.change(tools, ada, "ada", **values))
        assert isinstance(refused, SettingInvalid)


def test_an_administrator_stays(tools: Tools) -> None:
    person(tools, "root", admin=True)
    for work in (
        lambda: users.block(tools, OPERATOR, "root"),
        lambda: users.delete(tools, OPERATOR, "root"),
        lambda: users.change(tools, OPERATOR, "root", admin=False),
    ):
        assert "last administrator" in str(refusal(work))
    person(tools, "ada", admin=True)
    assert not users.change(tools, OPERATOR, "root", admin=False).admin


def test_a_blocked_person_is_out(tools: Tools) -> None:
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    made = tokens.create_personal(tools, OPERATOR, "x", ["api"], username="ada")
    users.block(tools, OPERATOR, "ada")
    for secret in (PASSWORD, made.secret):
        refused = refusal(lambda secret=secret: tokens.authenticate(tools, "ada", secret, ADDRESS))
        assert str(refused) == "the account ada is blocked: ask an administrator"
    users.unblock(tools, OPERATOR, "ada")
    assert lets_in(tools, "ada", made.secret)


def test_a_deleted_person_leaves_nothing(tools: Tools) -> None:
    ada = person(tools, "ada")
    groups.create(tools, ada, "acme")
    made = tokens.create_personal(tools, ada, "x", ["api"])
    users.delete(tools, OPERATOR, "ada")
    assert isinstance(refusal(lambda: users.get(tools, OPERATOR, "ada")), UserUnknown)
    assert isinstance(refusal(lambda: tokens.authenticate(tools, "ada", made.secret, ADDRESS)), CredentialRefused)
    assert groups.get(tools, OPERATOR, "acme").path == "acme"
    assert person(tools, "ada").user_id != ada.user_id
