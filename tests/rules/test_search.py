"""What people type and paste into the search box."""

import pytest

from wharfinger.rules import search
from wharfinger.rules.search import Wanted

FULL = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("shop", Wanted("shop", "shop")),
        ("  Shop ", Wanted("shop", "Shop")),
        ("acme/shop", Wanted("acme/shop")),
        ("acme/shop/", Wanted("acme/shop")),
        ("shop:1.2", Wanted("shop", "1.2", exact=True)),
        (":1.2", Wanted("", "1.2", exact=True)),
        ("shop:", Wanted("shop", "", exact=True)),
        ("registry.example.com/acme/shop:1.2", Wanted("acme/shop", "1.2", exact=True)),
        ("localhost:5000/acme/shop", Wanted("acme/shop")),
        ("localhost/acme/shop", Wanted("acme/shop")),
        ("docker pull registry.example.com/acme/shop:1.2", Wanted("acme/shop", "1.2", exact=True)),
        ("skopeo inspect docker://registry.example.com/acme/shop", Wanted("acme/shop")),
        ("https://registry.example.com/acme/shop", Wanted("acme/shop")),
        ("v1.2.3/x", Wanted("x", "x")),
        (FULL, Wanted(digest=FULL)),
        (f"registry.example.com/acme/shop@{FULL}", Wanted("acme/shop", digest=FULL)),
        (f"registry.example.com/acme/shop:1@{FULL}", Wanted("acme/shop", digest=FULL)),
        ("sha256:012345", Wanted(digest="sha256:012345")),
        ("sha512:ABCDEF", Wanted(digest="sha512:abcdef")),
        ("sha256:01234", Wanted()),
        ("abc123", Wanted("abc123", "abc123", "sha256:abc123")),
        ("abc12", Wanted("abc12", "abc12")),
        ("", Wanted()),
        ("größe", Wanted()),
        ("a\x00b", Wanted()),
        ("x@", Wanted("x", "x")),
    ],
)  # fmt: skip
def test_reads(text: str, wanted: Wanted) -> None:
    assert search.read(text) == wanted


def test_what_is_endless_is_cut() -> None:
    assert len(search.read("a" * 10_000).path) == search.LONGEST


@pytest.mark.parametrize("text", ["", "Größe 3", "ada@example.org", "x" * 255])
def test_what_a_name_may_have_in_it_stays(text: str) -> None:
    assert search.in_a_name(text) == text


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "line\nline", "x" * 301])
def test_what_no_name_has_in_it_finds_none(text: str) -> None:
    assert not search.in_a_name(text).isprintable()
    assert search.in_a_name(text).encode() != b"\x00"
