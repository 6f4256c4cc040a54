"""Manifests: what is taken, what is read from it, and what is refused with which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.documents import ACCEPTED, DOCKER_FOREIGN, EXAMPLE, SUBJECT, described, encoded, image, index
from wharfinger.spec import digest, manifest
from wharfinger.spec import media_types as types
from wharfinger.spec.errors import Malformed
from wharfinger.spec.manifest import Descriptor

GOOD = described(types.OCI_LAYER, b"layer")


def sent_as(document: dict) -> str:
    """The Content-Type a client sends with it."""
    return document.get("mediaType") or (types.OCI_INDEX if "manifests" in document else types.OCI_IMAGE)


@pytest.mark.parametrize(("document", "kind", "artifact_type", "blobs", "children"), ACCEPTED.values(), ids=ACCEPTED)
def test_parse_takes(document, kind: str, artifact_type: str | None, blobs: int, children: int) -> None:
    found = manifest.parse(encoded(document), sent_as(document))
    assert (found.media_type, found.kind, found.artifact_type) == (sent_as(document), kind, artifact_type)
    assert (len(found.blobs), len(found.children)) == (blobs, children)


def test_parse_reads_all_of_an_image() -> None:
    document = image(
        artifactType=EXAMPLE, subject=SUBJECT, annotations={"a": "1", "b": ""}, layers=[GOOD, described("x/y", b"two")]
    )
    found = manifest.parse(encoded(document), types.OCI_IMAGE)
    assert found.config == Descriptor(types.OCI_CONFIG, digest.of(b"config"), 6)
    assert found.layers == (
        Descriptor(types.OCI_LAYER, digest.of(b"layer"), 5),
        Descriptor("x/y", digest.of(b"two"), 3),
    )
    assert found.subject == Descriptor(types.OCI_IMAGE, digest.of(b"subject"), 7)
    assert found.annotations == {"a": "1", "b": ""}
    assert found.manifests == ()
    assert found.blobs == [digest.of(b"config"), digest.of(b"layer"), digest.of(b"two")]


def test_parse_reads_all_of_an_index() -> None:
    found = manifest.parse(encoded(index(subject=SUBJECT, annotations={"a": "1"})), types.OCI_INDEX)
    assert found.children == [digest.of(b"amd64"), digest.of(b"arm64")]
    assert found.manifests[0] == Descriptor(types.OCI_IMAGE, digest.of(b"amd64"), 5)
    assert (found.config, found.layers, found.blobs) == (None, (), [])
    assert found.subject == Descriptor(types.OCI_IMAGE, digest.of(b"subject"), 7)
    assert found.annotations == {"a": "1"}


def test_blobs_and_children_are_named_once_in_order() -> None:
    twice = manifest.parse(encoded(image(layers=[GOOD, described("x/y", b"config"), GOOD])), types.OCI_IMAGE)
    assert twice.blobs == [digest.of(b"config"), digest.of(b"layer")]
    child = described(types.OCI_IMAGE, b"child")
    assert manifest.parse(encoded(index(manifests=[child, child])), types.OCI_INDEX).children == [digest.of(b"child")]


@pytest.mark.parametrize(
    ("media_type", "urls", "foreign"),
    [
        (DOCKER_FOREIGN, ["https://store.example.com/x"], True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", ["https://store.example.com/x"], True),
        (DOCKER_FOREIGN, [], False),
        (DOCKER_FOREIGN, None, False),
        (types.OCI_LAYER, ["https://store.example.com/x"], False),
    ],
)
def test_only_a_foreign_layer_with_urls_may_be_elsewhere(media_type: str, urls: list | None, foreign: bool) -> None:
    """Otherwise `urls` on any layer would let an image through whose bytes nobody has."""
    found = manifest.parse(encoded(image(layers=[described(media_type, b"far", urls=urls)])), types.OCI_IMAGE)
    assert found.layers[0].foreign is foreign
    assert (digest.of(b"far") in found.blobs) is not foreign


@pytest.mark.parametrize(
    "content_type",
    [
        types.OCI_IMAGE,
        types.OCI_IMAGE + "; charset=utf-8",
        types.OCI_IMAGE + ";a=b;c=d",
        f"  {types.OCI_IMAGE} ",
        types.OCI_IMAGE.upper(),
        "",
        "; charset=utf-8",
    ],
)
def test_content_type_without_parameters_is_the_media_type(content_type: str) -> None:
    assert manifest.parse(encoded(image()), content_type).media_type == types.OCI_IMAGE


NO_MEDIA_TYPE = image(mediaType=None)
BAD_DIGESTS = ["", "latest", "md5:" + "a" * 32, "sha256:abc", "sha256:" + "A" * 64, "sha256:../../../etc/passwd"]
BAD_SIZES = [-1, 1.5, "5", None, True, 2**63, [], 1e300]

# what is wrong → (document or bytes, Content-Type, what the sentence says)
REFUSED: dict[str, tuple[object, str, str]] = {
    "nothing": (b"", types.OCI_IMAGE, "not JSON"),
    "no JSON": (b"\x1f\x8b\x08", types.OCI_IMAGE, "not UTF-8"),
    "an array": ([], types.OCI_IMAGE, "not a JSON object"),
    "a string": ("x", types.OCI_IMAGE, "not a JSON object"),
    "null": (None, types.OCI_IMAGE, "not a JSON object"),
    "duplicate keys": (b'{"schemaVersion": 2, "layers": [], "layers": []}', types.OCI_IMAGE, "'layers' stands twice"),
    "duplicate keys further down": (
        encoded(image()).replace(b'"size": 6', b'"size": 6, "size": 7'), types.OCI_IMAGE, "'size' stands twice"),
    "deep JSON": (
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", types.OCI_IMAGE, "deeper than 64"),
    # --- both at once
    "config and manifests": (
        image() | {"layers": None, "manifests": []}, types.OCI_IMAGE, "config and layers like an image and manifests"),
    "layers and manifests": (
        index() | {"layers": []}, types.OCI_INDEX, "layers like an image and manifests like an index"),
    "config and manifests, no layers": (
        index() | {"config": None}, types.OCI_INDEX, "config like an image and manifests like an index"),
    "both, of an unknown type": (
        image(mediaType="application/vnd.example+json") | index(mediaType="application/vnd.example+json"),
        "application/vnd.example+json", "push an image and an index that names it"),
    # --- not what it says it is
    "an image sent as an index": (image(), types.OCI_INDEX, "send the mediaType as Content-Type"),
    "an index sent as an image": (index(), types.OCI_IMAGE, "send the mediaType as Content-Type"),
    "an image sent as Docker's": (image(), types.DOCKER_IMAGE, f"mediaType is '{types.OCI_IMAGE}'"),
    "sent as some JSON": (image(), "application/json", "the Content-Type 'application/json'"),
    "an index of type image": (index(mediaType=types.OCI_IMAGE), types.OCI_IMAGE, "config is missing"),
    "an image of type index": (image(mediaType=types.OCI_INDEX), types.OCI_INDEX, "manifests is missing"),
    "of no type": (NO_MEDIA_TYPE, "", "neither a Content-Type nor a mediaType"),
    "of type null": (image() | {"mediaType": None}, " ; a=b", "neither a Content-Type nor a mediaType"),
    "mediaType a number": (image(mediaType=2), types.OCI_IMAGE, "mediaType is not a string"),
    "mediaType a list": (image(mediaType=[types.OCI_IMAGE]), types.OCI_IMAGE, "mediaType is not a string"),
    "mediaType of nonsense": (image(mediaType="image"), "image", "is not a media type"),
    "mediaType with a line break": (
        image(mediaType="a/b\r\nSet-Cookie: c"), "", r"'a/b\r\nSet-Cookie: c' is not a media type"),
    "Content-Type of nonsense": (NO_MEDIA_TYPE, "manifest", "is not a media type"),
    "Content-Type without end": (NO_MEDIA_TYPE, "a/" + "b" * 1_000_000, "is not a media type"),
    # --- schema 1
    "schema 1": (
        {"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": [], "history": [], "signatures": []},
        "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
    "schema 1, unsigned": (
        {"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+json", "skopeo copy --format oci"),
    "schema 1 in disguise": ({"schemaVersion": 1, "fsLayers": []}, "application/json", "schema 1"),
    "schema 1 within schema 2": (image(fsLayers=[]), types.OCI_IMAGE, "schema 1"),
    # --- schemaVersion
    **{
        f"schemaVersion {version!r}": (image() | {"schemaVersion": version}, types.OCI_IMAGE, "schemaVersion has to be")
        for version in (1, 3, "2", 2.0, True, None, [2])
    },
    "no schemaVersion": (index(schemaVersion=None), types.OCI_INDEX, "schemaVersion has to be the number 2"),
    # --- fields
    "no config": (image(config=None), types.OCI_IMAGE, "config is missing"),
    "no manifests": (index(manifests=None), types.OCI_INDEX, "manifests is missing"),
    "config a string": (image(config="x"), types.OCI_IMAGE, "config is not an object with mediaType, digest and size"),
    "config empty": (image(config={}), types.OCI_IMAGE, "config.digest: '' is not a digest"),
    "layers an object": (image(layers={}), types.OCI_IMAGE, "layers is not an array"),
    "layers a string": (image(layers="x"), types.OCI_IMAGE, "layers is not an array"),
    "a layer a string": (image(layers=[GOOD, "x"]), types.OCI_IMAGE, "layers[1] is not an object"),
    "a layer null": (image(layers=[None]), types.OCI_IMAGE, "layers[0] is not an object"),
    "manifests a number": (index(manifests=2), types.OCI_INDEX, "manifests is not an array"),
    "a manifest a list": (index(manifests=[[]]), types.OCI_INDEX, "manifests[0] is not an object"),
    "subject a string": (image(subject="sha256:abc"), types.OCI_IMAGE, "subject is not an object"),
    "subject without size": (
        image(subject={"digest": digest.of(b"x")}), types.OCI_IMAGE, "subject.size is not a number of bytes"),
    "annotations a list": (image(annotations=["a"]), types.OCI_IMAGE, "annotations is not an object"),
    "an annotation a number": (image(annotations={"a": 1}), types.OCI_IMAGE, "values are all strings"),
    "an annotation null": (image(annotations={"a": None}), types.OCI_IMAGE, "values are all strings"),
    "half a character": (
        encoded(image(annotations={"a": "\ud83d"})), types.OCI_IMAGE, "half of a surrogate pair"),
    "artifactType a number": (image(artifactType=1), types.OCI_IMAGE, "artifactType is not a string"),
    "artifactType with a control character": (
        image(artifactType="a/b\x00"), types.OCI_IMAGE, "artifactType is not a string"),
    "artifactType without end": (
        index(artifactType="a/" + "b" * 255), types.OCI_INDEX, "at most 255 printable characters"),
    "a layer's mediaType a number": (
        image(layers=[GOOD | {"mediaType": 1}]), types.OCI_IMAGE, "layers[0].mediaType is not a string"),
    "urls a string": (
        image(layers=[GOOD | {"urls": "https://x.example"}]), types.OCI_IMAGE, "layers[0].urls is not an array"),
    "urls of numbers": (image(layers=[GOOD | {"urls": [1]}]), types.OCI_IMAGE, "layers[0].urls is not an array"),
    # --- digests and sizes
    **{
        f"layer digest {text!r}": (image(layers=[GOOD | {"digest": text}]), types.OCI_IMAGE, "layers[0].digest: ")
        for text in BAD_DIGESTS
    },
    "digest a number": (image(config=GOOD | {"digest": 5}), types.OCI_IMAGE, "config.digest is not a string"),
    "child digest": (
        index(manifests=[SUBJECT | {"digest": "sha1:" + "a" * 40}]), types.OCI_INDEX, "manifests[0].digest: "),
    "subject digest": (image(subject=SUBJECT | {"digest": "sha256:x"}), types.OCI_IMAGE, "subject.digest: "),
    **{
        f"size {size!r}": (image(layers=[GOOD | {"size": size}]), types.OCI_IMAGE, "layers[0].size is not a number")
        for size in BAD_SIZES
    },
    "size NaN": (encoded(image()).replace(b'"size": 6', b'"size": NaN'), types.OCI_IMAGE, "NaN is not a JSON number"),
    # --- what has the shape must have it right, whatever its type
    "unknown type, bad digest": (
        image(mediaType="application/vnd.example+json", layers=[GOOD | {"digest": "sha256:x"}]),
        "application/vnd.example+json", "layers[0].digest: "),
    "unknown type, bad subject": (
        {"subject": SUBJECT | {"size": -1}}, "application/vnd.example+json", "subject.size is not a number of bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "content_type", "reason"), REFUSED.values(), ids=REFUSED)
def test_parse_refuses(document: object, content_type: str, reason: str) -> None:
    with pytest.raises(Malformed) as refusal:
        manifest.parse(document if isinstance(document, bytes) else encoded(document), content_type)
    assert refusal.value.code == "MANIFEST_INVALID"
    assert reason in refusal.value.sentence
    assert len(refusal.value.sentence) < 1000


def test_a_manifest_cannot_be_changed() -> None:
    found = manifest.parse(encoded(image()), types.OCI_IMAGE)
    with pytest.raises(AttributeError):
        found.media_type = types.OCI_INDEX  # type: ignore[misc]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(GOOD) | st.just([GOOD]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
words = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType"]
fields = st.sampled_from([*words, "blobs", "fsLayers", "digest", "size", "urls", "x"])
media = st.sampled_from([types.OCI_IMAGE, types.OCI_INDEX, types.DOCKER_LIST, types.OCI_ARTIFACT, "a/b", "", "x"])


@given(st.dictionaries(fields, anything, max_size=6), media)
def test_parse_answers_or_refuses_and_nothing_else(document: dict, content_type: str) -> None:
    body = json.dumps(document).encode()
    try:
        found = manifest.parse(body, content_type)
    except Malformed as refusal:
        assert refusal.code == "MANIFEST_INVALID"
        return
    assert not (found.manifests and (found.layers or found.config))
    assert all(digest.parse(text) for text in found.blobs + found.children)
    assert found.artifact_type != ""


@given(st.sampled_from(sorted(ACCEPTED)), st.sampled_from(words), anything)
def test_one_field_changed_is_still_read_or_refused(name: str, field: str, value: object) -> None:
    document = ACCEPTED[name][0] | {field: value}
    try:
        manifest.parse(encoded(document), "")
    except Malformed as refusal:
        assert refusal.code == "MANIFEST_INVALID"
