"""The page of an image repository: its tags, filtered and sorted, and deleting many of them."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import glance, origins, repositories, selection, tags
from wharfinger.domain.access import Project
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.repositories import Repository
from wharfinger.domain.selection import Act, Wanted
from wharfinger.domain.tags import Filter, Sort, Tag
from wharfinger.rules.paging import Page, Window
from wharfinger.rules.roles import Action
from wharfinger.web.pages import live, places, registry, words
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 25
_SIZED_TAGS: Final = 200  # a page with a list of tags does not wait for the sizes of more to be added up
_MANY_TAGS: Final = 10_000  # counting more than so many takes the server a while
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
    wanted = filter_of(visit)
    project, repository = opened(visit, _told(visit, wanted))
    known = repository.tags_count if wanted.folded else None
    window = Window(limit=_PAGE, after=marker(visit), counted=known is None)
    found = tags.list_tags(visit.tools, visit.caller, repository.path, wanted, window)
    facts: dict[str, Any] = {
        "place": project,
        "repository": repository,
        "found": found if known is None else replace(found, total=known),
        "glances": _glances(visit, repository, found),
        "origins": origins.of_tags(visit.tools, visit.caller, repository.path, _digests(found)),
        "deletable": registry.allows(visit, project, Action.DELETE) and not repository.leaving,
        "rules": glance.of_names(visit.tools, visit.caller, repository.path, [tag.name for tag in found.items]),
        "act": _act(visit, project),
        "part_of": wanted.part,
        "folded": wanted.folded,
    }
    few = repository.tags_count is not None and repository.tags_count <= _MANY_TAGS
    seconds = live.SECONDS if few else live.SLOW_SECONDS
    part = live.part(visit, "image_tags.html", seconds=seconds, **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    more: dict[str, Any] = {
        "by": visit.asked("sort", "published"),
        "sorts": _SORTS,
        "next_path": registry.next_page(visit, found),
        "has_below": registry.has_below(visit, repository),
    }
    pushable = registry.allows(visit, project, Action.PUSH)
    return visit.page("image.html", part=part, pushable=pushable, **more, **facts)


def choose(visit: Visit) -> Response:
    """What was ticked is compared; or it is told what exactly deleting it takes."""
    project, repository = opened(visit)
    names = visit.form.all("tag")
    if visit.form["compare"]:
        return visit.go(_pair(visit, repository, names))
    wanted = _chosen(visit)
    selected = selection.look(visit.tools, visit.caller, repository.path, wanted)
    return visit.page("image_delete.html", place=project, repository=repository, selected=selected, wanted=wanted)


def delete(visit: Visit) -> Response:
    """Move tags to the trash."""
    _, repository = opened(visit)
    wanted = _chosen(visit)
    if not wanted.names:
        visit.require_typed(repository.path)
    act = selection.delete(visit.tools, visit.caller, repository.path, wanted)
    return visit.go(f"{address(repository)}?{urlencode({'act': act.batch, 'of': act.count})}")


def undo(visit: Visit) -> Response:
    """Bring back what an act deleted."""
    project, repository = opened(visit)
    batch = visit.form["act"]
    back = selection.undo(visit.tools, visit.caller, project.path, batch)
    if back is None:
        return visit.go(f"{address(repository)}?{urlencode({'act': batch, 'back': 1, 'of': visit.number('of')})}")
    left = f", {words.count(back.left, 'is', 'are')} still in the trash: others are in their place" if back.left else ""
    return visit.go(address(repository), f"{words.count(back.back, 'tag is', 'tags are')} back{left}.")


def address(repository: Repository) -> str:
    """Where the page of a repository is."""
    return f"/{repository.project_path}/-/registry/{repository.id}"


def opened(visit: Visit, told: repositories.Filter = registry.FOLDED) -> tuple[Project, Repository]:
    """The project and the repository that the path names. Raises RepositoryUnknown."""
    place = places.opened(visit)
    repository = registry.repository(visit, place, told)
    assert isinstance(place, Project), "what a repository lies in is a project"  # noqa: S101
    return place, repository


def filter_of(visit: Visit) -> Filter:
    """Which tags are asked for."""
    _, sort, descending = _SORTS.get(visit.asked("sort"), _SORTS["published"])
    folded = visit.asked("all") != "1"
    return Filter(part=visit.asked("q").strip(), folded=folded, sort=sort, descending=descending)


def _told(visit: Visit, wanted: Filter) -> repositories.Filter:
    """What is told of the whole image: nothing that takes time where some tags or the list alone are asked for."""
    if wanted.part:
        return registry.FOLDED
    return replace(registry.SUMMED, sized=not live.asked(visit), sized_tags=_SIZED_TAGS)


def _chosen(visit: Visit) -> Wanted:
    """What the form names: tags, or all that match a filter. Raises SettingInvalid where it names nothing."""
    if visit.form["matching"]:
        return Wanted(part=visit.form["q"], folded=visit.form["all"] != "1")
    if not (names := tuple(visit.form.all("tag"))):
        raise SettingInvalid("no tag is ticked: go back and tick those that are to go")
    return Wanted(names)


def _pair(visit: Visit, repository: Repository, names: list[str]) -> str:
    """Where two tags are compared, the one that was pushed earlier first."""
    if len(names) != 2:
        raise SettingInvalid("two tags are compared: go back and tick two")
    known = [tags.get(visit.tools, visit.caller, repository.path, name) for name in names]
    before, after = sorted(known, key=lambda tag: tag.published_at)
    return f"{address(repository)}/compare?{urlencode({'from': before.name, 'to': after.name})}"


def _act(visit: Visit, project: Project) -> Act | None:
    """The deletion that the address tells of, as far as it has come."""
    if not visit.asked("act") or not registry.allows(visit, project, Action.DELETE):
        return None
    act = selection.progress(visit.tools, visit.caller, project.path, visit.asked("act"))
    return act if act.count or act.running else None


def _digests(found: Page[Tag]) -> dict[str, str]:
    return {tag.name: tag.digest for tag in found.items}


def _glances(visit: Visit, repository: Repository, found: Page[Tag]) -> dict[str, glance.Glance]:
    return glance.of_digests(visit.tools, visit.caller, repository.path, set(_digests(found).values()))
