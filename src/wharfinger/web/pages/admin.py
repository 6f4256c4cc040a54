"""What administrators look at: how everything stands, storage, settings in force."""

from starlette.responses import Response

from wharfinger.domain import garbage, overviews
from wharfinger.domain.overviews import PAGE, Wanted
from wharfinger.web.pages.home import paged
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """Everything counted."""
    return visit.page(
        "admin_overview.html", totals=overviews.totals(visit.tools, visit.caller), served=visit.site.served
    )


def groups(visit: Visit) -> Response:
    """Every group there is."""
    wanted = Wanted(part=visit.asked("q"), last=visit.asked("after"), limit=PAGE + 1)
    found = overviews.list_groups(visit.tools, visit.caller, wanted)
    facts = {"part": wanted.part, **paged(visit, found, lambda one: one.path)}
    return visit.page("groups_list.html" if visit.by_htmx else "admin_groups.html", **facts)


def storage(visit: Visit) -> Response:
    """What is stored, what waits to be collected, and what was freed."""
    totals = overviews.totals(visit.tools, visit.caller)
    return visit.page("admin_storage.html", totals=totals, garbage=garbage.status(visit.tools))


def settings(visit: Visit) -> Response:
    """Every setting in force and where it comes from."""
    return visit.page("admin_settings.html", settings=visit.site.served.settings())
