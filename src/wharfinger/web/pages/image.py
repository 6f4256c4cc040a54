"""The page of an image repository: its tags, filtered and sorted, and deleting many of them."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import glance, tags
from wharfinger.domain.access import Project
from wharfinger.domain.repositories import Repository
from wharfinger.domain.tags import Filter, Sort, Tag
from wharfinger.rules.paging import Page, Window
from wharfinger.rules.roles import Action
from wharfinger.web.pages import live, places, registry
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 25
_SORTS: Final = {
    "published": ("Last published", Sort.PUBLISHED, True),
    "name": ("Name", Sort.NAME, False),
    "name-down": ("Name, last first", Sort.NAME, True),
    "oldest": ("First published", Sort.PUBLISHED, False),
    "size": ("Size", Sort.SIZE, True),
    "smallest": ("Size, smallest first", Sort.SIZE, False),
}


def show(visit: Visit) -> Response:
    """The tags, filtered and sorted."""
    project, repository = opened(visit)
    wanted = filter_of(visit)
    window = Window(limit=_PAGE, after=registry.marker(visit), counted=True)
    found = tags.list_tags(visit.tools, visit.caller, repository.path, wanted, window)
    facts: dict[str, Any] = {
        "place": project,
        "repository": repository,
        "found": found,
        "glances": _glances(visit, repository, found),
        "deletable": registry.allows(visit, project, Action.DELETE) and not repository.status,
        "choosable": False,
        "part_of": wanted.part,
        "folded": wanted.folded,
    }
    part = live.part(visit, "image_tags.html", **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    more: dict[str, Any] = {
        "by": visit.asked("sort", "published"),
        "sorts": _SORTS,
        "next_path": registry.next_page(visit, found),
    }
    pushable = registry.allows(visit, project, Action.PUSH)
    return visit.page("image.html", part=part, pushable=pushable, **more, **facts)


def opened(visit: Visit) -> tuple[Project, Repository]:
    """The project and the repository that the path names. Raises RepositoryUnknown."""
    place = places.opened(visit)
    repository = registry.repository(visit, place)
    assert isinstance(place, Project), "what a repository lies in is a project"  # noqa: S101
    return place, repository


def filter_of(visit: Visit) -> Filter:
    """Which tags are asked for."""
    _, sort, descending = _SORTS.get(visit.asked("sort"), _SORTS["published"])
    folded = visit.asked("all") != "1"
    return Filter(part=visit.asked("q").strip(), folded=folded, sort=sort, descending=descending)


def _glances(visit: Visit, repository: Repository, found: Page[Tag]) -> dict[str, glance.Glance]:
    digests = {tag.digest for tag in found.items}
    return glance.of_digests(visit.tools, visit.caller, repository.path, digests)
