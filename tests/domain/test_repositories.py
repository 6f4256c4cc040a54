"""Image repositories: listed by place, counted, measured, and deleted by the worker."""

from dataclasses import replace

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import person, refusal, with_token
from tests.domain.shelf import Shelf
from wharfinger.domain import access, images, members, projects, renaming, repositories, trash
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller, Grant
from wharfinger.domain.errors import GroupUnknown, PageInvalid, ProjectUnknown, RepositoryUnknown, ScopeMissing
from wharfinger.domain.paging import FIRST
from wharfinger.domain.repositories import Filter, Sort, Status
from wharfinger.domain.tools import Tools
from wharfinger.jobs import labour
from wharfinger.rules.paging import Marker, Window
from wharfinger.rules.roles import Action, Role, Visibility

ALL = Filter()


def paths(tools: Tools, caller: Caller = OPERATOR, wanted: Filter = ALL, window: Window = FIRST) -> list[str]:
    return [one.path for one in repositories.list_repositories(tools, caller, wanted, window).items]


def put(tools: Tools, path: str, layer: bytes = b"a layer") -> None:
    """Push an image to any repository."""
    shelf = Shelf(tools)
    with tools.db.read() as tx:
        project = access.open_repository(tx, OPERATOR, path, Action.PUSH).project_id
    shelf.caller = replace(OPERATOR, grants={path: Grant(project, frozenset(Action))})
    shelf.image(layer, tag="v1", path=path)


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def test_what_a_repository_says(shelf: Shelf, clock: Clock) -> None:
    made = clock()
    shelf.image(b"shared", b"one", tag="v1")
    shelf.image(b"untagged")
    clock.advance(hours=1)
    shelf.index(shelf.image(b"shared", b"three"), tag="v2")
    found = repositories.get(shelf.tools, OPERATOR, shelf.path, sized=True)
    assert (found.name, found.path, found.project_path) == ("app", shelf.path, shelf.project)
    assert (found.created_at, found.pushed_at) == (made, clock())
    assert (found.tags_count, found.status) == (2, None)
    assert found.size_bytes == len(b"shared" + b"one" + b"three")
    assert repositories.by_id(shelf.tools, OPERATOR, found.id, Filter(sized=True, counted=True)) == found


def test_by_place(tools: Tools) -> None:
    actors = Actors(tools)
    group = actors.group("acme")
    actors.group("acme/inner")
    actors.group("other")
    for path in ("acme/shop", "acme/inner/tool", "other/thing"):
        actors.project(path)
    for path in ("acme/shop/web", "acme/shop", "acme/inner/tool/x", "other/thing/y"):
        put(tools, path)
    assert paths(tools, wanted=Filter(project="acme/shop")) == ["acme/shop", "acme/shop/web"]
    assert paths(tools, wanted=Filter(group=group.path)) == ["acme/inner/tool/x", "acme/shop", "acme/shop/web"]
    assert paths(tools) == ["acme/inner/tool/x", "acme/shop", "acme/shop/web", "other/thing/y"]
    assert paths(tools, wanted=Filter(part="WEB")) == ["acme/shop/web"]
    assert paths(tools, wanted=Filter(part="%")) == []
    (root,) = repositories.list_repositories(tools, OPERATOR, Filter(project="acme/shop"), Window(limit=1)).items
    assert (root.name, root.tags_count, root.size_bytes) == ("", None, None)


def test_what_one_may_read(tools: Tools) -> None:
    mine, theirs, open_ = Shelf(tools), Shelf(tools), Shelf(tools)
    for shelf in (mine, theirs, open_):
        shelf.image(tag="v1")
    projects.change(tools, OPERATOR, open_.project, visibility=Visibility.PUBLIC)
    person(tools, "bea")
    members.add(tools, OPERATOR, mine.project, "bea", Role.GUEST)
    bea = with_token(tools, "bea")
    assert set(paths(tools, bea)) == {mine.path, open_.path}
    assert paths(tools, ANONYMOUS) == [open_.path]
    assert paths(tools, bea, Filter(project=mine.project)) == [mine.path]
    with pytest.raises(ProjectUnknown):
        paths(tools, bea, Filter(project=theirs.project))
    assert paths(tools, bea, Filter(group=theirs.project.partition("/")[0])) == []
    with pytest.raises(GroupUnknown):
        paths(tools, bea, Filter(group="nowhere"))
    hidden = repositories.get(tools, OPERATOR, theirs.path).id
    told = [str(refusal(lambda id_=id_: repositories.by_id(tools, bea, id_))) for id_ in (hidden, 10**9)]
    assert told[0].replace(str(hidden), "…") == told[1].replace(str(10**9), "…")
    assert theirs.project not in told[0]
    with pytest.raises(ScopeMissing):
        paths(tools, with_token(tools, "bea", "read_user"))


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("descending", [False, True])
def test_every_way_through_pages_shows_all_once(tools: Tools, clock: Clock, sort: Sort, descending: bool) -> None:
    project = Actors(tools).project().path
    for number in range(5):
        put(tools, f"{project}/r{number}")
        clock.advance(minutes=number % 2)
    clock.advance(minutes=1)
    put(tools, f"{project}/r0", b"new")
    wanted = Filter(project=project, sort=sort, descending=descending)
    whole = paths(tools, wanted=wanted)
    assert len(set(whole)) == 5
    after, walked = None, list[str]()
    for _ in range(3):
        page = repositories.list_repositories(tools, OPERATOR, wanted, Window(limit=2, after=after, counted=True))
        walked += [one.path for one in page.items]
        after = page.after
        assert page.total == 5
    assert (walked, after) == (whole, None)
    assert paths(tools, wanted=wanted, window=Window(limit=2, offset=2)) == whole[2:4]
    if sort is Sort.UPDATED:
        assert whole[0 if descending else -1].endswith("r0")


