"""Passkeys: keys in a person's device, which lets them be used only by who unlocks it.

A passkey signs in without user name and password, and stands in for the code of the second factor: as the device has to
have asked for a finger, a face or its PIN, it is two factors by itself. It is good for the host that it was made for
and for no other, so no page that only looks like ours can ask for it. What is believed at all: `ceremonies`.

Wrong answers count like wrong passwords (`logins`), but by address alone: there is nothing to guess at, and who guesses
at an account's password must not keep its owner out. A passkey is one more way in: it leaves the password as it was. An
account whose password is not to be enough has a second factor, for which the passkey then stands in as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import passkeys as rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, ceremonies, challenges, events, logins, sessions
from wharfinger.domain.access import Caller
from wharfinger.domain.ceremonies import WRONG, Ceremony, Shown
from wharfinger.domain.errors import CredentialRefused, PathTaken, SettingInvalid, UserUnknown
from wharfinger.domain.events.people import PasskeyAdded, PasskeyRemoved, PasskeyUsed
from wharfinger.domain.sessions import Browser, NewSession, Session, Stage
from wharfinger.domain.tools import Tools

MOST: Final = 20
WAY: Final = "passkey"
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it. `party` is the host that it is good for."""

    id: int
    name: str
    party: str
    created_at: datetime
    used_at: datetime | None


def to_add(tools: Tools, caller: Caller, ceremony: Ceremony) -> str:
    """What the browser of the caller is asked to make one, as JSON. Raises SettingInvalid."""
    access.require_person(caller, "adding a passkey")
    with tools.db.read() as tx:
        known = rows.of_user(tx, _own(caller))
    _require_room(len(known))
    return ceremonies.to_make(tools, caller, ceremony, [one.credential for one in known])


def add(tools: Tools, caller: Caller, ceremony: Ceremony, answer: str, name: str) -> None:
    """Keep the passkey that a device has made. Raises CredentialRefused, SettingInvalid, PathTaken."""
    access.require_person(caller, "adding a passkey")
    name, made = _named(name), ceremonies.made(tools, ceremony, answer)
    values = {"credential": made.credential, "public_key": made.public_key, "sign_count": made.sign_count}
    with tools.db.begin() as tx:
        challenges.spend(tx, tools, made.challenge)
        _require_room(rows.count(tx, _own(caller)))
        values |= {"user_id": _own(caller), "party": ceremony.party, "name": name, "created_at": tools.clock()}
        if not rows.add(tx, **values):
            raise PathTaken("this passkey is here already")
        events.put(tx, tools, caller, PasskeyAdded(path=caller.name, name=name))


def list_own(tools: Tools, caller: Caller) -> list[Passkey]:
    """The caller's passkeys, oldest first."""
    access.require_person(caller, "listing passkeys")
    with tools.db.read() as tx:
        found = rows.of_user(tx, _own(caller))
    return [Passkey(one.id, one.name, one.party, one.created_at, one.used_at) for one in found]


def held(tools: Tools, session: Session) -> bool:
    """Has who signs in so any?"""
    with tools.db.read() as tx:
        return rows.count(tx, session.user_id) > 0


def remove(tools: Tools, caller: Caller, id_: int) -> str:
    """Forget one of the caller's; its name. Raises SettingInvalid where there is none such."""
    access.require_person(caller, "removing a passkey")
    with tools.db.begin() as tx:
        name = rows.remove(tx, _own(caller), id_)
        if name is None:
            raise SettingInvalid("you have no such passkey: it is gone already")
        events.put(tx, tools, caller, PasskeyRemoved(path=caller.name, name=name))
        return name


def count_of(tools: Tools, caller: Caller, username: str) -> int:
    """How many passkeys a person has. For administrators. Raises UserUnknown."""
    access.require_admin(caller, "counting somebody's passkeys")
    with tools.db.read() as tx:
        return rows.count(tx, _user(tx, username))


