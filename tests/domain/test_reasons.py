"""Why somebody is refused, and to whom it is told."""

from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.gallery import Gallery
from tests.domain.people import later, person, refusal, told
from wharfinger.domain import groups, logins, loose, members, projects, protection, quotas, reasons, tokens, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import RepositoryUnknown, ScopeMissing, TokenUnknown, UserUnknown
from wharfinger.domain.hurdles import What
from wharfinger.domain.reasons import About
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Action, RegistryAccess, Role

PROJECT = "acme/shop"


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """A guest of the project."""
    groups.create(tools, OPERATOR, "acme")
    projects.create(tools, OPERATOR, PROJECT)
    made = person(tools, "ada")
    members.add(tools, OPERATOR, PROJECT, "ada", Role.GUEST)
    return later(tools, made)


def lacking(found: reasons.Reasons) -> dict[Action, str]:
    """By action: everything that stands in the way, as one text."""
    return {verdict.action: "; ".join(each.sentence for each in verdict.hurdles) for verdict in found.verdicts}


def hurdles(found: reasons.Reasons, action: Action) -> list[tuple[What, str, tuple[str, ...]]]:
    """What stands in the way of an action, who can help, and the names of such people."""
    verdict = next(verdict for verdict in found.verdicts if verdict.action is action)
    return [(each.what, each.helper, each.people) for each in verdict.hurdles]


def test_a_member_learns_the_role_that_is_missing_and_who_gives_it(tools: Tools, ada: Caller) -> None:
    person(tools, "keeper")
    members.add(tools, OPERATOR, "acme", "keeper", Role.OWNER)
    found = reasons.explain(tools, ada, About(f"{PROJECT}/web"))
    assert (found.project, found.role, found.grantors) == (PROJECT, Role.GUEST, ("keeper",))
    assert "needs the role developer" in lacking(found)[Action.PUSH]
    assert hurdles(found, Action.PUSH) == [(What.ROLE, f"a maintainer of {PROJECT}", ("keeper",))]
    assert hurdles(found, Action.PULL) == [(What.ABSENT, "", ())], "nothing was pushed yet"


def test_a_token_is_told_of_its_scopes_and_its_end(tools: Tools, ada: Caller, clock: Clock) -> None:
    members.add(tools, OPERATOR, PROJECT, "ada", Role.DEVELOPER)
    ends = tools.clock() + timedelta(days=1)
    token = tokens.create_personal(tools, ada, "laptop", ["read_registry"], expires_at=ends).token
    found = reasons.explain(tools, later(tools, ada), About(PROJECT, token=token.id))
    assert "write_registry" in lacking(found)[Action.PUSH]
    assert not found.useless
    clock.now += timedelta(days=2)
    assert "expired" in reasons.explain(tools, later(tools, ada), About(PROJECT, token=token.id)).useless


def test_a_deploy_token_is_explained_to_who_manages_it(tools: Tools, ada: Caller) -> None:
    token = tokens.create_deploy(tools, OPERATOR, PROJECT, "cluster", ["read_registry"]).token
    members.add(tools, OPERATOR, PROJECT, "ada", Role.MAINTAINER)
    found = reasons.explain(tools, later(tools, ada), About(PROJECT, token=token.id))
    assert "read_registry" not in lacking(found)[Action.PULL]
    assert "deploy token" in lacking(found)[Action.DELETE]
    members.add(tools, OPERATOR, PROJECT, "ada", Role.DEVELOPER)
    with pytest.raises(TokenUnknown):
        reasons.explain(tools, later(tools, ada), About(PROJECT, token=token.id))


