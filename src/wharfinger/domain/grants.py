"""Registry tokens: what `/jwt/auth` gives out and `/v2` believes (distribution's token authentication).

A token names the projects it opens by id as well as by path, so one for a project that was deleted and made again, or
whose path somebody else has taken, opens nothing. What the caller asked for and does not get stands in it too, with
the reason, so that a refusal needs no database: `{}` for a repository that does not exist for this caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from wharfinger.db import groups as group_rows
from wharfinger.domain import access, guard
from wharfinger.domain.access import Caller, Grant, Group, Project
from wharfinger.domain.errors import GroupUnknown, ScopeMissing, ServiceUnknown, SignInNeeded
from wharfinger.domain.keys import Untrusted, Verified
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants, protection, scopes
from wharfinger.rules import origin as origins
from wharfinger.rules.grants import Decision, Request
from wharfinger.rules.protection import Guard, Kind, Level, Rule
from wharfinger.rules.roles import Action
from wharfinger.rules.scopes import CredentialKind

CLOCKS_APART: Final = timedelta(seconds=5)  # a token is good on a host whose clock is a little behind ours
MOST_REASONS: Final = 10  # a token travels in a header: reasons for the first of many refusals are enough

_IMAGES: Final = frozenset({Action.PULL, Action.PUSH, Action.DELETE})
_EMPTY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Issued:
    """A registry token, how long it is good for, and since when."""

    token: str
    expires_in_seconds: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a request for one repository comes to; `place` is None where there is none for this caller."""

    name: str
    place: Project | Group | None
    decision: Decision
    guard: Guard = field(default_factory=Guard)
    level: int = 0


def issue(tools: Tools, caller: Caller, service: str, requests: Sequence[Request]) -> Issued:
    """A token for what the caller may do of what it asks for, which may be nothing (reference registry: JWT).

    Raises ServiceUnknown, and ScopeMissing for a credential that is good for nothing in a registry.
    """
    if service != tools.policy.audience:
        raise ServiceUnknown(f"no service {service!r} here: ask for service={tools.policy.audience}")
    usable = scopes.actions(caller.kind, caller.scopes)
    if not usable & _IMAGES:
        raise ScopeMissing(scopes.lacking(caller.kind, caller.scopes, Action.PULL))
    with tools.db.read() as tx:
        answers = [_answer(tx, tools, caller, request) for request in requests if request.kind == "repository"]
        roots = _roots(tx, answers)
    entries = [_entry(answer, roots) for answer in answers if answer.place and answer.decision.granted]
    if caller.kind is CredentialKind.ANONYMOUS and requests and not entries:
        raise ScopeMissing("nothing of this is open to everybody: log in with an access token")
    asked = {request.name for request in requests if request.kind == "registry"}
    entries += [{"type": "registry", "name": name, "actions": ["*"]} for name in sorted(asked & _open_to(caller))]
    return _sign(tools, caller, {"access": entries, "refused": _refused(answers)})


def verify(tools: Tools, token: str) -> tuple[Caller, datetime]:
    """Who a registry token speaks for, and until when. Raises SignInNeeded (error "invalid_token")."""
    try:
        verified = tools.keys.verify(token)
        until = _times(verified.claims, tools.clock())
        issuer = verified.issuer
        if verified.claims.get("aud") != (issuer.audience if issuer else tools.policy.audience):
            raise Untrusted("the token is for another service")
        caller = _ours(tools, verified.claims) if issuer is None else _theirs(verified)
    except (Untrusted, ValueError, TypeError, KeyError, AttributeError) as error:
        why = str(error) if isinstance(error, Untrusted) else "the token's claims are not those of a registry token"
        raise SignInNeeded(f"{why}: get a new one from the token service", error="invalid_token") from error
    return caller, until


def _answer(tx: Connection, tools: Tools, caller: Caller, request: Request) -> _Answer:
    found = access.standing(tx, caller, request.name)
    if found is None:
        return _of_group(tx, caller, request)
    project, standing, path = found
    decision = grants.decide(request.actions, standing)
    if not decision.granted and not decision.refused:
        return _of_group(tx, caller, request)  # none: but what is hidden asks the database what is absent asks
    if not decision.granted - {Action.PULL}:
        return _Answer(request.name, project, decision)
    held, level = guard.of(tx, tools, project.id, project.path), protection.level(project.role, admin=caller.admin)
    return _Answer(request.name, project, grants.guarded(decision, held, path, level), held, level)


