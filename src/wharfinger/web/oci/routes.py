"""Which handler answers which path of `/v2` and `/jwt/auth`, and what the caller must be allowed to do there.

The paths are the end points of the distribution spec. Each line of ROUTES names its action: what is not listed is
refused, and a handler cannot open a repository for more than its line asks.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from wharfinger.domain import access
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import SignInNeeded
from wharfinger.domain.tools import Tools
from wharfinger.rules.grants import Request as Wanted
from wharfinger.rules.roles import Action
from wharfinger.spec import name as names
from wharfinger.web import refusals
from wharfinger.web.caller import NOBODY, Callers, client_address
from wharfinger.web.oci import blobs, catalog, errors, manifests, referrers, tags, token, uploads
from wharfinger.web.oci.call import Call
from wharfinger.web.request import ClientGone, Receive, Request, Scope, Send
from wharfinger.web.respond import Answer, json_answer, send_answer

_WRITING: Final = frozenset(("PUT", "POST", "PATCH", "DELETE"))
_WITH_BODY: Final = frozenset(("POST", "PUT", "PATCH"))
_DRAINED_BYTES: Final = 16 * 1024 * 1024
# What was pushed is somebody's, its type too: where a browser shows it, it can do nothing as a page of ours.
_INERT: Final = (b"content-security-policy", b"default-src 'none'; sandbox")


@dataclass(frozen=True, slots=True)
class Route:
    """One end point. `kind` is the shape of its path; `action` what a token must allow, None where none is named."""

    method: str
    kind: str
    action: Action | None
    handler: Callable[[Call], Awaitable[Answer]]


async def _base(call: Call) -> Answer:
    """Does this server speak the spec, and does the caller's token hold?"""
    if call.caller is NOBODY:
        raise SignInNeeded("this registry wants to know who asks: log in with an access token")
    return json_answer({}, [refusals.VERSION])


# method, path                                      action         handler
ROUTES: Final = (
    Route("GET", "/v2/", None, _base),
    Route("GET", "/v2/_catalog", None, catalog.get),
    Route("GET", "/v2/{name}/manifests/{reference}", Action.PULL, manifests.get),
    Route("PUT", "/v2/{name}/manifests/{reference}", Action.PUSH, manifests.put),
    Route("DELETE", "/v2/{name}/manifests/{reference}", Action.DELETE, manifests.delete),
    Route("GET", "/v2/{name}/blobs/{reference}", Action.PULL, blobs.get),
    Route("DELETE", "/v2/{name}/blobs/{reference}", Action.DELETE, blobs.delete),
    Route("POST", "/v2/{name}/blobs/uploads/", Action.PUSH, uploads.post),
    Route("GET", "/v2/{name}/blobs/uploads/{reference}", Action.PUSH, uploads.get),
    Route("PATCH", "/v2/{name}/blobs/uploads/{reference}", Action.PUSH, uploads.patch),
    Route("PUT", "/v2/{name}/blobs/uploads/{reference}", Action.PUSH, uploads.put),
    Route("DELETE", "/v2/{name}/blobs/uploads/{reference}", Action.PUSH, uploads.delete),
    Route("GET", "/v2/{name}/tags/list", Action.PULL, tags.get),
    Route("GET", "/v2/{name}/referrers/{reference}", Action.PULL, referrers.get),
)

_BY_KIND: Final = {
    kind: {route.method: route for route in ROUTES if route.kind == kind} for kind in {route.kind for route in ROUTES}
}
_NAMED: Final = {word: _BY_KIND[f"/v2/{{name}}/{word}/{{reference}}"] for word in ("manifests", "blobs", "referrers")}


