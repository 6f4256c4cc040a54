"""Signing in through an identity provider (OpenID Connect).

An account there belongs to the user whom it was connected with: at the first sign-in where the policy lets people sign
up so, or by its owner, signed in by password. It is never guessed from a name or an e-mail address: whoever can choose
those at the provider could take over accounts here. The provider vouches for its people, so no second factor is asked
for.
"""

import logging
import re
from collections.abc import Mapping
from secrets import token_hex, token_urlsafe
from typing import Any, Final

from sqlalchemy import Row

from wharfinger.clients import oidc
from wharfinger.clients.oidc import Attempt, ProviderFailed
from wharfinger.db import identities as rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, logins, sessions, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import CredentialRefused, PathInvalid, PathTaken, Refusal, SettingInvalid
from wharfinger.domain.events.people import IdentityConnected, IdentityDisconnected
from wharfinger.domain.policy import SingleSignOn
from wharfinger.domain.sessions import Browser, NewSession, Stage
from wharfinger.domain.tools import Tools
from wharfinger.domain.users import User

_log: Final = logging.getLogger("wharfinger.oidc")
_MOST_NAMES: Final = 20
_LONGEST: Final = 255
_FAILED: Final = (
    "the identity provider could not be asked, or gave no answer to rely on: try again, or ask an administrator"
)


def begin(tools: Tools, redirect_uri: str, address: str) -> tuple[Attempt, str]:
    """What to remember of a sign-in, and where the browser at `address` goes for it.

    Raises SettingInvalid, CredentialRefused, LoginsLimited where too many failed from there.
    """
    logins.check(tools, [logins.of_address(address)])
    attempt = Attempt(redirect_uri, token_urlsafe(24), token_urlsafe(24), token_urlsafe(48))
    try:
        return attempt, oidc.address(tools.outbound, _provider(tools).client, attempt)
    except ProviderFailed as error:
        _log.warning("signing in through the provider failed: %s", error)
        raise CredentialRefused(_FAILED) from error


def finish(tools: Tools, attempt: Attempt, code: str, browser: Browser) -> NewSession:
    """A session for who comes back with this code. Raises CredentialRefused, LoginsLimited."""
    provider, claims = _provider(tools), _claims(tools, attempt, code, browser.address)
    with tools.db.read() as tx:
        known = rows.user_of(tx, provider.client.issuer, _subject(claims))
    user = known if known is not None else _sign_up(tools, provider, claims)
    _set_admin(tools, provider, claims, user)
    with tools.db.begin() as tx:
        row = _welcome(user_rows.by_id(tx, user))
        passed = (Stage.SECOND_FACTOR, Stage.NEW_PASSWORD)
        return sessions.begin(tx, tools, row, browser, way=provider.name, shown=passed)


def connect(tools: Tools, caller: Caller, attempt: Attempt, code: str) -> None:
    """Connect the account that comes back with this code with the caller. Raises CredentialRefused, PathTaken."""
    access.require_person(caller, "connecting an account")
    provider, claims = _provider(tools), _claims(tools, attempt, code, caller.address)
    with tools.db.begin() as tx:
        if not rows.connect(tx, _own(caller), provider.client.issuer, _subject(claims), tools.clock()):
            raise PathTaken(f"this account at {provider.name} is connected with somebody already")
        events.put(tx, tools, caller, IdentityConnected(path=caller.name, issuer=provider.client.issuer))


def disconnect(tools: Tools, caller: Caller) -> None:
    """Let the provider sign in as the caller no longer."""
    access.require_person(caller, "disconnecting an account")
    issuer = _provider(tools).client.issuer
    with tools.db.begin() as tx:
        if rows.disconnect(tx, _own(caller), issuer):
            events.put(tx, tools, caller, IdentityDisconnected(path=caller.name, issuer=issuer))


def connected(tools: Tools, caller: Caller) -> bool:
    """Is an account at the provider connected with the caller?"""
    with tools.db.read() as tx:
        return rows.has_any(tx, _own(caller), _provider(tools).client.issuer)


def _provider(tools: Tools) -> SingleSignOn:
    if tools.policy.single_sign_on is None:
        raise SettingInvalid("there is no single sign-on here: sign in by password")
    return tools.policy.single_sign_on


