"""The second factor: codes of an app that change every thirty seconds (TOTP, RFC 6238).

It counts from the moment that its owner has shown a first code. None is taken twice, nor one from before the last.
Ten recovery codes stand in for a lost phone, each once. Wrong codes count like wrong passwords (`logins`), by account
and by address. The app's secret is kept encrypted under the installation's secret, of recovery codes a hash.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from secrets import choice, token_bytes
from typing import Any, Final

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Row

from wharfinger.db import second_factors as rows
from wharfinger.db import sessions as session_rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, logins, passwords, sessions
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import CredentialRefused, SettingInvalid, UserUnknown
from wharfinger.domain.events.people import RecoveryCodesMade, RecoveryCodeUsed, SecondFactorAdded, SecondFactorRemoved
from wharfinger.domain.sessions import Browser, NewSession, Session, Stage
from wharfinger.domain.tools import Tools

CODES: Final = 10
STEP_SECONDS: Final = 30
_DRIFT: Final = (0, -1, 1)  # clocks differ, and people type slowly
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is read for something else
_CODE_LENGTH: Final = 12
_NONCE_BYTES: Final = 12
_WRONG: Final = "this code is wrong, or was used before: wait for the next one, or take a recovery code"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor that waits for a first code: the secret to be typed, and the same for a QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class State:
    """Whether a person has a second factor, and how many recovery codes are left."""

    enabled: bool
    codes_left: int


def state(tools: Tools, caller: Caller) -> State:
    """How it stands for the caller."""
    access.require_person(caller, "looking at second factors")
    with tools.db.read() as tx:
        found = rows.of_user(tx, _own(caller))
        return State(found is not None and found.confirmed_at is not None, rows.count_codes(tx, _own(caller)))


def begin(tools: Tools, caller: Caller) -> Enrolment:
    """A new secret, which counts for nothing until `confirm`. Raises SettingInvalid where there is one that counts."""
    access.require_person(caller, "adding a second factor")
    secret = pyotp.random_base32()
    with tools.db.begin() as tx:
        _require_none(tx, caller)
        rows.put(tx, _own(caller), _sealed(tools, _own(caller), secret), tools.clock())
    return _enrolment(caller, secret)


def begun(tools: Tools, caller: Caller) -> Enrolment:
    """The secret that waits for a first code. Raises SettingInvalid where none does."""
    access.require_person(caller, "adding a second factor")
    with tools.db.read() as tx:
        _require_none(tx, caller)
        found = rows.of_user(tx, _own(caller))
    if found is None:
        raise SettingInvalid("there is no second factor to be confirmed: begin with one")
    return _enrolment(caller, _opened(tools, found))


def confirm(tools: Tools, caller: Caller, code: str) -> list[str]:
    """Let the second factor count, for who shows a first code; the recovery codes, shown once.

    Raises CredentialRefused, SettingInvalid. Other browsers have to sign in anew.
    """
    access.require_person(caller, "adding a second factor")
    user = _own(caller)
    with tools.db.begin() as tx:
        _require_none(tx, caller)
        found = rows.of_user(tx, user)
        if found is None or not _matches(tx, tools, found, code):
            raise CredentialRefused("this code is wrong: look at the clock of the phone, and type the present code")
        rows.confirm(tx, user, tools.clock())
        user_rows.change(tx, user, second_factor=True)
        session_rows.remove_others(tx, user, caller.session_id)
        events.put(tx, tools, caller, SecondFactorAdded(path=caller.name))
        return _new_codes(tx, user)


def new_codes(tools: Tools, caller: Caller, password: str) -> list[str]:
    """New recovery codes in place of the old ones, for who knows the password. Raises CredentialRefused."""
    access.require_person(caller, "making recovery codes")
    _require_password(tools, caller, password)
    with tools.db.begin() as tx:
        events.put(tx, tools, caller, RecoveryCodesMade(path=caller.name))
        return _new_codes(tx, _own(caller))


def remove(tools: Tools, caller: Caller, password: str) -> None:
    """Take one's own away, for who knows the password. Raises CredentialRefused, LoginsLimited."""
    access.require_person(caller, "removing a second factor")
    _require_password(tools, caller, password)
    with tools.db.begin() as tx:
        _remove(tx, tools, caller, _own(caller), caller.name)


def remove_of(tools: Tools, caller: Caller, username: str) -> None:
    """Take that of another person away, who lost phone and codes. For administrators. Raises UserUnknown."""
    access.require_admin(caller, "removing somebody's second factor")
    with tools.db.begin() as tx:
        user = user_rows.at(tx, access.askable(username))
        if user is None:
            raise UserUnknown(f"no user {username}: check the name")
        _remove(tx, tools, caller, user.id, username)


