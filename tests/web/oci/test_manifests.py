"""Pushing Manifests: by tag, by digest, with several tags at once, all or nothing; which ones are taken."""

import pytest

from tests.web.oci.conftest import Client, Place, fresh
from tests.web.oci.contents import (
    DOCKER_FOREIGN,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_FOREIGN,
    OCI_IMAGE,
    OCI_LAYER,
    SBOM,
    Manifest,
    artifact,
    blob,
    config,
    descriptor,
    digest_of,
    docker_image,
    docker_list,
    image,
    index,
    manifest_of,
    unused_digest,
)
from tests.web.oci.registry_client import Registry, codes, follow, location, refused


def held(registry: Registry, repository: str, reference: str, manifest: Manifest) -> None:
    """The manifest is there, byte for byte."""
    answer = registry.get(f"/v2/{repository}/manifests/{reference}")
    assert (answer.status_code, answer.content) == (200, manifest.body), answer.text
    assert answer.headers["content-type"] == manifest.media_type
    assert answer.headers["docker-content-digest"] == manifest.digest


def prepared(registry: Registry, repository: str, manifest: Manifest) -> Manifest:
    """Push what the manifest stands on, and not itself."""
    for data in manifest.blobs:
        registry.upload(repository, data, manifest.algorithm)
    for child in manifest.children:
        registry.push(repository, child)
    return manifest


# --- by tag and by digest


def test_by_tag(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, "v1.0", pushed)
    assert follow(registry, answer) == pushed.body
    assert answer.headers["docker-content-digest"] == pushed.digest
    assert location(answer).endswith(f"/v2/{repository}/manifests/{pushed.digest}")
    assert "oci-subject" not in answer.headers
    held(registry, repository, "v1.0", pushed)
    held(registry, repository, pushed.digest, pushed)


def test_by_digest(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, pushed.digest, pushed)
    assert follow(registry, answer) == pushed.body
    assert answer.headers["docker-content-digest"] == pushed.digest
    held(registry, repository, pushed.digest, pushed)
    assert registry.tags(repository) == []


def test_without_content_length(registry: Registry, repository: str) -> None:
    """Chunked transfer: a manifest need not say its size."""
    pushed = prepared(registry, repository, image())
    answer = registry.put(
        f"/v2/{repository}/manifests/v1",
        content=iter([pushed.body[:100], pushed.body[100:]]),
        headers={"Content-Type": OCI_IMAGE},
        token=registry.token(f"repository:{repository}:pull,push"),
    )
    assert follow(registry, answer) == pushed.body


