"""In which line of a TOML file a key stands. The parser of the standard library does not say."""

import re
from collections.abc import Iterator
from typing import Final

Path = tuple[str | int, ...]

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ASSIGNMENT: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_FENCE: Final = re.compile("\"\"\"|'''")


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every table and key, by its path: `("server", "listen")`, `("tables", 0, "key")`."""
    found: dict[Path, int] = {}
    table: Path = ()
    counted: dict[Path, int] = {}
    for number, line in _outside_strings(text):
        if header := _HEADER.match(line):
            table = _path(header[2])
            if header[1] == "[[":
                counted[table] = counted.get(table, -1) + 1
                table = (*table, counted[table])
            found.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            keys = _path(assignment[1])
            for end in range(1, len(keys) + 1):  # `listen.host = 1` is where `listen` stands as well
                found.setdefault((*table, *keys[:end]), number)
    return found


def _path(dotted: str) -> Path:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, dotted))


def _outside_strings(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not begin inside a string of several lines."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if not inside:
            yield number, line
        inside ^= len(_FENCE.findall(line)) % 2 == 1
