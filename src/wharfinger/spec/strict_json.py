"""JSON that every reader understands alike: RFC 8259, without the liberties parsers take differently.

Two clients that read one manifest differently can be shown two different images under one digest. So duplicate keys,
NaN and Infinity, a byte order mark, invalid UTF-8 and unpaired surrogates are refused, and nesting is bounded.
"""

import json
import re
from typing import Final, NoReturn

from wharfinger.spec.errors import Malformed, quoted

DEEPEST: Final = 64

# all that is no bracket, strings included; possessive, so that no input makes it try twice
_NO_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[^\[\]{}"]++', re.DOTALL)
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")


def loads(data: bytes) -> object:
    """The value that the bytes stand for; raises Malformed MANIFEST_INVALID. Takes time linear in their number."""
    text = _text(data)
    if not _bounded(data):
        _refuse(f"the JSON is nested deeper than {DEEPEST} levels, or its brackets do not close")
    try:
        value: object = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _refuse(f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}")
    except ValueError as error:
        _refuse(str(error))
    _encodable(value, data)
    return value


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8: byte {error.start} does not belong there")
    if text.startswith("\ufeff"):
        _refuse("the body starts with a byte order mark: send it without")
    return text


def _bounded(data: bytes) -> bool:
    """Whether brackets close, at most DEEPEST within each other: each round peels the innermost pairs off."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return True
    nest = _NO_BRACKET.sub(b"", data).translate(_SQUARE)
    for _ in range(DEEPEST):
        nest = nest.replace(b"[]", b"")
    return not nest


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {quoted(twice)} stands twice in one JSON object: keep one")
    return members


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _encodable(value: object, data: bytes) -> None:
    """Refuse half of a surrogate pair: no database and no UTF-8 can hold it. Only escapes can bring one in."""
    if rb"\ud" not in data.lower():
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        _refuse(r"the JSON has half of a surrogate pair (\ud800 to \udfff), which is no character")


def _refuse(sentence: str) -> NoReturn:
    raise Malformed("MANIFEST_INVALID", sentence) from None