def _of_group(tx: Connection, caller: Caller, request: Request) -> _Answer:
    """A group is looked at as a whole by whoever sees it: of what is in it they are told what they may pull."""
    unknown = _Answer(request.name, None, Decision())
    if request.actions != {Action.PULL}:
        return unknown
    try:
        group = access.open_group(tx, caller, request.name.removesuffix(grants.TREE), Action.PULL)
    except GroupUnknown:
        return unknown
    except ScopeMissing as refusal:
        return _Answer(request.name, None, Decision(refused={Action.PULL: str(refusal)}))
    return _Answer(request.name, group, Decision(request.actions))


def _roots(tx: Connection, answers: Sequence[_Answer]) -> Mapping[str, int | None]:
    """The ids of the topmost namespaces of what is granted, by path."""
    paths = {answer.place.path.partition("/")[0] for answer in answers if answer.place and answer.decision.granted}
    return {path: group_rows.id_at(tx, path) for path in paths}


def _entry(answer: _Answer, roots: Mapping[str, int | None]) -> dict[str, Any]:
    place = answer.place
    assert place is not None  # noqa: S101 - for the type checker: `issue` passes no other
    kind = "project" if isinstance(place, Project) else "group"
    meta = {
        f"{kind}_path": place.path,
        f"{kind}_id": place.id,
        "root_namespace_id": roots.get(place.path.partition("/")[0]),
    }
    meta |= _patterns(answer)
    actions = sorted(answer.decision.granted)
    return {"type": "repository", "name": answer.name, "actions": actions, "meta": meta}


def _patterns(answer: _Answer) -> dict[str, Any]:
    """Which tags the caller may not push or delete, and which never move, as GitLab's registry expects it."""
    held, immutable = answer.guard, answer.guard.immutable_patterns()
    changing = sorted(answer.decision.granted - {Action.PULL})
    found: dict[str, Any] = {}
    if any(rule.kind is Kind.TAG for rule in held.rules):
        found["tag_deny_access_patterns"] = {str(each): held.denied(each, answer.level) for each in changing}
    if immutable:
        found["tag_immutable_patterns"] = immutable
    return found


def _refused(answers: Sequence[_Answer]) -> dict[str, Mapping[str, str]]:
    """The reasons by repository and action; none where the caller may not know that there is something."""
    refused: dict[str, Mapping[str, str]] = {}
    for answer in answers:
        decision = answer.decision
        if decision.refused and len(refused) < MOST_REASONS:
            refused[answer.name] = {str(action): sentence for action, sentence in decision.refused.items()}
        elif decision.refused:
            short = "not allowed: ask for a token for this repository alone to learn why"
            refused[answer.name] = {str(action): short for action in decision.refused}
        elif not decision.granted:
            refused[answer.name] = _EMPTY
    return refused


def _open_to(caller: Caller) -> set[str]:
    """What of the registry itself the caller may read: of the catalog what they may pull; as administrator all."""
    usable = scopes.actions(caller.kind, caller.scopes)
    if caller.kind is CredentialKind.ANONYMOUS or Action.PULL not in usable:
        return set()
    return {"catalog", "statistics"} if caller.admin and Action.ADMINISTER in usable else {"catalog"}


def _sign(tools: Tools, caller: Caller, content: Mapping[str, Any]) -> Issued:
    policy, now = tools.policy, tools.clock()
    claims = {
        "iss": policy.issuer,
        "aud": policy.audience,
        "sub": caller.name,
        "iat": int(now.timestamp()),
        "nbf": int((now - CLOCKS_APART).timestamp()),
        "exp": int((now + policy.token_life).timestamp()),
        "jti": str(uuid4()),
        "auth_type": str(caller.kind),
        "uid": caller.user_id,
        "cid": caller.credential_id,
        "bound": [caller.namespace_id, caller.project_id],
        "admin": caller.admin,
        **({"origin": caller.origin} if caller.origin else {}),
        **content,
    }
    return Issued(tools.keys.sign(claims), int(policy.token_life.total_seconds()), now)