def test_again_changes_nothing(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    for reference in ("v1", "v1", pushed.digest, "v2"):
        assert registry.put_manifest(repository, reference, pushed).status_code == 201
    assert registry.tags(repository) == ["v1", "v2"]


def test_a_tag_moves(registry: Registry, repository: str) -> None:
    first = registry.push(repository, image(), "latest")
    second = registry.push(repository, image(), "latest")
    held(registry, repository, "latest", second)
    held(registry, repository, first.digest, first)


def test_white_space_is_kept(registry: Registry, repository: str) -> None:
    """The bytes are the manifest: nothing is written anew."""
    neat = prepared(registry, repository, image())
    odd = Manifest(OCI_IMAGE, b"\n\t " + neat.body.replace(b": ", b" :\t ") + b"\r\n")
    assert registry.put_manifest(repository, "odd", odd).status_code == 201
    held(registry, repository, "odd", odd)


def test_two_algorithms_for_one_manifest(registry: Registry, repository: str) -> None:
    """By digest it is stored under the digest the client uses; a tag by itself means sha256."""
    pushed = prepared(registry, repository, image())
    long = Manifest(OCI_IMAGE, pushed.body, algorithm="sha512")
    assert registry.put_manifest(repository, long.digest, long).headers["docker-content-digest"] == long.digest
    held(registry, repository, long.digest, long)
    assert registry.put_manifest(repository, "v1", pushed).headers["docker-content-digest"] == pushed.digest
    held(registry, repository, "v1", pushed)
    held(registry, repository, pushed.digest, pushed)


def test_everything_by_sha512(registry: Registry, repository: str) -> None:
    first, second = image(2, algorithm="sha512"), image(1, algorithm="sha512")
    both = index(first, second, algorithm="sha512")
    registry.push(repository, both)
    for pushed in (first, second, both):
        held(registry, repository, pushed.digest, pushed)


# --- several tags at once


def test_tags_with_a_digest(registry: Registry, repository: str) -> None:
    """end-7b: every accepted tag is named in OCI-Tag."""
    pushed = prepared(registry, repository, image())
    names = ["v3", "v3.1", "v3.1.2", "latest"]
    answer = registry.put_manifest(repository, pushed.digest, pushed, tags=names)
    assert follow(registry, answer) == pushed.body
    assert [tag.strip() for tag in ",".join(answer.headers.get_list("oci-tag")).split(",")] == names
    assert registry.tags(repository) == sorted(names)
    for name in names:
        held(registry, repository, name, pushed)


def test_tags_with_a_sha512_digest(registry: Registry, repository: str) -> None:
    """The only way to tag what is known by another digest than sha256: the tag keeps it."""
    pushed = prepared(registry, repository, image(algorithm="sha512"))
    assert registry.put_manifest(repository, pushed.digest, pushed, tags=["long", "longer"]).status_code == 201
    held(registry, repository, "long", pushed)
    assert registry.head(f"/v2/{repository}/manifests/longer").headers["docker-content-digest"] == pushed.digest


def test_ten_tags_are_not_too_many(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    names = [f"t{number}" for number in range(10)]
    assert registry.put_manifest(repository, pushed.digest, pushed, tags=names).status_code == 201
    assert registry.tags(repository) == names


def test_a_page_full_of_tags_is_too_many(registry: Registry, repository: str) -> None:
    """More than fit are refused as a whole: 414 is the spec's own answer, 400 says the same with a sentence."""
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, pushed.digest, pushed, tags=[f"t{number}" for number in range(1500)])
    assert answer.status_code in {400, 414}
    assert registry.head(f"/v2/{repository}/manifests/{pushed.digest}").status_code == 404


def test_no_tags_no_header(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    assert "oci-tag" not in registry.put_manifest(repository, pushed.digest, pushed).headers


def test_a_tag_named_twice_is_one_tag(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, pushed.digest, pushed, tags=["v1", "v1"])
    assert answer.headers["oci-tag"] == "v1"
    assert registry.tags(repository) == ["v1"]


@pytest.mark.parametrize("bad", ["", ".hidden", "-dash", "a/b", "a:b", "ä", "x" * 129, "two words", "a,b", "\x00"])
def test_one_bad_tag_and_nothing_happens(registry: Registry, repository: str, bad: str) -> None:
    earlier = registry.push(repository, image(), "good")
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, pushed.digest, pushed, tags=["good", bad, "fine"])
    assert answer.status_code == 400, answer.text
    assert codes(answer)
    assert registry.tags(repository) == ["good"]
    held(registry, repository, "good", earlier)
    assert registry.head(f"/v2/{repository}/manifests/{pushed.digest}").status_code == 404


# --- all or nothing


def test_a_refused_manifest_leaves_nothing(registry: Registry, repository: str) -> None:
    earlier = registry.push(repository, image(), "latest")
    refused_one = image()
    refused(registry.put_manifest(repository, "latest", refused_one), 404, "MANIFEST_BLOB_UNKNOWN")
    held(registry, repository, "latest", earlier)
    assert registry.head(f"/v2/{repository}/manifests/{refused_one.digest}").status_code == 404


def test_every_missing_blob_is_named(registry: Registry, repository: str) -> None:
    pushed = image(3)
    registry.upload(repository, pushed.blobs[0])
    registry.upload(repository, pushed.blobs[2])
    answer = registry.put_manifest(repository, "v1", pushed)
    refused(answer, 404, "MANIFEST_BLOB_UNKNOWN")
    named = {error["detail"]["digest"] for error in answer.json()["errors"]}
    assert named == {digest_of(pushed.blobs[1]), digest_of(pushed.blobs[3])}


def test_a_blob_of_another_repository_is_missing(registry: Registry, place: Place) -> None:
    pushed = prepared(registry, fresh(place), image())
    refused(registry.put_manifest(fresh(place), "v1", pushed), 404, "MANIFEST_BLOB_UNKNOWN")


def test_bytes_that_have_another_digest(registry: Registry, repository: str) -> None:
    pushed = prepared(registry, repository, image())
    other = Manifest(OCI_IMAGE, pushed.body + b"  ")
    refused(registry.put_manifest(repository, pushed.digest, other), 400, "DIGEST_INVALID")
    for digest in (pushed.digest, other.digest):
        assert registry.head(f"/v2/{repository}/manifests/{digest}").status_code == 404


# --- which ones are taken


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(image(0), id="no layers"),
        pytest.param(image(7), id="many layers"),
        pytest.param(artifact(SBOM), id="artifact"),
        pytest.param(artifact(None), id="artifact typed by its config"),
        pytest.param(artifact(SBOM, layer=b"{}"), id="config and layer are one blob"),
        pytest.param(image(1, **{"org.example.new": {"x": [1, None]}, "anything": True}), id="unknown fields"),
        pytest.param(image(1, annotations={"a": "b", "org.example": "\u00e4\u4e2d\U0001f600"}), id="annotations"),
        pytest.param(index(), id="empty index"),
        pytest.param(index(image(), image(2)), id="index"),
        pytest.param(index(index(image()), index(image(), image())), id="index of indexes"),
        pytest.param(index(artifact(SBOM), artifactType=SBOM), id="index of artifacts"),
        pytest.param(docker_image(2), id="docker image"),
        pytest.param(docker_list(docker_image(), docker_image()), id="docker list"),
        pytest.param(index(docker_image(), image()), id="mixed index"),
        pytest.param(docker_list(image()), id="docker list of oci images"),
    ],
)
def test_all_sorts(registry: Registry, repository: str, manifest: Manifest) -> None:
    registry.push(repository, manifest, "sort")
    held(registry, repository, "sort", manifest)
    held(registry, repository, manifest.digest, manifest)
    assert registry.head(f"/v2/{repository}/manifests/sort").headers["content-type"] == manifest.media_type


