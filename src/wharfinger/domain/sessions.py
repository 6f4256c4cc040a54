"""Sessions: people signed in with a browser.

A session is random bits in a cookie, of which the database keeps a hash. It ends when it was not used for a while
(`session_idle`), when its whole time is over (`session_life`), when its owner ends it or sets a new password, and when
the account is blocked. Who has shown a password and still owes a second factor or a password of their own has a session
too, in an earlier stage: it is good for that step alone, and each step replaces it by a new one.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import sessions as rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, logins, passwords
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import SessionUnknown, SettingInvalid
from wharfinger.domain.events.people import PasswordSet, SessionsEnded, SignedIn
from wharfinger.domain.tools import Tools
from wharfinger.rules.scopes import CredentialKind

UNFINISHED_LIFE: Final = timedelta(minutes=10)  # to find the phone, or to think of a password
NOTED_EVERY: Final = timedelta(minutes=1)
_SECRET_BYTES: Final = 32
_LONGEST_AGENT: Final = 200
_WRONG: Final = "the user name or the password is wrong: type them again, or ask an administrator for a new password"


class Stage(StrEnum):
    """What is still to be done."""

    SECOND_FACTOR = "second factor"
    NEW_PASSWORD = "new password"  # noqa: S105 - a stage, not a password
    SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it, and whose it is."""

    id: int
    user_id: int
    stage: Stage
    way: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes with a session's cookie: `caller` is nobody as long as a stage is missing."""

    session: Session
    caller: Caller
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made and what its cookie holds."""

    session: Session
    secret: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in from."""

    address: str
    agent: str


def sign_in(tools: Tools, username: str, password: str, browser: Browser) -> NewSession:
    """A session for who knows this password; of an earlier stage where more is owed.

    Raises CredentialRefused, and LoginsLimited after too many failures.
    """
    user = logins.password_owner(tools, username, password, browser.address, wrong=_WRONG)
    with tools.db.begin() as tx:
        return begin(tx, tools, user, browser, way="password", shown=())


def begin(
    tx: Connection, tools: Tools, user: Row[Any], browser: Browser, *, way: str, shown: tuple[Stage, ...]
) -> NewSession:
    """A new session for a user, whose earlier stages are passed where they are `shown`."""
    now, stage = tools.clock(), _stage(user, shown)
    life = tools.policy.session_life if stage is Stage.SIGNED_IN else UNFINISHED_LIFE
    secret = token_urlsafe(_SECRET_BYTES)
    values = {
        "user_id": user.id,
        "stage": str(stage),
        "way": way,
        "address": browser.address,
        "agent": _agent(browser.agent),
        "created_at": now,
        "seen_at": now,
        "expires_at": now + life,
    }
    rows.remove_over(tx, now, now - tools.policy.session_idle)
    made = rows.add(tx, secret_hash=_hash(secret), **values)
    if stage is Stage.SIGNED_IN:
        who = signed_in(tools, user, made, browser.address)
        events.put(tx, tools, who, SignedIn(path=user.username, way=way, agent=values["agent"]))
    return NewSession(Session(id=made, **{**values, "stage": stage}), secret)


def advance(
    tx: Connection, tools: Tools, session: Session, browser: Browser, *, way: str, shown: tuple[Stage, ...]
) -> NewSession:
    """The session after a step: a new one, with a new secret. Raises SessionUnknown where it is over by now."""
    user = user_rows.by_id(tx, session.user_id)
    if user is None or user.blocked or not rows.remove(tx, session.user_id, session.id):
        raise SessionUnknown("this sign-in is over: begin again")
    return begin(tx, tools, user, browser, way=way, shown=shown)


def choose_password(tools: Tools, session: Session, password: str, browser: Browser) -> NewSession:
    """Replace a one-time password by one's own, the last step of signing in. Raises SettingInvalid, SessionUnknown."""
    with tools.db.read() as tx:
        user = user_rows.by_id(tx, session.user_id)
    if user is not None and passwords.matches(user.password_hash, password):
        raise SettingInvalid("this is the one-time password itself: choose one of your own")
    password_hash = passwords.hashed(password)
    with tools.db.begin() as tx:
        user_rows.change(tx, session.user_id, password_hash=password_hash, password_once=False)
        made = advance(tx, tools, session, browser, way=session.way, shown=(Stage.SECOND_FACTOR,))
        rows.remove_others(tx, session.user_id, made.session.id)
        if user is not None:
            who = signed_in(tools, user, made.session.id, browser.address)
            events.put(tx, tools, who, PasswordSet(path=user.username, generated=False))
        return made


