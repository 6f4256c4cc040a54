"""What arrives, brought into one shape before it is routed.

GitLab takes parameters from the query, from a form or from JSON, and writes a path with slashes as one segment
(`projects/acme%2Fshop`). So each segment of the path is kept apart, whatever it holds; what comes with POST, PUT and
PATCH becomes one JSON object, what comes with DELETE one query. Bodies are bounded.
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from wharfinger.domain.errors import Invalid
from wharfinger.web.request import Message, Receive, Scope
from wharfinger.web.request import Request as Incoming

BODY_LIMIT: Final = 1024 * 1024
_MOST_FIELDS: Final = 1000
_MOST_LEVELS: Final = 4
_OF_BODY: Final = (b"content-type", b"content-length", b"transfer-encoding")
_WITH_OBJECT: Final = frozenset(("POST", "PUT", "PATCH"))


async def taken(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    """The request as the routes see it. Raises Invalid, TooLarge, ClientGone."""
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    inner: Scope = {**scope, "method": method, "path": segments(scope)}
    if method in _WITH_OBJECT or method == "DELETE":
        body = await Incoming(scope, receive).body(BODY_LIMIT)
        given = await _given(scope, body) if body else {}
        if method == "DELETE":
            query = [scope["query_string"].decode("latin-1"), urlencode(_flat(given), doseq=True)]
            inner["query_string"] = "&".join(part for part in query if part).encode("latin-1")
            return inner, _replay(b"")
        asked = nested(_pairs(scope["query_string"]))
        inner["headers"] = [
            header for header in scope["headers"] if header[0] not in (b"content-type", b"content-length")
        ]
        content = _written({**asked, **given})
        inner["headers"] += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        return inner, _replay(content)
    return inner, receive


def segments(scope: Scope) -> str:
    """The path with every segment encoded alike: `/api/v4/projects/acme%2Fshop`, however the client wrote it."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    return "/".join(quote(unquote(part), safe="") for part in raw.partition(b"?")[0].decode("latin-1").split("/"))


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The object that form fields stand for: `scopes[]=api` is a list, `attributes[name]=x` an object in it."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        path = key.replace("]", "").split("[")
        if len(path) > _MOST_LEVELS:
            raise Invalid(f"the parameter {key[:100]} is nested too deep: send JSON")
        _put(found, path, value)
    return found


def _put(found: dict[str, Any], path: list[str], value: str) -> None:
    name, *inner = path
    if not inner:
        found[name] = value
    elif inner == [""]:
        known = found.get(name)
        found[name] = [*known, value] if isinstance(known, list) else [value]
    else:
        known = found.setdefault(name, {})
        if not isinstance(known, dict):
            raise Invalid(f"the parameter {name[:100]} is given as a value and as an object: send one of them")
        _put(known, inner, value)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Invalid(f"at most {_MOST_FIELDS} parameters are taken: send fewer") from error


async def _given(scope: Scope, body: bytes) -> dict[str, Any]:
    """The object in a body: JSON unless its Content-Type says that it is a form."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").partition(b";")[0]
    match kind.strip().lower():
        case b"application/x-www-form-urlencoded":
            return nested(_pairs(body))
        case b"multipart/form-data":
            return nested(await _multipart(scope, body))
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the body is no JSON ({error}): send an object, or a form") from error
    if not isinstance(found, dict):
        raise Invalid("the body is JSON and no object: send { … }")
    return found


async def _multipart(scope: Scope, body: bytes) -> list[tuple[str, str]]:
    try:
        form = await Request({**scope, "type": "http"}, _replay(body)).form(
            max_files=0, max_fields=_MOST_FIELDS, max_part_size=BODY_LIMIT
        )
    except (MultiPartException, ValueError, KeyError) as error:
        raise Invalid("the form cannot be read: send its fields without files, or JSON") from error
    return [(key, value) for key, value in form.multi_items() if isinstance(value, str)]


def _written(given: dict[str, Any]) -> bytes:
    """The object as the routes read it. Raises Invalid for one that is too deep, or has what no database takes."""
    try:
        content = orjson.dumps(given)
    except orjson.JSONEncodeError as error:
        raise Invalid(f"the body cannot be taken ({error}): send less deep objects, and numbers of 64 bits") from error
    if rb"\u0000" in content:
        _require_text(given)
    return content


def _require_text(value: Any) -> None:
    """Raises Invalid where a text in it has a zero byte."""
    match value:
        case str():
            if "\x00" in value:
                raise Invalid("a text in the body has a zero byte, which cannot be kept: leave it out")
        case dict():
            _require_text([*value, *value.values()])
        case list():
            for each in value:
                _require_text(each)


def _flat(given: dict[str, Any]) -> dict[str, Any]:
    """What can stand in a query: values and lists of them."""
    for name, value in given.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value)):
            raise Invalid(f"the parameter {name[:100]} is an object: a DELETE takes values only")
    return {name: _words(value) for name, value in given.items() if value is not None}


def _words(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