def test_without_a_media_type_of_its_own(registry: Registry, repository: str) -> None:
    """`mediaType` was optional in the first image spec: Content-Type alone says what it is."""
    pushed = image()
    del pushed.facts["mediaType"]
    bare = prepared(registry, repository, manifest_of(pushed.facts, OCI_IMAGE, blobs=pushed.blobs))
    assert registry.put_manifest(repository, "bare", bare).status_code == 201
    held(registry, repository, "bare", bare)


@pytest.mark.parametrize("content_type", [f"{OCI_IMAGE}; charset=utf-8", OCI_IMAGE.upper(), f"{OCI_IMAGE} ;v=1"])
def test_parameters_of_content_type_are_ignored(registry: Registry, repository: str, content_type: str) -> None:
    pushed = prepared(registry, repository, image())
    answer = registry.put_manifest(repository, "v1", pushed, headers={"Content-Type": content_type})
    assert answer.status_code == 201, answer.text
    assert registry.get(f"/v2/{repository}/manifests/v1").headers["content-type"] == OCI_IMAGE


def test_a_type_that_nobody_knows(registry: Registry, repository: str) -> None:
    """Any media type is storable: it is what its Content-Type says."""
    kind = "application/vnd.example.model.manifest.v7+json"
    held_bytes = blob()
    body = {"schemaVersion": 2, "mediaType": kind, "layers": [descriptor(held_bytes, "application/vnd.example.x")],
            "config": descriptor(b"{}", OCI_EMPTY)}  # fmt: skip
    pushed = registry.push(repository, manifest_of(body, kind, blobs=(held_bytes, b"{}")), "model")
    held(registry, repository, "model", pushed)


