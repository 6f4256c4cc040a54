"""Text of strangers is shown as what it is."""

import pytest

from wharfinger.spec.plain_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("apt-get update", "apt-get update"),
        ("naïve 日本", "naïve 日本"),
        ("line\n\tnext", "line\n\tnext"),
        ("evil\u202etxt.exe", "evil\\u{202e}txt.exe"),
        ("nothing\u200bhere\x1b[2J", "nothing\\u{200b}here\\u{1b}[2J"),
        ("<script>", "<script>"),
    ],
)
def test_shows(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_says_how_much_was_cut() -> None:
    assert visible("abcdef", 4) == "abcd… (2 more characters)"
    assert visible("abcd", 4) == "abcd"
