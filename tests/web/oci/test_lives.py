"""The whole life of every kind of content in one repository: pushed, listed, found, pulled, referred to, deleted.

The order is the one in which the conformance suite of the distribution spec walks: all kinds one after another in the
same repository, under tags that are used again, each way of pushing blobs in turn, each deletion looked at at once.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import (
    OCI_FOREIGN,
    OCI_INDEX,
    SBOM,
    SIGNATURE,
    Manifest,
    absent_digest,
    artifact,
    digest_of,
    image,
    index,
    manifest_of,
    unused_digest,
)
from tests.web.oci.registry_client import Registry, follow, location, octets

Life = dict[Manifest, list[str]]  # what is pushed last, and the tags it gets


def referred(subject: Manifest, *made: Callable[..., Manifest]) -> Life:
    """A subject and what speaks about it."""
    life: Life = {subject: ["subject"]}
    for number, make in enumerate(made):
        life[make(subject=subject.descriptor, annotations={"org.example.number": str(number)})] = [f"about-{number}"]
    return life


def foreign() -> Manifest:
    """An image with a layer that is not to be had here."""
    made = image()
    digest = unused_digest()
    layer = {"mediaType": OCI_FOREIGN, "digest": digest, "size": 9, "urls": [f"https://store.example.com/{digest}"]}
    made.facts["layers"].append(layer)
    return manifest_of(made.facts, made.media_type, blobs=made.blobs)


def sbom(**fields: Any) -> Manifest:
    return artifact(SBOM, **fields)


def signature(**fields: Any) -> Manifest:
    return artifact(SIGNATURE, **fields)


def index_of_two(**fields: Any) -> Manifest:
    return index(image(), image(), **fields)


MISSING = {"mediaType": OCI_INDEX, "digest": absent_digest(), "size": 123}
LIVES: dict[str, Callable[[], Life]] = {
    "image": lambda: {image(2): ["image"]},
    "large manifest": lambda: {image(annotations={f"n{number}": "A" * 10_000 for number in range(390)}): ["image"]},
    "index": lambda: {index_of_two(): ["index"]},
    "nested index": lambda: {index(index_of_two(), index_of_two()): ["index"]},
    "empty index": lambda: {index(): ["index"]},
    "artifact": lambda: {sbom(): ["artifact"]},
    "artifact index": lambda: {index(sbom(), signature(), artifactType=SBOM): ["index"]},
    "artifact without layers": lambda: {artifact(SBOM, layer=b"{}"): ["artifact"]},
    "artifacts with a subject": lambda: referred(image(), image, sbom, signature),
    "indexes with a subject": lambda: referred(index_of_two(), index_of_two),
    "missing subject": lambda: {sbom(subject=MISSING): ["artifact"]},
    "foreign layers": lambda: {foreign(): ["image"]},
    "custom fields": lambda: {index(image(**{"x-new": [1, {}]}), **{"x-newer": None}): ["index"]},
    "no layers": lambda: {image(0): ["image"]},
    "sha512": lambda: {index(image(algorithm="sha512"), algorithm="sha512"): []},
}


@pytest.fixture(scope="module")
def walked(place: Place) -> str:
    """The one repository that all lives are led in."""
    return fresh(place)


# --- four ways to push a blob, in turn


def by_two_requests(registry: Registry, repository: str, data: bytes, digest: str) -> httpx.Response:
    return registry.put(registry.start(repository), params={"digest": digest}, content=data, headers=octets())


def by_one_request(registry: Registry, repository: str, data: bytes, digest: str) -> httpx.Response:
    path = f"/v2/{repository}/blobs/uploads/"
    return registry.post(path, params={"digest": digest}, content=data, headers=octets())


def by_stream(registry: Registry, repository: str, data: bytes, digest: str) -> httpx.Response:
    sent = registry.patch(registry.start(repository), content=iter([data]), headers=octets())
    return registry.put(location(sent), params={"digest": digest})


def by_chunks(registry: Registry, repository: str, data: bytes, digest: str) -> httpx.Response:
    upload, half = registry.start(repository), (len(data) + 1) // 2
    for start, piece in ((0, data[:half]), (half, data[half:])):
        if piece:
            headers = octets(content_range=f"{start}-{start + len(piece) - 1}")
            upload = location(registry.patch(upload, content=piece, headers=headers))
    return registry.put(upload, params={"digest": digest})


WAYS = itertools.cycle([by_two_requests, by_one_request, by_stream, by_chunks])


# --- what a life stands on


def ordered(life: Life) -> list[Manifest]:
    """Every manifest once, children before their index."""

    def down(manifest: Manifest) -> Iterator[Manifest]:
        for child in manifest.children:
            yield from down(child)
        yield manifest

    return list(dict.fromkeys(one for top in life for one in down(top)))


def blobs_of(life: Life) -> dict[str, bytes]:
    return {digest_of(data, one.algorithm): data for one in ordered(life) for data in one.blobs}


def push(registry: Registry, repository: str, life: Life) -> None:
    for digest, data in blobs_of(life).items():
        answer = next(WAYS)(registry, repository, data, digest)
        assert follow(registry, answer) == data
        assert answer.headers["docker-content-digest"] == digest
    for number, one in enumerate(ordered(life)):
        tags = life.get(one, []) if number % 2 else []
        put(registry, repository, one.digest, one, tags)
    for one, tags in life.items():
        for tag in tags:
            put(registry, repository, tag, one, [])


def put(registry: Registry, repository: str, reference: str, one: Manifest, tags: list[str]) -> None:
    """PUT a manifest, with a body that does not say how long it is."""
    token = registry.token(f"repository:{repository}:pull,push")
    path, headers = f"/v2/{repository}/manifests/{reference}", {"Content-Type": one.media_type}
    query = [("tag", tag) for tag in tags]
    answer = registry.put(path, params=query, content=iter([one.body]), headers=headers, token=token)
    assert follow(registry, answer) == one.body
    assert answer.headers["docker-content-digest"] == one.digest
    assert answer.headers.get("oci-subject") == one.facts.get("subject", {}).get("digest")
    assert answer.headers.get("oci-tag") == (", ".join(tags) or None)


def check_tags(registry: Registry, repository: str, life: Life) -> None:
    every = registry.tags(repository)
    assert {tag for tags in life.values() for tag in tags} <= set(every)
    assert every == sorted(every)
    middle = len(every) // 2
    if middle:
        assert registry.tags(repository, last=every[middle - 1]) == every[middle:]


def check_pulls(registry: Registry, repository: str, life: Life) -> None:
    wanted = [(one.digest, one) for one in ordered(life)]
    wanted += [(tag, one) for one, tags in life.items() for tag in tags]
    for reference, one in wanted:
        for answer in (registry.head(path := f"/v2/{repository}/manifests/{reference}"), registry.get(path)):
            assert answer.status_code == 200
            assert answer.headers["content-type"] == one.media_type
            assert answer.headers["content-length"] == str(len(one.body))
            assert answer.headers["docker-content-digest"] == one.digest
        assert answer.content == one.body
    for digest, data in blobs_of(life).items():
        assert registry.head(f"/v2/{repository}/blobs/{digest}").headers["content-length"] == str(len(data))
        assert registry.get(f"/v2/{repository}/blobs/{digest}").content == data


def check_referrers(registry: Registry, repository: str, life: Life) -> None:
    told = [one for one in ordered(life) if "subject" in one.facts]
    for subject in {one.facts["subject"]["digest"] for one in told}:
        found = registry.get(f"/v2/{repository}/referrers/{subject}").json()["manifests"]
        wanted = {one.digest: one for one in told if one.facts["subject"]["digest"] == subject}
        assert {descriptor["digest"] for descriptor in found} == set(wanted)
        for descriptor in found:
            one = wanted[descriptor["digest"]]
            assert descriptor.get("annotations", {}) == one.facts.get("annotations", {})
            assert (descriptor["mediaType"], descriptor["size"]) == (one.media_type, len(one.body))


def delete(registry: Registry, repository: str, life: Life) -> None:
    """Tags, then manifests from the top down, then blobs."""
    paths = [f"manifests/{tag}" for tags in life.values() for tag in tags]
    paths += [f"manifests/{one.digest}" for one in reversed(ordered(life))]
    paths += [f"blobs/{digest}" for digest in blobs_of(life)]
    for path in paths:
        assert registry.delete(f"/v2/{repository}/{path}").status_code == 202, path
        assert registry.head(f"/v2/{repository}/{path}").status_code == 404, path


@pytest.mark.parametrize("kind", LIVES)
def test_a_life(registry: Registry, walked: str, kind: str) -> None:
    life = LIVES[kind]()
    push(registry, walked, life)
    check_tags(registry, walked, life)
    check_pulls(registry, walked, life)
    check_referrers(registry, walked, life)
    delete(registry, walked, life)
    assert registry.tags(walked) == []