def test_data_in_descriptors(registry: Registry, repository: str) -> None:
    pushed = image()
    pushed.facts["config"]["data"] = "e30="
    changed = manifest_of(pushed.facts, OCI_IMAGE, blobs=pushed.blobs)
    held(registry, repository, "data", registry.push(repository, changed, "data"))


@pytest.mark.parametrize("kind", [OCI_FOREIGN, DOCKER_FOREIGN])
def test_layers_that_are_not_to_be_distributed(registry: Registry, repository: str, kind: str) -> None:
    """A foreign layer with `urls` is fetched from there: nobody pushes it here."""
    here, settings, digest = blob(), config(), unused_digest()
    foreign = {"mediaType": kind, "digest": digest, "size": 12345, "urls": [f"https://store.example.com/{digest}"]}
    body = {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": descriptor(settings, OCI_CONFIG),
            "layers": [foreign, descriptor(here, OCI_LAYER)]}  # fmt: skip
    pushed = registry.push(repository, manifest_of(body, OCI_IMAGE, blobs=(here, settings)), "windows")
    held(registry, repository, "windows", pushed)


def test_urls_do_not_excuse_ordinary_layers(registry: Registry, repository: str) -> None:
    settings = config()
    layer = {"mediaType": OCI_LAYER, "digest": unused_digest(), "size": 1, "urls": ["https://store.example.com/x"]}
    body = {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": descriptor(settings, OCI_CONFIG), "layers": [layer]}
    pushed = prepared(registry, repository, manifest_of(body, OCI_IMAGE, blobs=(settings,)))
    refused(registry.put_manifest(repository, "v1", pushed), 404, "MANIFEST_BLOB_UNKNOWN")


def test_a_sparse_index(registry: Registry, repository: str) -> None:
    """An index may name platforms that were never copied here."""
    here, away = image(), image()
    pushed = index(here, away)
    registry.push(repository, here)
    assert registry.put_manifest(repository, "sparse", pushed).status_code == 201
    held(registry, repository, "sparse", pushed)
    refused(registry.get(f"/v2/{repository}/manifests/{away.digest}"), 404, "MANIFEST_UNKNOWN")


def test_almost_four_mebibytes(registry: Registry, repository: str) -> None:
    notes = {f"org.example.note-{number}": "A" * 10_000 for number in range(390)}
    pushed = registry.push(repository, image(1, annotations=notes), "large")
    assert len(pushed.body) > 3_900_000
    held(registry, repository, "large", pushed)


def test_exactly_the_limit(registry: Registry, repository: str) -> None:
    limit = 4 * 1024 * 1024
    pushed = prepared(registry, repository, image())
    full = Manifest(OCI_IMAGE, pushed.body + b" " * (limit - len(pushed.body)))
    assert registry.put_manifest(repository, "full", full).status_code == 201
    over = Manifest(OCI_IMAGE, full.body + b" ")
    assert registry.put_manifest(repository, "over", over).status_code == 413


# --- who may


def test_a_guest_may_not_push(place: Place, repository: str) -> None:
    pushed = prepared(place.developer, repository, image())
    refused(place.guest.put_manifest(repository, "v1", pushed), 403, "DENIED")
    assert place.developer.head(f"/v2/{repository}/manifests/v1").status_code == 404


def test_a_developer_may_overwrite(place: Place, repository: str) -> None:
    place.maintainer.push(repository, image(), "latest")
    held(place.guest, repository, "latest", place.developer.push(repository, image(), "latest"))


def test_writing_alone_is_not_enough(place: Place, repository: str, client_for: Client) -> None:
    """docker asks for pull and push: a token needs both scopes."""
    writer = client_for(place, "developer", ("write_registry",))
    message = refused(writer.post(f"/v2/{repository}/blobs/uploads/"), 403, "DENIED")
    assert "read_registry" in message
