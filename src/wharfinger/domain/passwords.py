"""Account passwords: kept as argon2id, checked in the same time whoever is named."""

import secrets
import threading
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from wharfinger.domain.errors import SettingInvalid

SHORTEST: Final = 10
LONGEST: Final = 256

# 19 MiB and two rounds, a few at a time: guesses must not eat the memory that transfers need
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_TURNS: Final = threading.BoundedSemaphore(3)


def turn() -> threading.BoundedSemaphore:
    """Hold this while a password is checked: no more than a few are at a time."""
    return _TURNS


def hashed(password: str) -> str:
    """What is kept of a password. Raises SettingInvalid for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingInvalid(f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}")
    return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Is it the password? As much work for an account that has none, or does not exist, as for one that has."""
    stranger = _strangers_hash()
    try:
        right = _HASHER.verify(password_hash or stranger, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


def generated() -> str:
    """A password nobody can guess, of 120 random bits."""
    return secrets.token_urlsafe(15)


@cache
def _strangers_hash() -> str:
    return _HASHER.hash(secrets.token_hex(16))
