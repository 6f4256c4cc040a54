"""Signing in, and how often one may guess.

A token is tried first, an account password last, and only where the policy takes passwords and there is no second
factor. Job tokens have their login names, deploy tokens their own; any name goes with the others (as in GitLab).

Failures count per address, whatever was sent, and for passwords per account as well, so that neither one machine can
try many accounts nor many machines one. Nothing that succeeds clears a count: an attacker with an account of their own
could otherwise buy guesses at others' with it. Counts end by age alone.

A right token is let in whatever the counts say. It has 160 random bits: there is nothing to slow down, and a locked
account or a whole office behind one address must not be shut out by a neighbour's broken script. What the count does
for tokens is to keep wrong ones from costing more than a read. A locked account is locked for passwords only; its
owner's tokens work from anywhere.

The check and the count are two transactions, so guesses that run at once can overshoot the limit, by as many as
`passwords` checks at a time. Counting first would refuse right passwords that merely arrive together.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from sqlalchemy import Row

from wharfinger.db import logins as rows
from wharfinger.db import tokens as token_rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, passwords
from wharfinger.domain.access import ANONYMOUS, Caller
from wharfinger.domain.errors import CredentialRefused, LoginsLimited
from wharfinger.domain.events.people import SignInFailed
from wharfinger.domain.tools import Tools
from wharfinger.rules import secrets
from wharfinger.rules.lockout import retry_after
from wharfinger.rules.scopes import CredentialKind

JOB_USERNAMES: Final = frozenset({"gitlab-ci-token", "wharfinger-ci-token"})

_LONGEST_ADDRESS: Final = 64
_WRONG: Final = "the user name or the token is wrong, or the token is not known here: create one and log in with it"
_TOKENS_ONLY: Final = (
    "account passwords are not taken here: create a personal access token with read_registry (and write_registry to "
    "push), and log in with that as the password"
)
_MISTYPED: Final = "this is no whole token, a character is wrong or missing: copy it again, or create a new one"


def authenticate(tools: Tools, username: str, secret: str, address: str) -> Caller:
    """Who this is. Raises CredentialRefused, and LoginsLimited after too many failures (see above).

    `address` is where the request comes from. The sentence of a refusal says more only to one who holds a real token.
    """
    if secrets.check(secret) is None:
        return _by_password(tools, username, secret, address)
    return authenticate_token(tools, secret, address, username=username)


def authenticate_token(tools: Tools, secret: str, address: str, *, username: str = "") -> Caller:
    """The same where tokens alone are taken, mostly without a user name."""
    row = None
    if secrets.check(secret) is not None:
        with tools.db.read() as tx:
            row = token_rows.of_secret(tx, secrets.hash(secret))
    if row is None:
        keys = [of_address(address)]
        check(tools, keys)
        failed(tools, keys, address=address)
        raise CredentialRefused(_WRONG)
    now = tools.clock()
    if sentence := _why_not(row, username, now):
        raise CredentialRefused(sentence)
    tools.uses.note(tools.db, row.id, now)
    return _caller(tools, row, now)


def password_owner(tools: Tools, username: str, password: str, address: str, *, wrong: str = _WRONG) -> Row[Any]:
    """The row of the user whose password this is. Raises CredentialRefused, in the words of `wrong`, LoginsLimited."""
    keys = [of_address(address), of_account(username)]
    with passwords.turn():
        check(tools, keys)
        with tools.db.read() as tx:
            user = user_rows.at(tx, access.askable(username))
        if not passwords.matches(user.password_hash if user else None, password) or user is None:
            failed(tools, keys, username=user.username if user else "", address=address)
            raise CredentialRefused(wrong)
    if user.blocked:
        raise CredentialRefused(f"the account {user.username} is blocked: ask an administrator")
    return user


def of_address(text: str) -> str:
    """The key that failures from this address count under; of IPv6 the /64, for whoever has one of those has it all."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return f"address {text[:_LONGEST_ADDRESS]}"
    if not isinstance(parsed, IPv6Address):
        return f"address {parsed}"
    return f"address {parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64)}"


def of_account(username: str) -> str:
    """The key that failures with this name count under. It is hashed: people type passwords into the wrong field."""
    return f"account {sha256(username.encode()).hexdigest()[:32]}"


