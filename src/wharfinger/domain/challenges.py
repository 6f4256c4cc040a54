"""Challenges: what a device has to sign to show that it is asked here and now.

A challenge is good for ten minutes, in the browser that it was made for, and once. It carries its own proof of the
first two, so that nothing is kept of those that nobody answers; of those that were answered, a hash is kept until their
time is over.
"""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import passkeys as rows
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.tools import Tools

LIFE: Final = timedelta(minutes=10)
_NONCE_BYTES: Final = 16
_MOMENT_BYTES: Final = 8
_HEAD_BYTES: Final = _NONCE_BYTES + _MOMENT_BYTES
_STALE: Final = "this took too long, was begun in another browser, or was answered before: try again"


def fresh(tools: Tools, holder: str) -> bytes:
    """A new challenge for `holder`: a text that only one browser's session can come with."""
    ends = int((tools.clock() + LIFE).timestamp())
    head = token_bytes(_NONCE_BYTES) + ends.to_bytes(_MOMENT_BYTES)
    return head + _proof(tools, holder, head)


def require_good(tools: Tools, challenge: bytes, holder: str) -> None:
    """Make sure that it is ours, for this holder, and in time. Raises CredentialRefused."""
    head, proof = challenge[:_HEAD_BYTES], challenge[_HEAD_BYTES:]
    if not hmac.compare_digest(proof, _proof(tools, holder, head)) or _ends(head) <= tools.clock():
        raise CredentialRefused(_STALE)


def spend(tx: Connection, tools: Tools, challenge: bytes) -> None:
    """Use a good one up. Raises CredentialRefused where that has happened already."""
    rows.forget_spent(tx, tools.clock())
    if not rows.spend(tx, sha256(challenge).hexdigest(), _ends(challenge)):
        raise CredentialRefused(_STALE)


def _ends(challenge: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(challenge[_NONCE_BYTES:_HEAD_BYTES]), UTC)


def _proof(tools: Tools, holder: str, head: bytes) -> bytes:
    return hmac.new(tools.secret, b"wharfinger challenge\0" + head + holder.encode(), sha256).digest()
