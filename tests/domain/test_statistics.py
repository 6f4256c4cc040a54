"""What is pulled, and what nobody pulls."""

from datetime import timedelta

import pytest

from tests.actors import Actors, fresh
from tests.clock import Clock
from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.domain import members, pull, repositories, statistics
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import NotFound
from wharfinger.domain.tools import Tools
from wharfinger.rules.paging import Window
from wharfinger.rules.roles import Role

MONTH = timedelta(days=30)


def take(shelf: Shelf, tag: str) -> None:
    """What GET does."""
    pull.count(shelf.tools, pull.manifest(shelf.tools, shelf.caller, shelf.path, tag), tag)
    shelf.tools.uses.flush(shelf.tools.db)


def test_what_nobody_pulls(tools: Tools, clock: Clock) -> None:
    shelf = Shelf(tools)
    for tag in ("never", "once", "often"):
        shelf.image(tag.encode(), tag=tag)
    take(shelf, "once")
    clock.advance(hours=24 * 40)
    take(shelf, "often")
    shelf.image(b"new", tag="new")
    found = statistics.unpulled(tools, OPERATOR, shelf.project, age=MONTH)
    assert [(idle.name, idle.pull_count) for idle in found] == [("never", 0), ("once", 1)]
    assert found[1].last_pulled_at is not None
    assert (found[0].path, found[0].project_path) == (shelf.path, shelf.project)
    [rest] = statistics.unpulled(tools, OPERATOR, "", age=MONTH, last=(shelf.path, "never"), limit=1)
    assert rest.name == "once"
    total, [image] = statistics.pulls(tools, OPERATOR, shelf.project.rpartition("/")[0])
    assert (total.pull_count, image.path, image.pull_count, image.last_pulled_at) == (2, shelf.path, 2, clock.now)


def test_one_sees_what_one_may_read(tools: Tools, clock: Clock) -> None:
    group = Actors(tools).group()
    mine, other = (Shelf(tools, project=Actors(tools).project(f"{group.path}/{name}")) for name in ("mine", "other"))
    for shelf in (mine, other):
        shelf.image(b"layer", tag="v1")
    clock.advance(hours=1)
    ada = person(tools, fresh("user"))
    members.add(tools, OPERATOR, mine.project, ada.name, Role.GUEST)
    for place in ("", group.path):
        assert [idle.path for idle in statistics.unpulled(tools, ada, place, age=timedelta(0))] == [mine.path]
        assert [image.path for image in statistics.pulls(tools, ada, place)[1]] == [mine.path]
    with pytest.raises(NotFound):
        statistics.unpulled(tools, ada, other.project, age=MONTH)


def test_what_was_pulled_last_comes_first_where_that_is_asked(tools: Tools, clock: Clock) -> None:
    group = Actors(tools).group()
    often, lately, never = (Shelf(tools, project=Actors(tools).project(f"{group.path}/{name}")) for name in "abc")
    for shelf in (often, lately, never):
        shelf.image(b"layer", tag="v1")
    take(often, "v1")
    take(often, "v1")
    clock.advance(hours=1)
    take(lately, "v1")
    ways = {lately_: statistics.pulls(tools, OPERATOR, group.path, lately=lately_)[1] for lately_ in (False, True)}
    assert [image.path for image in ways[False]] == [often.path, lately.path, never.path]
    assert [image.path for image in ways[True]] == [lately.path, often.path, never.path]
    assert ways[True][0].project_path == lately.project
    wanted = repositories.Filter(group=group.path, sort=repositories.Sort.PULLS, descending=True)
    first = repositories.list_repositories(tools, OPERATOR, wanted, Window(limit=1))
    rest = repositories.list_repositories(tools, OPERATOR, wanted, Window(after=first.after))
    assert [(one.path, one.pull_count) for one in first.items + rest.items] == [
        (often.path, 2), (lately.path, 1), (never.path, 0)
    ]  # fmt: skip
    assert [one.last_pulled_at for one in rest.items] == [clock.now, None]