class Registry:
    """The ASGI application behind `/v2` and `/jwt/auth`. `external_url` is "" where clients' own Host is right."""

    def __init__(self, tools: Tools, external_url: str) -> None:
        self._tools, self._external_url = tools, external_url.rstrip("/")
        self._callers = Callers(tools)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        with suppress(ClientGone):
            answer = await refusals.translated(request, self._dispatch, self._refused, errors.failure)
            answer.headers = [*answer.headers, _INERT]
            await _drain(request)
            await send_answer(answer, send, head=request.method == "HEAD")

    async def _dispatch(self, request: Request) -> Answer:
        if request.path == "/jwt/auth":
            return await token.answer(self._tools, request)
        routes, name, reference = find(request.path)
        if name:
            names.repository(name)
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        caller = await self._caller(request, route, name)
        request.scope["wharfinger.caller"] = caller.name
        if request.method in _WRITING:
            caller = replace(caller, address=client_address(request))
        if route is None:
            return _no_such_method(routes)
        return await route.handler(Call(self._tools, caller, request, name, reference))

    async def _caller(self, request: Request, route: Route | None, name: str) -> Caller:
        """Who asks. One whose token is no good any more is told what to ask a new one for."""
        try:
            return await self._callers.of(request, [] if route is None else _wanted(route, name))
        except SignInNeeded as refusal:
            if route is not None and not refusal.scope:
                refusal.scope = _scope(route, name)
            raise

    def _refused(self, request: Request, refusal: Exception) -> Answer:
        challenge = refusals.challenge(request, self._external_url, self._tools.policy.audience)
        return errors.answer(refusal, challenge)


def find(path: str) -> tuple[dict[str, Route], str, str]:
    """The routes of a path, by method, with its repository name and last part; none where there is no end point."""
    head, _, last = path.rpartition("/")
    head, _, word = head.rpartition("/")
    if word in _NAMED and head.startswith("/v2/") and (word, last) != ("blobs", "uploads"):
        return _NAMED[word], head[4:], last
    return _find_rarer(path, head, word, last)


def _find_rarer(path: str, head: str, word: str, last: str) -> tuple[dict[str, Route], str, str]:
    if path in ("/v2/", "/v2"):
        return _BY_KIND["/v2/"], "", ""
    if path == "/v2/_catalog":
        return _BY_KIND[path], "", ""
    if (word, last) == ("tags", "list") and head.startswith("/v2/"):
        return _BY_KIND["/v2/{name}/tags/list"], head[4:], ""
    if (word, last) == ("blobs", "uploads") and head.startswith("/v2/"):
        return _BY_KIND["/v2/{name}/blobs/uploads/"], head[4:], ""
    if word == "uploads" and head.startswith("/v2/") and head.endswith("/blobs"):
        return _BY_KIND["/v2/{name}/blobs/uploads/" + ("{reference}" if last else "")], head[4:-6], last
    return {}, "", ""


def _wanted(route: Route, name: str) -> list[Wanted]:
    """What a caller with a Basic header needs a token for."""
    if route.kind == "/v2/_catalog":
        return [Wanted("registry", "catalog", frozenset({Action.PULL}))]
    return [] if route.action is None else [Wanted("repository", name, frozenset({route.action}))]


def _scope(route: Route, name: str) -> str:
    if route.kind == "/v2/_catalog":
        return access.CATALOG_SCOPE
    return "" if route.action is None else access.scope_for(name, route.action)


def _no_such_method(routes: dict[str, Route]) -> Answer:
    allowed = sorted(routes) + (["HEAD"] if "GET" in routes else [])
    answer = errors.plain("UNSUPPORTED" if routes else "NAME_UNKNOWN", "nothing is answered here: check the address")
    if allowed:
        answer.headers.append((b"allow", ", ".join(allowed).encode()))
    return answer


async def _drain(request: Request) -> None:
    """Take the rest of a body that nobody read, if it is not huge: else the connection breaks under the client."""
    if request.method not in _WITH_BODY or request.complete or request.length == 0:
        return
    if (request.length or 0) > _DRAINED_BYTES:
        return
    if request.header(b"expect") is not None:
        return  # the client waits to hear whether its body is wanted
    taken = 0
    with suppress(ClientGone):
        async for batch in request.batches():
            taken += sum(map(len, batch))
            if taken > _DRAINED_BYTES:
                return
