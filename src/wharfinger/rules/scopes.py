"""What a credential is good for, whoever holds it: its kind and its scopes. The role decides the rest.

Pushing needs reading too, because every client asks for both. `write_registry` carries deletion where the role allows
it (in GitLab only `api` does); a deploy token never deletes, and a job token does what its user may.
"""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Final

from wharfinger.rules.roles import Action


class CredentialKind(StrEnum):
    """How somebody showed who they are; stored with the credential."""

    ANONYMOUS = "anonymous"
    PASSWORD = "password"  # noqa: S105 - a kind, not a password
    PERSONAL = "personal"
    PROJECT = "project"
    GROUP = "group"
    DEPLOY = "deploy"
    JOB = "job"
    OPERATOR = "operator"
    REGISTRY = "registry"
    SESSION = "session"


SCOPES: Final[Mapping[str, str]] = {
    "api": "read and change everything the role allows, through the API, the registry and git",
    "read_api": "read everything the role allows, through the API and the registry",
    "read_user": "read the profile of the token's owner",
    "read_repository": "read git repositories",
    "write_repository": "read and push to git repositories",
    "read_registry": "pull images",
    "write_registry": "push and delete images; pushing needs read_registry as well",
    "read_virtual_registry": "pull upstream images through the dependency proxy",
    "write_virtual_registry": "fill and purge the dependency proxy",
}

DEPLOY_SCOPES: Final = frozenset(
    {
        "read_repository",
        "read_registry",
        "write_registry",
        "read_virtual_registry",
        "write_virtual_registry",
    }
)

DOING: Final[Mapping[Action, str]] = {
    Action.PULL: "pulling",
    Action.PUSH: "pushing",
    Action.DELETE: "deleting",
    Action.ADMINISTER: "changing settings",
}

_EVERYTHING: Final = frozenset(Action)
_IMAGES: Final = frozenset({Action.PULL, Action.PUSH, Action.DELETE})
_WITHOUT_SCOPES: Final[Mapping[CredentialKind, frozenset[Action]]] = {
    CredentialKind.ANONYMOUS: frozenset({Action.PULL}),
    CredentialKind.PASSWORD: _EVERYTHING,
    CredentialKind.OPERATOR: _EVERYTHING,
    CredentialKind.JOB: _IMAGES,
    CredentialKind.REGISTRY: _IMAGES,
    CredentialKind.SESSION: _EVERYTHING,
}
_NEEDED: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.PULL: ("read_registry",),
    Action.PUSH: ("read_registry", "write_registry"),
    Action.DELETE: ("write_registry",),
    Action.ADMINISTER: ("api",),
}
_NEVER: Final[Mapping[CredentialKind, frozenset[Action]]] = {
    CredentialKind.DEPLOY: frozenset({Action.DELETE, Action.ADMINISTER})
}


def actions(kind: CredentialKind, scopes: Set[str]) -> frozenset[Action]:
    """What the credential can be used for at most."""
    if kind in _WITHOUT_SCOPES:
        return _WITHOUT_SCOPES[kind]
    allowed = {action for action, needed in _NEEDED.items() if _implied(scopes).issuperset(needed)}
    return frozenset(allowed) - _NEVER.get(kind, frozenset())


def lacking(kind: CredentialKind, scopes: Set[str], action: Action) -> str:
    """What the credential lacks for this and how to get it, as a sentence; empty if it lacks nothing."""
    if action in actions(kind, scopes):
        return ""
    if kind is CredentialKind.ANONYMOUS:
        return sign_in(action)
    if kind in _WITHOUT_SCOPES or action in _NEVER.get(kind, ()):
        return (
            f"{DOING[action]} is nothing a {kind} token is for: "
            f"use a personal, project or group access token with {_list(action)}"
        )
    missing = [scope for scope in _NEEDED[action] if scope not in _implied(scopes)]
    have = ", ".join(sorted(scopes)) or "no scopes"
    needs = f"{' and '.join(missing)}{' as well' if scopes else ''}"
    return f"your token has {have}; {DOING[action]} needs {needs}: create one with {_list(action)}"


def sign_in(action: Action) -> str:
    """What an anonymous caller lacks."""
    return f"you are not signed in; {DOING[action]} needs it: log in with an access token that has {_list(action)}"


def _implied(scopes: Set[str]) -> frozenset[str]:
    """The scopes and those that they include."""
    more: set[str] = set()
    if "api" in scopes:
        more = {"read_registry", "write_registry"}
    elif "read_api" in scopes:
        more = {"read_registry"}
    return frozenset(scopes | more)


def _list(action: Action) -> str:
    return " and ".join(_NEEDED[action])