def remove_of(tools: Tools, caller: Caller, username: str) -> None:
    """Forget all of a person, who lost the devices. For administrators. Raises UserUnknown."""
    access.require_admin(caller, "removing somebody's passkeys")
    with tools.db.begin() as tx:
        for one in rows.of_user(tx, _user(tx, username)):
            rows.remove(tx, one.user_id, one.id)
            events.put(tx, tools, caller, PasskeyRemoved(path=username, name=one.name))


def sign_in(tools: Tools, ceremony: Ceremony, answer: str, browser: Browser) -> NewSession:
    """A session for who shows a passkey; of an earlier stage where they owe a password of their own.

    Raises CredentialRefused, LoginsLimited.
    """
    found = _claimed(tools, answer)
    with _counted(tools, found, browser):
        shown = ceremonies.shown(tools, ceremony, answer, found)
        with tools.db.begin() as tx:
            user = _use(tx, tools, shown)
            made = sessions.begin(tx, tools, user, browser, way=WAY, shown=(Stage.SECOND_FACTOR,))
            _tell(tx, tools, shown, made)
            return made


def show(tools: Tools, session: Session, ceremony: Ceremony, answer: str, browser: Browser) -> NewSession:
    """Go on signing in with a passkey in place of a code. Raises CredentialRefused, LoginsLimited, SessionUnknown."""
    found = _claimed(tools, answer)
    with _counted(tools, found, browser):
        shown = ceremonies.shown(tools, ceremony, answer, found)
        if shown.row.user_id != session.user_id:
            raise CredentialRefused("this passkey is another account's: choose one of the account that signs in")
        with tools.db.begin() as tx:
            _use(tx, tools, shown)
            way = f"{session.way} and {WAY}"
            made = sessions.advance(tx, tools, session, browser, way=way, shown=(Stage.SECOND_FACTOR,))
            _tell(tx, tools, shown, made)
            return made


def _claimed(tools: Tools, answer: str) -> Row[Any] | None:
    """The passkey that an answer says to be of, with its owner's `username`; nothing of it is believed yet."""
    credential = ceremonies.claimed(answer)
    with tools.db.read() as tx:
        return rows.of_credential(tx, credential)


def _use(tx: Connection, tools: Tools, shown: Shown) -> Row[Any]:
    """The row of the user whose passkey was shown; the challenge and the device's count are used up."""
    challenges.spend(tx, tools, shown.challenge)
    user = user_rows.by_id(tx, shown.row.user_id)
    if user is None or not rows.used(tx, shown.row.id, shown.row.sign_count, shown.sign_count, tools.clock()):
        raise CredentialRefused(WRONG)
    if user.blocked:
        raise CredentialRefused(f"the account {user.username} is blocked: ask an administrator")
    return user


def _tell(tx: Connection, tools: Tools, shown: Shown, made: NewSession) -> None:
    user = user_rows.by_id(tx, shown.row.user_id)
    if user is not None:
        who = sessions.signed_in(tools, user, made.session.id, made.session.address)
        events.put(tx, tools, who, PasskeyUsed(path=user.username, name=shown.row.name))


@contextmanager
def _counted(tools: Tools, found: Row[Any] | None, browser: Browser) -> Iterator[None]:
    """Count what is refused inside as a failed login; let nobody in from this address after too many."""
    keys = [logins.of_address(browser.address)]
    logins.check(tools, keys)
    try:
        yield
    except CredentialRefused:
        logins.failed(tools, keys, username=found.username if found else "", address=browser.address)
        raise


def _named(name: str) -> str:
    name = name.strip() or "Passkey"
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise SettingInvalid(f"a passkey's name has at most {_LONGEST_NAME} characters, all of them printable")
    return name


def _require_room(count: int) -> None:
    if count >= MOST:
        raise SettingInvalid(f"you have {MOST} passkeys: remove one that you do not use first")


def _user(tx: Connection, username: str) -> int:
    user = user_rows.at(tx, access.askable(username))
    if user is None:
        raise UserUnknown(f"no user {username}: check the name")
    return int(user.id)


def _own(caller: Caller) -> int:
    if caller.user_id is None:
        raise SettingInvalid("an operator has no account, and so no passkeys")
    return caller.user_id
