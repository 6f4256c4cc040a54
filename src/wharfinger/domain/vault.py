"""Secrets that have to be read again (those of webhooks): sealed under the installation's secret, so that a stolen
database alone tells none of them.
"""

from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12


class Locked(RuntimeError):
    """What was sealed does not open: the installation has another secret than the one it was sealed under."""


def seal(secret: bytes, purpose: str, text: str) -> bytes:
    """The text, to be opened for this purpose only."""
    nonce = token_bytes(_NONCE_BYTES)
    return nonce + _cipher(secret, purpose).encrypt(nonce, text.encode(), None)


def opened(secret: bytes, purpose: str, sealed: bytes) -> str:
    """The text again. Raises Locked."""
    try:
        return _cipher(secret, purpose).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
    except InvalidTag as error:
        raise Locked(
            f"{purpose} was sealed under another secret: put back the one the database was used with"
        ) from error


def _cipher(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=f"wharfinger {purpose}".encode()).derive(secret))
