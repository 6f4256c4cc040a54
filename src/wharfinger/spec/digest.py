"""Digests: image-spec, "descriptor.md#digests". `algorithm:hex`, of the two algorithms that the spec registers."""

import hashlib
import re
from typing import TYPE_CHECKING, Final

from wharfinger.spec.errors import Malformed, quoted

if TYPE_CHECKING:
    from hashlib import _Hash

HEX_LENGTHS: Final = {"sha256": 64, "sha512": 128}

_LIST: Final = " and ".join(HEX_LENGTHS)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def parse(text: str) -> str:
    """The text, if it is a digest this registry can check; raises Malformed DIGEST_INVALID."""
    if _DIGEST.fullmatch(text) is None:
        raise Malformed("DIGEST_INVALID", _why_not(text))
    return text


def of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes held in memory."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def hasher(algorithm: str) -> "_Hash":
    """An empty running hash of a known algorithm."""
    return hashlib.new(algorithm)


def algorithm(digest: str) -> str:
    """What comes before the colon."""
    return digest.partition(":")[0]


def known(algorithm: str) -> str:
    """The algorithm, if digests of it can be checked here; raises Malformed DIGEST_INVALID."""
    if algorithm not in HEX_LENGTHS:
        raise Malformed("DIGEST_INVALID", f"{quoted(algorithm)} is none of the algorithms known here: {_LIST}")
    return algorithm


def is_digest(reference: str) -> bool:
    """Whether a reference is meant as a digest rather than a tag: tags have no colon."""
    return ":" in reference


def _why_not(text: str) -> str:
    name, colon, hexes = text.partition(":")
    if not colon:
        return (
            f"{quoted(text)} is not a digest: write the algorithm, a colon and the hash, as in sha256:<64 hex digits>"
        )
    if name not in HEX_LENGTHS:
        return f"the digest algorithm {quoted(name)} is not known here: use {' or '.join(HEX_LENGTHS)}"
    return (
        f"{quoted(text)} is not a digest: after {name}: come {HEX_LENGTHS[name]} lower-case hex digits, "
        f"these are {len(hexes)} characters"
    )
