"""What a registry token will allow, and what it says where it does not."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules.grants import MOST_REQUESTS, Decision, Request, Standing, decide, guarded, lacking, parse_scopes
from wharfinger.rules.protection import Guard, Kind, Level, Rule
from wharfinger.rules.roles import Action, Profile, RegistryAccess, Role, Visibility, may
from wharfinger.rules.scopes import SCOPES, CredentialKind, actions

PULL, PUSH, DELETE, ADMINISTER = Action
PRIVATE, INTERNAL, PUBLIC = Visibility
ANONYMOUS, PERSONAL, PROJECT = CredentialKind.ANONYMOUS, CredentialKind.PERSONAL, CredentialKind.PROJECT
GROUP, DEPLOY, JOB, PASSWORD = CredentialKind.GROUP, CredentialKind.DEPLOY, CredentialKind.JOB, CredentialKind.PASSWORD
READ, WRITE = frozenset({"read_registry"}), frozenset({"read_registry", "write_registry"})
EVERYTHING = {PULL, PUSH, DELETE}


def standing(
    kind: CredentialKind = PERSONAL,
    role: Role | None = None,
    *,
    scopes: frozenset[str] = WRITE,
    visibility: Visibility = PRIVATE,
    **more,
) -> Standing:
    return Standing(kind, scopes, role, visibility, "acme/shop", **more)


# --- what is asked


def repository(name: str, *asked: Action) -> Request:
    return Request("repository", name, frozenset(asked))


CATALOG = Request("registry", "catalog", frozenset({PULL}))

ASKED = [
    ([], []),
    ([""], []),
    (["  "], []),
    (["repository:acme/shop:pull"], [repository("acme/shop", PULL)]),
    (["repository:acme/shop:pull,push"], [repository("acme/shop", PULL, PUSH)]),
    (["repository:acme/shop:push,pull,delete"], [repository("acme/shop", PULL, PUSH, DELETE)]),
    (["repository:acme/shop:*"], [repository("acme/shop", PULL, PUSH, DELETE)]),
    (["repository:acme/shop:pull,pull"], [repository("acme/shop", PULL)]),
    (["repository:acme/shop:pull repository:acme/other:pull"],
     [repository("acme/shop", PULL), repository("acme/other", PULL)]),
    (["repository:acme/shop:pull", "repository:acme/other:push"],
     [repository("acme/shop", PULL), repository("acme/other", PUSH)]),
    (["repository:acme/shop:pull", "repository:acme/shop:push"], [repository("acme/shop", PULL, PUSH)]),
    (["repository:acme/shop:fly"], [repository("acme/shop")]),
    (["repository:acme/shop:pull,fly,administer"], [repository("acme/shop", PULL)]),
    (["repository:alpine:pull"], [repository("alpine", PULL)]),
    (["repository(plugin):acme/shop:pull"], [repository("acme/shop", PULL)]),
    (["registry:catalog:*"], [CATALOG]),
    (["registry:statistics:*"], [Request("registry", "statistics", frozenset({PULL}))]),
    (["repository:a/b/*:pull"], [repository("a/b/*", PULL)]),
    (["repository:a/b/*:pull,push,delete"], [repository("a/b/*", PULL)]),
    (["repository:a/b/*:*"], [repository("a/b/*", PULL)]),
    (["registry:catalog:* repository:a/b:pull"], [CATALOG, repository("a/b", PULL)]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), ASKED)
def test_parse_scopes(texts: list[str], expected: list[Request]) -> None:
    assert parse_scopes(texts) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pull", "is not understood: write repository:<name>:<actions>"),
        ("repository", "is not understood"),
        ("repository:acme/shop", "is not understood"),
        ("repository:acme/shop:", "is not understood"),
        ("repository::pull", "is not understood"),
        ("repository:acme/shop:5000/x:pull", "is not understood"),
        ("repository:acme/shop:PULL", "is not understood"),
        ("repository:acme/shop:pull;push", "is not understood"),
        ("repository:acme/shop:" + "p" * 101, "is not understood"),
        ("Repository:acme/shop:pull", "is not understood"),
        ("plugin:acme/shop:pull", "is not understood"),
        ("registry:catalog:pull", "or registry:catalog"),
        ("registry:catalog:*,pull", "or registry:catalog"),
        ("registry:other:*", "or registry:catalog"),
        ("repository:Acme/shop:pull", "upper-case letters"),
        ("repository:acme/../shop:pull", "not allowed"),
        ("repository:acme/shop\x00:pull", "not allowed"),
        ("repository:" + "a" * 256 + ":pull", "256 characters"),
        ("repository:" + "a/" * 19 + "a:pull", "20 levels"),
        ("x" * 1_000_000, "is not understood"),
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_parse_scopes_refuses(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        parse_scopes(["repository:acme/shop:pull", text])
    assert len(str(refusal.value)) < 1000


def test_parse_scopes_takes_only_so_many() -> None:
    asked = [f"repository:acme/shop{number}:pull" for number in range(MOST_REQUESTS)]
    assert len(parse_scopes(asked)) == MOST_REQUESTS
    assert len(parse_scopes(asked * 3)) == MOST_REQUESTS
    with pytest.raises(ValueError, match=f"more than {MOST_REQUESTS} scopes"):
        parse_scopes([*asked, "registry:catalog:*"])


# --- what is granted

GRANTED = [
    # the table: default rights, exactly
    (standing(role=Role.GUEST), {PULL}),
    (standing(role=Role.REPORTER), {PULL}),
    (standing(role=Role.DEVELOPER), {PULL, PUSH}),
    (standing(role=Role.MAINTAINER), EVERYTHING),
    (standing(role=Role.OWNER), EVERYTHING),
    (standing(PASSWORD, Role.DEVELOPER, scopes=frozenset()), {PULL, PUSH}),
    # GitLab's
    (standing(role=Role.GUEST, profile=Profile.GITLAB), set()),
    (standing(role=Role.REPORTER, profile=Profile.GITLAB), {PULL}),
    (standing(role=Role.DEVELOPER, profile=Profile.GITLAB), EVERYTHING),
    (standing(role=Role.GUEST, profile=Profile.GITLAB, visibility=PUBLIC), {PULL}),
    # scopes
    (standing(role=Role.OWNER, scopes=READ), {PULL}),
    (standing(role=Role.OWNER, scopes=frozenset({"write_registry"})), {DELETE}),
    (standing(role=Role.OWNER, scopes=frozenset({"read_repository"})), set()),
    (standing(role=Role.OWNER, scopes=frozenset({"api"})), EVERYTHING),
    (standing(role=Role.GUEST, scopes=frozenset({"api"})), {PULL}),
    # visibility
    (standing(), set()),
    (standing(visibility=INTERNAL), {PULL}),
    (standing(visibility=PUBLIC), {PULL}),
    (standing(visibility=PUBLIC, scopes=frozenset()), set()),
    (standing(ANONYMOUS, scopes=frozenset()), set()),
    (standing(ANONYMOUS, scopes=frozenset(), visibility=INTERNAL), set()),
    (standing(ANONYMOUS, scopes=frozenset(), visibility=PUBLIC), {PULL}),
    # deploy tokens act for nobody and never delete
    (standing(DEPLOY, Role.DEVELOPER), {PULL, PUSH}),
    (standing(DEPLOY, Role.MAINTAINER), {PULL, PUSH}),
    (standing(DEPLOY, Role.DEVELOPER, scopes=READ), {PULL}),
    (standing(DEPLOY, visibility=INTERNAL), set()),
    (standing(DEPLOY, visibility=PUBLIC), {PULL}),
    # job tokens do what their user may, elsewhere only pull
    (standing(JOB, Role.DEVELOPER, scopes=frozenset()), {PULL, PUSH}),
    (standing(JOB, Role.MAINTAINER, scopes=frozenset()), EVERYTHING),
    (standing(JOB, Role.MAINTAINER, scopes=frozenset(), own=False), {PULL}),
    (standing(JOB, Role.GUEST, scopes=frozenset(), own=False), {PULL}),
    (standing(JOB, Role.OWNER, scopes=frozenset(), own=False, barred=True), set()),
    (standing(JOB, scopes=frozenset(), own=False, barred=True, visibility=INTERNAL), {PULL}),
    # administrators are owners
    (standing(CredentialKind.OPERATOR, Role.OWNER, scopes=frozenset()), EVERYTHING),
]


@pytest.mark.parametrize(("place", "expected"), GRANTED)
def test_decide(place: Standing, expected: set[Action]) -> None:
    found = decide(EVERYTHING, place)
    assert found.granted == expected
    assert not found.granted & found.refused.keys()


@pytest.mark.parametrize(("place", "expected"), GRANTED)
def test_decide_answers_only_what_was_asked(place: Standing, expected: set[Action]) -> None:
    for size in range(4):
        for asked in itertools.combinations(sorted(EVERYTHING), size):
            found = decide(asked, place)
            assert found.granted == expected & set(asked)
            assert found.refused.keys() <= set(asked)


@pytest.mark.parametrize(
    "place",
    [
        standing(),
        standing(scopes=frozenset()),
        standing(scopes=frozenset({"api"})),
        standing(DEPLOY),
        standing(DEPLOY, visibility=INTERNAL),
        standing(ANONYMOUS, scopes=frozenset()),
        standing(ANONYMOUS, scopes=frozenset(), visibility=INTERNAL),
        standing(JOB, scopes=frozenset(), own=False),
    ],
)
def test_a_hidden_project_says_nothing(place: Standing) -> None:
    assert decide(EVERYTHING, place) == Decision(frozenset(), {})


# --- what is said

SENTENCES = [
    (
        standing(role=Role.REPORTER), PUSH,
        "you are a reporter in acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can grant it",
    ),
    (
        standing(role=Role.OWNER, scopes=READ), PUSH,
        "your token has read_registry; pushing needs write_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        standing(role=Role.REPORTER, scopes=READ), PUSH,
        "you are a reporter in acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can grant it",
    ),
    (
        standing(role=Role.DEVELOPER), DELETE,
        "you are a developer in acme/shop; deleting needs the role maintainer: "
        "a maintainer or owner of the project can grant it",
    ),
    (
        standing(visibility=PUBLIC), PUSH,
        "you are not a member of acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can grant it",
    ),
    (
        standing(role=Role.GUEST, profile=Profile.GITLAB), PULL,
        "you are a guest in acme/shop; pulling needs the role reporter: "
        "a maintainer or owner of the project can grant it",
    ),
    (
        standing(PROJECT, Role.REPORTER), PUSH,
        "your project token is a reporter in acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can create a token that has it",
    ),
    (
        standing(GROUP, visibility=PUBLIC), PUSH,
        "your group token is not a member of acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can create a token that has it",
    ),
    (
        standing(DEPLOY, visibility=PUBLIC), PUSH,
        "your deploy token is not a member of acme/shop; pushing needs the role developer: "
        "a maintainer or owner of the project can create a token that has it",
    ),
    (
        standing(DEPLOY, Role.DEVELOPER), DELETE,
        "deleting is nothing a deploy token is for: use a personal, project or group access token with write_registry",
    ),
    (
        standing(DEPLOY, Role.DEVELOPER, scopes=READ), PUSH,
        "your token has read_registry; pushing needs write_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        standing(ANONYMOUS, scopes=frozenset(), visibility=PUBLIC), PUSH,
        "you are not signed in; pushing needs it: "
        "log in with an access token that has read_registry and write_registry",
    ),
    (
        standing(ANONYMOUS, scopes=frozenset()), PULL,
        "you are not signed in; pulling needs it: log in with an access token that has read_registry",
    ),
    (
        standing(JOB, Role.OWNER, scopes=frozenset(), own=False), PUSH,
        "a job token is good for pushing in its own project only: use an access token of acme/shop here",
    ),
    (
        standing(JOB, Role.OWNER, scopes=frozenset(), own=False, barred=True), PULL,
        "acme/shop does not let in the jobs of your project: "
        "a maintainer of it can put your project on its allowlist, under Settings, CI/CD",
    ),
    (
        standing(role=Role.MAINTAINER), ADMINISTER,
        "your token has read_registry, write_registry; changing settings needs api as well: create one with api",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("place", "action", "sentence"), SENTENCES)
def test_lacking_says_what_and_how(place: Standing, action: Action, sentence: str) -> None:
    assert lacking(action, place) == sentence


standings = st.builds(
    Standing,
    kind=st.sampled_from(CredentialKind),
    scopes=st.frozensets(st.sampled_from(sorted(SCOPES))),
    role=st.none() | st.sampled_from(Role),
    visibility=st.sampled_from(Visibility),
    project=st.just("acme/shop"),
    profile=st.sampled_from(Profile),
    own=st.booleans(),
)


@given(standings, st.sets(st.sampled_from(Action)))
def test_granted_is_what_role_scopes_and_place_allow_together(place: Standing, asked: set[Action]) -> None:
    found = decide(asked, place)
    signed_in = place.kind not in (ANONYMOUS, DEPLOY)
    for action in asked:
        role = may(action, place.role, place.visibility, signed_in=signed_in, profile=place.profile)
        allowed = role and action in actions(place.kind, place.scopes) and (place.own or action is PULL)
        assert (action in found.granted) is allowed
    reads = may(PULL, place.role, place.visibility, signed_in=signed_in, profile=place.profile)
    assert found.granted | found.refused.keys() == (asked if reads or place.role is not None else set())
    assert all("; " in sentence or ": " in sentence for sentence in found.refused.values())


# --- what rules of protection take away again


@pytest.mark.parametrize(
    ("level", "left"),
    [(Level.MAINTAINER - 10, {PULL}), (Level.MAINTAINER, {PULL, PUSH}), (Level.OWNER, {PULL, PUSH, DELETE})],
)
def test_guarded_takes_what_a_rule_keeps_for_others(level: int, left: set[Action]) -> None:
    rule = Rule(Kind.REPOSITORY, "acme/shop/*", Level.MAINTAINER, Level.OWNER)
    decision = guarded(Decision(frozenset(EVERYTHING), {}), Guard([rule]), "acme/shop/web", level)
    assert decision.granted == left
    assert set(decision.refused) == EVERYTHING - left
    assert all("acme/shop/web" in sentence for sentence in decision.refused.values())


def test_guarded_leaves_other_repositories_alone_and_keeps_what_was_refused_before() -> None:
    rule = Rule(Kind.REPOSITORY, "acme/shop/*", Level.ADMIN, Level.ADMIN)
    before = Decision(frozenset({PULL, PUSH}), {DELETE: "you are no maintainer"})
    assert guarded(before, Guard([rule]), "acme/other/web", 0) == before
    after = guarded(before, Guard([rule]), "acme/shop/web", 0)
    assert after.granted == {PULL}
    assert after.refused[DELETE] == "you are no maintainer"


# --- registries that are for members, or off (GitLab's matrix of visibilities)

MATRIX: dict[RegistryAccess, dict[Visibility, str]] = {
    RegistryAccess.ENABLED: {PUBLIC: "anonymous stranger guest reporter", INTERNAL: "stranger guest reporter"},
    RegistryAccess.PRIVATE: {PUBLIC: "reporter", INTERNAL: "reporter"},
    RegistryAccess.DISABLED: {},
}
MATRIX[RegistryAccess.ENABLED][PRIVATE] = MATRIX[RegistryAccess.PRIVATE][PRIVATE] = "reporter"
WHO = {
    "anonymous": standing(ANONYMOUS, scopes=frozenset()),
    "stranger": standing(),
    "guest": standing(role=Role.GUEST),
    "reporter": standing(role=Role.REPORTER),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("registry", RegistryAccess)
def test_who_sees_a_registry_by_gitlabs_matrix(registry: RegistryAccess, visibility: Visibility, who: str) -> None:
    asking = replace(WHO[who], visibility=visibility, registry=registry, profile=Profile.GITLAB)
    seen = who in MATRIX[registry].get(visibility, "").split()
    assert (PULL in decide({PULL}, asking).granted) is seen


@pytest.mark.parametrize("visibility", Visibility)
def test_guests_see_a_registry_for_members_where_guests_may_pull(visibility: Visibility) -> None:
    seen = {"visibility": visibility, "registry": RegistryAccess.PRIVATE}
    assert decide({PULL}, replace(WHO["guest"], **seen)).granted == {PULL}
    assert decide({PULL}, replace(WHO["stranger"], **seen)) == Decision()


def test_a_registry_for_members_takes_pushes_as_before() -> None:
    asking = standing(role=Role.MAINTAINER, visibility=PUBLIC, registry=RegistryAccess.PRIVATE)
    assert decide(EVERYTHING, asking).granted == EVERYTHING


def test_a_registry_that_is_off_refuses_everybody_who_knows_the_project() -> None:
    asking = standing(role=Role.OWNER, registry=RegistryAccess.DISABLED, scopes=frozenset({"api"}))
    decision = decide({*EVERYTHING, ADMINISTER}, asking)
    assert decision.granted == {ADMINISTER}
    assert decision.refused[PUSH] == (
        "the registry of acme/shop is switched off: "
        "a maintainer of the project can set its container_registry_access_level"
    )
    assert decide(EVERYTHING, replace(asking, role=None)) == Decision()
    assert decide({PULL}, replace(asking, role=None, visibility=PUBLIC)).refused.keys() == {PULL}
