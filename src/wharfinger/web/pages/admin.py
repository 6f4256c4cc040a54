"""What administrators look at: how everything stands, storage, settings in force."""

from starlette.responses import Response

from wharfinger.domain import garbage, overviews
from wharfinger.web.pages import groups as group_pages
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """Everything counted."""
    return visit.page(
        "admin_overview.html", totals=overviews.totals(visit.tools, visit.caller), served=visit.site.served
    )


def groups(visit: Visit) -> Response:
    """Every group there is."""
    return group_pages.listed(visit, "admin_groups.html")


def storage(visit: Visit) -> Response:
    """What is stored, what waits to be collected, and what was freed."""
    totals = overviews.totals(visit.tools, visit.caller)
    return visit.page("admin_storage.html", totals=totals, garbage=garbage.status(visit.tools))


def settings(visit: Visit) -> Response:
    """Every setting in force and where it comes from."""
    return visit.page("admin_settings.html", settings=visit.site.served.settings())
