"""Markers come back as they went out, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from wharfinger.rules.paging import Marker, read, write

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, UTC)


@pytest.mark.parametrize("value", [None, 0, 1, -5, 2**63 - 1, NOW, "", "Grüße|1"])
@pytest.mark.parametrize("name", ["v1", "acme/shop/web", "a|b", ""])
def test_comes_back(name: str, value: int | str | datetime | None) -> None:
    text = write(Marker(name, value))
    assert read(text) == Marker(name, value)
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_moment_of_elsewhere_is_the_same_moment() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert read(write(Marker("v1", there))) == Marker("v1", NOW)


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert read(write(Marker("v1", NOW.replace(tzinfo=None)))) == Marker("v1", NOW)


def written(document: str) -> str:
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "é",
        "====",
        "a" * 2000,
        write(Marker("v1", 2**63)),
        write(Marker("line\nbreak")),
        written("[]"),
        written("[[[["),
        written("[" * 500),
        written('["x", 5, "v1"]'),
        written('["t", "soon", "v1"]'),
        written('["t", 5, "v1"]'),
        written('["i", "5", "v1"]'),
        written('["", 5, "v1"]'),
        written('["", null, 5]'),
        written('["s", "a\\u0000", "v1"]'),
        written('{"a": 1, "b": 2, "c": 3}'),
        written('[{}, 5, "v1"]'),
        "_____w",
    ],
)
def test_what_is_no_marker(text: str) -> None:
    with pytest.raises(ValueError, match="start with the first page"):
        read(text)
