"""Search finds what the caller may read, and nothing else."""

import pytest

from tests.actors import Actors
from tests.domain.gallery import Gallery
from tests.domain.people import person
from wharfinger.domain import images, search
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller
from wharfinger.domain.search import Found, FoundImage
from wharfinger.domain.tools import Tools


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    made = Gallery(tools, "lantern")
    made.container({"os": "linux"}, b"one", tag="1.2-alpine")
    return made


def find(gallery: Gallery, text: str, caller: Caller | None = None, *, thorough: bool = False) -> Found:
    return search.find(gallery.tools, caller or gallery.reader, text, thorough=thorough)


def image(gallery: Gallery, reference: str = "") -> FoundImage:
    (known,) = find(gallery, "lantern").images
    return FoundImage(known.id, gallery.path, gallery.project, reference)


def test_projects_by_path_and_name(gallery: Gallery) -> None:
    last = gallery.project.rpartition("/")[2]
    assert [each.path for each in find(gallery, last[:8]).projects] == [gallery.project]
    assert [each.path for each in find(gallery, last[3:].upper()).projects] == [gallery.project]
    assert find(gallery, last[0]).nothing, "one letter is in everything"


def test_images_by_a_part_of_their_path(gallery: Gallery) -> None:
    assert find(gallery, "anter").images == (image(gallery),)
    assert find(gallery, f"docker pull registry.example.com/{gallery.path}").images == (image(gallery),)
    assert find(gallery, "la%rn").nothing, "a percent sign is a percent sign"


def test_tags_by_their_beginning_and_by_their_middle(gallery: Gallery) -> None:
    tag = image(gallery, "1.2-alpine")
    assert find(gallery, "1.2").tags == (tag,)
    assert find(gallery, "lantern:1").tags == (tag,)
    assert find(gallery, "bottle:1").tags == ()
    assert find(gallery, "alpine").tags == ()
    assert find(gallery, "alpine", thorough=True).tags == (tag,)
    assert find(gallery, "1.2", thorough=True).tags == (tag,)


def test_manifests_by_the_beginning_of_their_digest(gallery: Gallery) -> None:
    digest = gallery.container({"os": "linux"}, b"two")
    found = (image(gallery, digest),)
    assert find(gallery, digest).digests == find(gallery, digest[:13]).digests == found
    assert find(gallery, digest[7:15]).digests == found
    assert find(gallery, digest[:12]).digests == ()


def test_layers_by_their_whole_digest(gallery: Gallery) -> None:
    layer = gallery.blob(b"a layer of three")
    digest = gallery.container({"os": "linux"}, b"a layer of three")
    assert find(gallery, layer).digests == (image(gallery, digest),)
    assert find(gallery, layer[:60]).digests == ()


@pytest.mark.parametrize("thorough", [True, False])
def test_nobody_finds_what_they_may_not_read(gallery: Gallery, *, thorough: bool) -> None:
    digest = gallery.container({"os": "linux"}, b"three", tag="hidden")
    layer = gallery.blob(b"three")
    stranger = person(gallery.tools, "stranger")
    for text in (gallery.project, "lantern", "1.2", "alpine", "hidden", "lantern:1", digest, layer):
        assert find(gallery, text, stranger, thorough=thorough).nothing, text
        assert find(gallery, text, ANONYMOUS, thorough=thorough).nothing, text
        assert not find(gallery, text, OPERATOR, thorough=True).nothing, text


def test_everybody_finds_what_is_public(tools: Tools) -> None:
    project = Actors(tools).project(visibility="public")
    found = search.find(tools, ANONYMOUS, project.path)
    assert [each.path for each in found.projects] == [project.path]


def test_the_best_come_first_and_more_is_told(tools: Tools) -> None:
    actors = Actors(tools)
    group = actors.group().path
    for name in ("workshop", "shop", "shops", "a-shop", "shop-2"):
        actors.project(f"{group}/{name}")
    found = search.find(tools, OPERATOR, "shop", limit=4)
    assert [each.path.rpartition("/")[2] for each in found.projects] == ["shop", "shops", "shop-2", "a-shop"]
    assert found.more


def test_what_lies_in_the_trash_is_not_found(gallery: Gallery) -> None:
    gallery.delete("1.2-alpine")
    assert find(gallery, "1.2").tags == ()
    images.delete_repository(gallery.tools, gallery.caller, gallery.path)
    assert find(gallery, "lantern").nothing
