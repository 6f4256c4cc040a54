"""The application of the pages: finds the line, makes the visit, lets in or not, and seals every answer.

Whatever goes out, a page, a refusal or a stylesheet, goes out with the headers in `SEALS`. No page runs a script or
takes a style that is not a file of ours.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, Router, compile_path
from starlette.types import Receive, Scope, Send

from wharfinger import __version__
from wharfinger.domain import failures, sessions
from wharfinger.domain.errors import NotFound, Refusal, SignInNeeded
from wharfinger.domain.sessions import Visitor
from wharfinger.domain.tools import Tools
from wharfinger.spec.errors import Malformed
from wharfinger.web.log import REQUEST_ID
from wharfinger.web.pages import cookies, errors, site
from wharfinger.web.pages.cookies import Cookie
from wharfinger.web.pages.errors import FormForged
from wharfinger.web.pages.line import Line, Who
from wharfinger.web.pages.routes import TABLE
from wharfinger.web.pages.site import Served
from wharfinger.web.pages.visit import LARGEST_FORM_BYTES, Form, Visit, parse_form
from wharfinger.web.request import ClientGone
from wharfinger.web.request import Request as Incoming
from wharfinger.web.threads import in_thread

_log: Final = logging.getLogger("wharfinger.pages")

SEALS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
BROKEN: Final = (  # made of nothing that could be what broke
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>Something broke · Wharfinger</title><link rel="stylesheet" href="/static/app.css">'
    '<body class="bg-base-200 text-base-content flex min-h-screen flex-col">'
    '<main class="mx-auto w-full max-w-7xl grow px-4 py-12 text-center">'
    '<h1 class="text-2xl font-semibold">Something broke here</h1>'
    '<p class="mt-3">The server failed at this and wrote down why. '
    "Its operator finds it under request id <b>{id}</b>.</p>"
    '<p class="mt-6"><a class="btn btn-primary" href="/">Home</a></p></main></body></html>'
)
_UNKNOWN: Final = Served(__version__)
_PROOF_HEADER: Final = "x-form-proof"
_PROOF_FIELD: Final = "proof"
_CHANGING: Final = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class Pages:
    """Answers what no other dialect does. `external_url` is what people and clients use, or empty."""

    def __init__(
        self, tools: Tools, external_url: str, served: Served = _UNKNOWN, table: Sequence[Line] = TABLE
    ) -> None:
        gets = (line.path for line in table if line.method == "GET" and line.path != "/{place:place}")
        self._own = [compile_path(path)[0] for path in gets]
        self._below = {line: _steps_below(line, table) for line in table if line.method != "GET"}
        self._site = site.build(tools, external_url, served, self.has_page)
        routes = [Route("/static/{name}", _Endpoint(self._asset), methods=["GET"])]
        routes += [Route(line.path, _Endpoint(partial(self.answer, line)), methods=[line.method]) for line in table]
        self._router = Router(routes, redirect_slashes=False, default=_Endpoint(self._nowhere))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._router(scope, receive, send)

    def has_page(self, path: str) -> bool:
        """Is there a page of its own for this path, besides the one that every place has?"""
        return any(pattern.match(path) for pattern in self._own)

    async def answer(self, line: Line, request: Request) -> Response:
        """The answer of a line, or why there is none."""
        body = await Incoming(request.scope, request.receive).body(LARGEST_FORM_BYTES)
        return await in_thread(self._at_once if request.method == "GET" else self._answer, request, body, line)

    def _at_once(self, request: Request, body: bytes, line: Line) -> Response:
        """An answer whose parts agree: all that is shown was so at one moment."""
        with self._site.tools.db.snapshot():
            return self._answer(request, body, line)

    def _answer(self, request: Request, body: bytes, line: Line) -> Response:
        visit, form = self._visit(request), None
        visit.below = self._below.get(line, 0)
        try:
            visit.form = parse_form(body, request.headers.get("content-type", ""))
            if request.method in _CHANGING:
                _require_proof(visit)
            _require(visit, line.who)
            form = line.form  # from here on: who may not use a form is not shown it either
            response = line.handler(visit)
        except (Refusal, Malformed) as refusal:
            response = errors.refused(visit, refusal, form)
        return _seal(response, visit)

    def _visit(self, request: Request) -> Visit:
        site, secret = self._site, self._site.tools.secret
        visit = Visit(site, request, Form(), None, "")
        cookie = cookies.read(request, cookies.SESSION, secure=visit.secure)
        visit.visitor = _visitor(visit, cookie) if cookie else None
        if visit.visitor:
            request.scope["wharfinger.caller"] = visit.caller.name
        visit.proof = cookies.proof(secret, "form", cookie if visit.visitor else _form_cookie(visit))
        said = cookies.read(request, cookies.SAID, secure=visit.secure)
        if said and request.method == "GET" and not visit.by_script:
            visit.said = cookies.unpacked(said, cookies.SAID, secret)
            visit.cookies.append(Cookie(cookies.SAID))
        return visit

    async def _asset(self, request: Request) -> Response:
        found = self._site.assets.answer(request, request.path_params["name"])
        return _sealed(found or PlainTextResponse("No such file.\n", 404))

    async def _nowhere(self, request: Request) -> Response:
        return await in_thread(self._no_page, request)

    def _no_page(self, request: Request) -> Response:
        visit = self._visit(request)
        return _seal(errors.refused(visit, NotFound("nothing is here"), None), visit)


class _Endpoint:
    """An ASGI application of a function; what breaks in it is written down, and told in few words."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = _sealed(PlainTextResponse(f"{refusal}\n", errors.line_of(refusal)[0]))
        except ClientGone:
            raise
        except Exception as error:
            failures.tell(_log, f"{request.method} {request.url.path[:400]} broke", error)
            passing = failures.refusal(error)
            status = 500 if passing is None else errors.line_of(passing)[0]
            response = _sealed(HTMLResponse(BROKEN.format(id=escape(REQUEST_ID.get())), status))
        await response(scope, receive, send)


