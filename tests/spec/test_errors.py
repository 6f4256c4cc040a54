"""What a refusal may quote."""

import pytest

from wharfinger.spec.errors import CODES, LONGEST_QUOTE, STANDARD, Malformed, quoted


def test_every_code_stands_once() -> None:
    assert len(CODES) == len(set(CODES))
    assert all(code == entry.code for code, entry in CODES.items())
    assert len(STANDARD) == 14


@pytest.mark.parametrize("entry", CODES.values(), ids=lambda entry: entry.code)
def test_codes_obey_the_spec(entry) -> None:
    """Upper-case letters and underscores; a status that is an error; a message."""
    assert entry.code.replace("_", "").isalpha()
    assert entry.code.isupper()
    assert 400 <= entry.status <= 599
    assert entry.message


def test_malformed_is_its_sentence() -> None:
    refusal = Malformed("NAME_INVALID", "it has a colon")
    assert (str(refusal), refusal.code, refusal.sentence) == ("it has a colon", "NAME_INVALID", "it has a colon")
    assert isinstance(refusal, ValueError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme/shop", "'acme/shop'"),
        ("", "''"),
        ("a\r\nSet-Cookie: x", r"'a\r\nSet-Cookie: x'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("schön", r"'sch\xf6n'"),
        ("\u202egnp.exe", r"'\u202egnp.exe'"),
        ("\ud800", r"'\ud800'"),
        ("a" * LONGEST_QUOTE, "'" + "a" * LONGEST_QUOTE + "'"),
        ("a" * (LONGEST_QUOTE + 1), "'" + "a" * LONGEST_QUOTE + "'..."),
    ],
)
def test_quoted_is_short_printable_ascii(text: str, expected: str) -> None:
    assert quoted(text) == expected
    assert quoted(text).isascii()
    assert quoted(text).isprintable()