def show(tools: Tools, session: Session, code: str, browser: Browser) -> NewSession:
    """Go on signing in with a code of the app or a recovery code. Raises CredentialRefused, LoginsLimited."""
    with tools.db.read() as tx:
        user = user_rows.by_id(tx, session.user_id)
    if user is None:
        raise CredentialRefused(_WRONG)
    keys = [logins.of_address(browser.address), f"factor {session.user_id}"]
    logins.check(tools, keys)
    way = f"{session.way} and second factor"
    with tools.db.begin() as tx:
        if _shown(tx, tools, user, code, sessions.signed_in(tools, user, session.id, browser.address)):
            return sessions.advance(tx, tools, session, browser, way=way, shown=(Stage.SECOND_FACTOR,))
    logins.failed(tools, keys, username=user.username, address=browser.address)
    raise CredentialRefused(_WRONG)


def _enrolment(caller: Caller, secret: str) -> Enrolment:
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=caller.name, issuer_name="Wharfinger"))


def _shown(tx: Connection, tools: Tools, user: Row[Any], code: str, who: Caller) -> bool:
    found = rows.of_user(tx, user.id)
    if found is not None and found.confirmed_at is not None and _matches(tx, tools, found, code):
        return True
    if not rows.take_code(tx, user.id, _hash(code)):
        return False
    left = rows.count_codes(tx, user.id)
    events.put(tx, tools, who, RecoveryCodeUsed(path=user.username, left=left))
    return True


def _matches(tx: Connection, tools: Tools, found: Row[Any], code: str) -> bool:
    """Is it a code of about now, later than any that was taken? It is used up then."""
    totp = pyotp.TOTP(_opened(tools, found))
    now = int(tools.clock().timestamp()) // STEP_SECONDS
    typed = "".join(code.split())
    right = [now + drift for drift in _DRIFT if hmac.compare_digest(totp.generate_otp(now + drift), _ascii(typed))]
    return bool(right) and rows.take_step(tx, found.user_id, right[0])


def _new_codes(tx: Connection, user: int) -> list[str]:
    codes = ["".join(choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(CODES)]
    rows.put_codes(tx, user, [_hash(code) for code in codes])
    return [_grouped(code) for code in codes]


def _remove(tx: Connection, tools: Tools, caller: Caller, user: int, username: str) -> None:
    rows.remove(tx, user)
    user_rows.change(tx, user, second_factor=False)
    events.put(tx, tools, caller, SecondFactorRemoved(path=username))


def _require_none(tx: Connection, caller: Caller) -> None:
    found = rows.of_user(tx, _own(caller))
    if found is not None and found.confirmed_at is not None:
        raise SettingInvalid("you have a second factor already: remove it first")


def _require_password(tools: Tools, caller: Caller, password: str) -> None:
    keys = [logins.of_account(caller.name)]
    with passwords.turn():
        logins.check(tools, keys)
        with tools.db.read() as tx:
            user = user_rows.by_id(tx, _own(caller))
        if not passwords.matches(user.password_hash if user else None, password):
            logins.failed(tools, keys, username=caller.name, address=caller.address)
            raise CredentialRefused("the password is wrong: type it again")


def _own(caller: Caller) -> int:
    if caller.user_id is None:
        raise SettingInvalid("an operator has no account, and so no second factor")
    return caller.user_id


def _seal(tools: Tools) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"wharfinger second factors").derive(tools.secret))


def _sealed(tools: Tools, user: int, secret: str) -> bytes:
    nonce = token_bytes(_NONCE_BYTES)
    return nonce + _seal(tools).encrypt(nonce, secret.encode(), str(user).encode())


def _opened(tools: Tools, found: Row[Any]) -> str:
    nonce, sealed = found.sealed[:_NONCE_BYTES], found.sealed[_NONCE_BYTES:]
    return _seal(tools).decrypt(nonce, sealed, str(found.user_id).encode()).decode()


def _hash(code: str) -> str:
    plain = "".join(character for character in code.lower() if character.isalnum())
    return sha256(f"wharfinger recovery code {plain}".encode()).hexdigest()


def _ascii(text: str) -> str:
    return text if text.isascii() else "?"


def _grouped(code: str, pieces: Iterable[int] = range(0, _CODE_LENGTH, 4)) -> str:
    return "-".join(code[start : start + 4] for start in pieces)
