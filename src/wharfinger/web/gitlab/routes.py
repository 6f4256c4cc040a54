"""Which handler answers which path of `/gitlab/v1/`, and what a registry token must allow for it.

Each line of ROUTES says what the caller's token has to name; all of it is asked for before a handler is called, and
the handler's operation asks again. What is not listed is refused. Every path ends in a slash: without one it is
redirected to where it is answered.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from wharfinger.domain import access
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import SignInNeeded
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants
from wharfinger.rules.grants import Request as Wanted
from wharfinger.rules.roles import Action
from wharfinger.spec import name as names
from wharfinger.web import refusals
from wharfinger.web.caller import Callers, client_address
from wharfinger.web.gitlab import errors, registry, repositories, tags
from wharfinger.web.gitlab.call import Call
from wharfinger.web.request import ClientGone, Receive, Request, Scope, Send
from wharfinger.web.respond import Answer, send_answer
from wharfinger.web.threads import in_thread

PREFIX: Final = "/gitlab/v1/"
_BODY_LIMIT: Final = 64 * 1024
_PULL: Final = frozenset({Action.PULL})

Wants = Callable[[str, Request, bytes], list[Wanted]]


@dataclass(frozen=True, slots=True)
class Route:
    """One end point. `kind` is the shape of its path; `wants` what a token must allow, by name, request and body."""

    method: str
    kind: str
    wants: Wants
    handler: Callable[[Call], Answer]


def _nothing(_name: str, _request: Request, _body: bytes) -> list[Wanted]:
    return []


def _statistics(_name: str, _request: Request, _body: bytes) -> list[Wanted]:
    return [Wanted("registry", "statistics", _PULL)]


def _pull(name: str, _request: Request, _body: bytes) -> list[Wanted]:
    return [Wanted("repository", name, _PULL)]


def _tree(name: str, _request: Request, _body: bytes) -> list[Wanted]:
    return [Wanted("repository", name + grants.TREE, _PULL)]


def _sized(name: str, request: Request, body: bytes) -> list[Wanted]:
    below = _tree(name, request, body) if request.query("size") == repositories.TREE else []
    return _pull(name, request, body) + below


def _renamed(name: str, _request: Request, body: bytes) -> list[Wanted]:
    """Images are taken away from the one path, and pushed to the other."""
    target = repositories.target(name, body)
    taken, put = frozenset({Action.DELETE}), frozenset({Action.PUSH})
    return [Wanted("repository", name, taken), Wanted("repository", target, put)]


# method, path                                                              wants        handler
ROUTES: Final = (
    Route("GET", "/gitlab/v1/", _nothing, registry.get),
    Route("GET", "/gitlab/v1/statistics/", _statistics, registry.statistics),
    Route("GET", "/gitlab/v1/repositories/{name}/tags/list/", _pull, tags.get_list),
    Route("GET", "/gitlab/v1/repositories/{name}/tags/detail/{tag}/", _pull, tags.get_detail),
    Route("GET", "/gitlab/v1/repository-paths/{name}/repositories/list/", _tree, repositories.list_tree),
    Route("GET", "/gitlab/v1/repositories/{name}/", _sized, repositories.get),
    Route("PATCH", "/gitlab/v1/repositories/{name}/", _renamed, repositories.rename),
)

_KINDS: Final = tuple(dict.fromkeys(route.kind for route in ROUTES))
_PATTERNS: Final = {
    kind: re.compile(re.escape(kind).replace(r"\{name\}", "(?P<name>.+)").replace(r"\{tag\}", "(?P<tag>[^/]+)"))
    for kind in _KINDS
}


class Gitlab:
    """The ASGI application behind `/gitlab/v1/`. `external_url` is "" where clients' own Host is right."""

    def __init__(self, tools: Tools, external_url: str) -> None:
        self._tools, self._external_url = tools, external_url.rstrip("/")
        self._callers = Callers(tools)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        with suppress(ClientGone):
            answer = await refusals.translated(request, self._dispatch, self._refused, errors.failure)
            await send_answer(answer, send, head=request.method == "HEAD")

    async def _dispatch(self, request: Request) -> Answer:
        routes, name, tag = find(request.path)
        if not routes:
            return _elsewhere(request)
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            return _no_such_method(routes)
        if name:
            names.repository(name)
        body = await request.body(_BODY_LIMIT) if request.method == "PATCH" else b""
        caller = await self._admitted(request, route.wants(name, request, body))
        url = refusals.address(request, self._external_url) + request.path
        return await in_thread(route.handler, Call(self._tools, caller, request, name, tag, url, body))

    async def _admitted(self, request: Request, wanted: list[Wanted]) -> Caller:
        """Who asks, if their token allows all that is wanted; others are told what to ask a new one for."""
        try:
            caller = await self._callers.of(request, wanted)
            request.scope["wharfinger.caller"] = caller.name
            for one in wanted:
                _require(caller, one)
        except SignInNeeded as refusal:
            refusal.scope = " ".join(_scope(one) for one in wanted)
            raise
        return caller if request.method == "GET" else replace(caller, address=client_address(request))

    def _refused(self, request: Request, refusal: Exception) -> Answer:
        challenge = refusals.challenge(request, self._external_url, self._tools.policy.audience)
        return errors.answer(refusal, challenge)


def find(path: str) -> tuple[dict[str, Route], str, str]:
    """The routes of a path, by method, with its repository name and tag; none where there is no end point."""
    for kind, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(path):
            given = found.groupdict()
            by_method = {route.method: route for route in ROUTES if route.kind == kind}
            return by_method, given.get("name", ""), given.get("tag", "")
    return {}, "", ""


def _require(caller: Caller, wanted: Wanted) -> None:
    if wanted.kind == "registry":
        access.require_statistics(caller)
        return
    for action in sorted(wanted.actions):
        access.granted(caller, wanted.name, action)


def _scope(wanted: Wanted) -> str:
    if wanted.kind == "registry":
        return access.STATISTICS_SCOPE
    return access.scope_for(wanted.name, max(wanted.actions, key=list(Action).index))


def _elsewhere(request: Request) -> Answer:
    """Nothing is answered here; if only the slash at the end is missing, the client is sent on, on this host."""
    if not find(request.path + "/")[0]:
        return errors.plain("NAME_UNKNOWN", "nothing is answered here: check the address")
    query = request.scope["query_string"]
    target = quote(request.path).encode() + b"/" + (b"?" + query if query else b"")
    return Answer(301, [(b"location", target), (b"content-length", b"0")])


def _no_such_method(routes: dict[str, Route]) -> Answer:
    answer = errors.plain("UNSUPPORTED", "nothing is answered here: check the method")
    allowed = sorted({*routes, *(["HEAD"] if "GET" in routes else [])})
    answer.headers.append((b"allow", ", ".join(allowed).encode()))
    return answer
