"""The list of groups, and making one."""

from typing import Final

from starlette.responses import Response

from wharfinger.domain import directory, groups
from wharfinger.domain.directory import Filter, Sort
from wharfinger.rules import paging
from wharfinger.rules.paging import Window
from wharfinger.web.pages import live
from wharfinger.web.pages.choices import LEVELS, ROLES, chosen
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 50
_SORTS: Final = {
    "path": ("Path", Sort.PATH, False),
    "name": ("Name", Sort.NAME, False),
    "created": ("Newest first", Sort.CREATED, True),
    "oldest": ("Oldest first", Sort.CREATED, False),
}


def show(visit: Visit) -> Response:
    """Every group that the visitor may see, or every one at any depth below the group `within`."""
    return listed(visit, "groups.html")


def listed(visit: Visit, template: str) -> Response:
    """A page of them, searched, filtered and sorted."""
    by = chosen(visit, "sort", _SORTS, "path")
    role, level = chosen(visit, "role", ROLES), chosen(visit, "level", LEVELS)
    _, sort, descending = _SORTS[by]
    lowest, top = ROLES[role][1], LEVELS[level][1]
    within, part = visit.asked("within") or None, visit.asked("q")
    wanted = Filter(within, not top, part, lowest, top=top and not within, sort=sort, descending=descending)
    found = directory.list_groups(visit.tools, visit.caller, wanted, Window(_PAGE, after=marker(visit)))
    return visit.page(
        "groups_list.html" if visit.by_htmx else template,
        found=found.items,
        more=live.query(visit, after=paging.write(found.after)) if found.after else "",
        part=part,
        within=within,
        sorts=_SORTS,
        by=by,
        role=role,
        roles=ROLES,
        level=level,
        levels=LEVELS,
    )


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
