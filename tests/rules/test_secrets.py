"""The text of access tokens."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules import secrets
from wharfinger.rules.scopes import CredentialKind

KINDS = sorted(secrets.PREFIXES)
kinds = st.sampled_from(KINDS)
random_bytes = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        (CredentialKind.PERSONAL, "whf_pat_"),
        (CredentialKind.PROJECT, "whf_prj_"),
        (CredentialKind.GROUP, "whf_grp_"),
        (CredentialKind.DEPLOY, "whf_dep_"),
        (CredentialKind.JOB, "whf_job_"),
    ],
)
def test_a_token_is_recognised_by_its_beginning(kind: CredentialKind, prefix: str) -> None:
    made = secrets.make(kind, bytes(20))
    assert made.startswith(prefix + "0" * 27)
    assert re.fullmatch(r"whf_[a-z]{3}_[0-9A-Za-z]{33}", made)


def test_the_checksum_is_crc32_of_all_before_it() -> None:
    """Written down so that scanners elsewhere can rely on it."""
    made = secrets.make(CredentialKind.PERSONAL, bytes(range(20)))
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for digit in made[-6:]:
        number = number * 62 + digits.index(digit)
    assert number == zlib.crc32(made[:-6].encode())


@given(kinds, random_bytes)
def test_what_is_made_is_known(kind: CredentialKind, data: bytes) -> None:
    assert secrets.check(secrets.make(kind, data)) is kind


@given(kinds, random_bytes, st.integers(0, 40), st.sampled_from("0aZ_-é "))
def test_one_wrong_letter_is_noticed(kind: CredentialKind, data: bytes, place: int, letter: str) -> None:
    made = secrets.make(kind, data)
    changed = made[:place] + letter + made[place + 1 :]
    assert (secrets.check(changed) is not None) is (changed == made)


@given(st.sets(random_bytes, min_size=2, max_size=2))
def test_other_bytes_make_another_token(pair: set[bytes]) -> None:
    first, second = pair
    assert secrets.make(CredentialKind.JOB, first) != secrets.make(CredentialKind.JOB, second)


def other_prefix() -> str:
    """A token with a right checksum under a prefix that is not ours."""
    body = "whf_xyz_" + "0" * 27
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[rest] + digits
    return body + digits


@pytest.mark.parametrize(
    "text",
    ["", "password", "whf_pat_", "glpat-0123456789abcdefghij", "whf_pat_" + "0" * 33, "WHF_PAT_" + "0" * 33,
     secrets.make(CredentialKind.JOB, bytes(20)) + "\n", " " + secrets.make(CredentialKind.JOB, bytes(20)),
     "whf_pat_" + "\u0660" * 33, "\ud800", "a" * 1_000_000, other_prefix()],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_what_is_no_token(text: str) -> None:
    assert secrets.check(text) is None


@pytest.mark.parametrize("count", [0, 1, 19, 21, 32])
def test_a_token_is_made_of_twenty_bytes(count: int) -> None:
    with pytest.raises(ValueError, match=f"20 random bytes, not {count}"):
        secrets.make(CredentialKind.PERSONAL, bytes(count))


@pytest.mark.parametrize("kind", sorted(set(CredentialKind) - set(KINDS)))
def test_other_kinds_have_no_tokens(kind: CredentialKind) -> None:
    with pytest.raises(KeyError):
        secrets.make(kind, bytes(20))


def test_hash() -> None:
    assert secrets.hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.text(), st.text())
def test_hash_takes_whatever_a_header_holds(one: str, other: str) -> None:
    assert (secrets.hash(one) == secrets.hash(other)) is (one == other)


def test_hash_takes_halves_of_characters() -> None:
    assert len(secrets.hash("\ud800")) == 64
