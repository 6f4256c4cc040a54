"""JSON that every reader understands alike: RFC 8259, without the liberties parsers take differently.

Two clients that read one manifest differently can be shown two different images under one digest. So duplicate keys,
NaN and Infinity, a byte order mark, invalid UTF-8 and halves of surrogate pairs are refused, and nesting is bounded.
"""

import json
import re
from collections import Counter
from typing import Final, NoReturn

from wharfinger.spec.errors import Malformed, quoted

DEEPEST: Final = 64

# possessive and with an optional end, so that no input makes it look at a byte twice
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_TOO_DEEP: Final = b"[" * (DEEPEST + 1)


def loads(data: bytes) -> object:
    """The value that the bytes stand for; raises Malformed MANIFEST_INVALID. Never recurses deeper than DEEPEST."""
    text = _text(data)
    if not _shallow(data):
        _refuse(f"the JSON is nested deeper than {DEEPEST} levels, or a bracket in it does not close")
    value = _value(text)
    _refuse_half_characters(value, data)
    return value


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8: byte {error.start} does not belong there")
    if text.startswith("\ufeff"):
        _refuse("the body starts with a byte order mark: send it without")
    return text


def _shallow(data: bytes) -> bool:
    """Whether brackets close, at most DEEPEST within each other: each round peels the innermost pairs off."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return True
    nest = _STRING.sub(b"", data).translate(_SQUARE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if _TOO_DEEP in nest:
            return False
        nest = nest.replace(b"[]", b"")
    return not nest


def _value(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
    except Malformed:
        raise
    except json.JSONDecodeError as error:
        _refuse(f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}")
    except ValueError:
        _refuse("the JSON has a number of thousands of digits")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        _refuse(f"the key {quoted(twice)} stands twice in one JSON object: keep one")
    return members


def _refuse_constant(word: str) -> NoReturn:
    _refuse(f"{word} is not a JSON number")


def _refuse_half_characters(value: object, data: bytes) -> None:
    """No database and no UTF-8 can hold half of a surrogate pair; only an escape can bring one in."""
    if rb"\ud" not in data.lower():
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        _refuse(r"the JSON has half of a surrogate pair (\ud800 to \udfff), which is no character")


def _refuse(sentence: str) -> NoReturn:
    raise Malformed("MANIFEST_INVALID", sentence) from None
