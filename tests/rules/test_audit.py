"""What people type into the search box of the audit log."""

import pytest

from wharfinger.rules.audit import LONGEST, MOST_WORDS, Asked, read

FULL = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", Asked()),
        (" \t\x00 ", Asked()),
        ("ada", Asked(("ada",))),
        ("  Ada   deleted ", Asked(("Ada", "deleted"))),
        ("a\x00b größe", Asked(("a", "b", "größe"))),
        ("acme/shop", Asked(path="acme/shop")),
        ("acme/shop/", Asked(path="acme/shop")),
        ("acme/shop:v1", Asked(('"v1"',), "acme/shop")),
        ("ada acme/shop:v1 deleted", Asked(("ada", '"v1"', "deleted"), "acme/shop")),
        ("registry.example.com/acme/shop:v1", Asked(('"v1"',), "acme/shop")),
        (f"acme/shop@{FULL}", Asked((FULL,), "acme/shop")),
        (FULL, Asked((FULL,))),
        ("acme/shop acme/store", Asked(("acme/store",), "acme/shop")),
        ("/", Asked(("/",))),
        ("grö/ße", Asked(("grö/ße",))),
        ("x " * 50, Asked(("x",) * MOST_WORDS)),
        ("x" * 1000, Asked(("x" * LONGEST,))),
    ],
)
def test_reading(text: str, asked: Asked) -> None:
    assert read(text) == asked
