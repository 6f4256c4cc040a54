"""The text of access tokens: `whf_pat_` + 27 characters + 6 characters of checksum.

The prefix lets secret scanners and people recognise a leaked one; the checksum lets a scanner and the server tell a
token from a typing error without a look into the database. Only the hash is stored: with 160 random bits a plain
SHA-256 cannot be turned back.
"""

import hashlib
import re
import zlib
from collections.abc import Mapping
from typing import Final

from wharfinger.rules.scopes import CredentialKind

RANDOM_BYTES: Final = 20

PREFIXES: Final[Mapping[CredentialKind, str]] = {
    CredentialKind.PERSONAL: "whf_pat_",
    CredentialKind.PROJECT: "whf_prj_",
    CredentialKind.GROUP: "whf_grp_",
    CredentialKind.DEPLOY: "whf_dep_",
    CredentialKind.JOB: "whf_job_",
}

_KINDS: Final = {prefix: kind for kind, prefix in PREFIXES.items()}
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY_LENGTH: Final = 27  # 62 ** 27 > 2 ** 160
_CHECKSUM_LENGTH: Final = 6  # 62 ** 6 > 2 ** 32
_TOKEN: Final = re.compile(rf"(whf_[a-z]{{3}}_)([0-9A-Za-z]{{{_BODY_LENGTH}}})([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})")


def make(kind: CredentialKind, random_bytes: bytes) -> str:
    """A token of a kind that has tokens, out of 20 bytes that nobody can guess."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a token is made of {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    text = PREFIXES[kind] + _base62(int.from_bytes(random_bytes, "big"), _BODY_LENGTH)
    return text + _checksum(text)


def check(text: str) -> CredentialKind | None:
    """The kind that the text says it is; None if it is no token, or one with a letter wrong."""
    found = _TOKEN.fullmatch(text)
    if found is None or _checksum(found[1] + found[2]) != found[3]:
        return None
    return _KINDS.get(found[1])


def hash(text: str) -> str:  # noqa: A001 - reads as secrets.hash
    """What is stored and looked up: 64 hex digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
