"""What a credential is good for, and what it lacks in words."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules.roles import Action
from wharfinger.rules.scopes import DEPLOY_SCOPES, DOING, SCOPES, CredentialKind, actions, lacking, sign_in

PULL, PUSH, DELETE, ADMINISTER = Action
ALL = set(Action)
IMAGES = {PULL, PUSH, DELETE}

# what a token with these scopes may do at most
BY_SCOPE: dict[str, set[Action]] = {
    "": set(),
    "api": ALL,
    "read_api": {PULL},
    "read_user": set(),
    "read_registry": {PULL},
    "write_registry": {DELETE},
    "read_registry write_registry": IMAGES,
    "read_api write_registry": IMAGES,
    "api read_api": ALL,
    "read_repository": set(),
    "read_repository write_repository": set(),
    "read_virtual_registry write_virtual_registry": set(),
    "read_repository read_registry": {PULL},
    "API": set(),
    "registry": set(),
}

WITHOUT_SCOPES = {
    CredentialKind.ANONYMOUS: {PULL},
    CredentialKind.PASSWORD: ALL,
    CredentialKind.OPERATOR: ALL,
    CredentialKind.JOB: IMAGES,
    CredentialKind.REGISTRY: IMAGES,
    CredentialKind.SESSION: ALL,
}
TOKENS = [CredentialKind.PERSONAL, CredentialKind.PROJECT, CredentialKind.GROUP]


@pytest.mark.parametrize(("scopes", "expected"), BY_SCOPE.items())
@pytest.mark.parametrize("kind", TOKENS)
def test_actions_of_tokens(kind: CredentialKind, scopes: str, expected: set[Action]) -> None:
    assert actions(kind, set(scopes.split())) == expected


@pytest.mark.parametrize(("scopes", "expected"), BY_SCOPE.items())
def test_deploy_tokens_never_delete_nor_administer(scopes: str, expected: set[Action]) -> None:
    assert actions(CredentialKind.DEPLOY, set(scopes.split())) == expected - {DELETE, ADMINISTER}


@pytest.mark.parametrize(("kind", "expected"), WITHOUT_SCOPES.items())
def test_other_kinds_have_no_scopes(kind: CredentialKind, expected: set[Action]) -> None:
    assert actions(kind, set()) == expected
    assert actions(kind, {"api"}) == expected


def test_every_kind_is_told_apart() -> None:
    assert set(CredentialKind) == {*WITHOUT_SCOPES, *TOKENS, CredentialKind.DEPLOY}


SENTENCES = [
    (
        CredentialKind.PERSONAL, "read_registry", PUSH,
        "your token has read_registry; pushing needs write_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        CredentialKind.GROUP, "write_registry", PUSH,
        "your token has write_registry; pushing needs read_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        CredentialKind.PERSONAL, "read_api", PUSH,
        "your token has read_api; pushing needs write_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        CredentialKind.PROJECT, "write_repository read_repository", PULL,
        "your token has read_repository, write_repository; pulling needs read_registry as well: "
        "create one with read_registry",
    ),
    (
        CredentialKind.PERSONAL, "", PUSH,
        "your token has no scopes; pushing needs read_registry and write_registry: "
        "create one with read_registry and write_registry",
    ),
    (
        CredentialKind.PERSONAL, "read_registry", DELETE,
        "your token has read_registry; deleting needs write_registry as well: create one with write_registry",
    ),
    (
        CredentialKind.PERSONAL, "read_registry write_registry", ADMINISTER,
        "your token has read_registry, write_registry; changing settings needs api as well: create one with api",
    ),
    (
        CredentialKind.DEPLOY, "read_registry", PUSH,
        "your token has read_registry; pushing needs write_registry as well: "
        "create one with read_registry and write_registry",
    ),
    (
        CredentialKind.DEPLOY, "read_registry write_registry", DELETE,
        "deleting is nothing a deploy token is for: use a personal, project or group access token with write_registry",
    ),
    (
        CredentialKind.JOB, "", ADMINISTER,
        "changing settings is nothing a job token is for: use a personal, project or group access token with api",
    ),
    (
        CredentialKind.REGISTRY, "", ADMINISTER,
        "changing settings is nothing a registry token is for: use a personal, project or group access token with api",
    ),
    (
        CredentialKind.ANONYMOUS, "", PUSH,
        "you are not signed in; pushing needs it: "
        "log in with an access token that has read_registry and write_registry",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "scopes", "action", "sentence"), SENTENCES)
def test_lacking_says_what_and_how(kind: CredentialKind, scopes: str, action: Action, sentence: str) -> None:
    assert lacking(kind, set(scopes.split()), action) == sentence


@given(st.sampled_from(CredentialKind), st.sets(st.sampled_from(sorted(SCOPES))), st.sampled_from(Action))
def test_lacking_is_silent_where_nothing_lacks(kind: CredentialKind, scopes: set[str], action: Action) -> None:
    assert bool(lacking(kind, scopes, action)) is (action not in actions(kind, scopes))


@given(st.sampled_from(CredentialKind), st.sets(st.sampled_from(sorted(SCOPES))), st.sampled_from(sorted(SCOPES)))
def test_one_more_scope_takes_nothing_away(kind: CredentialKind, scopes: set[str], more: str) -> None:
    assert actions(kind, scopes) <= actions(kind, scopes | {more})


@pytest.mark.parametrize(("kind", "action"), list(itertools.product(TOKENS, Action)))
def test_the_advice_helps(kind: CredentialKind, action: Action) -> None:
    """Who creates the token that the sentence describes can do it then."""
    advised = lacking(kind, set(), action).partition("create one with ")[2].split(" and ")
    assert action in actions(kind, set(advised))


@pytest.mark.parametrize("action", Action)
def test_sign_in_names_the_scopes_to_ask_for(action: Action) -> None:
    advised = sign_in(action).partition("an access token that has ")[2].split(" and ")
    assert action in actions(CredentialKind.PERSONAL, set(advised))


def test_deploy_scopes_are_scopes() -> None:
    assert SCOPES.keys() >= DEPLOY_SCOPES
    assert not DEPLOY_SCOPES & {"api", "read_api", "read_user"}


def test_every_action_has_a_word() -> None:
    assert DOING.keys() == ALL
