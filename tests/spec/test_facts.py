"""What artifacts say of themselves."""

import json
from typing import Any

import pytest

from wharfinger.spec import facts
from wharfinger.spec.errors import Malformed


def test_a_chart() -> None:
    chart = {"name": "shop", "version": "0.1.0", "keywords": ["a", "b"], "maintainers": [{"name": "ada"}], "empty": ""}
    assert facts.parse(json.dumps(chart).encode()) == (("name", "shop"), ("version", "0.1.0"), ("keywords", "a, b"))


def test_numbers_and_what_is_nested() -> None:
    assert facts.parse(b'{"a": 1, "b": {"c": 2}, "d": null, "e": 1.5, "f": "\\u202e"}') == (
        ("a", "1"),
        ("e", "1.5"),
        ("f", "\\u{202e}"),
    )


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(Malformed):
        facts.parse(b"[1]")


@pytest.mark.parametrize(
    ("document", "noted"),
    [
        ({"layers": [{"digest": "d", "annotations": {facts.TITLE: "a.txt"}}]}, {"d": ((facts.TITLE, "a.txt"),)}),
        ({"blobs": [{"digest": "d", "annotations": {"a": "b"}}]}, {"d": (("a", "b"),)}),
        ({"layers": [{"digest": "d"}, "no object", {"digest": "e", "annotations": []}]}, {}),
        ({"layers": "none"}, {}),
        ({}, {}),
        ([], {}),
    ],
)
def test_notes(document: Any, noted: dict[str, Any]) -> None:
    assert facts.notes(json.dumps(document).encode()) == noted
