"""Which role may do what: the issue's table, and GitLab's."""

import itertools

import pytest

from wharfinger.rules.roles import (
    LOWEST,
    Action,
    Profile,
    RegistryAccess,
    Role,
    Visibility,
    lowest_role,
    may,
    of_images,
    open_to,
)

PULL, PUSH, DELETE, ADMINISTER = Action
PRIVATE, INTERNAL, PUBLIC = Visibility

# profile → role → what it may do in a private project
MEMBERS: dict[Profile, dict[Role | None, set[Action]]] = {
    Profile.DEFAULT: {
        None: set(),
        Role.GUEST: {PULL},
        Role.REPORTER: {PULL},
        Role.DEVELOPER: {PULL, PUSH},
        Role.MAINTAINER: {PULL, PUSH, DELETE, ADMINISTER},
        Role.OWNER: {PULL, PUSH, DELETE, ADMINISTER},
    },
    Profile.GITLAB: {
        None: set(),
        Role.GUEST: set(),
        Role.REPORTER: {PULL},
        Role.DEVELOPER: {PULL, PUSH, DELETE},
        Role.MAINTAINER: {PULL, PUSH, DELETE, ADMINISTER},
        Role.OWNER: {PULL, PUSH, DELETE, ADMINISTER},
    },
}

ROLES = [None, *Role]
EVERYBODY = list(itertools.product(Profile, ROLES, Visibility, (False, True), Action))


@pytest.mark.parametrize(("profile", "role", "visibility", "signed_in", "action"), EVERYBODY)
def test_may(profile: Profile, role: Role | None, visibility: Visibility, signed_in: bool, action: Action) -> None:
    opened = action is PULL and (visibility is PUBLIC or (visibility is INTERNAL and signed_in))
    expected = action in MEMBERS[profile][role] or opened
    assert may(action, role, visibility, signed_in=signed_in, profile=profile) is expected


@pytest.mark.parametrize(
    ("visibility", "signed_in", "expected"),
    [
        (PRIVATE, False, False),
        (PRIVATE, True, False),
        (INTERNAL, False, False),
        (INTERNAL, True, True),
        (PUBLIC, False, True),
        (PUBLIC, True, True),
    ],
)
def test_open_to(visibility: Visibility, signed_in: bool, expected: bool) -> None:
    assert open_to(visibility, signed_in=signed_in) is expected


@pytest.mark.parametrize(("profile", "visibility", "action"), list(itertools.product(Profile, Visibility, Action)))
def test_lowest_role_is_the_first_that_may(profile: Profile, visibility: Visibility, action: Action) -> None:
    if action is PULL and visibility is not PRIVATE:
        assert lowest_role(action, visibility, profile) is None
        return
    first = next(role for role in Role if may(action, role, visibility, signed_in=True, profile=profile))
    assert lowest_role(action, visibility, profile) is first


def test_a_stronger_role_may_no_less() -> None:
    for profile, action, visibility in itertools.product(Profile, Action, Visibility):
        answers = [may(action, role, visibility, signed_in=True, profile=profile) for role in ROLES]
        assert answers == sorted(answers)


def test_every_profile_knows_every_action() -> None:
    assert all(set(LOWEST[profile]) == set(Action) for profile in Profile)


def test_numbers_are_those_that_clients_send() -> None:
    assert [role.value for role in Role] == [10, 20, 30, 40, 50]
    assert [visibility.value for visibility in Visibility] == [0, 10, 20]
    assert [str(action) for action in Action] == ["pull", "push", "delete", "administer"]


@pytest.mark.parametrize("visibility", Visibility)
def test_images_can_be_for_members_of_a_project_that_all_see(visibility: Visibility) -> None:
    assert of_images(visibility, RegistryAccess.ENABLED) is visibility
    assert of_images(visibility, RegistryAccess.DISABLED) is visibility
    assert of_images(visibility, RegistryAccess.PRIVATE) is PRIVATE
