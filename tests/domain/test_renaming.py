"""Image repositories under another name: what moves along, who may, what stands in the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.db import images as rows
from wharfinger.domain import images, members, protection, pull, quotas, renaming, repositories, trash
from wharfinger.domain.access import OPERATOR, Caller, Grant
from wharfinger.domain.errors import (
    BeingDeleted,
    ManifestUnknown,
    PathInvalid,
    PathTaken,
    QuotaExceeded,
    RepositoryProtected,
    RepositoryUnknown,
    ScopeMissing,
    SignInNeeded,
    TagImmutable,
    TagProtected,
    TreeTooLarge,
)
from wharfinger.domain.repositories import Filter
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Action, Role


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def paths(shelf: Shelf) -> list[str]:
    return [one.path for one in repositories.list_repositories(shelf.tools, OPERATOR, Filter()).items]


def used(tools: Tools, path: str) -> int:
    """Bytes that a place uses."""
    return quotas.get(tools, OPERATOR, path).used_bytes


def seen(shelf: Shelf, path: str, tag: str = "v1") -> str:
    """The digest that a tag of any repository of the project points to, for somebody with a token for it."""
    project = repositories.get(shelf.tools, OPERATOR, path).project_id
    caller = replace(shelf.caller, grants={path: Grant(project, frozenset({Action.PULL}))})
    return pull.manifest(shelf.tools, caller, path, tag).digest


def test_images_move_along(shelf: Shelf) -> None:
    digest = shelf.image(b"one", tag="v1")
    to = f"{shelf.project}/server"
    assert renaming.rename(shelf.tools, OPERATOR, shelf.path, to) == to
    assert paths(shelf) == [to]
    assert seen(shelf, to) == digest
    assert used(shelf.tools, shelf.project) == len(b"one")


def test_the_old_name_leads_to_them_until_it_is_pushed_to(shelf: Shelf) -> None:
    old = shelf.image(b"one", tag="v1")
    first, second = f"{shelf.project}/first", f"{shelf.project}/second"
    renaming.rename(shelf.tools, OPERATOR, shelf.path, first)
    renaming.rename(shelf.tools, OPERATOR, first, second)
    assert (seen(shelf, shelf.path), seen(shelf, first)) == (old, old)
    assert repositories.get(shelf.tools, OPERATOR, shelf.path).path == second
    with pytest.raises(RepositoryUnknown):
        images.delete_tag(shelf.tools, OPERATOR, shelf.path, "v1")
    shelf.blob(b"a layer that comes before its manifest")
    images.open_for_push(shelf.tools, shelf.caller, shelf.path)
    assert seen(shelf, shelf.path) == old
    new = shelf.image(b"two", tag="v2")
    assert seen(shelf, shelf.path, "v2") == new
    with pytest.raises(ManifestUnknown):
        seen(shelf, shelf.path, "v1")
    assert seen(shelf, first) == old


def test_a_name_that_is_taken_again_by_renaming(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    other = shelf.image(b"two", tag="v1", path=shelf.other)
    renaming.rename(shelf.tools, OPERATOR, shelf.path, f"{shelf.project}/away")
    renaming.rename(shelf.tools, OPERATOR, shelf.other, shelf.path)
    assert seen(shelf, shelf.path) == other
    renaming.rename(shelf.tools, OPERATOR, f"{shelf.project}/away", shelf.other)
    renaming.rename(shelf.tools, OPERATOR, shelf.other, f"{shelf.project}/away")
    assert paths(shelf) == [shelf.path, f"{shelf.project}/away"]


def test_back_to_the_old_name(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    renaming.rename(shelf.tools, OPERATOR, shelf.path, shelf.other)
    renaming.rename(shelf.tools, OPERATOR, shelf.other, shelf.path)
    assert paths(shelf) == [shelf.path]
    assert renaming.rename(shelf.tools, OPERATOR, shelf.path, shelf.path) == shelf.path


def test_into_another_project_usage_goes_along(shelf: Shelf) -> None:
    """A layer that both have counts where it is kept, and once above."""
    shelf.image(b"shared", b"moving", tag="v1")
    shelf.image(b"shared", tag="v1", path=shelf.other)
    shelf.image(b"untagged and not counted")
    target = Shelf(shelf.tools)
    target.image(b"moving", tag="v1")
    to = f"{target.project}/came"
    renaming.rename(shelf.tools, OPERATOR, shelf.path, to)
    assert used(shelf.tools, shelf.project) == len(b"shared")
    assert used(shelf.tools, target.project) == len(b"shared" + b"moving")
    assert used(shelf.tools, shelf.project.partition("/")[0]) == len(b"shared")
    assert used(shelf.tools, "") == len(b"shared" + b"moving")
    with pytest.raises(RepositoryUnknown):
        repositories.get(shelf.tools, OPERATOR, shelf.path)


def test_its_trash_comes_along(shelf: Shelf) -> None:
    digest = shelf.image(b"one", tag="v1")
    shelf.image(b"two", tag="v2")
    images.delete_tag(shelf.tools, OPERATOR, shelf.path, "v1")
    target = Shelf(shelf.tools)
    renaming.rename(shelf.tools, OPERATOR, shelf.path, target.path)
    (lying,) = trash.list_trash(shelf.tools, OPERATOR, target.project)
    assert lying.path == target.path
    trash.restore(shelf.tools, OPERATOR, target.project, lying.id)
    assert seen(shelf, target.path) == digest


def test_where_there_is_no_room(shelf: Shelf) -> None:
    shelf.image(b"x" * 100, tag="v1")
    target = Shelf(shelf.tools)
    quotas.set_limit(shelf.tools, OPERATOR, target.project, 99)
    with pytest.raises(QuotaExceeded):
        renaming.rename(shelf.tools, OPERATOR, shelf.path, target.path)
    assert paths(shelf) == [shelf.path]


def test_what_is_below_comes_along_if_wanted(shelf: Shelf) -> None:
    for path in (shelf.path, f"{shelf.path}/debug", f"{shelf.path}-beside"):
        shelf.caller = Actors.pusher(shelf.tools, path)
        shelf.image(b"one", tag="v1", path=path)
    to = f"{shelf.project}/new"
    renaming.rename(shelf.tools, OPERATOR, shelf.path, to)
    assert paths(shelf) == [f"{shelf.path}-beside", f"{shelf.path}/debug", to]
    renaming.rename(shelf.tools, OPERATOR, to, shelf.path)
    renaming.rename(shelf.tools, OPERATOR, shelf.path, to, tree=True)
    assert paths(shelf) == [f"{shelf.path}-beside", to, f"{to}/debug"]
    with pytest.raises(PathInvalid):
        renaming.rename(shelf.tools, OPERATOR, to, f"{to}/inside", tree=True)


def test_paths_that_cannot_be(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    shelf.image(b"two", tag="v1", path=shelf.other)
    for to, kind in (
        (shelf.other, PathTaken),
        (f"{shelf.project}/a/b/c", RepositoryUnknown),
        ("acme/none/app", RepositoryUnknown),
        (f"{shelf.project}/{'x' * 250}", PathInvalid),
    ):
        with pytest.raises(kind):
            renaming.rename(shelf.tools, OPERATOR, shelf.path, to)
    with pytest.raises(RepositoryUnknown):
        renaming.rename(shelf.tools, OPERATOR, f"{shelf.project}/absent", f"{shelf.project}/x")


def test_one_that_is_to_be_deleted_stays(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    repositories.delete(shelf.tools, OPERATOR, shelf.path)
    with pytest.raises(BeingDeleted):
        renaming.rename(shelf.tools, OPERATOR, shelf.path, shelf.other)


def test_a_name_is_held_for_a_minute(shelf: Shelf, clock: Clock) -> None:
    """For this one, and not for others, who may not push there either."""
    shelf.image(b"one", tag="v1")
    shelf.image(b"two", tag="v1", path=shelf.other)
    to = f"{shelf.project}/held"
    until = renaming.hold(shelf.tools, OPERATOR, shelf.path, to)
    assert until == clock() + timedelta(seconds=60)
    assert paths(shelf) == [shelf.path, shelf.other]
    with pytest.raises(PathTaken):
        renaming.hold(shelf.tools, OPERATOR, shelf.other, to)
    with pytest.raises(PathTaken):
        renaming.rename(shelf.tools, OPERATOR, shelf.other, to)
    with pytest.raises(PathTaken):
        images.open_for_push(shelf.tools, Actors.pusher(shelf.tools, to), to)
    assert renaming.hold(shelf.tools, OPERATOR, shelf.path, to) == until
    clock.advance(seconds=60)
    renaming.hold(shelf.tools, OPERATOR, shelf.other, to)
    clock.advance(seconds=60)
    renaming.rename(shelf.tools, OPERATOR, shelf.path, to)
    assert renaming.rename(shelf.tools, OPERATOR, shelf.other, shelf.path) == shelf.path


def test_too_many_at_once(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    project = repositories.get(shelf.tools, OPERATOR, shelf.path).project_id
    with shelf.tools.db.begin() as tx:
        for number in range(1000):
            rows.add_repository(tx, project_id=project, name=f"app/{number}", now=shelf.tools.clock())
    with pytest.raises(TreeTooLarge) as refused:
        renaming.rename(shelf.tools, OPERATOR, shelf.path, shelf.other, tree=True)
    assert refused.value.most == 1000


@pytest.mark.parametrize(("role", "source", "target"), [
    ("developer", True, False), ("developer", False, True), ("maintainer", False, True), ("maintainer", True, False),
])  # fmt: skip
def test_both_places_have_to_allow_it(shelf: Shelf, role: str, *, source: bool, target: bool) -> None:
    shelf.image(b"one", tag="v1")
    there = Shelf(shelf.tools)
    ada = person(shelf.tools, "ada")
    for project, wanted in ((shelf.project, source), (there.project, target)):
        if wanted:
            members.add(shelf.tools, OPERATOR, project, "ada", Role[role.upper()])
    kinds = (RepositoryUnknown, ScopeMissing)
    with pytest.raises(kinds):
        renaming.rename(shelf.tools, ada, shelf.path, there.path)


def test_maintainer_here_and_developer_there(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    there = Shelf(shelf.tools)
    ada = person(shelf.tools, "ada")
    members.add(shelf.tools, OPERATOR, shelf.project, "ada", Role.MAINTAINER)
    members.add(shelf.tools, OPERATOR, there.project, "ada", Role.DEVELOPER)
    assert renaming.rename(shelf.tools, ada, shelf.path, there.path) == there.path


def test_a_registry_token_has_to_name_both(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    caller: Caller = replace(shelf.caller, grants={shelf.path: (shelf.caller.grants or {})[shelf.path]})
    with pytest.raises(SignInNeeded):
        renaming.rename(shelf.tools, caller, shelf.path, shelf.other)
    assert renaming.rename(shelf.tools, shelf.caller, shelf.path, shelf.other) == shelf.other


@pytest.mark.parametrize(
    ("kind", "pattern", "at_target", "refused"),
    [
        (Kind.REPOSITORY, "/app", False, RepositoryProtected),
        (Kind.REPOSITORY, "/app", True, RepositoryProtected),
        (Kind.TAG, "v", False, TagProtected),
        (Kind.TAG, "v", True, TagProtected),
        (Kind.IMMUTABLE, "v", False, TagImmutable),
    ],
)
def test_rules_of_both_projects_hold(
    shelf: Shelf, kind: Kind, pattern: str, refused: type[Exception], *, at_target: bool
) -> None:
    shelf.image(b"one", tag="v1")
    there = Shelf(shelf.tools)
    ada = person(shelf.tools, "ada")
    for project in (shelf.project, there.project):
        members.add(shelf.tools, OPERATOR, project, "ada", Role.MAINTAINER)
    held = there.project if at_target else shelf.project
    full = held + pattern if kind is Kind.REPOSITORY else pattern
    level = None if kind is Kind.IMMUTABLE else Level.OWNER
    protection.add(shelf.tools, OPERATOR, held, Rule(kind, full, level, level))
    with pytest.raises(refused):
        renaming.rename(shelf.tools, ada, shelf.path, there.path)
    assert paths(shelf) == [shelf.path]


def test_an_immutable_rule_there_takes_what_is_new(shelf: Shelf) -> None:
    shelf.image(b"one", tag="v1")
    there = Shelf(shelf.tools)
    protection.add(shelf.tools, OPERATOR, there.project, Rule(Kind.IMMUTABLE, "v"))
    assert renaming.rename(shelf.tools, OPERATOR, shelf.path, there.path) == there.path
