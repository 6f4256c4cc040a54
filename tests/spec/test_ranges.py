"""Content-Range on chunks, Range on downloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.spec import ranges
from wharfinger.spec.errors import Malformed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-99", (0, 99)),
        ("0-0", (0, 0)),
        ("100-199", (100, 199)),
        ("bytes 0-99/*", (0, 99)),
        ("bytes 0-99/100", (0, 99)),
        ("0-99/100", (0, 99)),
        (" 0-99 ", (0, 99)),
        ("0-999999999999999999", (0, 10**18 - 1)),
    ],
)
def test_content_range_takes(text: str, expected: tuple[int, int]) -> None:
    assert ranges.content_range(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "0-", "-99", "99-0", "1-0", "a-b", "0-9a", "0--1", "-1-5", "+0-9", "0 - 9", "0-99,100-199",
        "bytes=0-99", "bytes */100", "chunks 0-9/*", "0x0-0x9", "1e3-2e3", "\u0660-\u0669", "0-" + "9" * 19, "9" * 5000,
        "0-99\x00", "0-99/", "0-99/a",
    ],
)  # fmt: skip
def test_content_range_refuses(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        ranges.content_range(text)
    assert refusal.value.code == "CONTENT_RANGE_INVALID"
    assert "0-99" in refusal.value.sentence
    assert len(refusal.value.sentence) < 1000


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("bytes=0-99", 1000, (0, 100)),
        ("bytes=0-0", 1000, (0, 1)),
        ("bytes=999-999", 1000, (999, 1)),
        ("bytes=500-", 1000, (500, 500)),
        ("bytes=0-", 1000, (0, 1000)),
        ("bytes=900-5000", 1000, (900, 100)),
        ("bytes=-100", 1000, (900, 100)),
        ("bytes=-1", 1000, (999, 1)),
        ("bytes=-5000", 1000, (0, 1000)),
        ("Bytes=0-9", 1000, (0, 10)),
        (" bytes= 0-9 ", 1000, (0, 10)),
    ],
)
def test_byte_range_takes(text: str, size: int, expected: tuple[int, int]) -> None:
    assert ranges.byte_range(text, size) == expected


@pytest.mark.parametrize(
    "text",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-9,20-29", "bytes=0-0," * 1000, "items=0-9", "0-9",
     "bytes=+1-2", "bytes=" + "9" * 5000 + "-", "bytes=--5", "bytes=\u0661-"],
)  # fmt: skip
def test_byte_range_ignores(text: str) -> None:
    """RFC 9110, 14.2: what is no single range of bytes gets the whole blob."""
    assert ranges.byte_range(text, 1000) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("bytes=1000-", 1000), ("bytes=1000-1001", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=5-2", 1000)],
)
def test_byte_range_refuses(text: str, size: int) -> None:
    with pytest.raises(Malformed) as refusal:
        ranges.byte_range(text, size)
    assert refusal.value.code == "RANGE_INVALID"
    assert f"{size} bytes" in refusal.value.sentence


def test_the_end_of_an_empty_blob_is_all_of_it() -> None:
    assert ranges.byte_range("bytes=-5", 0) is None


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1000))
def test_byte_range_cuts_what_python_cuts(first: int, last: int, size: int) -> None:
    whole = bytes(index % 251 for index in range(size))
    try:
        found = ranges.byte_range(f"bytes={first}-{last}", size)
    except Malformed:
        assert first >= size or last < first
        return
    assert found is not None
    start, length = found
    assert length >= 1
    assert whole[start : start + length] == whole[first : last + 1]


@given(st.text(max_size=40), st.integers(0, 1000))
def test_byte_range_never_leaves_the_blob(text: str, size: int) -> None:
    try:
        found = ranges.byte_range(text, size)
    except Malformed:
        return
    assert found is None or (found[0] >= 0 and found[1] >= 1 and sum(found) <= size)
