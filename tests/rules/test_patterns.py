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
        ("(?:(?:a{0,30}){0,30}b)", "too long to match"),
        ("(?:(?:(?:a?){9}){9}){9}b", "too long to match"),
        ("(?:a{0,9}|b{0,9}|c{0,9}){0,99}", "too long to match"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"the pattern|a pattern") as refused:
        patterns.expression(text)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [".*", ".{1,128}", "[0-9a-f]{1,128}", r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", "(?i)release-[a-z0-9._-]{1,100}",
     r"(?:main|develop|feature-[a-z0-9]{1,40}|release-\d{1,4}\.\d{1,4}|pr-\d{1,6})", "x" * 255],
)  # fmt: skip
def test_taken(text: str) -> None:
    assert patterns.expression(text)


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
