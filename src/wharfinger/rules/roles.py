"""What a role may do, as one table a profile.

`default` gives every member the right to pull; `gitlab` is GitLab's present table, where guests of a private project
cannot pull and developers may delete.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final


class Role(IntEnum):
    """What a member is, weakest first; the numbers are GitLab's access levels."""

    GUEST = 10
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


class Visibility(IntEnum):
    """Who may read without being a member: nobody, anybody signed in, anybody."""

    PRIVATE = 0
    INTERNAL = 10
    PUBLIC = 20


class RegistryAccess(StrEnum):
    """Who sees the images of a project: whoever sees the project, its members alone, or nobody at all."""

    ENABLED = "enabled"
    PRIVATE = "private"
    DISABLED = "disabled"


class Action(StrEnum):
    """What can be done to a project's images; the first three are the words of registry tokens."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    ADMINISTER = "administer"


class Profile(StrEnum):
    """Which table holds."""

    DEFAULT = "default"
    GITLAB = "gitlab"


LOWEST: Final[Mapping[Profile, Mapping[Action, Role]]] = {
    Profile.DEFAULT: {
        Action.PULL: Role.GUEST,
        Action.PUSH: Role.DEVELOPER,
        Action.DELETE: Role.MAINTAINER,
        Action.ADMINISTER: Role.MAINTAINER,
    },
    Profile.GITLAB: {
        Action.PULL: Role.REPORTER,
        Action.PUSH: Role.DEVELOPER,
        Action.DELETE: Role.DEVELOPER,
        Action.ADMINISTER: Role.MAINTAINER,
    },
}


def lowest_role(action: Action, visibility: Visibility, profile: Profile) -> Role | None:
    """The weakest role that may; None where no role is needed, because the project's visibility is enough."""
    open_to_read = action is Action.PULL and visibility is not Visibility.PRIVATE
    return None if open_to_read else LOWEST[profile][action]


def may(action: Action, role: Role | None, visibility: Visibility, *, signed_in: bool, profile: Profile) -> bool:
    """Whether somebody with this role (None: no member) may do this to a project of this visibility."""
    needed = LOWEST[profile][action]
    if role is not None and role >= needed:
        return True
    return action is Action.PULL and open_to(visibility, signed_in=signed_in)


def of_images(visibility: Visibility, access: RegistryAccess) -> Visibility:
    """The visibility of a project's images: those of a public project can be for its members only."""
    return Visibility.PRIVATE if access is RegistryAccess.PRIVATE else visibility


def open_to(visibility: Visibility, *, signed_in: bool) -> bool:
    """Whether one who is no member may read."""
    return visibility is Visibility.PUBLIC or (visibility is Visibility.INTERNAL and signed_in)
