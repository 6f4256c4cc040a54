"""Lists of projects: what is in them, in every order, a page at a time."""

from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.gallery import Gallery
from tests.domain.people import later, person
from wharfinger.domain import groups, members, overviews, projects, repositories
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import PageInvalid
from wharfinger.domain.overviews import Sort, Wanted
from wharfinger.domain.repositories import Filter
from wharfinger.domain.tools import Tools
from wharfinger.rules.paging import Window
from wharfinger.rules.roles import RegistryAccess, Role, Visibility

NAMES = ("anchor", "buoy", "crane")


@pytest.fixture
def ada(tools: Tools, clock: Clock) -> Caller:
    """The owner of three projects: `anchor` has images and an old push, `buoy` the newest one, `crane` nothing."""
    made = person(tools, "ada")
    groups.create(tools, made, "quay")
    for name in NAMES:
        projects.create(tools, made, f"quay/{name}")
    for name, size in (("anchor", 9000), ("buoy", 10)):
        clock.now += timedelta(hours=1)
        Gallery(tools, "web", projects.get(tools, OPERATOR, f"quay/{name}")).container(
            {"os": "linux"}, b"l" * size, tag="1"
        )
    return later(tools, made)


def names(tools: Tools, caller: Caller, wanted: Wanted, limit: int = 50) -> list[str]:
    """Of every page in turn."""
    found: list[str] = []
    window = Window(limit=limit)
    while True:
        page = overviews.list_projects(tools, caller, wanted, window)
        found += [one.project.path.rpartition("/")[2] for one in page.items]
        if page.after is None:
            return found
        assert len(found) < 50, "the pages go round in a circle"
        window = Window(limit=limit, after=page.after)


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        (Sort.PATH, False, "anchor buoy crane"),
        (Sort.PATH, True, "crane buoy anchor"),
        (Sort.PUSHED, True, "buoy anchor crane"),
        (Sort.PUSHED, False, "crane anchor buoy"),
        (Sort.SIZE, True, "anchor buoy crane"),
        (Sort.SIZE, False, "crane buoy anchor"),
        (Sort.CREATED, True, "crane buoy anchor"),
        (Sort.CREATED, False, "anchor buoy crane"),
    ],
)
def test_orders(tools: Tools, ada: Caller, sort: Sort, descending: bool, expected: str) -> None:
    wanted = Wanted(mine=True, sort=sort, descending=descending)
    for limit in (1, 2, 50):
        assert names(tools, ada, wanted, limit) == expected.split()


def test_they_are_narrowed_by_role_and_visibility(tools: Tools, ada: Caller) -> None:
    eve = person(tools, "eve")
    groups.change(tools, ada, "quay", visibility=Visibility.PUBLIC)
    projects.change(tools, ada, "quay/buoy", visibility=Visibility.PUBLIC)
    members.add(tools, OPERATOR, "quay/crane", "eve", Role.DEVELOPER)
    for wanted, found in (
        (Wanted(), "buoy crane"),
        (Wanted(visibility=Visibility.PUBLIC), "buoy"),
        (Wanted(visibility=Visibility.INTERNAL), ""),
        (Wanted(lowest=Role.DEVELOPER), "crane"),
        (Wanted(lowest=Role.MAINTAINER), ""),
        (Wanted(mine=True, visibility=Visibility.PRIVATE), "crane"),
    ):
        assert names(tools, eve, wanted) == found.split()


@pytest.mark.parametrize("sort", [Sort.PUSHED, Sort.SIZE])
def test_images_that_are_hidden_from_somebody_count_for_nothing_in_the_order(
    tools: Tools, ada: Caller, sort: Sort
) -> None:
    public = Visibility.PUBLIC
    groups.change(tools, ada, "quay", visibility=public)
    for name in NAMES:
        shown = RegistryAccess.PRIVATE if name == "buoy" else RegistryAccess.ENABLED
        projects.change(tools, ada, f"quay/{name}", visibility=public, registry_access=shown)
    eve, rising = person(tools, "eve"), ["buoy", "crane", "anchor"]
    for limit in (1, 2, 50):
        assert names(tools, eve, Wanted(within="quay", sort=sort), limit) == rising
        assert names(tools, eve, Wanted(within="quay", sort=sort, descending=True), limit) == rising[::-1]


def test_a_marker_of_another_order_is_refused(tools: Tools, ada: Caller) -> None:
    page = overviews.list_projects(tools, ada, Wanted(), Window(limit=1))
    with pytest.raises(PageInvalid):
        overviews.list_projects(tools, ada, Wanted(sort=Sort.SIZE), Window(limit=1, after=page.after))


def test_tags_are_counted_as_they_are_listed(tools: Tools, ada: Caller) -> None:
    gallery = Gallery(tools, "web", projects.get(tools, OPERATOR, "quay/anchor"))
    digest = gallery.container({"os": "linux"}, b"more", tag="2")
    gallery.artifact("text/plain", b"signed", tag=f"{digest.replace(':', '-')}.sig")
    gallery.artifact("text/plain", b"no signature", tag=f"{digest.replace(':', '-')}.other")

    def count(*, folded: bool) -> int | None:
        wanted = Filter(project="quay/anchor", counted=True, folded=folded)
        (found,) = repositories.list_repositories(tools, ada, wanted).items
        assert repositories.by_id(tools, ada, found.id, wanted).tags_count == found.tags_count
        return found.tags_count

    assert (count(folded=False), count(folded=True)) == (4, 3)
