"""The page of a group or project, and its settings."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import directory, groups, overviews, places, projects
from wharfinger.domain.access import Group, Project
from wharfinger.domain.directory import Filter
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.paging import Window
from wharfinger.rules.roles import Action, RegistryAccess
from wharfinger.web.pages.home import listed
from wharfinger.web.pages.visit import Visit

_MOST_SUBGROUPS: Final = 200


def show(visit: Visit) -> Response:
    """What is in the group, or how the project stands."""
    place = opened(visit)
    if isinstance(place, Project):
        overview = overviews.get(visit.tools, visit.caller, place.path)
        return visit.page(
            "project.html", place=place, overview=overview, changed_at=projects.changed_at(visit.tools, place)
        )
    facts = {"place": place, **listed(visit, "path", within=place.path)}
    if visit.by_htmx:
        return visit.page("projects_list.html", mine=False, **facts)
    return visit.page("group.html", subgroups=_subgroups(visit, place), **facts)


def _subgroups(visit: Visit, place: Group) -> list[Group]:
    """Those right in it, but for what is more than a page may hold."""
    if place.owner_id is not None:
        return []
    within = Filter(group=place.path)
    return directory.list_groups(visit.tools, visit.caller, within, Window(limit=_MOST_SUBGROUPS)).items


def settings(visit: Visit) -> Response:
    """The forms that change a place, for who may."""
    return visit.page("settings.html", place=opened(visit, Action.ADMINISTER))


def change(visit: Visit) -> Response:
    """Name, description and visibility; of a project, who sees its images."""
    place, form = opened(visit, Action.ADMINISTER), visit.form
    new: dict[str, Any] = {"name": form["name"], "visibility": visit.visibility()}
    if "description" in form:
        new["description"] = visit.text("description")
    if isinstance(place, Project):
        projects.change(visit.tools, visit.caller, place.path, registry_access=registry_access(visit), **new)
    else:
        groups.change(visit.tools, visit.caller, place.path, **new)
    return visit.go(f"/{place.path}/-/settings", "Saved.")


def rename(visit: Visit) -> Response:
    """The last part of the path."""
    place = opened(visit, Action.ADMINISTER)
    verbs = projects if isinstance(place, Project) else groups
    new = verbs.rename(visit.tools, visit.caller, place.path, visit.form["path"].strip())
    return visit.go(f"/{new.path}/-/settings", f"It is at {new.path} now; the old path leads here.")


def move(visit: Visit) -> Response:
    """Into another group."""
    place, into = opened(visit, Action.ADMINISTER), visit.form["into"].strip("/ ")
    verbs = projects if isinstance(place, Project) else groups
    new = verbs.move(visit.tools, visit.caller, place.path, into)
    return visit.go(f"/{new.path}/-/settings", f"It is at {new.path} now; the old path leads here.")


def delete(visit: Visit) -> Response:
    """For good; the visitor has typed its path."""
    place = opened(visit, Action.ADMINISTER)
    visit.require_typed(place.path)
    if isinstance(place, Project):
        projects.delete(visit.tools, visit.caller, place.path, with_images=True)
    else:
        groups.delete(visit.tools, visit.caller, place.path)
    parent = place.path.rpartition("/")[0]
    return visit.go(f"/{parent}" if parent else "/groups", f"{place.path} is deleted.")


def registry_access(visit: Visit) -> RegistryAccess | None:
    """The field `registry_access`, None where it was not sent. Raises SettingInvalid."""
    chosen = visit.form["registry_access"]
    if chosen and chosen not in list(RegistryAccess):
        raise SettingInvalid("choose who may see the images: whoever sees the project, its members, or nobody")
    return RegistryAccess(chosen) if chosen else None


def opened(visit: Visit, action: Action = Action.PULL) -> Project | Group:
    """The place that the path names, if the visitor may do this there."""
    return places.get(visit.tools, visit.caller, visit.of_path("place"), action)
