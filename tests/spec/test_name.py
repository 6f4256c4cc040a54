"""Repository names and tags: distribution-spec v1.1, "Pulling manifests"."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.spec import name
from wharfinger.spec.errors import Malformed

# word for word from the spec
SPEC_NAME = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
SPEC_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"

GOOD_NAMES = [
    "a",
    "0",
    "library/alpine",
    "acme/back-end/shop",
    "a.b/c_d/e__f/g-h/i--j/k-----l",
    "/".join("abcdefghijklmnopqrs"),
    "a" * 255,
    "127.0.0.1",
]

BAD_NAMES = [
    ("", "not allowed"),
    ("/", "not allowed"),
    ("/a", "not allowed"),
    ("a/", "not allowed"),
    ("a//b", "not allowed"),
    ("..", "not allowed"),
    ("a/../b", "not allowed"),
    ("a/..", "not allowed"),
    ("a..b", "not allowed"),
    ("a._b", "not allowed"),
    ("a___b", "not allowed"),
    ("-a", "not allowed"),
    ("a-", "not allowed"),
    (".a", "not allowed"),
    ("a.", "not allowed"),
    ("_catalog", "not allowed"),
    ("a b", "not allowed"),
    ("a:b", "not allowed"),
    ("a@b", "not allowed"),
    ("a\\b", "not allowed"),
    ("a%2fb", "not allowed"),
    ("schön", "not allowed"),
    ("a\x00", "not allowed"),
    ("a\n", "not allowed"),
    ("a\r\nb", "not allowed"),
    ("\x7f", "not allowed"),
    ("Acme/shop", "write 'acme/shop'"),
    ("acme/SHOP", "write 'acme/shop'"),
    ("Acme/..", "not allowed"),
    ("/".join("abcdefghijklmnopqrst"), "20 levels"),
    ("/".join("a" * 100), "20 levels"),
    ("a" * 256, "256 characters"),
    ("a" * 1_000_000, "1000000 characters"),
]

GOOD_TAGS = ["a", "latest", "1.0", "_", "_._-", "V1.0-RC.1", "A" * 128, "sha256-" + "a" * 64]
BAD_TAGS = ["", ".", "..", "-a", ".a", "a b", "a/b", "a:b", "a\n", "a\x00", "A" * 129, "é", "sha256:" + "a" * 64]


@pytest.mark.parametrize("text", GOOD_NAMES, ids=lambda text: text[:40])
def test_repository_takes(text: str) -> None:
    assert name.repository(text) == text


@pytest.mark.parametrize(("text", "reason"), BAD_NAMES, ids=lambda text: ascii(text[:40]))
def test_repository_refuses(text: str, reason: str) -> None:
    with pytest.raises(Malformed) as refusal:
        name.repository(text)
    assert refusal.value.code == "NAME_INVALID"
    assert reason in refusal.value.sentence
    assert len(refusal.value.sentence) < 1000


@pytest.mark.parametrize("text", GOOD_TAGS, ids=lambda text: text[:40])
def test_tag_takes(text: str) -> None:
    assert name.tag(text) == text


@pytest.mark.parametrize("text", BAD_TAGS, ids=lambda text: ascii(text[:40]))
def test_tag_refuses(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        name.tag(text)
    assert refusal.value.code == "TAG_INVALID"
    assert "cannot be a tag" in refusal.value.sentence


def accepts(check, text: str) -> bool:
    try:
        return check(text) == text
    except Malformed:
        return False


@given(st.text(alphabet="ab0._-/A:\n", max_size=30))
def test_repository_is_the_grammar_of_the_spec(text: str) -> None:
    assert accepts(name.repository, text) == (re.fullmatch(SPEC_NAME, text) is not None and text.count("/") < 19)


@given(st.text(max_size=30) | st.text(alphabet="aZ0._-/:", max_size=130))
def test_tag_is_the_grammar_of_the_spec(text: str) -> None:
    assert accepts(name.tag, text) == (re.fullmatch(SPEC_TAG, text, re.ASCII) is not None)


@pytest.mark.parametrize("text", ["a" * 255, "a-" * 127 + "/", "a." * 127 + "!", "-" * 255, "a" + "-" * 253 + "!"])
def test_repository_does_not_try_every_way(text: str) -> None:
    """A pattern that backtracks without bound would not return before the test run is killed."""
    accepts(name.repository, text)
