"""The list of groups, and making one."""

from starlette.responses import Response

from wharfinger.domain import groups, overviews
from wharfinger.domain.overviews import PAGE, Wanted
from wharfinger.web.pages.home import paged
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """Every group that the visitor may see."""
    wanted = Wanted(part=visit.asked("q"), last=visit.asked("after"), limit=PAGE + 1)
    found = overviews.list_groups(visit.tools, visit.caller, wanted)
    facts = {"part": wanted.part, **paged(visit, found, lambda one: one.path)}
    return visit.page("groups_list.html" if visit.by_htmx else "groups.html", **facts)


def new(visit: Visit) -> Response:
    """The form for a new group, at the top or in the group `parent`."""
    return visit.page("group_new.html", parent=visit.asked("parent"))


def create(visit: Visit) -> Response:
    """Make it."""
    form = visit.form
    path = "/".join(part for part in (form["parent"].strip("/ "), form["path"].strip()) if part)
    name = form["name"].strip() or None
    seen, text = visit.visibility(), visit.text("description")
    made = groups.create(visit.tools, visit.caller, path, visibility=seen, name=name, description=text)
    return visit.go(f"/{made.path}", f"The group {made.path} is there, and you own it.")
