"""Search: as one types, in the head of every page, and a page of its own."""

from typing import Final

from starlette.responses import Response

from wharfinger.domain import search
from wharfinger.domain.search import Found
from wharfinger.web.pages.visit import Visit

_FEW, _MANY = 5, 30
_SHORTEST: Final = 2


def show(visit: Visit) -> Response:
    """What was found: a few of each kind while one types, many on the page."""
    text = visit.asked("q").strip()
    if visit.by_htmx:
        return visit.page("search_found.html", found=_find(visit, text, _FEW, thorough=False), text=text, whole=False)
    return visit.page("search.html", found=_find(visit, text, _MANY, thorough=True), text=text, whole=True)


def _find(visit: Visit, text: str, limit: int, *, thorough: bool) -> Found | None:
    if len(text) < _SHORTEST:
        return None
    return search.find(visit.tools, visit.caller, text, limit=limit, thorough=thorough)
