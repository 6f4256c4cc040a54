"""People. Each has a personal namespace under their own name, made and renamed with them.

Only administrators make, rename, block and delete people; everybody may change their own password and name.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import groups as group_rows
from wharfinger.db import members as member_rows
from wharfinger.db import places as place_rows
from wharfinger.db import sessions as session_rows
from wharfinger.db import tokens as token_rows
from wharfinger.db import users as rows
from wharfinger.domain import access, events, logins, passwords, places
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import CredentialRefused, NotEmpty, PathTaken, SettingInvalid, UserUnknown
from wharfinger.domain.events.people import (
    PasswordSet,
    UserBlocked,
    UserChanged,
    UserCreated,
    UserDeleted,
    UserRenamed,
    UserUnblocked,
)
from wharfinger.domain.events.tokens import TokensRevoked
from wharfinger.domain.tools import Tools
from wharfinger.rules import paths
from wharfinger.rules.roles import Role, Visibility
from wharfinger.rules.scopes import CredentialKind

LONGEST_EMAIL: Final = 254


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the bot that acts for a project or group access token."""

    id: int
    username: str
    name: str
    email: str | None
    admin: bool
    bot: bool
    blocked: bool
    second_factor: bool
    password_once: bool  # has a generated password and has yet to replace it
    created_at: datetime


def create(
    tools: Tools,
    caller: Caller,
    username: str,
    *,
    name: str | None = None,
    email: str | None = None,
    password: str | None = None,
    admin: bool = False,
) -> User:
    """Make a person and their personal namespace. Raises PathInvalid, PathTaken, SettingInvalid.

    Without a password they cannot sign in by one; see `generate_password`.
    """
    access.require_admin(caller, "making a user")
    password_hash = None if password is None else passwords.hashed(password)
    with places.changing(tools) as tx:
        made = _create(tx, tools.clock(), username, name=name, email=email, password_hash=password_hash, admin=admin)
        events.put(tx, tools, caller, UserCreated(path=made.username, admin=admin))
        return made


def ensure_admin(tools: Tools, username: str = "root") -> str | None:
    """Make the first administrator; returns the one-time password, or None where there are people already."""
    with tools.db.read() as tx:
        if rows.any_people(tx):
            return None
    password = passwords.generated()
    password_hash = passwords.hashed(password)
    with places.changing(tools) as tx:
        if rows.any_people(tx):
            return None
        _create(tx, tools.clock(), username, password_hash=password_hash, password_once=True, admin=True)
        events.put(tx, tools, OPERATOR, UserCreated(path=username, admin=True))
    return password


def get(tools: Tools, caller: Caller, username: str) -> User:
    """A person by name; of others only administrators hear. Raises UserUnknown."""
    with tools.db.read() as tx:
        return shown(_open(tx, caller, username))


def rename(tools: Tools, caller: Caller, username: str, to: str) -> User:
    """Call a person otherwise; the personal namespace moves along, its old path redirects. Raises PathTaken."""
    access.require_admin(caller, "renaming a user")
    places.checked(paths.username, to)
    with places.changing(tools) as tx:
        user = _open(tx, caller, username)
        if to != username and rows.at(tx, to) is not None:
            raise PathTaken(f"the path {to} is taken: choose another")
        if not user.bot:
            places.carry(tx, username, to)
        rows.change(tx, user.id, username=to)
        events.put(tx, tools, caller, UserRenamed(path=to, before=username))
        return shown(_open(tx, caller, to))


def change(
    tools: Tools,
    caller: Caller,
    username: str,
    *,
    name: str | None = None,
    email: str | None = None,
    admin: bool | None = None,
) -> User:
    """Change what is given. `admin` takes an administrator. Raises SettingInvalid for the last one stepping down."""
    access.require_account(caller)
    if admin is not None:
        access.require_admin(caller, "making or unmaking an administrator")
    with places.changing(tools) as tx:  # one at a time, so that two do not each count on the other to stay
        user = _open(tx, caller, username)
        if admin is False and user.admin:
            _require_other_admin(tx, user)
        asked = {"name": name and places.title(name, username), "email": _email(email), "admin": admin}
        values = {column: value for column, value in asked.items() if value is not None}
        if values:
            rows.change(tx, user.id, **values)
            before = {column: getattr(user, column) for column in values}
            events.put(tx, tools, caller, UserChanged(path=username, before=before, after=values))
        return shown(_open(tx, caller, username))


def block(tools: Tools, caller: Caller, username: str) -> None:
    """Let nothing of this person's in any more, from now on for new tokens; data and memberships stay."""
    access.require_admin(caller, "blocking a user")
    with places.changing(tools) as tx:
        user = _open(tx, caller, username)
        if user.admin:
            _require_other_admin(tx, user)
        rows.change(tx, user.id, blocked=True)
        session_rows.remove_others(tx, user.id, None)
        events.put(tx, tools, caller, UserBlocked(path=username))


def unblock(tools: Tools, caller: Caller, username: str) -> None:
    """Let a blocked person in again."""
    access.require_admin(caller, "unblocking a user")
    with tools.db.begin() as tx:
        rows.change(tx, _open(tx, caller, username).id, blocked=False)
        events.put(tx, tools, caller, UserUnblocked(path=username))


