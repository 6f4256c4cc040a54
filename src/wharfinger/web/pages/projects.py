"""Making a project."""

from starlette.responses import Response

from wharfinger.domain import directory, projects
from wharfinger.domain.directory import Filter
from wharfinger.rules.paging import Window
from wharfinger.rules.roles import RegistryAccess, Role
from wharfinger.web.pages.places import registry_access
from wharfinger.web.pages.visit import Visit

_MOST_CHOICES = 500


def new(visit: Visit) -> Response:
    """The form for a new project, in one's own namespace or a group where one may make it."""
    wanted = Filter(lowest=Role.MAINTAINER)
    mine = directory.list_groups(visit.tools, visit.caller, wanted, Window(limit=_MOST_CHOICES)).items
    places = [visit.caller.name, *(group.path for group in mine)]
    return visit.page("project_new.html", places=places, parent=visit.asked("parent"))


def create(visit: Visit) -> Response:
    """Make it."""
    form = visit.form
    path, name = f"{form['parent'].strip('/ ')}/{form['path'].strip()}", form["name"].strip() or None
    made = projects.create(
        visit.tools,
        visit.caller,
        path,
        visibility=visit.visibility(),
        name=name,
        registry_access=registry_access(visit) or RegistryAccess.ENABLED,
        description=visit.text("description"),
    )
    return visit.go(f"/{made.path}", f"The project {made.path} is there: push a first image.")