def _claims(tools: Tools, attempt: Attempt, code: str, address: str) -> Mapping[str, Any]:
    """Who comes back; what cannot be believed counts as a failed login from this address."""
    keys = [logins.of_address(address)]
    logins.check(tools, keys)
    try:
        return oidc.claims(tools.outbound, _provider(tools).client, attempt, code, tools.clock())
    except ProviderFailed as error:
        _log.warning("signing in through the provider failed: %s", error)
        logins.failed(tools, keys, address=address)
        raise CredentialRefused(_FAILED) from error


def _sign_up(tools: Tools, provider: SingleSignOn, claims: Mapping[str, Any]) -> int:
    """Make a user for somebody new. Raises CredentialRefused where the policy does not let them in."""
    allowed = provider.sign_up == "everybody" or (
        provider.sign_up == "groups" and bool(provider.groups & _groups(provider, claims))
    )
    if not allowed:
        _log.warning(
            "somebody without an account here signed in at the provider: sign_up is %s, and the claim %s has %s",
            provider.sign_up,
            provider.groups_claim,
            [group[:_LONGEST] for group in sorted(_groups(provider, claims))[:_MOST_NAMES]] or "nothing",
        )
        raise CredentialRefused(
            f"nobody here is connected with this account at {provider.name}: sign in by password and connect it on "
            "your profile, or ask an administrator for an account"
        )
    user = _make(tools, provider, claims)
    with tools.db.begin() as tx:
        if rows.connect(tx, user.id, provider.client.issuer, _subject(claims), tools.clock()):
            events.put(tx, tools, OPERATOR, IdentityConnected(path=user.username, issuer=provider.client.issuer))
            return user.id
    users.delete(tools, OPERATOR, user.username)
    raise CredentialRefused("this account signs in twice at once: try again")


def _make(tools: Tools, provider: SingleSignOn, claims: Mapping[str, Any]) -> User:
    """A user under the first of the possible names that nobody has."""
    said = _text(claims.get("name"))
    email = _text(claims.get("email")) if claims.get("email_verified") is True else ""
    for username in _usernames(provider, claims):
        try:
            return users.create(tools, OPERATOR, username, name=said or None, email=email or None)
        except (PathTaken, PathInvalid):
            continue
        except SettingInvalid:
            return users.create(tools, OPERATOR, username)
    raise CredentialRefused("no user name could be made for this account: ask an administrator for one")


def _usernames(provider: SingleSignOn, claims: Mapping[str, Any]) -> list[str]:
    wanted = _text(claims.get(provider.username_claim)) or _text(claims.get("email"))
    plain = re.sub(r"[^a-z0-9]+", "-", wanted.partition("@")[0].lower()).strip("-")[:60] or "user"
    return [plain, *(f"{plain}-{number}" for number in range(2, _MOST_NAMES)), f"{plain}-{token_hex(4)}"]


def _set_admin(tools: Tools, provider: SingleSignOn, claims: Mapping[str, Any], user: int) -> None:
    if not provider.admin_group:
        return
    admin = provider.admin_group in _groups(provider, claims)
    with tools.db.read() as tx:
        row = user_rows.by_id(tx, user)
    if row is None or row.admin == admin:
        return
    try:
        users.change(tools, OPERATOR, row.username, admin=admin)
    except Refusal as refusal:  # the last administrator stays one
        _log.warning("%s stays as they are: %s", row.username, refusal)


def _welcome(row: Row[Any] | None) -> Row[Any]:
    if row is None or row.blocked:
        raise CredentialRefused("this account is blocked: ask an administrator")
    return row


def _groups(provider: SingleSignOn, claims: Mapping[str, Any]) -> set[str]:
    found = claims.get(provider.groups_claim)
    return {group for group in found if isinstance(group, str)} if isinstance(found, list) else set()


def _subject(claims: Mapping[str, Any]) -> str:
    subject = _text(claims.get("sub"))
    if not subject:
        raise CredentialRefused(_FAILED)
    return subject


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST else ""


def _own(caller: Caller) -> int:
    if caller.user_id is None:
        raise SettingInvalid("an operator has no account")
    return caller.user_id
