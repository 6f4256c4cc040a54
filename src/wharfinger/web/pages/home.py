"""Where one arrives: the projects one belongs to."""

from starlette.responses import Response

from wharfinger.domain import projects
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The projects the visitor may read."""
    return visit.page("home.html", projects=projects.list_projects(visit.tools, visit.caller))