def find(tools: Tools, secret: str, address: str, *, noted: bool = True) -> Visitor | None:
    """Who comes with this cookie; None where it stands for no session that is good now.

    Where it is `noted`, the session is kept from ending for having been idle.
    """
    now = tools.clock()
    with tools.db.read() as tx:
        row = rows.of_secret(tx, _hash(secret))
    if row is None or row.blocked or row.expires_at <= now or row.seen_at <= now - tools.policy.session_idle:
        return None
    if noted and row.seen_at < now - NOTED_EVERY:
        with tools.db.begin() as tx:
            rows.seen(tx, row.id, now)
    return Visitor(_session(row), _caller(tools, row, now, address), row.username, row.name)


def list_own(tools: Tools, caller: Caller) -> list[Session]:
    """The caller's sessions that are good now, last seen first."""
    access.require_person(caller, "listing sessions")
    now = tools.clock()
    with tools.db.read() as tx:
        found = rows.of_user(tx, caller.user_id or 0, now, now - tools.policy.session_idle)
        return [_session(row) for row in found]


def end(tools: Tools, caller: Caller, session: int) -> None:
    """End one of the caller's sessions, the present one too. Raises SessionUnknown."""
    access.require_person(caller, "ending a session")
    with tools.db.begin() as tx:
        if not rows.remove(tx, caller.user_id or 0, session):
            raise SessionUnknown(f"no session {session} of yours: it has ended already")
        events.put(tx, tools, caller, SessionsEnded(path=caller.name, sessions=1))


def end_others(tools: Tools, caller: Caller) -> int:
    """End every session of the caller but the one it comes with; how many."""
    access.require_person(caller, "ending sessions")
    with tools.db.begin() as tx:
        count = rows.remove_others(tx, caller.user_id or 0, caller.session_id)
        if count:
            events.put(tx, tools, caller, SessionsEnded(path=caller.name, sessions=count))
        return count


def leave(tools: Tools, session: Session, address: str) -> None:
    """Sign out, at whatever stage."""
    with tools.db.begin() as tx:
        user = user_rows.by_id(tx, session.user_id)
        if rows.remove(tx, session.user_id, session.id) and user is not None and session.stage is Stage.SIGNED_IN:
            who = signed_in(tools, user, session.id, address)
            events.put(tx, tools, who, SessionsEnded(path=user.username, sessions=1))


def signed_in(tools: Tools, user: Row[Any], session: int, address: str) -> Caller:
    """A user, in the row of `users`, by a session just made."""
    now, profile = tools.clock(), tools.policy.profile
    who = Caller(CredentialKind.SESSION, user.username, user_id=user.id, admin=user.admin, credential_id=session)
    return replace(who, profile=profile, at=now, address=address)


def _stage(user: Row[Any], shown: tuple[Stage, ...]) -> Stage:
    owed = {Stage.SECOND_FACTOR: user.second_factor, Stage.NEW_PASSWORD: user.password_once}
    return next((stage for stage, owes in owed.items() if owes and stage not in shown), Stage.SIGNED_IN)


def _caller(tools: Tools, row: Row[Any], now: datetime, address: str) -> Caller:
    if row.stage != Stage.SIGNED_IN:
        return replace(access.ANONYMOUS, address=address)
    return Caller(
        CredentialKind.SESSION,
        row.username,
        user_id=row.user_id,
        admin=row.admin,
        credential_id=row.id,
        profile=tools.policy.profile,
        at=now,
        address=address,
    )


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        stage=Stage(row.stage),
        way=row.way,
        address=row.address,
        agent=row.agent,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )


def _agent(text: str) -> str:
    return "".join(character for character in text[:_LONGEST_AGENT] if character.isprintable())


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
