"""Tags of a repository: what each says, and every order and part of the listing."""

from itertools import pairwise
from typing import Any

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import push as pushed
from tests.domain.people import registry, with_token
from tests.domain.shelf import Shelf
from wharfinger.domain import push, tags
from wharfinger.domain.errors import PageInvalid, ProjectUnknown, RepositoryUnknown, TagUnknown
from wharfinger.domain.paging import FIRST
from wharfinger.domain.tags import Filter, Sort
from wharfinger.domain.tools import Tools
from wharfinger.rules.paging import Marker, Window


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


ALL = Filter()


def names(shelf: Shelf, wanted: Filter = ALL, window: Window = FIRST) -> list[str]:
    return [tag.name for tag in tags.list_tags(shelf.tools, shelf.caller, shelf.path, wanted, window).items]


def test_what_a_tag_says(shelf: Shelf, clock: Clock) -> None:
    digest = shelf.image(b"config", b"a layer", tag="v1")
    first = clock()
    clock.advance(hours=1)
    shelf.image(b"config", b"another layer", tag="v1")
    tag = tags.get(shelf.tools, shelf.caller, shelf.path, "v1")
    assert tag.path == f"{shelf.path}:v1"
    assert tag.digest != digest
    assert tag.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert (tag.created_at, tag.published_at, tag.pushed_by) == (first, clock(), "ada")
    assert tag.total_size_bytes == len(b"config") + len(b"another layer")
    assert tag.config_digest is not None


def test_an_index_has_the_size_of_what_it_reaches_each_blob_once(shelf: Shelf) -> None:
    one, two = shelf.image(b"shared", b"one"), shelf.image(b"shared", b"three")
    inner = shelf.index(one)
    shelf.index(inner, two, tag="all")
    shelf.index(inner, "sha256:" + "0" * 64, tag="sparse")
    tag = tags.get(shelf.tools, shelf.caller, shelf.path, "all")
    assert tag.total_size_bytes == len(b"shared" + b"one" + b"three")
    assert tag.config_digest is None
    assert tags.get(shelf.tools, shelf.caller, shelf.path, "sparse").total_size_bytes == len(b"shared" + b"one")


def test_orders(shelf: Shelf, clock: Clock) -> None:
    for name, layer in (("b", b"12345"), ("c", b"1"), ("a", b"123")):
        shelf.image(layer, tag=name)
        clock.advance(minutes=1)
    assert names(shelf) == ["a", "b", "c"]
    assert names(shelf, Filter(descending=True)) == ["c", "b", "a"]
    assert names(shelf, Filter(sort=Sort.PUBLISHED)) == ["b", "c", "a"]
    assert names(shelf, Filter(sort=Sort.PUBLISHED, descending=True)) == ["a", "c", "b"]
    assert names(shelf, Filter(sort=Sort.SIZE)) == ["c", "a", "b"]
    assert names(shelf, Filter(sort=Sort.SIZE, descending=True)) == ["b", "a", "c"]


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("descending", [False, True])
def test_every_way_through_pages_shows_all_once(shelf: Shelf, clock: Clock, sort: Sort, descending: bool) -> None:
    for number in range(7):
        shelf.image(b"x" * (1 + number % 3), tag=f"v{number}")
        clock.advance(minutes=number % 2)  # some at the same moment
    wanted = Filter(sort=sort, descending=descending)
    whole = names(shelf, wanted)
    assert sorted(whole) == [f"v{number}" for number in range(7)]
    after, walked = None, list[str]()
    for _ in range(4):
        page = tags.list_tags(shelf.tools, shelf.caller, shelf.path, wanted, Window(limit=2, after=after))
        walked += [tag.name for tag in page.items]
        after = page.after
    assert after is None
    assert walked == whole
    assert [name for at in range(0, 8, 2) for name in names(shelf, wanted, Window(limit=2, offset=at))] == whole


def test_total_and_end(shelf: Shelf) -> None:
    for number in range(3):
        shelf.image(tag=f"v{number}")
    page = tags.list_tags(shelf.tools, shelf.caller, shelf.path, Filter(), Window(limit=2, counted=True))
    assert (len(page.items), page.total) == (2, 3)
    assert page.after == Marker("v1")
    last = tags.list_tags(shelf.tools, shelf.caller, shelf.path, Filter(), Window(limit=3))
    assert (last.total, last.after) == (None, None)


