"""What people are told of an image."""

import json

import pytest

from tests.domain.gallery import Gallery, child
from tests.domain.people import person, refusal
from wharfinger.domain import compare, inspect
from wharfinger.domain.errors import ManifestUnknown, NotComparable, ProjectUnknown, RepositoryUnknown
from wharfinger.domain.inspect import Inspected, Unread
from wharfinger.domain.tools import Tools
from wharfinger.spec.artifacts import Artifact
from wharfinger.spec.image_config import ImageConfig

CONFIG = {
    "os": "linux",
    "architecture": "amd64",
    "config": {"Env": ["A=1"], "Entrypoint": ["/app"], "Labels": {"x": "<script>alert(1)</script>"}},
    "history": [
        {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c make # buildkit"},
    ],
}


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    return Gallery(tools)


def look(gallery: Gallery, reference: str) -> Inspected:
    return inspect.manifest(gallery.tools, gallery.reader, gallery.path, reference)


def config(**changes: object) -> dict[str, object]:
    return {**CONFIG, **changes}


def test_an_image(gallery: Gallery) -> None:
    digest = gallery.container(CONFIG, b"one", b"three", tag="1.0")
    found = look(gallery, "1.0")
    assert (found.digest, found.artifact, found.tags) == (digest, Artifact.IMAGE, ("1.0",))
    assert isinstance(found.config, ImageConfig)
    assert (found.config.platform, found.config.env) == ("linux/amd64", (("A", "1"),))
    assert found.config.labels == (("x", "<script>alert(1)</script>"),)
    assert [(each.command, each.layer.size_bytes if each.layer else None) for each in found.layers] == [
        ("ADD file:1 in /", 3),
        ("ENV A=1", None),
        ("RUN make", 5),
    ]
    assert found.size_bytes == 8 + len(json.dumps(CONFIG))
    assert json.loads(found.text)["schemaVersion"] == 2
    assert look(gallery, digest).digest == digest


def test_an_index_and_its_attestations(gallery: Gallery) -> None:
    amd, arm = (gallery.container(config(architecture=name), name.encode()) for name in ("amd64", "arm64"))
    noted = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd}
    proof = gallery.artifact("application/vnd.docker.attestation.manifest.v1+json", b"{}")
    absent = "sha256:" + "0" * 64
    gallery.platforms(
        child(amd, "linux/amd64"), child(arm, "linux/arm64/v8"), child(absent, "linux/s390x"),
        child(proof, "unknown/unknown", **noted), tag="1",
    )  # fmt: skip
    found = look(gallery, "1")
    assert found.artifact is Artifact.INDEX
    assert [(each.platform, each.digest, each.attestations) for each in found.platforms] == [
        ("linux/amd64", amd, (proof,)),
        ("linux/arm64/v8", arm, ()),
        ("linux/s390x", absent, ()),
    ]
    assert [each.size_bytes is None for each in found.platforms] == [False, False, True]
    assert found.size_bytes > sum(each.size_bytes or 0 for each in found.platforms)
    assert found.config is None


