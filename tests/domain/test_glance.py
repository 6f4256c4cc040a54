"""What a list tells of its tags."""

import pytest

from tests.domain.gallery import Gallery, child
from tests.domain.people import person, refusal
from tests.domain.test_inspect import CONFIG, config
from wharfinger.domain import glance, tags
from wharfinger.domain.errors import NotFound
from wharfinger.domain.glance import Child, Glance
from wharfinger.domain.tags import Filter
from wharfinger.domain.tools import Tools
from wharfinger.spec.artifacts import Artifact


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    return Gallery(tools)


def look(gallery: Gallery, *digests: str) -> dict[str, Glance]:
    return glance.of_digests(gallery.tools, gallery.reader, gallery.path, digests)


def test_images_and_indexes(gallery: Gallery) -> None:
    amd = gallery.container(config(architecture="amd64"), b"one")
    arm = gallery.container(config(architecture="arm64"), b"two")
    index = gallery.platforms(
        child(amd, "linux/amd64"), child(arm, "linux/arm64"), child("sha256:" + "0" * 64, "linux/s390x"), tag="1"
    )
    named = [(amd, "linux/amd64", True), (arm, "linux/arm64", True), ("sha256:" + "0" * 64, "linux/s390x", False)]
    assert look(gallery, amd, index) == {
        amd: Glance(Artifact.IMAGE, ("linux/amd64",), ()),
        index: Glance(
            Artifact.INDEX, tuple(platform for _, platform, _ in named), (), tuple(Child(*each) for each in named)
        ),
    }
    assert look(gallery, index)[index].missing == 1
    assert look(gallery, amd) == look(gallery, amd), "the second time from memory"


def test_what_speaks_about_them(gallery: Gallery) -> None:
    image = gallery.container(CONFIG, b"one", tag="1")
    about = {"subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image, "size": 2}}
    gallery.artifact("application/spdx+json", b"packages", **about)
    gallery.artifact("application/spdx+json", b"more packages", **about)
    gallery.artifact("text/plain", b"signed", tag=f"{image.replace(':', '-')}.sig")
    assert look(gallery, image)[image].speakers == (Artifact.SBOM, Artifact.SIGNATURE)


def test_tags_made_from_digests_can_be_folded(gallery: Gallery) -> None:
    image = gallery.container(CONFIG, b"one", tag="1")
    made = image.replace(":", "-")
    for tag in (made, f"{made}.sig", f"{made}.att", f"{made}.sbom", "sha256-mine", f"{made}.other"):
        gallery.artifact("text/plain", tag.encode(), tag=tag)

    def names(*, folded: bool) -> list[str]:
        wanted = Filter(folded=folded)
        return [tag.name for tag in tags.list_tags(gallery.tools, gallery.reader, gallery.path, wanted).items]

    assert names(folded=True) == ["1", f"{made}.other", "sha256-mine"]
    assert len(names(folded=False)) == 7


def test_what_cannot_be_read_tells_nothing(gallery: Gallery) -> None:
    broken = gallery.container(b"no config at all", b"one", tag="1")
    assert look(gallery, broken) == {broken: Glance(Artifact.IMAGE, (), ())}
    huge = gallery.artifact("text/plain", b"two", annotations={"a": "a" * 300_000})
    assert look(gallery, huge, "sha256:" + "0" * 64) == {}


def test_strangers_are_told_nothing(gallery: Gallery) -> None:
    digest = gallery.container(CONFIG, b"one", tag="1")
    stranger = person(gallery.tools, "stranger")
    refused = refusal(lambda: glance.of_digests(gallery.tools, stranger, gallery.path, [digest]))
    assert isinstance(refused, NotFound)
