"""Digests: image-spec, "descriptor.md#digests"."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.spec import digest
from wharfinger.spec.errors import Malformed

EMPTY_256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
EMPTY_512 = (
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)

BAD = [
    ("", "is not a digest: write"),
    ("latest", "is not a digest: write"),
    ("e3b0c442", "is not a digest: write"),
    (":", "use sha256 or sha512"),
    (":" + "a" * 64, "use sha256 or sha512"),
    ("md5:" + "a" * 32, "'md5' is not known here: use sha256 or sha512"),
    ("sha384:" + "a" * 96, "'sha384' is not known"),
    ("blake3:" + "a" * 64, "'blake3' is not known"),
    ("sha256+b64:" + "a" * 44, "not known"),
    ("SHA256:" + "a" * 64, "not known"),
    (" sha256:" + "a" * 64, "not known"),
    ("../../etc/passwd:" + "a" * 64, "not known"),
    ("sha256:", "come 64 lower-case hex digits"),
    ("sha256:" + "a" * 63, "these are 63 characters"),
    ("sha256:" + "a" * 65, "these are 65 characters"),
    ("sha256:" + "A" * 64, "come 64 lower-case hex digits"),
    ("sha256:" + "g" * 64, "come 64 lower-case hex digits"),
    ("sha256:" + "a" * 64 + "\n", "these are 65 characters"),
    ("sha256:" + "a" * 64 + ":a", "these are 66 characters"),
    ("sha256:" + "\u0661" * 64, "come 64 lower-case hex digits"),
    ("sha256:baddigeststring", "come 64 lower-case hex digits"),
    ("sha512:" + "a" * 64, "come 128 lower-case hex digits"),
    ("sha512:" + "a" * 10_000, "these are 10000 characters"),
]


@pytest.mark.parametrize("text", [EMPTY_256, EMPTY_512, "sha256:" + "0" * 64, "sha512:" + "f" * 128])
def test_parse_takes(text: str) -> None:
    assert digest.parse(text) == text


@pytest.mark.parametrize(("text", "reason"), BAD, ids=lambda text: ascii(text[:30]))
def test_parse_refuses(text: str, reason: str) -> None:
    with pytest.raises(Malformed) as refusal:
        digest.parse(text)
    assert refusal.value.code == "DIGEST_INVALID"
    assert reason in refusal.value.sentence
    assert len(refusal.value.sentence) < 1000


def test_of_nothing() -> None:
    assert digest.of(b"") == EMPTY_256
    assert digest.of(b"", "sha512") == EMPTY_512


@given(st.binary(), st.sampled_from(sorted(digest.HEX_LENGTHS)))
def test_what_we_make_we_take(data: bytes, algorithm: str) -> None:
    made = digest.of(data, algorithm)
    assert digest.parse(made) == made
    assert digest.algorithm(made) == algorithm
    assert made == f"{algorithm}:{getattr(hashlib, algorithm)(data).hexdigest()}"


@given(st.lists(st.binary()), st.sampled_from(sorted(digest.HEX_LENGTHS)))
def test_hasher_runs_piece_by_piece(pieces: list[bytes], algorithm: str) -> None:
    running = digest.hasher(algorithm)
    for piece in pieces:
        running.update(piece)
    assert f"{algorithm}:{running.hexdigest()}" == digest.of(b"".join(pieces), algorithm)


@pytest.mark.parametrize(("reference", "expected"), [("latest", False), (EMPTY_256, True), ("sha256:bad", True)])
def test_is_digest(reference: str, expected: bool) -> None:
    assert digest.is_digest(reference) is expected


@pytest.mark.parametrize("algorithm", sorted(digest.HEX_LENGTHS))
def test_known_takes(algorithm: str) -> None:
    assert digest.known(algorithm) == algorithm


@pytest.mark.parametrize("algorithm", ["", "md5", "SHA256", "sha256:", "sha384", "a" * 10_000, "\r\n"])
def test_known_refuses(algorithm: str) -> None:
    with pytest.raises(Malformed, match=r"none of the algorithms known here: .*sha256.*sha512") as refusal:
        digest.known(algorithm)
    assert refusal.value.code == "DIGEST_INVALID"
    assert len(refusal.value.sentence) < 300
