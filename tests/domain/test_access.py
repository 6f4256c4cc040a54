"""Who may: registry tokens alone, roles from the database, and what nobody may find out."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.people import may, opened, paths_of, person, push, refusal, registry, statements, told, with_token
from tests.in_process import build_tools, close_tools
from wharfinger.db import images
from wharfinger.domain import access, grants, groups, members, projects, repositories, tokens
from wharfinger.domain import images as operations
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller, Grant
from wharfinger.domain.errors import GroupUnknown, ProjectUnknown, RepositoryUnknown, ScopeMissing, SignInNeeded
from wharfinger.domain.repositories import Filter
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules.grants import parse_scopes
from wharfinger.rules.roles import Action, Profile, Role, Visibility
from wharfinger.rules.scopes import CredentialKind

READ = {Action.PULL}
WRITE = {Action.PULL, Action.PUSH}
ALL = set(Action)


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """Owns acme, with acme/back, acme/back/shop in it."""
    caller = person(tools, "ada")
    groups.create(tools, caller, "acme", visibility=Visibility.PUBLIC)
    groups.create(tools, caller, "acme/back", visibility=Visibility.PUBLIC)
    projects.create(tools, caller, "acme/back/shop")
    return caller


# --- a registry token alone


def holder(**actions: str) -> Caller:
    """One whose registry token grants actions by path (with _ for /), on project 7."""
    granted = {
        path.replace("_", "/"): Grant(7, frozenset(Action(word) for word in words.split()))
        for path, words in actions.items()
    }
    return Caller(CredentialKind.PERSONAL, "ada", user_id=1, grants=granted)


def test_granted_is_the_id_of_the_project() -> None:
    assert access.granted(holder(acme_shop="pull push"), "acme/shop", Action.PUSH) == 7


@pytest.mark.parametrize(
    ("caller", "action", "scope"),
    [
        (holder(acme_shop="pull"), Action.PUSH, "repository:acme/shop:pull,push"),
        (holder(acme_shop="pull"), Action.DELETE, "repository:acme/shop:delete"),
        (holder(acme_other="pull"), Action.PULL, "repository:acme/shop:pull"),
        (ANONYMOUS, Action.PULL, "repository:acme/shop:pull"),
        (OPERATOR, Action.PULL, "repository:acme/shop:pull"),
    ],
)
def test_what_was_never_asked_for_is_to_be_asked_for(caller: Caller, action: Action, scope: str) -> None:
    with pytest.raises(SignInNeeded) as refused:
        access.granted(caller, "acme/shop", action)
    assert (refused.value.scope, refused.value.error) == (scope, "insufficient_scope")


def test_what_was_asked_for_and_refused_is_explained() -> None:
    caller = Caller(
        CredentialKind.PERSONAL,
        "ada",
        grants={"acme/shop": Grant(7, frozenset({Action.PULL}))},
        refused={"acme/shop": {"push": "pushing needs more"}, "acme/none": {}},
    )
    with pytest.raises(ScopeMissing, match="pushing needs more"):
        access.granted(caller, "acme/shop", Action.PUSH)
    with pytest.raises(SignInNeeded):
        access.granted(caller, "acme/shop", Action.DELETE)
    for action in (Action.PULL, Action.PUSH, Action.DELETE):
        with pytest.raises(RepositoryUnknown):
            access.granted(caller, "acme/none", action)


def test_one_who_is_not_signed_in_is_always_asked_to(tools: Tools, ada: Caller) -> None:
    projects.create(tools, ada, "acme/open", visibility=Visibility.PUBLIC)
    scopes = [f"repository:{path}:pull,push" for path in ("acme/open", "acme/back/shop", "acme/none")]
    nobody = registry(tools, ANONYMOUS, *scopes)
    assert access.granted(nobody, "acme/open", Action.PULL)
    for path in ("acme/open", "acme/back/shop", "acme/none"):
        assert isinstance(refusal(lambda path=path: access.granted(nobody, path, Action.PUSH)), SignInNeeded)
    hidden, absent = (told(tools, lambda path: access.granted(nobody, path, Action.PULL), path) for path in scopes[1:])
    assert hidden == absent


def test_a_registry_token_opens_nothing_but_images(tools: Tools, ada: Caller) -> None:
    caller = registry(tools, with_token(tools, "ada"), "repository:acme/back/shop:pull,push,delete")
    assert opened(tools, caller, "acme/back/shop", Action.DELETE)
    work: list[Callable[[], object]] = [
        lambda: projects.get(tools, caller, "acme/back/shop"),
        lambda: groups.get(tools, caller, "acme"),
        lambda: projects.list_projects(tools, caller),
        lambda: groups.list_groups(tools, caller),
        lambda: groups.create(tools, caller, "mine"),
        lambda: tokens.list_personal(tools, caller),
        lambda: members.remove(tools, caller, "acme", "ada"),
        lambda: access.require_admin(caller, "this"),
    ]
    for one in work:
        assert isinstance(refusal(one), SignInNeeded)


# --- where a path leads


def test_the_longest_existing_project_is_opened(tools: Tools, ada: Caller) -> None:
    projects.create(tools, ada, "acme/back-end")
    for path, project, name in [
        ("acme/back/shop", "acme/back/shop", ""),
        ("acme/back/shop/web", "acme/back/shop", "web"),
        ("acme/back/shop/web/base", "acme/back/shop", "web/base"),
        ("acme/back-end/x", "acme/back-end", "x"),
    ]:
        place = opened(tools, ada, path)
        assert place is not None
        assert (place.project_path, place.name, place.path) == (project, name, path)
    for path in ("acme/back/shop/web/base/deep", "acme/back", "acme", "shop", "acme/back/sho", "acme/back/shop2"):
        assert opened(tools, ada, path) is None


def test_what_looks_like_a_pattern_is_none(tools: Tools) -> None:
    """`_` and `%` match anything in LIKE; a group a_b must not reach into axb."""
    ada, eve = person(tools, "ada"), person(tools, "eve")
    groups.create(tools, ada, "axb")
    projects.create(tools, ada, "axb/shop")
    groups.create(tools, eve, "a_b")
    groups.create(tools, eve, "a")
    assert may(tools, eve, "axb/shop") == set()
    groups.rename(tools, eve, "a_b", "free")
    assert opened(tools, ada, "axb/shop") is not None


def test_paths_that_no_database_takes_are_unknown(tools: Tools, ada: Caller) -> None:
    for path in ("acme/a\0b", "acme/\ud800", "acme/ü", ""):
        assert isinstance(refusal(lambda path=path: projects.get(tools, ada, path)), ProjectUnknown)
        assert isinstance(refusal(lambda path=path: groups.get(tools, ada, path)), GroupUnknown)


# --- roles


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.GUEST, READ),
        (Role.REPORTER, READ),
        (Role.DEVELOPER, WRITE),
        (Role.MAINTAINER, ALL),
        (Role.OWNER, ALL),
    ],
)
def test_a_role_counts_where_it_was_given_and_below(tools: Tools, ada: Caller, role: Role, rights: set[Action]) -> None:
    projects.create(tools, ada, "acme/side")
    for number, place in enumerate(("acme", "acme/back", "acme/back/shop")):
        bob = person(tools, f"bob{number}")
        members.add(tools, ada, place, bob.name, role)
        assert may(tools, bob, "acme/back/shop/web") == rights
        assert may(tools, bob, "acme/side") == (rights if place == "acme" else set())


def test_the_highest_of_several_roles_wins(tools: Tools, ada: Caller) -> None:
    bob = person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.DEVELOPER)
    members.add(tools, ada, "acme/back/shop", "bob", Role.GUEST)
    assert may(tools, bob, "acme/back/shop") == WRITE
    members.add(tools, ada, "acme/back", "bob", Role.MAINTAINER)
    assert may(tools, bob, "acme/back/shop") == ALL


def test_the_gitlab_profile_keeps_guests_out_and_lets_developers_delete(database_url: str, clock: Clock) -> None:
    tools = build_tools(database_url, clock, Policy(profile=Profile.GITLAB))
    ada = person(tools, "ada")
    groups.create(tools, ada, "acme")
    projects.create(tools, ada, "acme/shop")
    for name, role, rights in [("gil", Role.GUEST, set()), ("dan", Role.DEVELOPER, WRITE | {Action.DELETE})]:
        person(tools, name)
        members.add(tools, ada, "acme", name, role)
        caller = with_token(tools, name, *("read_registry", "write_registry"))
        assert may(tools, caller, "acme/shop") == rights
        push(tools, "acme/shop")
        listed = operations.list_repositories(tools, caller, last="", limit=10).names
        assert listed == (["acme/shop"] if rights else [])
    gil = with_token(tools, "gil")
    assert projects.get(tools, gil, "acme/shop").role is Role.GUEST
    of_shop = Filter(project="acme/shop")
    assert "reporter" in str(refusal(lambda: repositories.list_repositories(tools, gil, of_shop)))
    close_tools(tools)


def test_a_membership_that_is_over_counts_for_nothing(tools: Tools, ada: Caller, clock: Clock) -> None:
    person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.OWNER, expires_at=clock() + timedelta(hours=1))
    push(tools, "acme/back/shop/web")
    for expected in (ALL, set()):
        bob = with_token(tools, "bob")
        assert may(tools, bob, "acme/back/shop") == expected
        shown = operations.list_repositories(tools, bob, last="", limit=10).names
        assert shown == (["acme/back/shop/web"] if expected else [])
        assert paths_of(projects.list_projects(tools, bob)) == (["acme/back/shop"] if expected else [])
        clock.advance(hours=1)


@pytest.mark.parametrize(
    ("visibility", "signed_in", "anybody"),
    [(Visibility.PRIVATE, set(), set()), (Visibility.INTERNAL, READ, set()), (Visibility.PUBLIC, READ, READ)],
)
def test_visibility_lets_others_read(
    tools: Tools, ada: Caller, visibility: Visibility, signed_in: set[Action], anybody: set[Action]
) -> None:
    projects.create(tools, ada, "acme/seen", visibility=visibility)
    deploy = tokens.create_deploy(tools, ada, "acme/back/shop", "ci", ["read_registry", "write_registry"])
    machine = tokens.authenticate(tools, deploy.token.username, deploy.secret, "::1")
    assert may(tools, person(tools, "eve"), "acme/seen") == signed_in
    assert may(tools, ANONYMOUS, "acme/seen") == anybody
    assert may(tools, machine, "acme/seen") == anybody


def test_administrators_may_everything_within_their_scopes(tools: Tools, ada: Caller) -> None:
    person(tools, "root", admin=True)
    assert may(tools, with_token(tools, "root"), "acme/back/shop") == ALL
    assert may(tools, with_token(tools, "root", "read_registry"), "acme/back/shop") == READ
    assert may(tools, OPERATOR, "acme/back/shop") == ALL
    refused = refusal(lambda: access.require_admin(with_token(tools, "root", "read_api"), "this"))
    assert "needs api" in str(refused)


# --- what nobody may find out


def hidden_and_absent(tools: Tools) -> tuple[Caller, str, str]:
    ada, eve = person(tools, "owner"), person(tools, "eve")
    groups.create(tools, ada, "hidden")
    groups.create(tools, ada, "hidden/inner")
    projects.create(tools, ada, "hidden/inner/shop")
    return eve, "hidden/inner", "absent/inner"


OPENERS: dict[str, Callable[[Tools, Caller, str], object]] = {
    "projects.get": lambda tools, caller, path: projects.get(tools, caller, f"{path}/shop"),
    "projects.rename": lambda tools, caller, path: projects.rename(tools, caller, f"{path}/shop", "other"),
    "projects.move": lambda tools, caller, path: projects.move(tools, caller, f"{path}/shop", "eve"),
    "projects.delete": lambda tools, caller, path: projects.delete(tools, caller, f"{path}/shop", with_images=True),
    "projects.change": lambda tools, caller, path: projects.change(tools, caller, f"{path}/shop", name="Mine"),
    "projects.create": lambda tools, caller, path: projects.create(tools, caller, f"{path}/new"),
    "projects.list": lambda tools, caller, path: projects.list_projects(tools, caller, group=path),
    "groups.get": groups.get,
    "groups.create": lambda tools, caller, path: groups.create(tools, caller, f"{path}/new"),
    "groups.rename": lambda tools, caller, path: groups.rename(tools, caller, path, "other"),
    "groups.move": lambda tools, caller, path: groups.move(tools, caller, path, ""),
    "groups.change": lambda tools, caller, path: groups.change(tools, caller, path, name="Mine"),
    "groups.delete": groups.delete,
    "members.list": members.list_members,
    "members.add": lambda tools, caller, path: members.add(tools, caller, f"{path}/shop", "eve", Role.OWNER),
    "members.remove": lambda tools, caller, path: members.remove(tools, caller, path, "owner"),
    "members.leave": lambda tools, caller, path: members.remove(tools, caller, path, "eve"),
    "tokens.bot": lambda tools, caller, path: tokens.create_bot(tools, caller, path, "x", ["api"]),
    "tokens.deploy": lambda tools, caller, path: tokens.create_deploy(tools, caller, path, "x", ["read_registry"]),
    "tokens.list": lambda tools, caller, path: tokens.list_of_place(tools, caller, f"{path}/shop"),
    "tokens.job": lambda tools, caller, path: tokens.create_job(
        tools, caller, f"{path}/shop", ends_at=tools.clock() + timedelta(hours=1)
    ),
}


@pytest.mark.parametrize("operation", OPENERS)
def test_hidden_and_absent_are_told_alike(tools: Tools, operation: str) -> None:
    eve, hidden, absent = hidden_and_absent(tools)
    work = OPENERS[operation]
    assert told(tools, lambda path: work(tools, eve, path), hidden) == told(
        tools, lambda path: work(tools, eve, path), absent
    )


@pytest.mark.parametrize("action", [Action.PULL, Action.PUSH, Action.DELETE, Action.ADMINISTER])
def test_hidden_and_absent_images_are_told_alike(tools: Tools, action: Action) -> None:
    eve, hidden, absent = hidden_and_absent(tools)

    def work(path: str) -> object:
        with tools.db.read() as tx:
            return access.open_repository(tx, eve, f"{path}/shop/web", action)

    assert told(tools, work, hidden) == told(tools, work, absent)


def test_a_registry_token_for_what_is_hidden_is_like_one_for_what_is_absent(tools: Tools) -> None:
    eve, hidden, absent = hidden_and_absent(tools)
    scopes = [f"repository:{path}/shop/web:pull,push,delete" for path in (hidden, absent)]
    callers = [registry(tools, eve, scope) for scope in scopes]
    assert [caller.grants for caller in callers] == [{}, {}]
    assert [list(caller.refused.values()) for caller in callers] == [[{}], [{}]]
    seen = [
        told(tools, lambda path, caller=caller: access.granted(caller, f"{path}/shop/web", Action.PULL), path)
        for caller, path in zip(callers, (hidden, absent), strict=True)
    ]
    assert seen[0] == seen[1]
    assert seen[0][0] is RepositoryUnknown
    assert seen[0][3] == ()


def test_issuing_asks_the_same_of_hidden_and_absent(tools: Tools) -> None:
    eve, hidden, absent = hidden_and_absent(tools)
    asked: list[list[str]] = []
    tools.keys.sign({})  # makes and reads the key
    for path in (hidden, absent):
        wanted = parse_scopes([f"repository:{path}/shop:pull"])
        with statements(tools) as seen:
            grants.issue(tools, eve, tools.policy.audience, wanted)
        asked.append(list(seen))
    assert asked[0] == asked[1]
    assert sum("FROM projects" in statement for statement in asked[0]) == 1


def test_the_catalog_shows_what_one_may_pull(tools: Tools, ada: Caller) -> None:
    projects.create(tools, ada, "acme/open", visibility=Visibility.PUBLIC)
    projects.create(tools, ada, "acme/inner", visibility=Visibility.INTERNAL)
    for path in ("acme/open/a", "acme/inner/a", "acme/back/shop/a", "acme/back/shop"):
        push(tools, path)
    with tools.db.begin() as tx:  # a repository without a manifest is not there yet
        place = access.open_repository(tx, ada, "acme/open/empty", Action.PUSH)
        images.add_repository(tx, project_id=place.project_id, name="empty", now=tools.clock())
    deploy = tokens.create_deploy(tools, ada, "acme/back", "ci", ["read_registry"])
    machine = tokens.authenticate(tools, deploy.token.username, deploy.secret, "::1")
    root = person(tools, "root", admin=True)
    everything = ["acme/back/shop", "acme/back/shop/a", "acme/inner/a", "acme/open/a"]
    for caller, expected in [
        (ada, everything),
        (root, everything),
        (person(tools, "eve"), ["acme/inner/a", "acme/open/a"]),
        (machine, ["acme/back/shop", "acme/back/shop/a", "acme/open/a"]),
    ]:
        listing = registry(tools, caller, access.CATALOG_SCOPE)
        access.require_catalog(listing)
        assert operations.list_repositories(tools, listing, last="", limit=10).names == expected
    for caller in (ANONYMOUS, registry(tools, ANONYMOUS), registry(tools, ada)):
        with pytest.raises(SignInNeeded) as refused:
            access.require_catalog(caller)
        assert refused.value.scope == access.CATALOG_SCOPE
