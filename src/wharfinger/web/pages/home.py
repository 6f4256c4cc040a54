"""Where one arrives, and the list of all projects one may see."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import overviews
from wharfinger.domain.overviews import PAGE, Wanted
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The projects that the visitor is a member of."""
    return _list(visit, mine=True)


def projects(visit: Visit) -> Response:
    """Every project that the visitor may see."""
    return _list(visit, mine=False)


def _list(visit: Visit, *, mine: bool) -> Response:
    part, last = visit.asked("q"), visit.asked("after")
    wanted = Wanted(mine=mine, part=part, last=last, limit=PAGE + 1)
    found = overviews.list_projects(visit.tools, visit.caller, wanted)
    facts = {"mine": mine, "part": part, **paged(visit, found, lambda one: one.project.path)}
    return visit.page("projects_list.html" if visit.by_htmx else "projects.html", **facts)


def paged(visit: Visit, found: list[Any], path_of: Any) -> dict[str, Any]:
    """The first PAGE of what was found, as `found`, and where the next page is, as `more`."""
    more = ""
    if len(found) > PAGE:
        query = {"q": visit.asked("q"), "after": path_of(found[PAGE - 1])}
        more = f"{visit.request.url.path}?{urlencode({key: value for key, value in query.items() if value})}"
    return {"found": found[:PAGE], "more": more}
