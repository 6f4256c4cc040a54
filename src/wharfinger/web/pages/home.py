"""Where one arrives, and the list of all projects one may see."""

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import overviews
from wharfinger.domain.overviews import PAGE, Sort, Wanted
from wharfinger.rules import paging
from wharfinger.rules.paging import Window
from wharfinger.web.pages import live
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_SORTS: Final = {
    "pushed": ("Last push", Sort.PUSHED, True),
    "path": ("Name", Sort.PATH, False),
    "size": ("Size", Sort.SIZE, True),
}


def show(visit: Visit) -> Response:
    """The projects that the visitor is a member of, those with news first."""
    return _list(visit, mine=True, usual="pushed")


def projects(visit: Visit) -> Response:
    """Every project that the visitor may see."""
    return _list(visit, mine=False, usual="path")


def _list(visit: Visit, *, mine: bool, usual: str) -> Response:
    facts = {"mine": mine, **listed(visit, usual, mine=mine)}
    return visit.page("projects_list.html" if visit.by_htmx else "projects.html", **facts)


def listed(visit: Visit, usual: str, *, mine: bool = False, within: str | None = None) -> dict[str, Any]:
    """The page of projects that is asked for, as `found`, and how it is searched, sorted and gone on with."""
    by = visit.asked("sort") if visit.asked("sort") in _SORTS else usual
    _, sort, descending = _SORTS[by]
    wanted = Wanted(mine=mine, within=within, part=visit.asked("q"), sort=sort, descending=descending)
    found = overviews.list_projects(visit.tools, visit.caller, wanted, Window(limit=PAGE, after=marker(visit)))
    more = live.query(visit, after=paging.write(found.after)) if found.after else ""
    return {"found": found.items, "more": more, "part": wanted.part, "by": by, "sorts": _SORTS}


def paged(visit: Visit, found: list[Any], path_of: Any) -> dict[str, Any]:
    """The first PAGE of what was found, as `found`, and where the next page is, as `more`."""
    more = ""
    if len(found) > PAGE:
        query = {"q": visit.asked("q"), "after": path_of(found[PAGE - 1])}
        more = f"{visit.here}?{urlencode({key: value for key, value in query.items() if value})}"
    return {"found": found[:PAGE], "more": more}