def _steps_below(line: Line, table: Sequence[Line]) -> int:
    """How many steps below the page that has it the address of a form is."""
    above = [page for page in table if page.method == "GET" and f"{line.path}/".startswith(f"{page.path}/")]
    page = max(above, key=lambda one: (one.handler is line.form, len(one.path)), default=line)
    return line.path[len(page.path) :].count("/")


def _visitor(visit: Visit, cookie: str) -> Visitor | None:
    """Who comes; what a page does by itself keeps nobody signed in."""
    return sessions.find(visit.tools, cookie, visit.browser.address, noted=not visit.again)


def _require_proof(visit: Visit) -> None:
    """A form must carry the proof of the browser that it was made for (CSRF)."""
    sent = visit.request.headers.get(_PROOF_HEADER) or visit.form[_PROOF_FIELD]
    elsewhere = visit.request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if elsewhere or not hmac.compare_digest(sent.encode(), visit.proof.encode()):
        raise FormForged(
            "it was made before you signed in or out, or elsewhere: go back, load the page again, and send it anew"
        )


def _require(visit: Visit, who: Who) -> None:
    if who is Who.EVERYBODY:
        return
    if visit.caller.user_id is None:
        raise SignInNeeded("this page is for people who are signed in")
    if who is Who.ADMIN and not visit.caller.admin:
        raise NotFound("nothing is here")


def _form_cookie(visit: Visit) -> str:
    """What a browser that is not signed in proves its forms with; given to it where it has none."""
    held = cookies.read(visit.request, cookies.FORM, secure=visit.secure)
    if held:
        return held
    made = cookies.form()
    visit.cookies.append(made)
    return made.value


def _seal(response: Response, visit: Visit) -> Response:
    for cookie in visit.cookies:
        cookies.put(response, cookie, secure=visit.secure)
    response.headers.setdefault("cache-control", "no-store")
    return _sealed(response)


def _sealed(response: Response) -> Response:
    response.headers.update(SEALS)
    return response