def delete(tools: Tools, caller: Caller, username: str) -> None:
    """Remove a person with tokens and memberships. Raises NotEmpty while the personal namespace holds projects."""
    access.require_admin(caller, "deleting a user")
    with places.changing(tools) as tx:
        user = _open(tx, caller, username)
        if user.admin:
            _require_other_admin(tx, user)
        namespace = group_rows.personal(tx, user.id)
        if namespace is not None and place_rows.holds_places(tx, namespace):
            raise NotEmpty(f"{username} still has projects of their own: move or delete them first")
        rows.remove(tx, user.id)
        events.put(tx, tools, caller, UserDeleted(path=username))


def set_password(tools: Tools, caller: Caller, username: str, password: str, *, current: str | None = None) -> None:
    """Set a password. Its owner gives the `current` one (or the one-time one), an administrator need not.

    Raises SettingInvalid, CredentialRefused. Browsers elsewhere have to sign in anew; tokens stay: revoke those that
    may have leaked.
    """
    access.require_account(caller)
    with tools.db.read() as tx:
        user = _open(tx, caller, username)
    if not caller.admin or user.id == caller.user_id:
        _require_password(tools, user, current or "", [logins.of_account(username)], caller.address)
    password_hash = passwords.hashed(password)
    with tools.db.begin() as tx:
        rows.change(tx, user.id, password_hash=password_hash, password_once=False)
        session_rows.remove_others(tx, user.id, caller.session_id)
        events.put(tx, tools, caller, PasswordSet(path=username, generated=False))


def replace_password(tools: Tools, username: str, password: str, *, current: str, address: str) -> None:
    """Set a password by giving the one there is, without signing in: the way out of a one-time password.

    Raises CredentialRefused, LoginsLimited, SettingInvalid.
    """
    with tools.db.read() as tx:
        user = rows.at(tx, access.askable(username))
    _require_password(tools, user, current, [logins.of_address(address), logins.of_account(username)], address)
    if user is not None:
        themselves = Caller(CredentialKind.PASSWORD, user.username, admin=True, address=address)  # it was just checked
        set_password(tools, themselves, username, password)


def generate_password(tools: Tools, caller: Caller, username: str) -> str:
    """A new password that is good until its owner replaces it. Shown once: only its hash is kept."""
    access.require_admin(caller, "resetting a password")
    password = passwords.generated()
    password_hash = passwords.hashed(password)
    with tools.db.begin() as tx:
        user = _open(tx, caller, username).id
        rows.change(tx, user, password_hash=password_hash, password_once=True)
        session_rows.remove_others(tx, user, None)
        events.put(tx, tools, caller, PasswordSet(path=username, generated=True))
    return password


def revoke_tokens(tools: Tools, caller: Caller, username: str) -> None:
    """Revoke every token of this person at once: for when a machine was lost."""
    access.require_account(caller)
    with tools.db.begin() as tx:
        token_rows.revoke_all(tx, _open(tx, caller, username).id, tools.clock())
        events.put(tx, tools, caller, TokensRevoked(path=username))


def _create(tx: Connection, now: datetime, username: str, **values: Any) -> User:
    places.checked(paths.username, username)
    places.require_free(tx, username)
    name = places.title(values.pop("name", None), username)
    email = _email(values.pop("email", None))
    user = rows.add(tx, username=username, name=name, email=email, now=now, **values)
    if user is None:
        raise PathTaken(f"the path {username} is taken: choose another")
    private = Visibility.PRIVATE
    namespace = place_rows.add_namespace(
        tx, path=username, name=name, parent=None, owner=user, visibility=private, now=now
    )
    member_rows.put(tx, user, namespace_id=namespace, role=Role.OWNER, expires_at=None, now=now)
    return shown(_open(tx, OPERATOR, username))


def _open(tx: Connection, caller: Caller, username: str) -> Row[Any]:
    """The row, for administrators and for the person; to others nobody is there."""
    row = rows.at(tx, access.askable(username))
    if row is None or not (caller.admin or row.id == caller.user_id):
        raise UserUnknown(f"no user {username}: check the name")
    return row


def _require_password(tools: Tools, user: Row[Any] | None, password: str, keys: list[str], address: str) -> None:
    """As much work for a user who is not there. Raises CredentialRefused, LoginsLimited."""
    with passwords.turn():
        logins.check(tools, keys)
        if not passwords.matches(user.password_hash if user else None, password):
            logins.failed(tools, keys, username=user.username if user else "", address=address)
            raise CredentialRefused("name or current password are wrong: type them again, or ask an administrator")


def _require_other_admin(tx: Connection, user: Row[Any]) -> None:
    if not rows.other_admins(tx, user.id):
        raise SettingInvalid(f"{user.username} is the last administrator: make somebody else one first")


def _email(text: str | None) -> str | None:
    if text is not None and (len(text) > LONGEST_EMAIL or text.count("@") != 1 or not text.isprintable()):
        raise SettingInvalid("an e-mail address has one @ and at most 254 characters, all of them printable")
    return text


def shown(row: Row[Any]) -> User:
    """The person in a row of `users`."""
    return User(
        id=row.id,
        username=row.username,
        name=row.name,
        email=row.email,
        admin=row.admin,
        bot=row.bot,
        blocked=row.blocked,
        second_factor=row.second_factor,
        password_once=row.password_once,
        created_at=row.created_at,
    )
