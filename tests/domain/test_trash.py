"""What is deleted can be brought back for a while, as it was, and then it is gone."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.db import images as rows
from wharfinger.db import tags as tag_rows
from wharfinger.db.tables.images import tags
from wharfinger.db.tables.trash import trash as trash_table
from wharfinger.domain import garbage, images, members, trash
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import PathTaken, ProjectUnknown, RestoreFirst, ScopeMissing, TagTaken, TrashedUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role
from wharfinger.spec import digest as digests


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def days(shelf: Shelf, clock: Clock, count: int) -> None:
    for _ in range(count):
        clock.advance(hours=25)
        shelf.collect()


def test_a_tag(shelf: Shelf, clock: Clock) -> None:
    shelf.image(tag="v1")
    shelf.delete("v1")
    assert not shelf.has("v1")
    days(shelf, clock, 6)
    (entry,) = shelf.trash()
    assert (entry.kind, entry.path, entry.name, entry.deleted_by) == ("tag", shelf.path, "v1", "ada")
    shelf.restore(entry.id)
    assert shelf.trash() == []
    days(shelf, clock, 10)
    assert shelf.has("v1")


def test_after_its_time(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(tag="v1")
    shelf.delete("v1")
    (entry,) = shelf.trash()
    days(shelf, clock, 11)
    assert shelf.trash() == []
    assert not shelf.has(image)
    assert not shelf.tools.store.kept(digests.of(b"a layer"))
    with pytest.raises(TrashedUnknown):
        shelf.restore(entry.id)


def test_what_was_let_go_of_stays_so_when_the_clock_is_put_back(shelf: Shelf, clock: Clock) -> None:
    shelf.image(tag="v1")
    shelf.delete("v1")
    (entry,) = shelf.trash()
    assert trash.empty(shelf.tools, OPERATOR, shelf.project) == 1
    clock.advance(hours=-6)
    assert shelf.trash() == []
    with pytest.raises(TrashedUnknown):
        shelf.restore(entry.id)
    days(shelf, clock, 3)
    assert not shelf.tools.store.kept(digests.of(b"a layer"))


def test_a_repository_that_is_purged_in_part_does_not_come_back_with_the_clock(shelf: Shelf, clock: Clock) -> None:
    """Its time was over, a part of it went, and then the clock was put back to before that."""
    shelf.tools = replace(shelf.tools, policy=replace(shelf.tools.policy, gc_batch=1))
    for number in range(3):
        shelf.image(f"layer {number}".encode(), tag=f"v{number}")
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    (entry,) = shelf.trash()
    clock.advance(days=8)
    garbage.empty_trash(shelf.tools)
    clock.advance(days=-2)
    assert shelf.trash() == []
    with pytest.raises(TrashedUnknown):
        shelf.restore(entry.id)
    shelf.collect()
    days(shelf, clock, 3)
    assert not [number for number in range(3) if shelf.tools.store.kept(digests.of(f"layer {number}".encode()))]


def test_what_is_over_and_whole_comes_back_with_the_clock(shelf: Shelf, clock: Clock) -> None:
    """Nobody has purged it yet, so it is all there."""
    shelf.image(tag="v1")
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    (entry,) = shelf.trash()
    clock.advance(days=8)
    assert shelf.trash() == []
    clock.advance(days=-2)
    shelf.restore(entry.id)
    assert shelf.has("v1")


def test_a_tag_that_was_pushed_again(shelf: Shelf) -> None:
    shelf.image(b"old", tag="v1")
    shelf.delete("v1")
    shelf.image(b"new", tag="v1")
    (entry,) = shelf.trash()
    with pytest.raises(TagTaken, match="delete it first"):
        shelf.restore(entry.id)
    shelf.delete("v1")
    assert len(shelf.trash()) == 2
    shelf.restore(entry.id)
    assert shelf.has("v1")
    assert shelf.tools.lookup.by_tag(shelf.path, "v1") is not None


def test_a_manifest_with_its_tags(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"one", b"two", tag="v1")
    assert shelf.image(b"one", b"two", tag="latest") == image
    shelf.delete(image)
    assert not shelf.has(image)
    shelf.image(b"newer", tag="latest")
    for layer in (b"one", b"two"):
        images.delete_blob(shelf.tools, shelf.caller, shelf.path, digests.of(layer))
    days(shelf, clock, 6)
    (entry,) = shelf.trash()
    assert (entry.kind, entry.name, entry.tags) == ("manifest", image, ("latest", "v1"))
    shelf.restore(entry.id)
    days(shelf, clock, 10)
    assert shelf.has("v1")
    newer = shelf.tools.lookup.by_tag(shelf.path, "latest")
    assert newer is not None
    assert newer.digest != image, "a tag that points elsewhere by now stays where it is"


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_tags_are_as_old_when_they_are_back(tools: Tools, shelf: Shelf, clock: Clock, by: str) -> None:
    digest, pushed_at = shelf.image(b"layer", tag="v1"), clock()
    clock.advance(days=1)
    shelf.delete("v1" if by == "tag" else digest)
    shelf.restore(shelf.trash()[-1].id)
    with tools.db.read() as tx:
        assert tx.execute(select(tags.c.pushed_at).where(tags.c.name == "v1")).scalar_one() == pushed_at


def test_what_an_older_version_deleted_comes_back(tools: Tools, shelf: Shelf) -> None:
    digest = shelf.image(b"layer", tag="v1")
    shelf.delete(digest)
    with tools.db.begin() as tx:
        tx.execute(update(trash_table).values(tags='["v1"]'))
    assert shelf.trash()[-1].tags == ("v1",)
    shelf.restore(shelf.trash()[-1].id)
    assert shelf.has("v1")


def test_an_index_brings_its_images_back(shelf: Shelf, clock: Clock) -> None:
    """Deleted from the top, as clients clean up; the tag brings back the index, and that its images."""
    children = [shelf.image(data) for data in (b"amd64", b"arm64")]
    index = shelf.index(*children, tag="multi")
    shelf.delete("multi")
    shelf.delete(index)
    for child in children:
        shelf.delete(child)
    days(shelf, clock, 5)
    shelf.restore(shelf.trash()[0].id)
    days(shelf, clock, 10)
    assert shelf.has("multi")
    assert all(map(shelf.has, children))
    assert shelf.trash() == []


def test_what_the_trash_holds_keeps_its_images_and_signatures(shelf: Shelf, clock: Clock) -> None:
    child = shelf.image(b"child")
    index = shelf.index(child, tag="multi")
    referrer = shelf.image(b"a signature", subject=index)
    by_tag = shelf.image(b"another", tag=index.replace(":", "-") + ".sig")
    shelf.delete(index)
    days(shelf, clock, 6)
    assert all(map(shelf.has, (child, referrer, by_tag)))
    days(shelf, clock, 5)
    assert not any(map(shelf.has, (child, referrer, by_tag)))


def test_a_repository(shelf: Shelf, clock: Clock) -> None:
    shelf.image(b"one", tag="v1")
    shelf.image(b"two", tag="v2")
    shelf.delete("v2")
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    assert not shelf.has("v1")
    assert images.list_repositories(shelf.tools, OPERATOR, last="", limit=10).names == []
    tag, whole = shelf.trash()
    assert (whole.kind, whole.path, whole.name) == ("repository", shelf.path, "")
    assert (tag.path, tag.name) == (shelf.path, "v2"), "by the name it had"
    with pytest.raises(RestoreFirst, match=f"{shelf.path} lies in the trash .* first, number {whole.id}"):
        shelf.restore(tag.id)
    days(shelf, clock, 5)
    shelf.restore(whole.id)
    shelf.restore(tag.id)
    days(shelf, clock, 10)
    assert shelf.has("v1")
    assert shelf.has("v2")
    assert images.list_repositories(shelf.tools, OPERATOR, last="", limit=10).names == [shelf.path]


def test_a_repository_whose_path_is_taken(shelf: Shelf, clock: Clock) -> None:
    shelf.image(b"old", tag="v1")
    images.delete_repository(shelf.tools, shelf.caller, shelf.path)
    shelf.image(b"new", tag="v1")
    (entry,) = shelf.trash()
    with pytest.raises(PathTaken, match="pushed to again"):
        shelf.restore(entry.id)
    days(shelf, clock, 12)
    assert not shelf.tools.store.kept(digests.of(b"old"))
    assert shelf.has("v1")


def test_emptying(shelf: Shelf, clock: Clock) -> None:
    shelf.image(b"one", tag="v1")
    shelf.image(b"two", tag="v2")
    shelf.delete("v1")
    shelf.delete("v2")
    first, second = shelf.trash()
    assert trash.empty(shelf.tools, OPERATOR, shelf.project, first.id) == 1
    shelf.collect()
    assert shelf.trash() == [second]
    assert trash.empty(shelf.tools, OPERATOR, shelf.project) == 1
    days(shelf, clock, 3)
    assert not shelf.tools.store.kept(digests.of(b"one"))
    with pytest.raises(TrashedUnknown):
        trash.empty(shelf.tools, OPERATOR, shelf.project, first.id)


def test_who_may(tools: Tools, shelf: Shelf) -> None:
    shelf.image(tag="v1")
    shelf.delete("v1")
    number = shelf.trash()[0].id
    stranger, developer, maintainer = (person(tools, name) for name in ("stranger", "developer", "maintainer"))
    for caller, role in ((developer, Role.DEVELOPER), (maintainer, Role.MAINTAINER)):
        members.add(tools, OPERATOR, shelf.project, caller.name, role)
    with pytest.raises(ProjectUnknown):
        trash.list_trash(tools, stranger, shelf.project)
    for work in (
        lambda: trash.list_trash(tools, developer, shelf.project),
        lambda: trash.restore(tools, developer, shelf.project, number),
        lambda: trash.empty(tools, developer, shelf.project),
    ):
        with pytest.raises(ScopeMissing):
            work()
    trash.restore(tools, maintainer, shelf.project, number)
    assert shelf.has("v1")


def test_the_trash_of_another_project(tools: Tools, shelf: Shelf) -> None:
    shelf.image(tag="v1")
    shelf.delete("v1")
    other = Actors(tools).project()
    with pytest.raises(TrashedUnknown):
        trash.restore(tools, OPERATOR, other.path, shelf.trash()[0].id)
    assert trash.empty(tools, OPERATOR, other.path) == 0


def test_many_tags_go_and_come_back_as_one(tools: Tools, shelf: Shelf, clock: Clock) -> None:
    image, other = shelf.image(b"one", tag="stays"), shelf.image(b"two")
    tags = [f"v{number:04}" for number in range(2_500)]
    with tools.db.begin() as tx:
        repository = images.open_existing(tx, shelf.caller, shelf.path, Action.PUSH).id
        for digest, names in ((image, tags[::2]), (other, tags[1::2])):
            (id_,) = rows.manifest_ids(tx, repository, [digest]).values()
            aims, names_of = dict.fromkeys(names, id_), dict.fromkeys(names, "ada")
            tag_rows.add(tx, repository, aims, pushed_by=names_of, pushed_at={}, now=clock())
    gone = images.delete_chosen(tools, shelf.caller, shelf.path, [*tags, "never"], batch="cleanup 7")
    assert gone == dict(zip(tags, [image, other] * 1_250, strict=True))
    assert images.list_tags(tools, shelf.caller, shelf.path, last="", limit=10).names == ["stays"]
    days(shelf, clock, 6)
    shelf.image(b"one", tag="v0000")
    shelf.image(b"new", tag="v0001")
    assert trash.restore_batch(tools, OPERATOR, shelf.project, "cleanup 7") == trash.Returned(2_499, 1)
    days(shelf, clock, 10)
    assert images.list_tags(tools, shelf.caller, shelf.path, last="", limit=5_000).names == ["stays", *tags]
    assert tools.lookup.by_tag(shelf.path, "v0003") == tools.lookup.by_tag(shelf.path, "v2499")
    with pytest.raises(TrashedUnknown, match="cleanup 8"):
        trash.restore_batch(tools, OPERATOR, shelf.project, "cleanup 8")


def test_a_tag_that_moved_since_it_was_judged_stays(tools: Tools, shelf: Shelf, clock: Clock) -> None:
    shelf.image(b"one", tag="v1")
    shelf.image(b"one", tag="v2")
    judged = {"v1": clock(), "v2": clock(), "never": clock()}
    clock.advance(seconds=1)
    shelf.image(b"two", tag="v2")
    with tools.db.begin() as tx:
        repository = images.open_existing(tx, shelf.caller, shelf.path, Action.DELETE)
        gone = images.delete_tags(tx, tools, shelf.caller, repository, judged, batch="b", pushed=judged)
    assert list(gone) == ["v1"]
    assert [entry.batch for entry in shelf.trash()] == ["b"]
    assert shelf.has("v2")


def test_a_batch_of_all_kinds(tools: Tools, shelf: Shelf, clock: Clock) -> None:
    """A label may stand on anything; what needs something brings it back, and nothing is restored twice."""
    children = [shelf.image(data) for data in (b"amd64", b"arm64")]
    index = shelf.index(*children, tag="multi")
    shelf.image(b"elsewhere", tag="v1", path=shelf.other)
    shelf.delete(index)
    for child in children:
        shelf.delete(child)
    images.delete_chosen(tools, shelf.caller, shelf.other, ["v1"])
    images.delete_repository(tools, shelf.caller, shelf.other)
    with tools.db.begin() as tx:
        tx.execute(update(trash_table).values(batch="all"))
    assert len(shelf.trash()) == 5
    returned = trash.restore_batch(tools, OPERATOR, shelf.project, "all")
    assert returned == trash.Returned(5, 0)
    days(shelf, clock, 10)
    assert shelf.has("multi")
    assert all(map(shelf.has, children))
    assert shelf.has("v1", shelf.other)


def test_pages_begin_with_what_was_deleted_last(tools: Tools, shelf: Shelf) -> None:
    tags = [f"v{number}" for number in range(5)]
    for tag in tags:
        shelf.image(tag=tag)
        shelf.delete(tag)
    listed, before = list[str](), None
    while page := trash.list_trash(tools, OPERATOR, shelf.project, before=before, limit=2):
        listed += [entry.name for entry in page]
        before = page[-1].id
    assert listed == tags[::-1]
    assert trash.list_trash(tools, OPERATOR, shelf.project, batch="none") == []