def test_what_speaks_about_an_image(gallery: Gallery) -> None:
    image = gallery.container(CONFIG, b"one", b"two", tag="1")
    about = {"subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image, "size": 2}}
    sbom = gallery.artifact("application/spdx+json", b"packages", **about)
    tag = image.replace(":", "-")
    signature = gallery.artifact("application/vnd.dev.cosign.artifact.sig.v1+json", b"signed", tag=f"{tag}.sig")
    listed = gallery.artifact("application/vnd.example.review", b"good")
    gallery.platforms(child(listed, "linux/amd64"), tag=tag)
    found = {each.digest: (each.artifact, each.tag) for each in look(gallery, "1").speakers}
    assert found == {
        sbom: (Artifact.SBOM, ""),
        signature: (Artifact.SIGNATURE, f"{tag}.sig"),
        listed: (Artifact.ARTIFACT, tag),
    }
    assert look(gallery, sbom).subject == image


def test_a_chart_is_told_as_one(gallery: Gallery) -> None:
    chart = gallery.described(b'{"name": "shop", "version": "0.1.0"}', "application/vnd.cncf.helm.config.v1+json")
    layer = gallery.described(b"tgz", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", annotations={"a": "b"})
    gallery.put({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                 "config": chart, "layers": [layer], "annotations": {"t": "shop"}}, "0.1.0")  # fmt: skip
    found = look(gallery, "0.1.0")
    assert (found.artifact, found.config) == (Artifact.CHART, None)
    assert found.facts == (("name", "shop"), ("version", "0.1.0"))
    assert found.annotations == (("t", "shop"),)
    assert found.notes == {layer["digest"]: (("a", "b"),)}


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"a": 1, "a": 2}'])
def test_a_config_that_is_none_is_told_politely(gallery: Gallery, body: bytes) -> None:
    gallery.container(body, b"one", tag="1")
    found = look(gallery, "1")
    assert isinstance(found.config, Unread)
    assert "config is not what an image has" in found.config.why
    assert [each.command for each in found.layers] == [""]


def test_a_config_that_is_too_large_is_not_read(gallery: Gallery) -> None:
    gallery.container(b"{" + b" " * 4 * 1024 * 1024 + b"}", b"one", tag="1")
    found = look(gallery, "1").config
    assert isinstance(found, Unread)
    assert "it is not read" in found.why


def test_a_config_whose_bytes_are_lost_is_told_politely(gallery: Gallery) -> None:
    digest = gallery.container(config(author="lost"), b"one", tag="1")
    body = gallery.tools.lookup.by_digest(gallery.path, digest)
    assert body is not None
    gallery.tools.store.delete(json.loads(body.body)["config"]["digest"])
    found = look(gallery, "1").config
    assert isinstance(found, Unread)
    assert "lost the bytes" in found.why


def test_what_is_not_there_and_who_may_not_look(gallery: Gallery) -> None:
    gallery.container(CONFIG, b"one", tag="1")
    tools, stranger = gallery.tools, person(gallery.tools, "stranger")
    assert isinstance(refusal(lambda: look(gallery, "2")), ManifestUnknown)
    assert isinstance(refusal(lambda: look(gallery, "é\x00")), ManifestUnknown)
    assert isinstance(refusal(lambda: inspect.manifest(tools, gallery.reader, gallery.other, "1")), RepositoryUnknown)
    hidden = refusal(lambda: inspect.manifest(tools, stranger, gallery.path, "1"))
    absent = refusal(lambda: inspect.manifest(tools, stranger, "no/such/thing", "1"))
    assert type(hidden) is type(absent)
    assert isinstance(hidden, RepositoryUnknown | ProjectUnknown)
    assert str(hidden).replace(gallery.path, "") == str(absent).replace("no/such/thing", "")


def test_two_images_compared(gallery: Gallery) -> None:
    gallery.container(CONFIG, b"same", b"old", tag="1")
    gallery.container(config(config={"Env": ["A=2"]}), b"same", b"brand new", tag="2")
    found = compare.images(gallery.tools, gallery.reader, gallery.path, "1", "2")
    assert [layer.size_bytes for layer in found.layers.shared] == [4]
    assert found.layers.difference_bytes == 6
    assert [(each.field, each.name, each.kind) for each in found.changes or ()] == [
        ("entrypoint", "", "removed"), ("env", "A", "changed"), ("labels", "x", "removed"),
    ]  # fmt: skip


def test_two_indexes_compared_by_platform(gallery: Gallery) -> None:
    def index(salt: str, *architectures: str) -> None:
        made = [
            (gallery.container(config(architecture=name), f"{salt} {name}".encode()), f"linux/{name}")
            for name in architectures
        ]
        gallery.platforms(*(child(*each) for each in made), tag=salt)

    index("one", "s390x", "arm64", "amd64")
    index("two", "amd64", "arm64")
    index("three", "riscv64")
    found = compare.images(gallery.tools, gallery.reader, gallery.path, "one", "two")
    assert (found.platforms, found.platform) == (("linux/arm64", "linux/amd64"), "linux/amd64")
    arm = compare.images(gallery.tools, gallery.reader, gallery.path, "one", "two", platform="linux/arm64")
    assert isinstance(arm.after.config, ImageConfig)
    assert arm.after.config.platform == "linux/arm64"
    refused = refusal(lambda: compare.images(gallery.tools, gallery.reader, gallery.path, "one", "three"))
    assert isinstance(refused, NotComparable)


def test_an_image_compared_with_an_artifact(gallery: Gallery) -> None:
    gallery.container(CONFIG, b"one", tag="1")
    gallery.artifact("application/vnd.example.book", b"one", tag="book")
    assert compare.images(gallery.tools, gallery.reader, gallery.path, "1", "book").changes is None
