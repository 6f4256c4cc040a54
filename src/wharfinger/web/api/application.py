"""The ASGI application behind `/api/v4`.

The routes are the same for every set of settings, so they are made once a process; what changes with the settings
(tools, the server's address) comes with each request.
"""

from contextlib import suppress
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request

from wharfinger import __version__
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Tools
from wharfinger.spec.errors import Malformed
from wharfinger.web.api import errors, intake
from wharfinger.web.api.routes import ROUTERS
from wharfinger.web.request import ClientGone, Message, Receive, Scope, Send

PREFIX: Final = "/api/v4"

_ABOUT: Final = (
    "People, groups, projects, members, tokens and the images in the registry, in the shapes of GitLab's API. "
    "Sign in with an access token in the header PRIVATE-TOKEN, or as Authorization: Bearer."
)


class Api:
    """Answers `/api/`. `external_url` is "" where clients' own Host is right."""

    def __init__(self, tools: Tools, external_url: str) -> None:
        self._tools, self._external_url = tools, external_url.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        facts = {"wharfinger.tools": self._tools, "wharfinger.external_url": self._external_url}
        inner: Scope = {**scope, **facts}
        with suppress(ClientGone):
            try:
                inner, receive = await intake.taken(inner, receive)
            except Refusal as refusal:
                answer = await errors.refused(Request(inner), refusal)
                await answer(inner, receive, _private(send))
                return
            try:
                await routes()(inner, receive, _private(_bodiless(send) if scope["method"] == "HEAD" else send))
            finally:
                scope["wharfinger.caller"] = inner.get("wharfinger.caller", "")


@cache
def routes() -> FastAPI:
    """Every route, with its description."""
    app = _Described(
        title="Wharfinger",
        description=_ABOUT,
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        strict_content_type=False,
    )
    for kind in (Refusal, Malformed):
        app.add_exception_handler(kind, errors.refused)
    app.add_exception_handler(RequestValidationError, errors.unreadable)
    app.add_exception_handler(HTTPException, errors.no_route)
    app.add_exception_handler(errors.Moved, errors.moved)
    app.add_exception_handler(Exception, errors.failed)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX, responses=errors.DOCUMENTED)
    return app


class _Described(FastAPI):
    """FastAPI, whose description does not speak of the status that we never answer."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            found = super().openapi()
            for methods in found["paths"].values():
                for operation in methods.values():
                    operation["responses"].pop("422", None)
            for name in ("HTTPValidationError", "ValidationError"):
                found.get("components", {}).get("schemas", {}).pop(name, None)
        return self.openapi_schema or found


def _operation_id(route: APIRoute) -> str:
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.name}"


def _private(send: Send) -> Send:
    """What an answer says is for who asked, by a header that caches do not know to be a credential: none keeps it."""

    async def unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"cache-control", b"no-store")]}
        await send(message)

    return unkept


def _bodiless(send: Send) -> Send:
    """What HEAD gets: the headers alone."""

    async def only_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return only_headers
