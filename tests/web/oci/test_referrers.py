"""Listing Referrers: what speaks about a manifest, whether that is here or not."""

from typing import Any

import pytest

from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import (
    OCI_CONFIG,
    OCI_IMAGE,
    OCI_INDEX,
    SBOM,
    SIGNATURE,
    Manifest,
    artifact,
    docker_image,
    image,
    index,
    unused_digest,
)
from tests.web.oci.registry_client import Registry, refused


def about(registry: Registry, repository: str, subject: str, **query: str | int) -> list[dict[str, Any]]:
    """The descriptors of one page of referrers."""
    answer = registry.get(f"/v2/{repository}/referrers/{subject}", params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == OCI_INDEX
    body = answer.json()
    assert set(body) == {"schemaVersion", "mediaType", "manifests"}
    assert (body["schemaVersion"], body["mediaType"]) == (2, OCI_INDEX)
    return list(body["manifests"])


def expected(manifest: Manifest, artifact_type: str | None) -> dict[str, Any]:
    """The descriptor that the referrers API gives of a manifest."""
    typed = {"artifactType": artifact_type} if artifact_type else {}
    notes = {"annotations": manifest.facts["annotations"]} if manifest.facts.get("annotations") else {}
    return manifest.descriptor | typed | notes


def by_digest(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda descriptor: str(descriptor["digest"]))


def test_nobody_speaks(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image())
    assert about(registry, repository, pushed.digest) == []
    assert about(registry, repository, unused_digest()) == []
    assert about(registry, repository, unused_digest("sha512")) == []


def test_a_repository_nobody_pushed_to(registry: Registry, repository: str) -> None:
    """A registry with this API must not answer 404 to it: clients would fall back to tags."""
    assert about(registry, repository, unused_digest()) == []


def test_every_sort_of_referrer(registry: Registry, repository: str) -> None:
    subject = registry.push(repository, image(), "subject")
    notes = {"org.example.note": "\u00e4\u4e2d", "org.opencontainers.image.created": "2026-01-01T00:00:00Z"}
    told = {
        image(subject=subject.descriptor): OCI_CONFIG,
        artifact(SBOM, subject=subject.descriptor, annotations=notes): SBOM,
        artifact(SIGNATURE, subject=subject.descriptor): SIGNATURE,
        artifact(None, subject=subject.descriptor): "application/vnd.oci.empty.v1+json",
        index(image(), subject=subject.descriptor): None,
        index(image(), subject=subject.descriptor, artifactType=SBOM, annotations=notes): SBOM,
    }
    for manifest in told:
        registry.push(repository, manifest)
    found = about(registry, repository, subject.digest)
    assert by_digest(found) == by_digest([expected(manifest, kind) for manifest, kind in told.items()])


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("make", [image, lambda **fields: artifact(SBOM, **fields), index])
def test_a_push_says_that_the_subject_was_seen(registry: Registry, repository: str, by: str, make: Any) -> None:
    subject = registry.push(repository, image())
    pushed = make(subject=subject.descriptor)
    for data in pushed.blobs:
        registry.upload(repository, data)
    answer = registry.put_manifest(repository, "signature" if by == "tag" else pushed.digest, pushed)
    assert answer.status_code == 201
    assert answer.headers["oci-subject"] == subject.digest
    assert [one["digest"] for one in about(registry, repository, subject.digest)] == [pushed.digest]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_subject_may_come_later(registry: Registry, repository: str, algorithm: str) -> None:
    subject = image(algorithm=algorithm)
    early = registry.push(repository, artifact(SBOM, subject=subject.descriptor))
    assert about(registry, repository, subject.digest) == [expected(early, SBOM)]
    registry.push(repository, subject)
    assert about(registry, repository, subject.digest) == [expected(early, SBOM)]


def test_the_subject_may_never_come(registry: Registry, repository: str) -> None:
    subject = {"mediaType": OCI_IMAGE, "digest": unused_digest(), "size": 123}
    pushed = artifact(SIGNATURE, subject=subject)
    for data in pushed.blobs:
        registry.upload(repository, data)
    answer = registry.put_manifest(repository, pushed.digest, pushed)
    assert answer.headers["oci-subject"] == subject["digest"]
    assert about(registry, repository, str(subject["digest"])) == [expected(pushed, SIGNATURE)]


def test_any_manifest_may_be_a_subject(registry: Registry, repository: str) -> None:
    for subject in (docker_image(), index(image()), artifact(SBOM)):
        registry.push(repository, subject)
        signed = registry.push(repository, artifact(SIGNATURE, subject=subject.descriptor))
        assert about(registry, repository, subject.digest) == [expected(signed, SIGNATURE)]


def test_referrers_of_referrers(registry: Registry, repository: str) -> None:
    subject = registry.push(repository, image())
    sbom = registry.push(repository, artifact(SBOM, subject=subject.descriptor))
    signed = registry.push(repository, artifact(SIGNATURE, subject=sbom.descriptor))
    assert about(registry, repository, subject.digest) == [expected(sbom, SBOM)]
    assert about(registry, repository, sbom.digest) == [expected(signed, SIGNATURE)]


def test_of_one_artifact_type(registry: Registry, repository: str) -> None:
    subject = registry.push(repository, image())
    for _ in range(2):
        registry.push(repository, artifact(SBOM, subject=subject.descriptor))
    signed = registry.push(repository, artifact(SIGNATURE, subject=subject.descriptor))
    plain = registry.push(repository, image(subject=subject.descriptor))
    assert len(about(registry, repository, subject.digest, artifactType=SBOM)) == 2
    assert about(registry, repository, subject.digest, artifactType=SIGNATURE) == [expected(signed, SIGNATURE)]
    assert about(registry, repository, subject.digest, artifactType=OCI_CONFIG) == [expected(plain, OCI_CONFIG)]
    assert about(registry, repository, subject.digest, artifactType="application/none") == []
    assert about(registry, repository, subject.digest, artifactType="application/vnd.example.sbom.v1'--") == []


def test_a_filter_is_announced_where_it_was_applied(registry: Registry, repository: str) -> None:
    registry.push(repository, image())
    path = f"/v2/{repository}/referrers/{unused_digest()}"
    assert registry.get(path, params={"artifactType": SBOM}).headers["oci-filters-applied"] == "artifactType"
    assert "oci-filters-applied" not in registry.get(path).headers


@pytest.mark.parametrize("kind", ["", SBOM])
def test_pages_add_up(registry: Registry, repository: str, kind: str) -> None:
    subject = registry.push(repository, image())
    pushed = {registry.push(repository, artifact(SBOM, subject=subject.descriptor)).digest for _ in range(7)}
    registry.push(repository, artifact(SIGNATURE, subject=subject.descriptor))
    query: dict[str, str | int] = {"n": 3} | ({"artifactType": kind} if kind else {})
    pages = list(registry.pages(f"/v2/{repository}/referrers/{subject.digest}", **query))
    found = [descriptor["digest"] for page in pages for descriptor in page.json()["manifests"]]
    assert len(found) == len(set(found)) == (7 if kind else 8)
    assert pushed <= set(found)
    assert len(pages) == 3
    for page in pages:
        assert page.headers["content-type"] == OCI_INDEX
        assert ("oci-filters-applied" in page.headers) == bool(kind)


def test_more_than_fit_on_a_page(registry: Registry, repository: str) -> None:
    """A client that knows nothing of `n` gets them all by Link."""
    subject = image()
    shared = artifact(SBOM, layer=b"{}", subject=subject.descriptor)
    registry.push(repository, shared)
    pushed = {shared.digest}
    for number in range(104):
        one = artifact(SBOM, layer=b"{}", subject=subject.descriptor, annotations={"number": str(number)})
        assert registry.put_manifest(repository, one.digest, one).status_code == 201
        pushed.add(one.digest)
    pages = list(registry.pages(f"/v2/{repository}/referrers/{subject.digest}"))
    assert {one["digest"] for page in pages for one in page.json()["manifests"]} == pushed
    assert len(pages) > 1


def test_a_page_ends_before_it_is_huge(registry: Registry, repository: str) -> None:
    """Annotations may have megabytes: five of them are not put into one answer."""
    subject = image()
    registry.push(repository, subject, "v1")
    for number in range(5):
        registry.push(
            repository, artifact(SBOM, subject=subject.descriptor, annotations={"n": str(number) * 1_500_000})
        )
    path, found = f"/v2/{repository}/referrers/{subject.digest}", []
    while path:
        answer = registry.get(path)
        assert len(answer.content) < 5 * 1024 * 1024
        found += [len(one["annotations"]["n"]) for one in answer.json()["manifests"]]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert found == [1_500_000] * 5


def test_a_deleted_referrer_is_gone(registry: Registry, repository: str) -> None:
    subject = registry.push(repository, image())
    pushed = registry.push(repository, artifact(SBOM, subject=subject.descriptor), "sbom")
    assert registry.delete(f"/v2/{repository}/manifests/sbom").status_code == 202
    assert about(registry, repository, subject.digest) == [expected(pushed, SBOM)], "its tag was, not it"
    assert registry.delete(f"/v2/{repository}/manifests/{pushed.digest}").status_code == 202
    assert about(registry, repository, subject.digest) == []


def test_a_deleted_subject_leaves_its_referrers(registry: Registry, repository: str) -> None:
    subject = registry.push(repository, image())
    pushed = registry.push(repository, artifact(SBOM, subject=subject.descriptor))
    assert registry.delete(f"/v2/{repository}/manifests/{subject.digest}").status_code == 202
    assert about(registry, repository, subject.digest) == [expected(pushed, SBOM)]


def test_other_repositories_have_their_own(registry: Registry, place: Place) -> None:
    here, there = fresh(place), fresh(place)
    subject = registry.push(here, image())
    registry.push(there, subject)
    registry.push(there, artifact(SBOM, subject=subject.descriptor))
    assert about(registry, here, subject.digest) == []


@pytest.mark.parametrize(
    "digest", ["sha256:bad", "latest", "md5:" + "0" * 32, "sha256:" + "A" * 64, "sha512:" + "0" * 64]
)
def test_a_subject_that_is_no_digest(registry: Registry, repository: str, digest: str) -> None:
    refused(registry.get(f"/v2/{repository}/referrers/{digest}"), 400, "DIGEST_INVALID")


def test_a_stranger_learns_nothing(place: Place) -> None:
    repository = fresh(place)
    subject = place.developer.push(repository, image())
    place.developer.push(repository, artifact(SBOM, subject=subject.descriptor))
    refused(place.stranger.get(f"/v2/{repository}/referrers/{subject.digest}"), 404, "NAME_UNKNOWN")
    assert len(about(place.guest, repository, subject.digest)) == 1
