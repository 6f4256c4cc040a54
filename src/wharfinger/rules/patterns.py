"""Patterns that people write: RE2's syntax, which is matched in linear time, so that none can hang the server.

Names of tags are matched whole (cleanup, as GitLab's `\\A…\\z`) or searched (protection, as GitLab's registry does);
paths of repositories with `*` for any run of characters.
"""

from functools import lru_cache
from typing import Any, Final, Protocol

import re2  # type: ignore[import-untyped]

from wharfinger.spec.errors import quoted

LONGEST: Final = 255
LONGEST_IN_TOKEN: Final = 100  # such patterns travel in registry tokens, that is in a header
LARGEST: Final = 1_200  # instructions: a few characters can ask for ten thousand, which takes milliseconds for each tag

_MOST_MEMORY: Final = 1024 * 1024


class Pattern(Protocol):
    """A compiled pattern."""

    programsize: int  # instructions, each of which every character may meet

    def fullmatch(self, text: str, /) -> Any:
        """Something, if the whole text matches."""

    def search(self, text: str, /) -> Any:
        """Something, if a part of the text matches."""


def expression(text: str, *, longest: int = LONGEST) -> Pattern:
    """The regular expression in `text`; raises ValueError with a sentence that shows what is wrong with it."""
    if not text:
        raise ValueError("a pattern cannot be empty: write .* for everything")
    if len(text) > longest:
        raise ValueError(f"the pattern has {len(text)} characters, {longest} is the most: write a shorter one")
    if not text.isprintable():
        raise ValueError("the pattern has characters that cannot be printed: remove them, or write them as \\x0a")
    compiled = _compiled(text)
    if compiled.programsize > LARGEST:
        raise ValueError("the pattern takes too long to match: write fewer or shorter repetitions within each other")
    return compiled


def wildcard(text: str) -> Pattern:
    """The pattern in which `*` stands for any run of characters, none included, and all else for itself."""
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ValueError(f"a path pattern has 1 to {LONGEST} printable characters, with * for any run of characters")
    return _compiled(".*".join(map(re2.escape, text.split("*"))))


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Pattern:
    options = re2.Options()
    options.log_errors, options.max_mem = False, _MOST_MEMORY
    try:
        compiled: Pattern = re2.compile(text, options)
    except re2.error as error:
        raise ValueError(f"the pattern {quoted(text)} is no RE2 expression, {_reason(error)}") from None
    return compiled


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else error
    return told.decode(errors="replace") if isinstance(told, bytes) else str(told)
