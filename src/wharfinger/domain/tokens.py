"""Access tokens: made, listed, rotated and revoked here; tried in `logins`.

    personal   of a person                                 any user name
    project    of a bot that is a member of one project    any user name
    group      of a bot that is a member of one group      any user name
    deploy     of nobody, for one project, or all of a group; never deletes     its own user name
    job        of the person that started the job, in one project, until it ends   gitlab-ci-token, wharfinger-ci-token

A token is shown once: the database keeps its hash. What is made by means of a token (its scope is `api` then, which
every other is part of) has no higher role than that token and does not outlive it (`rules.lives`).
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from secrets import token_bytes, token_hex
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import members as member_rows
from wharfinger.db import tokens as rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, places
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.credential import NewToken, Token, shown
from wharfinger.domain.errors import Refusal, ScopeMissing, SettingInvalid, TokenUnknown, UserUnknown
from wharfinger.domain.events.tokens import SigningKeyRotated, TokenCreated, TokenRevoked, TokenRotated
from wharfinger.domain.logins import authenticate
from wharfinger.domain.tools import Tools
from wharfinger.rules import lives, secrets
from wharfinger.rules import origin as origins
from wharfinger.rules.roles import Action, Profile, Role
from wharfinger.rules.scopes import DEPLOY_SCOPES, SCOPES, CredentialKind

__all__ = ["NewToken", "Token", "authenticate"]

LONGEST_LIFE: Final = timedelta(days=36_525)
DEPLOY_USERNAME: Final = "wharfinger+deploy-token-{number}"

_BOTS: Final = (str(CredentialKind.PROJECT), str(CredentialKind.GROUP))
_PLACED: Final = (*_BOTS, str(CredentialKind.DEPLOY))


def create_personal(
    tools: Tools,
    caller: Caller,
    name: str,
    scopes: Collection[str],
    *,
    username: str | None = None,
    expires_at: datetime | None = None,
    description: str = "",
) -> NewToken:
    """A token for the caller, or made by an administrator for `username`. Raises SettingInvalid, UserUnknown."""
    access.require_person(caller, "creating a personal access token")
    with tools.db.begin() as tx:
        user, expires_at = _user_id(tx, caller, username), _ending(tx, tools, caller, expires_at)
        said = places.description(description)
        made = _keep(
            tx, tools, CredentialKind.PERSONAL, name, scopes, expires_at=expires_at, user_id=user, description=said
        )
        return _told(tx, tools, caller, made)


def create_bot(
    tools: Tools,
    caller: Caller,
    path: str,
    name: str,
    scopes: Collection[str],
    *,
    role: Role = Role.MAINTAINER,
    expires_at: datetime | None = None,
    description: str = "",
) -> NewToken:
    """A project access token, or a group access token where `path` is a group: for a new bot with this role there.

    By maintainers of a project, owners of a group; not above their own role. A bot makes no bots: its successor would
    outlive its own revocation. Raises SettingInvalid.
    """
    access.require_person(caller, "creating an access token")
    with tools.db.begin() as tx:
        place = _administered(tx, caller, path)
        access.require_role(place, role, f"giving a token the role {role.name.lower()}")
        kind = CredentialKind.PROJECT if isinstance(place, Project) else CredentialKind.GROUP
        username, now, where = f"{kind}_{place.id}_bot_{token_hex(8)}", tools.clock(), _where(place)
        bot = user_rows.add(tx, username=username, name=places.title(name, username), now=now, bot=True)
        if bot is None:
            raise SettingInvalid("the bot's user name is taken: try again")
        member_rows.put(tx, bot, role=role, expires_at=None, now=now, **where)
        bound = {**where, "user_id": bot, "description": places.description(description)}
        made = _keep(tx, tools, kind, name, scopes, expires_at=_ending(tx, tools, caller, expires_at), **bound)
        return _told(tx, tools, caller, made)


def create_deploy(
    tools: Tools,
    caller: Caller,
    path: str,
    name: str,
    scopes: Collection[str],
    *,
    username: str | None = None,
    expires_at: datetime | None = None,
) -> NewToken:
    """A token for machines, for a project or for all of a group. It logs in with a user name of its own.

    By maintainers of a project, owners of a group. Raises SettingInvalid.
    """
    if username is not None and (
        not username.isprintable() or not 0 < len(username) <= 255 or set(username) & set(": ")
    ):
        raise SettingInvalid("a deploy token's user name has 1 to 255 printable characters, no colon and no space")
    with tools.db.begin() as tx:
        place = _administered(tx, caller, path)
        where, expires_at = _where(place), _ending(tx, tools, caller, expires_at)
        made = _keep(
            tx, tools, CredentialKind.DEPLOY, name, scopes, expires_at=expires_at, username=username or "", **where
        )
        if not username:
            rows.change(tx, made.token.id, username=DEPLOY_USERNAME.format(number=made.token.id))
        return _told(tx, tools, caller, NewToken(_read(tx, made.token.id), made.secret))


def create_job(
    tools: Tools,
    caller: Caller,
    path: str,
    *,
    ends_at: datetime,
    username: str | None = None,
    origin: Mapping[str, str] | None = None,
) -> NewToken:
    """A token for a job of this project, started by the caller (or, for an administrator, by `username`).

    It dies at `ends_at`, or when `revoke` ends it before. It has no scopes: a job does with images what its user may,
    but pushes and deletes in this project only. `origin` says which commit, pipeline and job it is for (rules.origin):
    it is written down with what is pushed by it. Raises SettingInvalid.
    """
    access.require_person(caller, "starting a job")
    told = _origin(origin or {})
    with tools.db.begin() as tx:
        project = access.open_project(tx, caller, path, Action.PULL)
        user = _user_id(tx, caller, username)
        kind = CredentialKind.JOB
        where = {"user_id": user, "project_id": project.id}
        made = _keep(tx, tools, kind, "job", (), expires_at=ends_at, origin=told, **where)
        return _told(tx, tools, caller, made)


def list_personal(tools: Tools, caller: Caller, *, username: str | None = None) -> list[Token]:
    """The caller's own tokens, or for an administrator those of `username`, newest first; revoked ones as well."""
    access.require_account(caller)
    with tools.db.read() as tx:
        return [shown(row) for row in rows.of_user(tx, _user_id(tx, caller, username))]


