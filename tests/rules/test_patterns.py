"""Patterns that people write: bounded, linear, and refused in words."""

import pytest

from wharfinger.rules import patterns


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("a" * 256, "256 characters, 255 is the most"),
        ("a\nb", "cannot be printed"),
        ("(", "no RE2 expression, missing"),
        ("(?=a)", "invalid perl operator"),
        (r"\1", "invalid escape sequence"),
        ("((a{100}){100}){100}", "invalid repetition size"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"the pattern|a pattern") as refused:
        patterns.expression(text)
    assert why in str(refused.value)


def test_length_of_patterns_in_tokens() -> None:
    patterns.expression("a" * 100, longest=patterns.LONGEST_IN_TOKEN)
    with pytest.raises(ValueError, match="100 is the most"):
        patterns.expression("a" * 101, longest=patterns.LONGEST_IN_TOKEN)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("acme/shop", "acme/shop", True),
        ("acme/shop", "acme/shop/web", False),
        ("acme/shop*", "acme/shop/web", True),
        ("acme/shop/*-dev", "acme/shop/a/b-dev", True),
        ("acme/shop/w.b", "acme/shop/web", False),
        ("acme/shop/[web]", "acme/shop/w", False),
        ("*", "anything/at/all", True),
    ],
)
def test_wildcards(pattern: str, path: str, matches: bool) -> None:
    assert bool(patterns.wildcard(pattern).fullmatch(path)) is matches


@pytest.mark.parametrize("text", ["", "a" * 256, "a\x00"])
def test_wildcards_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 255 printable characters"):
        patterns.wildcard(text)


def test_what_hangs_others() -> None:
    """Engines that backtrack take 2**40 steps here."""
    assert not patterns.expression("(a+)+$").fullmatch("a" * 40 + "!")
