"""Looking at what a renaming would do: where everything goes, all that is in the way, and nothing changed."""

import pytest

from tests.actors import Actors
from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.domain import members, protection, quotas, renaming, repositories
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import (
    BeingDeleted,
    PathInvalid,
    PathTaken,
    QuotaExceeded,
    Refusal,
    RepositoryProtected,
    RepositoryUnknown,
    ScopeMissing,
    TagImmutable,
)
from wharfinger.domain.repositories import Filter
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def push(shelf: Shelf, *paths: str) -> None:
    for path in paths:
        shelf.caller = Actors.pusher(shelf.tools, path)
        shelf.image(b"one", tag="v1", path=path)


def paths(shelf: Shelf) -> list[str]:
    return [one.path for one in repositories.list_repositories(shelf.tools, OPERATOR, Filter()).items]


def kinds(move: renaming.Move) -> list[type[Refusal]]:
    return [type(hurdle) for hurdle in move.hurdles]


def test_where_everything_goes(shelf: Shelf) -> None:
    push(shelf, shelf.path, f"{shelf.path}/debug", f"{shelf.path}-beside")
    to = f"{shelf.project}/new"
    alone = renaming.look(shelf.tools, OPERATOR, shelf.path, to)
    assert [(move.before, move.after) for move in alone.moves] == [(shelf.path, to)]
    found = renaming.look(shelf.tools, OPERATOR, shelf.path, to, tree=True)
    assert [(move.before, move.after) for move in found.moves] == [
        (shelf.path, to),
        (f"{shelf.path}/debug", f"{to}/debug"),
    ]
    assert found.free
    assert not found.elsewhere
    assert renaming.count_below(shelf.tools, OPERATOR, shelf.path) == 1
    assert paths(shelf) == [shelf.path, f"{shelf.path}-beside", f"{shelf.path}/debug"]


def test_all_that_is_in_the_way_of_each(shelf: Shelf) -> None:
    to = f"{shelf.project}/new"
    push(shelf, shelf.path, f"{shelf.path}/debug", f"{shelf.path}/slim", f"{to}/debug")
    ada = person(shelf.tools, "ada")
    members.add(shelf.tools, OPERATOR, shelf.project, "ada", Role.MAINTAINER)
    protection.add(
        shelf.tools, OPERATOR, shelf.project, Rule(Kind.REPOSITORY, f"{shelf.path}/debug", delete=Level.OWNER)
    )
    repositories.delete(shelf.tools, OPERATOR, f"{shelf.path}/slim")
    found = renaming.look(shelf.tools, ada, shelf.path, to, tree=True)
    assert [kinds(move) for move in found.moves] == [[], [PathTaken, RepositoryProtected], [BeingDeleted]]
    assert not found.free
    protection.add(shelf.tools, OPERATOR, shelf.project, Rule(Kind.IMMUTABLE, "^v"))
    (move,) = renaming.look(shelf.tools, ada, shelf.path, to).moves
    assert kinds(move) == [TagImmutable]
    assert str(move.hurdles[0]).startswith("the tag v1 is immutable")


def test_no_room_in_the_project_where_it_goes(shelf: Shelf) -> None:
    shelf.image(b"x" * 100, tag="v1")
    target = Shelf(shelf.tools)
    used = quotas.get(shelf.tools, OPERATOR, shelf.project).used_bytes
    quotas.set_limit(shelf.tools, OPERATOR, target.project, 99)
    found = renaming.look(shelf.tools, OPERATOR, shelf.path, target.path)
    assert isinstance(found.crowded, QuotaExceeded)
    assert found.elsewhere
    assert not found.free
    quotas.set_limit(shelf.tools, OPERATOR, target.project, 100)
    assert renaming.look(shelf.tools, OPERATOR, shelf.path, target.path).free
    assert paths(shelf) == [shelf.path]
    assert quotas.get(shelf.tools, OPERATOR, shelf.project).used_bytes == used
    assert quotas.get(shelf.tools, OPERATOR, target.project).used_bytes == 0


def test_a_path_that_cannot_be(shelf: Shelf) -> None:
    push(shelf, shelf.path)
    with pytest.raises(PathInvalid, match="is its path already"):
        renaming.look(shelf.tools, OPERATOR, shelf.path, shelf.path)
    with pytest.raises(RepositoryUnknown):
        renaming.look(shelf.tools, OPERATOR, shelf.path, "acme/none/app")
    with pytest.raises(PathInvalid):
        renaming.look(shelf.tools, OPERATOR, shelf.path, f"{shelf.project}/{'x' * 250}")


def test_an_endless_path_is_not_written_down_for_each_image(shelf: Shelf) -> None:
    """A thousand images of a megabyte of name each would be more than the server has memory for."""
    push(shelf, shelf.path, *(f"{shelf.path}/{number}" for number in range(3)))
    to = f"{shelf.project}/{'x' * 100_000}"
    for work in (renaming.look, renaming.hold, renaming.rename):
        with pytest.raises(PathInvalid, match="255 is the most") as refused:
            work(shelf.tools, OPERATOR, shelf.path, to, tree=True)
        assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_only_who_may_rename_it_may_look(shelf: Shelf, role: str) -> None:
    push(shelf, shelf.path)
    stranger, bob = person(shelf.tools, "eve"), person(shelf.tools, "bob")
    members.add(shelf.tools, OPERATOR, shelf.project, "bob", Role[role.upper()])
    for caller, kind in ((bob, ScopeMissing), (stranger, RepositoryUnknown)):
        with pytest.raises(kind):
            renaming.look(shelf.tools, caller, shelf.path, shelf.other)
        with pytest.raises(kind):
            renaming.count_below(shelf.tools, caller, shelf.path)
