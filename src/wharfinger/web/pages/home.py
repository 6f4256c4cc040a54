"""Where one arrives, and the list of all projects one may see."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import overviews
from wharfinger.domain.overviews import PAGE, Sort, Wanted
from wharfinger.rules import paging
from wharfinger.rules.paging import Window
from wharfinger.web.pages import live
from wharfinger.web.pages.choices import ROLES, VISIBILITIES, chosen
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_SORTS: Final = {
    "pushed": ("Last push", Sort.PUSHED, True),
    "path": ("Name", Sort.PATH, False),
    "size": ("Size", Sort.SIZE, True),
    "created": ("Newest first", Sort.CREATED, True),
    "oldest": ("Oldest first", Sort.CREATED, False),
    "quiet": ("Longest without a push", Sort.PUSHED, False),
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
    by = chosen(visit, "sort", _SORTS, usual)
    role, seen = chosen(visit, "role", ROLES), chosen(visit, "visibility", VISIBILITIES)
    _, sort, descending = _SORTS[by]
    lowest, visibility = ROLES[role][1], VISIBILITIES[seen][1]
    wanted = Wanted(mine, within, visit.asked("q"), visibility, lowest, sort, descending)
    found = overviews.list_projects(visit.tools, visit.caller, wanted, Window(limit=PAGE, after=marker(visit)))
    more = live.query(visit, after=paging.write(found.after)) if found.after else ""
    choices = {"sorts": _SORTS, "by": by, "roles": ROLES, "role": role, "visibilities": VISIBILITIES, "seen": seen}
    return {"found": found.items, "more": more, "part": wanted.part, **choices}
