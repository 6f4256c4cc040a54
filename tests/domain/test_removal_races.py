"""Tags are deleted in many transactions: whoever renames the image between two of them is heeded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from tests.clock import Clock
from tests.domain.shelf import Shelf
from tests.domain.test_cleanup_runs import fill, save, seen, tags
from wharfinger.db.engine import Database
from wharfinger.domain import protection, renaming, selection
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import once, removal, runs
from wharfinger.domain.cleanup.history import State
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import RepositoryUnknown
from wharfinger.domain.selection import Wanted
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Kind, Level, Rule


class Between:
    """The real database; `then` happens once, before the transaction of this number begins."""

    def __init__(self, real: Database, number: int, then: Callable[[], object]) -> None:
        self._real, self._left, self._then = real, number, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextmanager
    def begin(self, *, settled: bool = False) -> Iterator[Connection]:
        self._left -= 1
        if self._left == 0:
            self._then()
        with self._real.begin(settled=settled) as tx:
            yield tx


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def interrupted(shelf: Shelf, number: int, then: Callable[[], object]) -> Tools:
    return replace(shelf.tools, db=cast(Database, Between(shelf.tools.db, number, then)))


def renamed(shelf: Shelf, to: str) -> None:
    renaming.rename(shelf.tools, OPERATOR, shelf.path, to)


def run_of_policy(shelf: Shelf) -> int:
    save(shelf)
    return runs.run_now(shelf.tools, OPERATOR, shelf.project).id


def run_once(shelf: Shelf) -> int:
    return once.ask(shelf.tools, OPERATOR, shelf.path, Terms(keep_n=1, older_than=None))


TAKEN_UP_PLANNED_AND_ONE_PART = 3  # transactions, then the image is renamed before the next


@pytest.mark.parametrize("asked", [run_of_policy, run_once])
def test_an_image_that_went_to_another_project_is_left_alone(
    shelf: Shelf, clock: Clock, asked: Callable[[Shelf], int]
) -> None:
    fill(shelf, clock, "a", "b", "c", "d", "latest")
    elsewhere = Shelf(shelf.tools)
    protection.add(shelf.tools, OPERATOR, elsewhere.project, Rule(Kind.TAG, ".*", delete=Level.OWNER))
    number = asked(shelf)
    tools = interrupted(shelf, TAKEN_UP_PLANNED_AND_ONE_PART + 1, lambda: renamed(shelf, elsewhere.path))
    removal.carry_on(tools, {"run": number}, at_once=1)
    assert tags(shelf, elsewhere.path) == ["b", "c", "d", "latest"]
    run = seen(shelf, number)
    assert (run.state, run.tags_removed) == (State.DONE, 1)


def test_an_image_under_another_name_is_looked_at_anew(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "d", "latest")
    to = f"{shelf.project}/kept"
    protection.add(shelf.tools, OPERATOR, shelf.project, Rule(Kind.REPOSITORY, to, delete=Level.OWNER))
    number = run_of_policy(shelf)
    tools = interrupted(shelf, TAKEN_UP_PLANNED_AND_ONE_PART + 1, lambda: renamed(shelf, to))
    removal.carry_on(tools, {"run": number}, at_once=1)
    assert tags(shelf, to) == ["b", "c", "d", "latest"]


def test_an_image_under_another_name_that_nothing_protects_is_cleaned_on(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "d", "latest")
    to, number = f"{shelf.project}/open", run_once(shelf)
    tools = interrupted(shelf, TAKEN_UP_PLANNED_AND_ONE_PART + 1, lambda: renamed(shelf, to))
    removal.carry_on(tools, {"run": number}, at_once=1)
    assert tags(shelf, to) == ["d", "latest"]
    assert seen(shelf, number).tags_removed == 3


def test_untagged_images_that_went_to_another_project_stay(shelf: Shelf, clock: Clock) -> None:
    loose = [shelf.image(data) for data in (b"one", b"two")]
    clock.advance(days=2)
    fill(shelf, clock, "latest")
    elsewhere = Shelf(shelf.tools)
    save(shelf, untagged=True, older_than="1d")
    number = runs.run_now(shelf.tools, OPERATOR, shelf.project).id
    tools = interrupted(shelf, 3, lambda: renamed(shelf, elsewhere.path))
    removal.carry_on(tools, {"run": number})
    assert all(shelf.has(digest, elsewhere.path) for digest in loose)


def another_takes_the_name(shelf: Shelf) -> None:
    renamed(shelf, f"{shelf.project}/first")
    shelf.image(b"of another image", tag="v1")


def test_a_new_image_of_the_same_name_keeps_its_tags(shelf: Shelf) -> None:
    shelf.image(b"of the first image", tag="v1")
    tools = interrupted(shelf, 2, lambda: another_takes_the_name(shelf))
    with pytest.raises(RepositoryUnknown):
        selection.delete(tools, OPERATOR, shelf.path, Wanted(("v1",)))
    assert shelf.has("v1")
    assert tags(shelf, f"{shelf.project}/first") == ["v1"]


def test_the_worker_goes_on_where_the_image_is_now(shelf: Shelf) -> None:
    for name in ("v1", "v2"):
        shelf.image(name.encode(), tag=name)
    repository = shelf.tools.lookup.repository(shelf.path)
    assert repository is not None
    about = {
        "repository": repository.id, "part": "", "folded": True, "until": shelf.tools.clock().isoformat(), "names": [],
        "batch": "act", "by": "operator", "user": None, "admin": True, "address": "",
    }  # fmt: skip
    tools = interrupted(shelf, 1, lambda: another_takes_the_name(shelf))
    with suppress(RepositoryUnknown):
        selection.carry_out_deletion(tools, about)
    assert shelf.has("v1")
    selection.carry_out_deletion(shelf.tools, about)
    assert tags(shelf, f"{shelf.project}/first") == []
    assert shelf.has("v1")
