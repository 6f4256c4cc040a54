"""What a registry token will allow: the decision behind `/jwt/auth`.

A client asks for scopes (distribution's "Token Scope Documentation"): `repository:acme/shop/web:pull,push`. Each is
answered on its own, action by action: granted, or refused with a sentence that says what is missing and how to get it,
unless the caller may not even know that the project is there.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

from wharfinger.rules import scopes as credential_scopes
from wharfinger.rules.protection import Guard, needs
from wharfinger.rules.roles import LOWEST, Action, Profile, RegistryAccess, Role, Visibility, may, of_images, open_to
from wharfinger.rules.scopes import DOING, CredentialKind
from wharfinger.spec import name
from wharfinger.spec.errors import quoted

MOST_REQUESTS: Final = 100
TREE: Final = "/*"
REGISTRY_NAMES: Final = ("catalog", "statistics")

_SCOPE: Final = re.compile(r"(repository|registry)(?:\([a-z0-9]+\))?:([^:]+):([a-z*,]{1,100})")
_EVERY_ACTION: Final = frozenset({Action.PULL, Action.PUSH, Action.DELETE})
_WITH_OWN_ROLE: Final = (CredentialKind.PROJECT, CredentialKind.GROUP, CredentialKind.DEPLOY)
_WORDS: Final[Mapping[str, frozenset[Action]]] = {
    "*": _EVERY_ACTION,
    **{action.value: frozenset({action}) for action in _EVERY_ACTION},
}


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked for: `kind` is "repository", or "registry" with one of REGISTRY_NAMES (where PULL is to read).

    A repository's name may end in TREE: then it is all below that path, and only PULL can be asked for.
    """

    kind: str
    name: str
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands to one project. `role` is None for one who is no member; an administrator is an owner.

    `own` is False where a job asks for another project than the one it runs in. `registry` is who sees the project's
    images, where it is about these: for other matters it stays enabled. `barred` is True where the project lets in the
    jobs of few others, and not of the one that asks.
    """

    kind: CredentialKind
    scopes: Set[str]
    role: Role | None
    visibility: Visibility
    project: str
    profile: Profile = Profile.DEFAULT
    own: bool = True
    registry: RegistryAccess = RegistryAccess.ENABLED
    barred: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether somebody with an account asks: a deploy token acts for nobody."""
        return self.kind not in (CredentialKind.ANONYMOUS, CredentialKind.DEPLOY)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is granted, and a sentence for each action that is not. Both empty: for this caller nothing is there."""

    granted: frozenset[Action] = frozenset()
    refused: Mapping[Action, str] = field(default_factory=dict)


def parse_scopes(texts: Iterable[str]) -> list[Request]:
    """The requests in `scope` parameters, each of which may hold several, separated by spaces; one for each name.

    Actions that mean nothing here are left out. Raises ValueError with a sentence.
    """
    asked: dict[tuple[str, str], frozenset[Action]] = {}
    for part in (part for text in texts for part in text.split()):
        request = _request(part)
        key = (request.kind, request.name)
        asked[key] = asked.get(key, frozenset()) | request.actions
        if len(asked) > MOST_REQUESTS:
            raise ValueError(f"more than {MOST_REQUESTS} scopes in one request: ask for fewer at a time")
    return [Request(kind, name, actions) for (kind, name), actions in asked.items()]


def decide(asked: Iterable[Action], standing: Standing) -> Decision:
    """Which of the actions the caller gets on the project."""
    if not _may_know(standing):
        return Decision()
    refused = {action: sentence for action in sorted(asked) if (sentence := lacking(action, standing))}
    return Decision(frozenset(asked) - refused.keys(), refused)


def guarded(decision: Decision, guard: Guard, path: str, level: int) -> Decision:
    """The decision, less what rules of protection keep somebody of this level from in this repository."""
    refused = {
        action: needs(action, f"the repository {path}", lowest)
        for action in sorted(decision.granted - {Action.PULL})
        if (lowest := guard.repository_level(path, action)) is not None and lowest > level
    }
    return Decision(decision.granted - refused.keys(), {**decision.refused, **refused})


def lacking(action: Action, standing: Standing) -> str:
    """Why not, to one who may know the project; empty if nothing is in the way.

    Nobody gets past a registry that is switched off.

    The role comes first, because a better token would not help; a deploy token has no person who could get a role.
    """
    if standing.registry is RegistryAccess.DISABLED and action is not Action.ADMINISTER:
        return (
            f"the registry of {standing.project} is switched off: "
            "a maintainer of the project can set its container_registry_access_level"
        )
    of_scopes = credential_scopes.lacking(standing.kind, standing.scopes, action)
    of_role = _of_role(action, standing)
    first, second = (of_scopes, of_role) if standing.kind is CredentialKind.DEPLOY else (of_role, of_scopes)
    return first or second or _of_place(action, standing)


def _request(text: str) -> Request:
    found = _SCOPE.fullmatch(text)
    if found is None or (found[1] == "registry" and not (found[2] in REGISTRY_NAMES and found[3] == "*")):
        raise ValueError(
            f"the scope {quoted(text)} is not understood: write repository:<name>:<actions>, "
            "as in repository:acme/shop:pull,push, or registry:catalog:*"
        )
    if found[1] == "registry":
        return Request("registry", found[2], frozenset({Action.PULL}))
    asked = frozenset[Action]().union(*(_WORDS.get(word, ()) for word in found[3].split(",")))
    name.repository(found[2].removesuffix(TREE))
    return Request("repository", found[2], asked & {Action.PULL} if found[2].endswith(TREE) else asked)


def _may_know(standing: Standing) -> bool:
    """Members know their project, even where they may not pull; others know what they can read."""
    return standing.role is not None or _role_allows(Action.PULL, standing)


def _role_allows(action: Action, standing: Standing) -> bool:
    seen = of_images(standing.visibility, standing.registry)
    return may(action, standing.role, seen, signed_in=standing.signed_in, profile=standing.profile)


def _of_role(action: Action, standing: Standing) -> str:
    if _role_allows(action, standing):
        return ""
    if standing.kind is CredentialKind.ANONYMOUS:
        return credential_scopes.sign_in(action)
    needed = LOWEST[standing.profile][action].name.lower()
    tokens_own = standing.kind in _WITH_OWN_ROLE
    who = f"your {standing.kind} token is" if tokens_own else "you are"
    how = "create a token that has it" if tokens_own else "grant it"
    return (
        f"{who} {_membership(standing)}; {DOING[action]} needs the role {needed}: "
        f"a maintainer or owner of the project can {how}"
    )


def _membership(standing: Standing) -> str:
    if standing.role is None:
        return f"not a member of {standing.project}"
    return f"a {standing.role.name.lower()} in {standing.project}"  # "an" owner never lacks a role


def _of_place(action: Action, standing: Standing) -> str:
    if standing.own:
        return ""
    if action is Action.PULL:
        return _of_jobs(standing)
    return (
        f"a job token is good for {DOING[action]} in its own project only: "
        f"use an access token of {standing.project} here"
    )


def _of_jobs(standing: Standing) -> str:
    seen = of_images(standing.visibility, standing.registry)
    if not standing.barred or open_to(seen, signed_in=standing.signed_in):
        return ""
    return (
        f"{standing.project} does not let in the jobs of your project: "
        "a maintainer of it can put your project on its allowlist, under Settings, CI/CD"
    )
