"""The application of the pages by itself: what happens where a page breaks, and which pages there are."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
from starlette.responses import Response

from wharfinger.domain.tools import Tools
from wharfinger.web.pages.front import SEALS, Pages
from wharfinger.web.pages.line import Line, Who
from wharfinger.web.pages.visit import Visit


def breaking(visit: Visit) -> Response:
    raise RuntimeError("secret words")


def ask(pages: Pages, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://here.example") as client:
            return await client.get(path, headers=dict(headers or {}))

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
