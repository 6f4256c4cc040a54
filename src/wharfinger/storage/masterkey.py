"""Master keys: what wraps the data keys that blobs are sealed with.

A data key is drawn at random for every upload and travels with the blob's row, wrapped. So a new master key re-wraps
short texts and touches no blob. A key management service takes part by keeping the promise of `MasterKey`.
"""

import re
from base64 import b64decode, b64encode
from secrets import token_bytes
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wharfinger.storage.store import StoreFailed

_LINE: Final = re.compile(r"([A-Za-z0-9._-]{1,64})[ :]+([0-9a-fA-F]{64})", re.ASCII)


class MasterKey(Protocol):
    """Wraps data keys. `context` is authenticated with them: a wrapped key opens for its own upload only."""

    current: str  # the name of the key that wraps

    def wrap(self, data_key: bytes, context: str) -> str:
        """The key as a text that may lie in a row; it begins with the wrapping key's name and a colon."""

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """The key again. Raises StoreFailed where its master key is not to be had, or is another one."""


class KeyList:
    """Master keys written down: a line each, a name and 64 hex digits. The first wraps, all unwrap."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, which never repeats a key."""
        lines = [line.strip() for line in re.split(r"[\n,]", text) if line.strip() and not line.strip().startswith("#")]
        matches = [_LINE.fullmatch(line) for line in lines]
        if not matches or None in matches:
            bad = matches.index(None) + 1 if matches else 1
            raise ValueError(
                f"line {bad} of the master keys is no key: write a name and 64 hex digits, as `openssl rand -hex 32` "
                'makes them, like "2026 0123…"'
            )
        self._keys = {match[1]: AESGCM(bytes.fromhex(match[2])) for match in matches if match}
        if len(self._keys) != len(lines):
            raise ValueError("two master keys have the same name: give each one its own")
        self.current = next(iter(self._keys))

    def wrap(self, data_key: bytes, context: str) -> str:
        """AES-256-GCM under the first key."""
        nonce = token_bytes(12)
        sealed = self._keys[self.current].encrypt(nonce, data_key, context.encode())
        return f"{self.current}:{b64encode(nonce + sealed).decode()}"

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Under the key that it names."""
        name, _, text = wrapped.partition(":")
        key = self._keys.get(name)
        if key is None:
            raise StoreFailed(
                f"the bytes are sealed under the master key {name!r}, which is not in the settings: put it back"
            )
        try:
            sealed = b64decode(text, validate=True)
            return key.decrypt(sealed[:12], sealed[12:], context.encode())
        except (ValueError, InvalidTag) as error:
            raise StoreFailed(
                f"the master key {name!r} does not open a data key: it is not the one that wrapped it, or the row was "
                "changed"
            ) from error
