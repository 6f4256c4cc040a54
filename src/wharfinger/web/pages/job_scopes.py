"""Settings, CI/CD, job token permissions: whose jobs are let into a project."""

from typing import Final

from starlette.responses import Response

from wharfinger.domain import directory, job_scopes, overviews, places
from wharfinger.domain.access import Project
from wharfinger.domain.directory import Filter
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.overviews import Wanted
from wharfinger.rules.paging import Window
from wharfinger.rules.roles import Action
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

_FEW: Final = 8
_SHORTEST: Final = 2


def show(visit: Visit) -> Response:
    """Whether the allowlist holds, and what is on it."""
    project = _project(visit)
    groups, projects = (
        job_scopes.list_allowed(visit.tools, visit.caller, project.path, groups=kind) for kind in (True, False)
    )
    listed = [("group", one) for one in groups] + [("project", one) for one in projects if one.id != project.id]
    limited = job_scopes.limited(visit.tools, visit.caller, project.path)
    return visit.page("job_scopes.html", place=project, limited=limited, listed=listed, most=job_scopes.MOST_ALLOWED)


def find(visit: Visit) -> Response:
    """Groups and projects that what was typed so far may mean."""
    _project(visit)
    part = visit.asked("path").strip()
    if len(part) < _SHORTEST:
        return visit.page("job_scopes_found.html", groups=[], projects=[])
    groups = directory.list_groups(visit.tools, visit.caller, Filter(part=part), Window(limit=_FEW)).items
    projects = overviews.list_projects(visit.tools, visit.caller, Wanted(part=part), Window(limit=_FEW))
    return visit.page("job_scopes_found.html", groups=groups, projects=[one.project for one in projects.items])


def limit(visit: Visit) -> Response:
    """Let the allowlist hold, or not any more."""
    project, whose = _project(visit), visit.form["whose"]
    if whose not in ("all", "listed"):
        raise SettingInvalid("choose whose jobs are let in: those of all, or those of the allowlist")
    job_scopes.limit(visit.tools, visit.caller, project.path, on=whose == "listed")
    return visit.go(visit.here, "Saved.")


def allow(visit: Visit) -> Response:
    """Put a group or project on the allowlist."""
    project, path = _project(visit), visit.form["path"].strip("/ ")
    other = places.get(visit.tools, visit.caller, path)
    job_scopes.allow(visit.tools, visit.caller, project.path, other)
    return visit.go(visit.here, f"{other.path} is on the allowlist.")


def forbid(visit: Visit) -> Response:
    """Take one off the allowlist."""
    project, group = _project(visit), visit.form["kind"] == "group"
    job_scopes.forbid(visit.tools, visit.caller, project.path, visit.number("entry"), group=group)
    return visit.go(visit.here, "It is off the allowlist.")


def _project(visit: Visit) -> Project:
    place = opened(visit, Action.ADMINISTER)
    if not isinstance(place, Project):
        raise SettingInvalid("job tokens are let into projects: open one")
    return place
