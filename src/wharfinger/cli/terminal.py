"""How commands speak: sentences, tables or JSON on standard output, what went wrong on standard error.

Secrets come in through standard input and go out once; an argument would stand in the shell's history and in `ps`.
What strangers wrote (names, files of a folder, answers of servers) moves no cursor: control characters are spelled out.
"""

import getpass
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

_LONGEST_SECRET: Final = 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Failure(Exception):
    """A command cannot do it. `str(failure)` is the sentence for its user."""


def say(text: str) -> None:
    """Tell the user, on standard output."""
    sys.stdout.write(_inert(text) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell the user something that no script wants to read, on standard error."""
    sys.stderr.write(_inert(text) + "\n")
    sys.stderr.flush()


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A list: a table for people (columns from the first row), or one JSON array for scripts."""
    if as_json:
        say(orjson.dumps([dict(row) for row in rows], default=str, option=orjson.OPT_INDENT_2).decode())
    elif not rows:
        note(empty)
    else:
        _print_table(rows)


def show_one(row: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing: a line per attribute, or one JSON object."""
    if as_json:
        say(orjson.dumps(dict(row), default=str, option=orjson.OPT_INDENT_2).decode())
        return
    width = max(map(len, row))
    for name, value in row.items():
        say(f"{name.replace('_', ' '):<{width}}  {_shown(value)}")


def counted(count: int, noun: str) -> str:
    """ "1 blob", "1,200 blobs", "2 repositories"."""
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def read_secret(what: str) -> str:
    """A password or token from standard input: typed blind, or the first line of a pipe. Raises Failure."""
    secret = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline(_LONGEST_SECRET + 2)
    secret = secret.rstrip("\r\n")
    if not secret or len(secret) > _LONGEST_SECRET:
        raise Failure(f"no {what.lower()} came on standard input: type it there, or pipe it in")
    return secret


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    wide = None if sys.stdout.isatty() else 10_000
    Console(width=wide, highlight=False, markup=False, soft_wrap=wide is not None).print(table)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    return value.name.lower() if isinstance(value, Enum) else _inert(str(value))


def _inert(text: str) -> str:
    """The text without what a terminal obeys, and halves of characters, as JSON would have them: so it stays JSON."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