def list_of_place(tools: Tools, caller: Caller, path: str) -> list[Token]:
    """The project, group and deploy tokens of a project or group, newest first, for who may create them."""
    with tools.db.read() as tx:
        place = _administered(tx, caller, path)
        return [shown(row) for row in rows.of_place(tx, **_where(place), kinds=_PLACED)]


def get(tools: Tools, caller: Caller, token: int) -> Token:
    """A token that the caller may revoke. Raises TokenUnknown."""
    with tools.db.read() as tx:
        return shown(managed(tx, caller, token))


def current(tools: Tools, caller: Caller) -> Token:
    """The token that the caller signed in with, whatever its scopes. Raises TokenUnknown."""
    access.require_known(caller)
    with tools.db.read() as tx:
        row = None if caller.token_id is None else rows.by_id(tx, caller.token_id)
    if row is None:
        raise TokenUnknown("you did not sign in with an access token: send one")
    return shown(row)


def revoke(tools: Tools, caller: Caller, token: int) -> None:
    """Let a token be good for nothing; registry tokens made from it end within minutes. Raises TokenUnknown.

    A token may revoke itself, whatever its scopes.
    """
    itself = token == caller.token_id
    with tools.db.begin() as tx:
        row = rows.by_id(tx, token) if itself else managed(tx, caller, token)
        if row is not None:
            _revoke(tx, tools, caller, row)


