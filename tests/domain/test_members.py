"""Members: who may make whom what, where, and for how long."""

from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.people import later, may, person, refusal
from wharfinger.domain import groups, members, projects, tokens, users
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller
from wharfinger.domain.errors import MemberUnknown, ScopeMissing, SettingInvalid, UserUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role, Visibility


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """Owns acme with acme/back and acme/back/shop."""
    caller = person(tools, "ada")
    groups.create(tools, caller, "acme")
    groups.create(tools, caller, "acme/back")
    projects.create(tools, caller, "acme/back/shop")
    return caller


def listed(tools: Tools, caller: Caller, path: str, *, inherited: bool = True) -> list[tuple[str, Role, str]]:
    found = members.list_members(tools, caller, path, inherited=inherited)
    return [(member.username, member.role, member.source) for member in found]


def test_members_are_listed_with_where_their_role_comes_from(tools: Tools, ada: Caller) -> None:
    person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.REPORTER)
    members.add(tools, ada, "acme/back/shop", "bob", Role.DEVELOPER)
    assert listed(tools, ada, "acme/back/shop") == [
        ("ada", Role.OWNER, "acme"),
        ("ada", Role.OWNER, "acme/back"),
        ("bob", Role.DEVELOPER, "acme/back/shop"),
        ("bob", Role.REPORTER, "acme"),
    ]
    assert listed(tools, ada, "acme/back/shop", inherited=False) == [("bob", Role.DEVELOPER, "acme/back/shop")]
    assert listed(tools, ada, "acme/back", inherited=False) == [("ada", Role.OWNER, "acme/back")]


def test_bots_are_listed_as_such(tools: Tools, ada: Caller) -> None:
    tokens.create_bot(tools, ada, "acme/back/shop", "robot", ["api"], role=Role.DEVELOPER)
    found = members.list_members(tools, ada, "acme/back/shop", inherited=False)
    assert [(member.name, member.bot, member.role) for member in found] == [("robot", True, Role.DEVELOPER)]


def test_adding_again_changes_role_and_end(tools: Tools, ada: Caller, clock: Clock) -> None:
    person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.DEVELOPER, expires_at=clock() + timedelta(days=1))
    members.add(tools, ada, "acme", "bob", Role.GUEST)
    [_, bob] = members.list_members(tools, ada, "acme")
    assert (bob.role, bob.expires_at) == (Role.GUEST, None)


def test_the_end_of_a_membership_is_to_come(tools: Tools, ada: Caller, clock: Clock) -> None:
    person(tools, "bob")
    for end in (clock(), clock() - timedelta(seconds=1)):
        refused = refusal(lambda end=end: members.add(tools, ada, "acme", "bob", Role.GUEST, expires_at=end))
        assert isinstance(refused, SettingInvalid)


@pytest.mark.parametrize("role", list(Role))
def test_only_owners_manage_a_group_and_maintainers_a_project(tools: Tools, ada: Caller, role: Role) -> None:
    bob, _ = person(tools, "bob"), person(tools, "eve")
    members.add(tools, ada, "acme", "bob", role)
    for path, allowed in (("acme/back", Role.OWNER), ("acme/back/shop", Role.MAINTAINER)):
        if role >= allowed:
            members.add(tools, bob, path, "eve", role)
            members.remove(tools, bob, path, "eve")
        else:
            assert isinstance(refusal(lambda path=path: members.add(tools, bob, path, "eve", Role.GUEST)), ScopeMissing)
            assert isinstance(refusal(lambda path=path: members.remove(tools, bob, path, "ada")), ScopeMissing)


def test_nobody_gives_or_takes_more_than_they_have(tools: Tools, ada: Caller) -> None:
    bob, eve = person(tools, "bob"), person(tools, "eve")
    members.add(tools, ada, "acme/back/shop", "bob", Role.MAINTAINER)
    members.add(tools, ada, "acme/back/shop", "eve", Role.OWNER)
    for work in (
        lambda: members.add(tools, bob, "acme/back/shop", "bob", Role.OWNER),
        lambda: members.add(tools, bob, "acme/back/shop", "eve", Role.GUEST),
        lambda: members.remove(tools, bob, "acme/back/shop", "eve"),
    ):
        assert "needs the role owner" in str(refusal(work))
    members.remove(tools, eve, "acme/back/shop", "bob")
    assert may(tools, bob, "acme/back/shop") == set()


def test_a_group_keeps_an_owner(tools: Tools, ada: Caller, clock: Clock) -> None:
    bob = person(tools, "bob")
    gone = [
        lambda: members.remove(tools, ada, "acme", "ada"),
        lambda: members.remove(tools, OPERATOR, "acme", "ada"),
        lambda: members.add(tools, ada, "acme", "ada", Role.MAINTAINER),
        lambda: members.add(tools, ada, "acme", "ada", Role.OWNER, expires_at=clock() + timedelta(days=9)),
    ]
    assert {str(refusal(work)) for work in gone} == {
        "ada is the last owner of acme: make somebody else owner first",
    }
    members.add(tools, ada, "acme", "bob", Role.OWNER, expires_at=clock() + timedelta(days=1))
    clock.advance(days=2)  # bob's time is over, and with it his say
    assert isinstance(refusal(gone[0]), SettingInvalid)
    members.add(tools, ada, "acme", "bob", Role.OWNER)
    users.block(tools, OPERATOR, "bob")
    assert isinstance(refusal(gone[0]), SettingInvalid)
    users.unblock(tools, OPERATOR, "bob")
    members.remove(tools, ada, "acme", "ada")
    assert listed(tools, later(tools, bob), "acme") == [("bob", Role.OWNER, "acme")]


def test_a_member_may_leave(tools: Tools, ada: Caller) -> None:
    bob = person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.GUEST)
    assert "not a direct member" in str(refusal(lambda: members.remove(tools, bob, "acme/back/shop", "bob")))
    members.remove(tools, bob, "acme", "bob")
    assert may(tools, bob, "acme/back/shop") == set()


def test_who_is_no_member_is_said_to_managers_only(tools: Tools, ada: Caller) -> None:
    eve = person(tools, "eve")
    for name in ("eve", "nobody", "a\0b", "ü"):
        assert isinstance(refusal(lambda name=name: members.remove(tools, ada, "acme", name)), MemberUnknown)
    assert isinstance(refusal(lambda: members.add(tools, ada, "acme", "nobody", Role.GUEST)), UserUnknown)
    bot = tokens.create_bot(tools, ada, "acme", "robot", ["api"]).token.username
    assert isinstance(refusal(lambda: members.add(tools, ada, "acme/back", bot, Role.GUEST)), UserUnknown)
    assert isinstance(refusal(lambda: members.remove(tools, ada, "acme", bot)), MemberUnknown)
    assert may(tools, eve, "acme/back/shop") == set()


def test_members_are_shown_to_members(tools: Tools, ada: Caller) -> None:
    groups.create(tools, ada, "open", visibility=Visibility.PUBLIC)
    projects.create(tools, ada, "open/tool", visibility=Visibility.PUBLIC)
    eve = person(tools, "eve")
    for caller in (eve, ANONYMOUS):
        for path in ("open", "open/tool"):
            refused = refusal(lambda caller=caller, path=path: members.list_members(tools, caller, path))
            assert isinstance(refused, ScopeMissing)
    members.add(tools, ada, "open", "eve", Role.GUEST)
    assert ("eve", Role.GUEST, "open") in listed(tools, eve, "open/tool")
