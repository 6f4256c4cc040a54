"""The application of the pages by itself: what happens where a page breaks, and which pages there are."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from starlette.responses import Response

from wharfinger.domain.tools import Tools
from wharfinger.web.pages.front import SEALS, Pages
from wharfinger.web.pages.line import Line, Who
from wharfinger.web.pages.routes import TABLE
from wharfinger.web.pages.visit import Visit


def breaking(visit: Visit) -> Response:
    raise RuntimeError("secret words")


def ask(pages: Pages, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://here.example") as client:
            return await client.request(method, path, headers=dict(headers or {}))

    with ThreadPoolExecutor(1) as thread:  # the test's own has the browser's event loop
        return thread.submit(asyncio.run, once()).result()


def test_what_breaks_is_told_without_saying_what(tools: Tools) -> None:
    answer = ask(Pages(tools, "", table=[Line("GET", "/breaks", breaking, Who.EVERYBODY)]), "/breaks")
    assert answer.status_code == 500
    assert "Something broke here" in answer.text
    assert "secret words" not in answer.text
    assert {name: answer.headers.get(name) for name in SEALS} == SEALS


def test_a_page_of_its_own_is_told_from_that_of_every_place(tools: Tools) -> None:
    pages = Pages(tools, "")
    assert pages.has_page("/acme/shop/-/members")
    assert not pages.has_page("/acme/shop/-/no-such-thing")
    assert not pages.has_page("/acme/shop")


def test_stylesheet_and_scripts_are_kept_for_good_by_their_digest(tools: Tools) -> None:
    pages = Pages(tools, "")
    said = ask(pages, "/login").text.partition("/static/app.js?v=")[2].partition('"')[0]
    assert "immutable" in ask(pages, f"/static/app.js?v={said}").headers["cache-control"]
    assert ask(pages, "/static/app.js?v=old").headers["cache-control"] == "no-cache"
    assert ask(pages, "/static/app.js").headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("form", "page"),
    [
        ("/login/passkey", "/login"),
        ("/profile/second-factor/confirm", "/profile/second-factor"),
        ("/admin/users/ada/rename", "/admin/users/ada"),
        ("/acme/shop/-/cleanup", "/acme/shop/-/cleanup"),
        ("/acme/shop/-/registry/undo", "/acme/shop/-/registry"),
        ("/acme/shop/-/registry/1/tags/choose", "/acme/shop/-/registry/1"),
        ("/acme/shop/-/registry/1/rename/preview", "/acme/shop/-/registry/1/rename"),
        ("/logout", "/logout"),
    ],
)
def test_a_page_that_is_shown_again_knows_where_it_is(tools: Tools, form: str, page: str) -> None:
    """Where a form is refused, its page is shown at the form's address, and looks for itself at its own."""

    def tell(visit: Visit) -> Response:
        return Response(visit.here)

    table = [replace(line, handler=tell, who=Who.EVERYBODY) if line.method == "POST" else line for line in TABLE]
    pages = Pages(tools, "", table=table)
    held = ask(pages, "/login")
    proof = held.text.partition('name="proof" value="')[2].partition('"')[0]
    cookie = held.headers["set-cookie"].partition(";")[0]
    assert ask(pages, form, {"cookie": cookie, "x-form-proof": proof}, method="POST").text == page
