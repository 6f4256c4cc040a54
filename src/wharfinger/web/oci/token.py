"""The token service, `/jwt/auth` (Docker Registry v2 token authentication; GET, and POST for OAuth2-form clients)."""

from dataclasses import dataclass
from typing import Final

import orjson

from wharfinger.domain import grants, tokens
from wharfinger.domain.access import ANONYMOUS, Caller
from wharfinger.domain.errors import CredentialRefused, Denied, Exhausted, Invalid, Refusal, Unauthenticated
from wharfinger.domain.grants import Issued
from wharfinger.domain.tools import Tools
from wharfinger.rules.grants import parse_scopes
from wharfinger.web.caller import Basic, client_address, parse_basic
from wharfinger.web.request import Request, parameters
from wharfinger.web.respond import Answer, Headers
from wharfinger.web.threads import in_thread

_FORM_LIMIT: Final = 64 * 1024
# In place of a Basic header's absence: clients show it, so it says what to do.
_REFUSED: Final = "HTTP Basic: Access denied."


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client asks the token service for."""

    service: str
    scopes: list[str]
    basic: Basic | None


async def answer(tools: Tools, request: Request) -> Answer:
    """A token for what the caller may do of what it asks for; partial grants are answered with 200."""
    try:
        if request.method not in ("GET", "POST"):
            return _refusal(
                405, "UNSUPPORTED", "ask for a token with GET, or with POST and a form", [(b"allow", b"GET, POST")]
            )
        asked = await _form(request) if request.method == "POST" else _query(request)
        if asked.service != tools.policy.audience:
            return Answer(404, [(b"content-length", b"0")])
        return _granted(await in_thread(_issue, tools, asked, request))
    except Refusal as refusal:
        return _refused(refusal)


def _issue(tools: Tools, asked: _Asked, request: Request) -> Issued:
    try:
        wanted = parse_scopes(asked.scopes)
    except ValueError as error:
        raise Invalid(str(error)) from error
    caller = _caller(tools, asked.basic, client_address(request))
    request.scope["wharfinger.caller"] = caller.name
    return grants.issue(tools, caller, asked.service, wanted)


def _caller(tools: Tools, basic: Basic | None, address: str) -> Caller:
    return ANONYMOUS if basic is None else tokens.authenticate(tools, basic.username, basic.secret, address)


def _query(request: Request) -> _Asked:
    header = request.header(b"authorization")
    basic = None if header is None else parse_basic(header)
    return _Asked(request.query("service") or "", request.queries("scope"), basic)


async def _form(request: Request) -> _Asked:
    """POST with `grant_type=password`; refresh tokens are not given out, so none is taken."""
    form = dict(parameters(await request.body(_FORM_LIMIT)))
    if form.get("grant_type") != "password":
        raise CredentialRefused(
            "only grant_type=password is taken here: send username and password, a token as password"
        )
    basic = Basic(form.get("username", ""), form.get("password", ""))
    return _Asked(form.get("service", ""), [form.get("scope", "")], basic)


def _granted(issued: Issued) -> Answer:
    body = orjson.dumps(
        {
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.expires_in_seconds,
            "issued_at": issued.issued_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    )
    return _json(200, body, [(b"cache-control", b"no-store")])


def _refused(refusal: Refusal) -> Answer:
    match refusal:
        case Unauthenticated():
            return _refusal(401, "UNAUTHORIZED", f"{_REFUSED} {refusal}", [])
        case Denied():
            return _refusal(403, "DENIED", f"access forbidden: {refusal}", [])
        case Exhausted():
            seconds = max(1, round(refusal.retry_after.total_seconds()))
            return _refusal(429, "TOOMANYREQUESTS", str(refusal), [(b"retry-after", b"%d" % seconds)])
    return _refusal(400, "PARAMETER_INVALID", str(refusal), [])


def _refusal(status: int, code: str, message: str, headers: Headers) -> Answer:
    body = orjson.dumps({"errors": [{"code": code, "message": message}], "http_status": status})
    return _json(status, body, headers)


def _json(status: int, body: bytes, headers: Headers) -> Answer:
    length = b"%d" % len(body)
    return Answer(status, [(b"content-type", b"application/json"), (b"content-length", length), *headers], body)