def rotate(tools: Tools, caller: Caller, token: int, *, expires_at: datetime | None = None) -> NewToken:
    """Replace a token by a new one for the same; the old one ends at once. Raises TokenUnknown, SettingInvalid.

    Without `expires_at` the new one lives as long as the old one was to live. Who rotates the token of a bot gets to
    know its secret, so that takes the role the bot has; a token may rotate itself. Raises ScopeMissing where it would
    live longer than a token can make it.
    """
    now, itself = tools.clock(), token == caller.token_id
    access.require_account(caller)
    with tools.db.begin() as tx:
        row = rows.by_id(tx, token) if itself else managed(tx, caller, token)
        if row is None or row.kind == CredentialKind.JOB or not rows.revoke(tx, row.id, now):
            raise SettingInvalid("this token was revoked already, or is that of a job: create a new one")
        life = None if row.expires_at is None else row.expires_at - row.created_at
        expires_at = now + life if expires_at is None and life is not None else expires_at
        if not itself:
            _refuse(lives.outliving(expires_at, _ends(tx, tools, caller)))
        elif _bounded(tools):
            _refuse(lives.outgrowing(expires_at, now, life))
        bound = {"user_id": row.user_id, "namespace_id": row.namespace_id, "project_id": row.project_id}
        kept = {"username": row.username, "description": row.description}
        kind, scopes = CredentialKind(row.kind), row.scopes.split()
        made = _keep(tx, tools, kind, row.name, scopes, expires_at=expires_at, **kept, **bound)
        events.put(tx, tools, caller, TokenRotated(**_facts(tx, made.token), replaces=row.id))
        return made


def rotate_signing_key(tools: Tools, caller: Caller, *, at_once: bool = False) -> str:
    """Sign registry tokens with a new key from now on; its kid. What `at_once` means, `KeyRing.rotate` says."""
    access.require_admin(caller, "rotating the signing key")
    kid = tools.keys.rotate(at_once=at_once)
    with tools.db.begin() as tx:
        events.put(tx, tools, caller, SigningKeyRotated(path="", kid=kid, at_once=at_once))
    return kid


def _keep(
    tx: Connection,
    tools: Tools,
    kind: CredentialKind,
    name: str,
    scopes: Collection[str],
    *,
    expires_at: datetime | None,
    **bound: Any,
) -> NewToken:
    now = tools.clock()
    _require_scopes(kind, scopes)
    if expires_at is not None and expires_at <= now:
        raise SettingInvalid(f"the token would expire on {expires_at:%Y-%m-%d %H:%M}, which is over: choose later")
    if expires_at is not None and expires_at - now > LONGEST_LIFE:
        raise SettingInvalid("a token lives a hundred years at most: choose earlier, or let it never expire")
    secret = secrets.make(kind, token_bytes(secrets.RANDOM_BYTES))
    made = rows.add(
        tx,
        kind=str(kind),
        secret_hash=secrets.hash(secret),
        name=places.title(name, str(kind)),
        scopes=" ".join(sorted(scopes)),
        expires_at=expires_at,
        created_at=now,
        **bound,
    )
    return NewToken(_read(tx, made), secret)


def _ending(tx: Connection, tools: Tools, caller: Caller, asked: datetime | None) -> datetime | None:
    """When a token ends that the caller makes. Raises ScopeMissing where that is after the one that they came with."""
    maker = _ends(tx, tools, caller)
    _refuse(lives.outliving(lives.ending(asked, maker), maker))
    return lives.ending(asked, maker)


def _ends(tx: Connection, tools: Tools, caller: Caller) -> datetime | None:
    """When the token ends that bounds what the caller makes; None if never, or if they signed in otherwise."""
    row = rows.by_id(tx, caller.token_id) if caller.token_id is not None and _bounded(tools) else None
    return None if row is None else row.expires_at


def _bounded(tools: Tools) -> bool:
    """GitLab's scripts make tokens that outlive their own: its profile lets them."""
    return tools.policy.profile is not Profile.GITLAB


def _refuse(sentence: str) -> None:
    if sentence:
        raise ScopeMissing(sentence)


def _origin(facts: Mapping[str, str]) -> str | None:
    try:
        return json.dumps(origins.checked(facts)) if facts else None
    except ValueError as error:
        raise SettingInvalid(str(error)) from error