def test_hidden_and_absent_are_told_alike(tools: Tools, ada: Caller) -> None:
    projects.create(tools, OPERATOR, "acme/hidden")
    stranger = person(tools, "bob")
    answers = [
        told(tools, lambda path: reasons.explain(tools, stranger, About(path)), path)
        for path in ("acme/hidden", "acme/absent", f"{PROJECT}/web")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert isinstance(refusal(lambda: reasons.explain(tools, stranger, About(PROJECT))), RepositoryUnknown)


def test_a_public_project_hides_its_members_from_strangers(tools: Tools, ada: Caller) -> None:
    groups.change(tools, OPERATOR, "acme", visibility=projects.Visibility.PUBLIC)
    projects.change(tools, OPERATOR, PROJECT, visibility=projects.Visibility.PUBLIC)
    members.add(tools, OPERATOR, PROJECT, "ada", Role.OWNER)
    found = reasons.explain(tools, person(tools, "bob"), About(f"{PROJECT}/web"))
    assert (found.role, list(found.grantors)) == (None, [])
    assert hurdles(found, Action.PUSH) == [(What.ROLE, f"a maintainer of {PROJECT}", ())]


# --- rules, limits, and what is not there


@pytest.fixture
def bo(tools: Tools, ada: Caller) -> Caller:
    """A developer of the project."""
    made = person(tools, "bo")
    members.add(tools, OPERATOR, PROJECT, "bo", Role.DEVELOPER)
    members.add(tools, OPERATOR, "acme", person(tools, "olga").name, Role.OWNER)
    return later(tools, made)


def pushed(tools: Tools, *tags: str) -> str:
    """The path of an image with these tags."""
    gallery = Gallery(tools, "web", projects.get(tools, OPERATOR, PROJECT))
    for tag in tags:
        gallery.container({"os": "linux", "architecture": "amd64"}, b"layer", tag=tag)
    return gallery.path


def test_rules_are_named_with_who_may_pass_them(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1", "main")
    protection.add(tools, OPERATOR, PROJECT, Rule(Kind.REPOSITORY, f"{PROJECT}/w*", delete=Level.OWNER))
    protection.add(tools, OPERATOR, PROJECT, Rule(Kind.TAG, "^v", push=Level.MAINTAINER, delete=Level.ADMIN))
    found = reasons.explain(tools, bo, About(path, "v1"))
    assert hurdles(found, Action.PULL) == []
    assert hurdles(found, Action.PUSH) == [(What.TAG, f"a maintainer of {PROJECT}", ("olga",))]
    assert "“^v”" in lacking(found)[Action.PUSH]
    assert [what for what, _, _ in hurdles(found, Action.DELETE)] == [What.ROLE, What.REPOSITORY, What.TAG]
    assert hurdles(found, Action.DELETE)[1][2] == ("olga",)
    assert not hurdles(reasons.explain(tools, bo, About(path, "main")), Action.PUSH)
    any_tag = reasons.explain(tools, bo, About(path))
    assert [verdict.allowed for verdict in any_tag.verdicts] == [True, True, False, False]
    assert "are protected" in lacking(any_tag)[Action.PUSH]
    members.add(tools, OPERATOR, PROJECT, "bo", Role.OWNER)
    assert [
        what for what, _, _ in hurdles(reasons.explain(tools, later(tools, bo), About(path, "v1")), Action.DELETE)
    ] == [What.TAG]


def test_an_immutable_tag_can_be_made_and_not_moved(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    protection.add(tools, OPERATOR, PROJECT, Rule(Kind.IMMUTABLE, "^v"))
    there, new = (reasons.explain(tools, bo, About(path, tag)) for tag in ("v1", "v2"))
    assert hurdles(there, Action.PUSH) == [(What.IMMUTABLE, f"a maintainer of {PROJECT}", ("olga",))]
    assert (What.IMMUTABLE, f"a maintainer of {PROJECT}", ("olga",)) in hurdles(there, Action.DELETE)
    assert not hurdles(new, Action.PUSH)
    assert hurdles(new, Action.PULL) == [(What.ABSENT, "", ())]
    assert "no tag v2" in lacking(new)[Action.PULL]


def test_every_limit_that_is_reached_is_told_with_who_raises_it(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    quotas.set_limit(tools, OPERATOR, PROJECT, 1)
    quotas.set_limit(tools, OPERATOR, "acme", 2)
    quotas.set_limit(tools, OPERATOR, "", 3)
    found = reasons.explain(tools, bo, About(path))
    assert hurdles(found, Action.PUSH) == [
        (What.QUOTA, "an owner of acme, by a higher limit", ("olga",)),
        (What.QUOTA, "an administrator, by a higher limit", ()),
        (What.QUOTA, "an administrator, by a higher limit", ()),
    ]
    told_ = lacking(found)[Action.PUSH]
    assert f"the storage of {PROJECT} is full: it uses" in told_
    assert told_.endswith("the storage of this server is full"), "its numbers are for administrators"
    quotas.set_limit(tools, OPERATOR, PROJECT, None)
    quotas.set_limit(tools, OPERATOR, "acme", 1, each=True)
    assert (
        "the limit that acme sets for each of its projects"
        in lacking(reasons.explain(tools, bo, About(path)))[Action.PUSH]
    )


def test_too_much_that_no_tag_keeps_is_told_with_who_empties_the_trash(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    Gallery(tools, "web", projects.get(tools, OPERATOR, PROJECT)).blob(b"x" * 40)
    quotas.set_limit(tools, OPERATOR, PROJECT, 10)
    loose.look(tools)
    found = reasons.explain(tools, bo, About(path))
    assert (What.QUOTA, f"a maintainer of {PROJECT}", ("olga",)) in hurdles(found, Action.PUSH)
    assert "holds too much that no tag keeps (40 bytes, its limit being 10 bytes)" in lacking(found)[Action.PUSH]


def test_a_registry_that_is_off_is_in_everybodys_way(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    projects.change(tools, OPERATOR, PROJECT, registry_access=RegistryAccess.DISABLED)
    found = reasons.explain(tools, bo, About(path, "v1"))
    off = (What.REGISTRY, f"a maintainer of {PROJECT}", ("olga",))
    assert hurdles(found, Action.PULL) == [off]
    assert hurdles(found, Action.DELETE)[:2] == [off, (What.ROLE, f"a maintainer of {PROJECT}", ("olga",))]


def test_images_for_members_alone_are_told_to_who_sees_the_project(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    groups.change(tools, OPERATOR, "acme", visibility=projects.Visibility.PUBLIC)
    projects.change(
        tools, OPERATOR, PROJECT, visibility=projects.Visibility.PUBLIC, registry_access=RegistryAccess.PRIVATE
    )
    assert not hurdles(reasons.explain(tools, bo, About(path, "v1")), Action.PULL)
    found = reasons.explain(tools, person(tools, "stranger"), About(path, "v1"))
    assert hurdles(found, Action.PULL) == [(What.ROLE, f"a maintainer of {PROJECT}", ())]


def test_strangers_hear_neither_rules_nor_limits(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    groups.change(tools, OPERATOR, "acme", visibility=projects.Visibility.PUBLIC)
    projects.change(tools, OPERATOR, PROJECT, visibility=projects.Visibility.PUBLIC)
    protection.add(tools, OPERATOR, PROJECT, Rule(Kind.REPOSITORY, f"{PROJECT}/w*", push=Level.OWNER))
    quotas.set_limit(tools, OPERATOR, PROJECT, 1)
    found = reasons.explain(tools, person(tools, "stranger"), About(path, "v1"))
    assert hurdles(found, Action.PUSH) == [(What.ROLE, f"a maintainer of {PROJECT}", ())]


# --- other people, locks, and paths that were meant


def test_maintainers_ask_for_others(tools: Tools, ada: Caller) -> None:
    keeper = person(tools, "keeper")
    members.add(tools, OPERATOR, PROJECT, "keeper", Role.MAINTAINER)
    about = About(f"{PROJECT}/web", person="ada")
    found = reasons.explain(tools, later(tools, keeper), about)
    assert (found.who, found.role) == ("ada", Role.GUEST)
    assert "needs the role developer" in lacking(found)[Action.PUSH]
    assert reasons.explain(tools, ada, about).who == "", "everybody asks for themselves"
    with pytest.raises(UserUnknown):
        reasons.explain(tools, later(tools, keeper), About(PROJECT, person="nobody"))
    with pytest.raises(ScopeMissing):
        reasons.explain(tools, ada, About(PROJECT, person="keeper"))
    with pytest.raises(RepositoryUnknown):
        reasons.explain(tools, person(tools, "stranger"), About(PROJECT, person="keeper"))


def test_administrators_hear_of_a_blocked_account(tools: Tools, ada: Caller) -> None:
    keeper, root = person(tools, "keeper"), person(tools, "root", admin=True)
    members.add(tools, OPERATOR, PROJECT, "keeper", Role.MAINTAINER)
    users.block(tools, OPERATOR, "ada")
    about = About(PROJECT, person="ada")
    assert "is blocked" in reasons.explain(tools, root, about).useless
    assert not reasons.explain(tools, later(tools, keeper), about).useless


def test_a_lockout_is_told_to_whom_it_meets(tools: Tools, ada: Caller) -> None:
    assert reasons.waits(tools, ada) == reasons.Waits()
    for _ in range(tools.policy.login_failures):
        logins.failed(tools, [logins.of_account("ada")])
    waits = reasons.waits(tools, ada)
    assert waits.account is not None
    assert waits.address is None


def test_what_may_have_been_meant(tools: Tools, bo: Caller) -> None:
    path = pushed(tools, "v1")
    assert reasons.near(tools, bo, "acme/shoppe/web") == [path]
    assert reasons.near(tools, person(tools, "stranger"), "acme/shoppe/web") == []