def check(tools: Tools, keys: Sequence[str]) -> None:
    """Raise LoginsLimited where there were too many failures under one of the keys."""
    policy, now = tools.policy, tools.clock()
    with tools.db.read() as tx:
        failed = [rows.latest(tx, key, now - policy.login_window, policy.login_failures) for key in keys]
    waits = [retry_after(times, policy.login_failures, policy.login_window, now) for times in failed]
    longest = max((wait for wait in waits if wait is not None), default=None)
    if longest is not None:
        seconds = max(1, round(longest.total_seconds()))
        raise LoginsLimited(
            f"too many failed logins: wait {seconds} seconds, then log in with a token that is right", longest
        )


def failed(tools: Tools, keys: Sequence[str], *, username: str = "", address: str = "") -> None:
    """Count a failed login under each key, and write it down; `username` is that of a user who exists, if one does."""
    now = tools.clock()
    with tools.db.begin() as tx:
        rows.record(tx, keys, now, now - tools.policy.login_window)
        events.put(tx, tools, replace(ANONYMOUS, address=address), SignInFailed(path=username))


def holder(tools: Tools, row: Row[Any]) -> tuple[Caller, str]:
    """Whom the token in this row would let in, and why it does not; "" if it does."""
    now = tools.clock()
    return _caller(tools, row, now), _why_not(row, row.username or "", now)


def _by_password(tools: Tools, username: str, secret: str, address: str) -> Caller:
    if not tools.policy.password_login:
        keys = [of_address(address), of_account(username)]
        check(tools, keys)
        failed(tools, keys, address=address)
        raise CredentialRefused(_MISTYPED if secret.startswith("whf_") else _TOKENS_ONLY)
    user = password_owner(tools, username, secret, address)
    if sentence := _why_no_password(user):
        raise CredentialRefused(sentence)
    return by_name(tools, user)


def by_name(tools: Tools, user: Row[Any]) -> Caller:
    """Somebody, in the row of `users`, by nothing that narrows what they may: proved by a password, or asked about."""
    return Caller(
        CredentialKind.PASSWORD,
        user.username,
        user_id=user.id,
        admin=user.admin,
        profile=tools.policy.profile,
        at=tools.clock(),
    )


def _why_no_password(user: Row[Any]) -> str:
    """Why a right password does not let its owner in; empty if it does."""
    if user.password_once:
        return f"this password was generated and has to be replaced first: wharfinger user password {user.username}"
    if user.second_factor:
        return "an account with a second factor logs in with a token: create a personal access token"
    return ""


def _why_not(row: Row[Any], username: str, now: datetime) -> str:
    """Why a token that exists does not let its holder in; empty if it does."""
    kind = CredentialKind(row.kind)
    if kind is CredentialKind.DEPLOY and username != row.username:
        return f"this deploy token logs in with the user name {row.username}"
    if kind is CredentialKind.JOB and username not in JOB_USERNAMES:
        return "a job token logs in with the user name gitlab-ci-token"
    if row.blocked:
        return f"the account {row.owner} is blocked: ask an administrator"
    return _why_over(row, "the job of this token" if kind is CredentialKind.JOB else "this token", now)


def _why_over(row: Row[Any], what: str, now: datetime) -> str:
    if row.revoked_at is not None:
        return f"{what} was ended or revoked on {row.revoked_at:%Y-%m-%d %H:%M} UTC: create a new one"
    if row.expires_at is not None and row.expires_at <= now:
        return f"{what} expired on {row.expires_at:%Y-%m-%d %H:%M} UTC: create a new one"
    return ""


def _caller(tools: Tools, row: Row[Any], now: datetime) -> Caller:
    """A job acts with its user's memberships, but never as an administrator."""
    kind = CredentialKind(row.kind)
    return Caller(
        kind=kind,
        name=row.username if kind is CredentialKind.DEPLOY else row.owner,
        user_id=row.user_id,
        admin=bool(row.admin) and kind is not CredentialKind.JOB,
        credential_id=row.id,
        scopes=frozenset(row.scopes.split()),
        namespace_id=row.namespace_id,
        project_id=row.project_id,
        profile=tools.policy.profile,
        at=now,
        origin=json.loads(row.origin) if row.origin else {},
    )