def _times(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Until when the token is good. Raises Untrusted outside of its time."""
    start, end = _moment(claims.get("nbf", claims.get("iat"))), _moment(claims.get("exp"))
    if now < start - CLOCKS_APART:
        raise Untrusted("the token is not good yet: compare the clocks of both hosts")
    if now >= end:
        raise Untrusted("the token has expired")
    return end


def _moment(value: object) -> datetime:
    """A NumericDate of RFC 7519, in seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**34:
        raise Untrusted("the token does not say in seconds when it begins and when it ends")
    return datetime.fromtimestamp(value, UTC)


def _ours(tools: Tools, claims: Mapping[str, Any]) -> Caller:
    """The caller of a token of ours. Our keys may sign other things one day: every claim must be as we put it."""
    namespace_id, project_id = claims["bound"]
    caller = Caller(
        kind=CredentialKind(claims["auth_type"]),
        name=claims["sub"],
        user_id=claims["uid"],
        admin=claims["admin"],
        credential_id=claims["cid"],
        namespace_id=namespace_id,
        project_id=project_id,
        grants=_grants(claims["access"]),
        refused=claims["refused"],
        lists_catalog=_registry(claims["access"], "catalog"),
        reads_statistics=_registry(claims["access"], "statistics"),
        profile=tools.policy.profile,
        origin=claims.get("origin", {}),
    )
    ids = (caller.user_id, caller.credential_id, caller.namespace_id, caller.project_id)
    if not all(number is None or type(number) is int for number in ids):
        raise TypeError("ids are numbers")
    if (type(caller.name), type(caller.admin), type(caller.refused), type(caller.origin)) != (str, bool, dict, dict):
        raise TypeError("claims of the wrong kind")
    return caller


def _theirs(verified: Verified) -> Caller:
    """A token of a trusted issuer says what it allows and nothing about who is who here; and where it comes from."""
    claims = verified.claims
    name, origin = claims.get("sub"), origins.of_claims(claims)
    return Caller(
        kind=CredentialKind.REGISTRY,
        name=name if isinstance(name, str) and name else str(claims["iss"]),
        grants=_grants(claims["access"], foreign=True),
        lists_catalog=_registry(claims["access"], "catalog"),
        reads_statistics=_registry(claims["access"], "statistics"),
        origin={**origin, "issuer": str(claims["iss"])} if origin else {},
    )


def _grants(entries: Sequence[Any], *, foreign: bool = False) -> dict[str, Grant]:
    """What is granted, by repository path. An entry without the id of its project or, in ours, group grants nothing.

    What tags are closed to its bearer, a `foreign` token alone knows; of ours the rules are read when it counts.
    """
    granted: dict[str, Grant] = {}
    for entry in entries:
        meta = entry.get("meta") or {}
        project, group, name = meta.get("project_id"), meta.get("group_id"), entry["name"]
        if entry["type"] != "repository" or not isinstance(name, str):
            continue
        if type(project) is int:
            granted[name] = Grant(project, _actions(entry["actions"]), _rules(meta) if foreign else ())
        elif type(group) is int and not foreign:
            granted[name] = Grant(0, _actions(entry["actions"]), group_id=group)
    return granted


def _rules(meta: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules in a token's `tag_deny_access_patterns` and `tag_immutable_patterns`; raises ValueError."""
    denied = meta.get("tag_deny_access_patterns") or {}
    rules = [Rule(Kind.TAG, pattern, push=Level.ADMIN) for pattern in denied.get("push") or ()]
    rules += [Rule(Kind.TAG, pattern, delete=Level.ADMIN) for pattern in denied.get("delete") or ()]
    rules += [Rule(Kind.IMMUTABLE, pattern) for pattern in meta.get("tag_immutable_patterns") or ()]
    return tuple(protection.checked(rule, "") for rule in rules)


def _actions(words: Sequence[str]) -> frozenset[Action]:
    return _IMAGES if "*" in words else frozenset(action for action in _IMAGES if action.value in words)


def _registry(entries: Sequence[Any], name: str) -> bool:
    return any(entry["type"] == "registry" and entry["name"] == name and "*" in entry["actions"] for entry in entries)