def _require_scopes(kind: CredentialKind, scopes: Collection[str]) -> None:
    known = DEPLOY_SCOPES if kind is CredentialKind.DEPLOY else SCOPES.keys()
    if wrong := sorted(set(scopes) - known):
        raise SettingInvalid(
            f"a {kind} token cannot have the scope {', '.join(wrong)}: choose among {', '.join(sorted(known))}"
        )
    if not scopes and kind is not CredentialKind.JOB:
        raise SettingInvalid("a token without scopes is good for nothing: give it read_registry, for instance")


def _told(tx: Connection, tools: Tools, caller: Caller, made: NewToken) -> NewToken:
    """The token just made, once it is written down that it was."""
    events.put(tx, tools, caller, TokenCreated(**_facts(tx, made.token)))
    return made


def _facts(tx: Connection, token: Token) -> dict[str, Any]:
    """What an event tells of a token."""
    row = rows.by_id(tx, token.id)
    return {
        **_place(row),
        "token": token.id,
        "token_kind": str(token.kind),
        "name": token.name,
        "username": token.username,
        "scopes": sorted(token.scopes),
        "role": None if token.role is None else token.role.name.lower(),
        "expires_at": token.expires_at and token.expires_at.isoformat(),
    }


def _place(row: Row[Any] | None) -> dict[str, Any]:
    """Where an event about a token happened; what happens to the token of a person is that person's."""
    if row is None:
        return {"path": ""}
    return {"path": row.place or row.owner, "project_id": row.project_id, "namespace_id": row.namespace_id}


def _revoke(tx: Connection, tools: Tools, caller: Caller, row: Row[Any]) -> None:
    """A revoked bot is a member no longer."""
    if not rows.revoke(tx, row.id, tools.clock()):
        return
    events.put(tx, tools, caller, TokenRevoked(**_place(row), token=row.id, token_kind=row.kind, name=row.name))
    if row.kind in _BOTS:
        where = {"namespace_id": row.namespace_id} if row.project_id is None else {"project_id": row.project_id}
        member_rows.remove(tx, row.user_id, **where)


def managed(tx: Connection, caller: Caller, token: int) -> Row[Any]:
    """A token that the caller may revoke and rotate: their own, or one of a place they administer."""
    unknown = TokenUnknown(f"no token {token}, or none of yours: list your tokens to see which there are")
    access.require_account(caller)
    row = rows.by_id(tx, token)
    if row is None:
        raise unknown
    kind = CredentialKind(row.kind)
    if row.place is None or kind is CredentialKind.JOB:
        if not caller.admin and row.user_id != caller.user_id:
            raise unknown
        return row
    try:
        place = _administered(tx, caller, row.place)
    except Refusal as refusal:
        raise unknown from refusal
    if row.role is not None:
        access.require_role(place, Role(row.role), f"managing the token of a bot that is {Role(row.role).name.lower()}")
    return row


def _administered(tx: Connection, caller: Caller, path: str) -> Group | Project:
    """The place whose tokens the caller may manage: maintainers of a project, owners of a group."""
    place = access.open_place(tx, caller, path, Action.ADMINISTER)
    if isinstance(place, Group):
        access.require_role(place, Role.OWNER, "managing the tokens of a group")
        if place.owner_id is not None:
            raise SettingInvalid(f"{path} is the namespace of a person: create a personal access token")
    return place


def _user_id(tx: Connection, caller: Caller, username: str | None) -> int:
    """The caller, or for administrators whoever is named."""
    if username is None:
        if caller.user_id is None:
            raise SettingInvalid("an operator has no account: say for which user")
        return caller.user_id
    row = user_rows.at(tx, access.askable(username))
    if row is None or row.bot or not (caller.admin or row.id == caller.user_id):
        raise UserUnknown(f"no user {username}: check the name")
    return int(row.id)


def _where(place: Group | Project) -> dict[str, int]:
    return {"project_id" if isinstance(place, Project) else "namespace_id": place.id}


def _read(tx: Connection, token: int) -> Token:
    row = rows.by_id(tx, token)
    if row is None:
        raise TokenUnknown("the token just made has gone")
    return shown(row)
