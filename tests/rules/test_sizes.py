"""Sizes in words and back."""

import pytest

from wharfinger.rules import sizes


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10 * 1024**3, "10 GiB"),
        (10 * 1024**3 - 1, "9.99 GiB"),
        (123 * 1024**2 + 1024**2 // 2, "123 MiB"),
        (15 * 1024**2 + 1024**2 // 2, "15.5 MiB"),
        (2 * 1024**5, "2 PiB"),
        (5000 * 1024**5, "5000 PiB"),
    ],
)
def test_in_words(size: int, words: str) -> None:
    assert sizes.in_words(size) == words


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512),
        ("512 bytes", 512),
        ("1 byte", 1),
        ("1k", 1024),
        ("1.5 GiB", 3 * 1024**3 // 2),
        (" 50 gb ", 50 * 1024**3),
        ("2T", 2 * 1024**4),
    ],
)
def test_parse(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize("text", ["", "many", "-1", "1 XiB", "1 2", "1e3", "9" * 400, "٣"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        sizes.parse(text)
