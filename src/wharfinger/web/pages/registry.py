"""Deploy, Container Registry: the image repositories of a project, or of a group with all below it."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import repositories, trash
from wharfinger.domain.access import Group, Project
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.errors import RepositoryUnknown, TrashedUnknown
from wharfinger.domain.repositories import Filter, Repository, Sort
from wharfinger.domain.trash import Trashed
from wharfinger.rules import paging
from wharfinger.rules.paging import Page, Window
from wharfinger.rules.roles import Action, RegistryAccess, Role, may, of_images
from wharfinger.web.pages import live, places
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 25
_SIZED_TAGS: Final = 2_000  # adding up the sizes of more than so many tags is not waited for
FOLDED: Final = Filter(folded=True)
SUMMED: Final = replace(FOLDED, counted=True, sized=True, sized_tags=_SIZED_TAGS)
_SORTS: Final = {
    "updated": ("Last push", Sort.UPDATED, True),
    "name": ("Name", Sort.NAME, False),
    "size": ("Size", Sort.SIZE, True),
    "created": ("Created", Sort.CREATED, True),
    "pulls": ("Most pulled", Sort.PULLS, True),
}


def show(visit: Visit) -> Response:
    """The list, filtered and sorted; how to push where there is nothing yet."""
    place = places.opened(visit)
    wanted, by = _wanted(visit, place), visit.asked("sort", "updated")
    window = Window(limit=_PAGE, after=marker(visit), counted=True)
    found = repositories.list_repositories(visit.tools, visit.caller, wanted, window)
    facts: dict[str, Any] = {
        "place": place,
        "found": found,
        "deletable": isinstance(place, Project) and allows(visit, place, Action.DELETE),
        "pushable": isinstance(place, Project) and allows(visit, place, Action.PUSH),
        "next_path": next_page(visit, found),
        "deleted": _deleted(visit, place, visit.asked("act")),
    }
    part = live.part(visit, "registry_list.html", **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    return visit.page(
        "registry.html", part=part, cleanup=_cleanup(visit, place), sorts=_SORTS, by=by, part_of=wanted.part, **facts
    )


def show_size(visit: Visit) -> Response:
    """The size of one repository that has too many tags to be waited for."""
    found = repository(visit, places.opened(visit), replace(FOLDED, sized=True))
    return visit.page("registry_size.html", each=found)


def show_tree(visit: Visit) -> Response:
    """How much lies at the path of a repository and below it, added up as its own size is."""
    found = repository(visit, places.opened(visit))
    tree = repositories.list_tree(visit.tools, visit.caller, found.path, Window(limit=1, counted=True))
    below = (tree.total or 0) - sum(one.id == found.id for one in tree.items)  # it comes first, if it has a tag
    size = repositories.tree_size(visit.tools, visit.caller, found.path)
    return visit.page("image_tree.html", repository=found, below=below, size=size)


def delete(visit: Visit) -> Response:
    """Have a repository moved to the trash; the visitor has typed its path."""
    project = places.opened(visit)
    found = repository(visit, project)
    visit.require_typed(found.path)
    batch = repositories.delete(visit.tools, visit.caller, found.path)
    said = f"{found.path} moves to the trash with all its tags. From there it can be brought back."
    return visit.go(f"/{project.path}/-/registry?{urlencode({'act': batch})}", said)


def undo(visit: Visit) -> Response:
    """Bring back the repository that was deleted a moment ago."""
    project = places.opened(visit, Action.ADMINISTER)
    found = _deleted(visit, project, visit.form["act"])
    if found is None:
        raise TrashedUnknown("it is not in the trash: it is on its way there, or is back already; look again")
    trash.restore(visit.tools, visit.caller, project.path, found.id)
    return visit.go(f"/{project.path}/-/registry", f"{found.path} is back with all its tags.")


def repository(visit: Visit, place: Project | Group, told: Filter = FOLDED) -> Repository:
    """The repository that the path names, if it is in this project. Raises RepositoryUnknown."""
    found = repositories.by_id(visit.tools, visit.caller, visit.number("id"), told)
    if found.project_path != place.path:
        raise RepositoryUnknown(f"no image repository {found.id} in {place.path}: look at its list")
    return found


def has_below(visit: Visit, found: Repository) -> bool:
    """Is there an image with a tag below the path of this one?"""
    first = repositories.list_tree(visit.tools, visit.caller, found.path, Window(limit=2)).items
    return any(one.id != found.id for one in first)


def allows(visit: Visit, project: Project, action: Action) -> bool:
    """May the visitor do this to the images of a project? Only what is shown depends on it."""
    signed_in = visit.caller.user_id is not None
    profile = visit.tools.policy.profile
    seen, off = of_images(project.visibility, project.registry_access), RegistryAccess.DISABLED
    return project.registry_access is not off and may(action, project.role, seen, signed_in=signed_in, profile=profile)


def next_page(visit: Visit, found: Page[Any]) -> str:
    """The address of the next page of a list, or ""."""
    return live.query(visit, after=paging.write(found.after)) if found.after else ""


def _deleted(visit: Visit, place: Project | Group, act: str) -> Trashed | None:
    """What this act has moved to the trash, for one who may bring it back."""
    if not act or not isinstance(place, Project) or not allows(visit, place, Action.ADMINISTER):
        return None
    return next(iter(trash.list_trash(visit.tools, visit.caller, place.path, batch=act, limit=1)), None)


def _cleanup(visit: Visit, place: Project | Group) -> list[Policy] | None:
    """The cleanup policies that hold in a project; None where the visitor is not told of them."""
    if not isinstance(place, Project) or place.role is None or place.role < Role.DEVELOPER:
        return None
    return [policy for policy in policies.list_policies(visit.tools, visit.caller, place.path) if policy.holds]


def _wanted(visit: Visit, place: Project | Group) -> Filter:
    _, sort, descending = _SORTS.get(visit.asked("sort"), _SORTS["updated"])
    where: dict[str, Any] = {"project" if isinstance(place, Project) else "group": place.path}
    return replace(SUMMED, part=visit.asked("q").strip(), sort=sort, descending=descending, **where)