def test_sorted_by_what_their_tags_keep(tools: Tools) -> None:
    project = Actors(tools).project().path
    for name, size in (("small", 10), ("large", 3_000), ("middle", 200)):
        put(tools, f"{project}/{name}", name[:1].encode() * size)
    wanted = Filter(project=project, sort=Sort.SIZE, descending=True)
    found = repositories.list_repositories(tools, OPERATOR, wanted).items
    assert [one.name for one in found] == ["large", "middle", "small"]
    kept = [one.kept_bytes or 0 for one in found]
    assert (kept[0] - kept[1], kept[1] - kept[2]) == (2_800, 190)


def test_a_marker_of_another_order(tools: Tools) -> None:
    with pytest.raises(PageInvalid):
        paths(tools, wanted=Filter(sort=Sort.CREATED), window=Window(after=Marker("a")))


def test_deleted_by_the_worker(shelf: Shelf) -> None:
    shelf.image(tag="v1")
    person(shelf.tools, "mia")
    members.add(shelf.tools, OPERATOR, shelf.project, "mia", Role.MAINTAINER)
    mia = with_token(shelf.tools, "mia")
    before = repositories.get(shelf.tools, mia, shelf.path)
    repositories.delete(shelf.tools, mia, shelf.path)
    repositories.delete(shelf.tools, mia, shelf.path)
    assert repositories.get(shelf.tools, mia, shelf.path).status is Status.DELETE_SCHEDULED
    assert labour.do_all(shelf.tools) == 1
    with pytest.raises(RepositoryUnknown):
        repositories.get(shelf.tools, mia, shelf.path)
    with pytest.raises(RepositoryUnknown):
        repositories.by_id(shelf.tools, mia, before.id)
    assert paths(shelf.tools, wanted=Filter(project=shelf.project)) == []
    (entry,) = trash.list_trash(shelf.tools, mia, shelf.project)
    assert (entry.path, entry.deleted_by) == (shelf.path, "mia")
    trash.restore(shelf.tools, mia, shelf.project, entry.id)
    assert repositories.get(shelf.tools, mia, shelf.path).status is None


def test_a_deletion_that_fails_is_tried_ten_times_more(shelf: Shelf, clock: Clock) -> None:
    """Whoever asked for it may not any more: in the end the repository says so, and can be deleted by another."""
    shelf.image(tag="v1")
    person(shelf.tools, "mia")
    members.add(shelf.tools, OPERATOR, shelf.project, "mia", Role.MAINTAINER)
    repositories.delete(shelf.tools, with_token(shelf.tools, "mia"), shelf.path)
    members.remove(shelf.tools, OPERATOR, shelf.project, "mia")
    for _ in range(10):
        assert labour.do_all(shelf.tools) == 1
        assert repositories.get(shelf.tools, OPERATOR, shelf.path).status is Status.DELETE_SCHEDULED
        clock.advance(hours=1)
    assert labour.do_all(shelf.tools) == 1
    assert repositories.get(shelf.tools, OPERATOR, shelf.path).status is Status.DELETE_FAILED
    clock.advance(days=1)
    assert labour.do_all(shelf.tools) == 0
    assert not repositories.get(shelf.tools, OPERATOR, shelf.path).leaving
    shelf.path = renaming.rename(shelf.tools, OPERATOR, shelf.path, f"{shelf.path}-left")
    repositories.delete(shelf.tools, OPERATOR, shelf.path)
    labour.do_all(shelf.tools)
    assert paths(shelf.tools, wanted=Filter(project=shelf.project)) == []


def test_deleting_twice_does_no_harm(shelf: Shelf) -> None:
    shelf.image(tag="v1")
    id_ = repositories.get(shelf.tools, OPERATOR, shelf.path).id
    about = {"repository": id_, "by": "ada", "user": None, "admin": True, "address": ""}
    repositories.carry_out_deletion(shelf.tools, about)
    repositories.carry_out_deletion(shelf.tools, about)
    assert len(trash.list_trash(shelf.tools, OPERATOR, shelf.project)) == 1


def test_developers_delete_nothing(shelf: Shelf) -> None:
    shelf.image(tag="v1")
    person(shelf.tools, "dev")
    members.add(shelf.tools, OPERATOR, shelf.project, "dev", Role.DEVELOPER)
    with pytest.raises(ScopeMissing):
        repositories.delete(shelf.tools, with_token(shelf.tools, "dev"), shelf.path)
    with pytest.raises(RepositoryUnknown):
        repositories.delete(shelf.tools, OPERATOR, f"{shelf.project}/nothing")
    assert repositories.get(shelf.tools, OPERATOR, shelf.path).status is None
    images.delete_repository(shelf.tools, OPERATOR, shelf.path)