def test_total_of_a_filter(shelf: Shelf) -> None:
    """However many match, and wherever the page is."""
    shelf.image(tag="other")
    digest = shelf.image(b"many", tag="v0000")
    image = shelf.tools.lookup.by_digest(shelf.path, digest)
    assert image is not None
    what: dict[str, Any] = {"digest": digest, "media_type": image.media_type, "body": image.body}
    many = [f"v{number:04}" for number in range(1100)]
    for start in range(0, len(many), 100):
        push.manifest(shelf.tools, shelf.caller, shelf.path, tags=many[start : start + 100], **what)
    for part in ("V", "v01", "7", "v0099", "no such"):
        wanted = Filter(part=part, descending=True)
        matching = sorted((name for name in many if part.lower() in name), reverse=True)
        first = tags.list_tags(shelf.tools, shelf.caller, shelf.path, wanted, Window(limit=2, counted=True))
        assert ([tag.name for tag in first.items], first.total) == (matching[:2], len(matching))
        for window in (Window(limit=3, offset=2, counted=True), Window(limit=3, after=first.after, counted=True)):
            further = tags.list_tags(shelf.tools, shelf.caller, shelf.path, wanted, window)
            expected = matching[2:5] if first.after or window.offset else matching[:3]
            assert ([tag.name for tag in further.items], further.total) == (expected, len(matching))


def test_filters(shelf: Shelf) -> None:
    for name in ("v1", "v1-rc", "V1_x", "latest", "100"):
        shelf.image(tag=name)
    assert names(shelf, Filter(part="v1")) == ["V1_x", "v1", "v1-rc"]
    assert names(shelf, Filter(part="_")) == ["V1_x"]
    assert names(shelf, Filter(part="%")) == []
    assert names(shelf, Filter(part="\0")) == []
    assert names(shelf, Filter(exact="v1")) == ["v1"]
    assert names(shelf, Filter(exact="v")) == []


def test_a_marker_of_another_order(shelf: Shelf) -> None:
    shelf.image(tag="v1")
    for marker, sort in ((Marker("v1"), Sort.SIZE), (Marker("v1", 5), Sort.NAME), (Marker("v1", 5), Sort.PUBLISHED)):
        with pytest.raises(PageInvalid, match="first page"):
            tags.list_tags(shelf.tools, shelf.caller, shelf.path, Filter(sort=sort), Window(after=marker))


def test_what_is_not_there(shelf: Shelf) -> None:
    with pytest.raises(RepositoryUnknown):
        tags.list_tags(shelf.tools, shelf.caller, shelf.path)
    shelf.image(tag="v1")
    for name in ("v2", "", "\0", "V1"):
        with pytest.raises(TagUnknown, match="list its tags"):
            tags.get(shelf.tools, shelf.caller, shelf.path, name)


def test_members_only(shelf: Shelf, tools: Tools) -> None:
    shelf.image(tag="v1")
    actors = Actors(tools)
    project = actors.project(visibility="private")
    pushed(tools, f"{project.path}/app")
    reader, stranger = actors.user(project, "guest"), actors.user()
    tags.list_tags(tools, with_token(tools, reader.username), f"{project.path}/app")
    with pytest.raises(RepositoryUnknown):
        tags.list_tags(tools, with_token(tools, stranger.username), f"{project.path}/app")
    with pytest.raises((RepositoryUnknown, ProjectUnknown)):
        tags.get(tools, with_token(tools, stranger.username), shelf.path, "v1")
    token = registry(tools, with_token(tools, reader.username), f"repository:{project.path}/app:pull")
    assert tags.list_tags(tools, token, f"{project.path}/app").items == []


def test_moved_tags_keep_the_order_of_their_moments(shelf: Shelf, clock: Clock) -> None:
    for name in ("one", "two"):
        shelf.image(b"old", tag=name)
        clock.advance(minutes=1)
    shelf.image(b"new", tag="one")
    listed = tags.list_tags(shelf.tools, shelf.caller, shelf.path, Filter(sort=Sort.PUBLISHED)).items
    assert [tag.name for tag in listed] == ["two", "one"]
    assert all(before.published_at < after.published_at for before, after in pairwise(listed))
