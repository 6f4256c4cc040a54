"""Content Management: deleting tags, manifests and blobs. What is deleted is gone when the answer arrives."""

import pytest

from tests.web.oci.conftest import Client, Place, fresh
from tests.web.oci.contents import absent_digest, artifact, blob, digest_of, image, index, unused_digest
from tests.web.oci.registry_client import Registry, refused


def gone(registry: Registry, path: str) -> bool:
    return registry.head(path).status_code == registry.get(path).status_code == 404


def deleted(registry: Registry, path: str) -> None:
    """Delete, be told so, and find nothing at once."""
    answer = registry.delete(path)
    assert (answer.status_code, answer.content) == (202, b""), answer.text
    assert gone(registry, path)


# --- tags


def test_a_tag_goes_and_its_manifest_stays(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(), "v1")
    deleted(registry, f"/v2/{repository}/manifests/v1")
    assert registry.get(f"/v2/{repository}/manifests/{pushed.digest}").content == pushed.body
    assert registry.tags(repository) == []


def test_its_siblings_stay_too(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(), "v1", "v1.0", "latest")
    deleted(registry, f"/v2/{repository}/manifests/v1.0")
    assert registry.tags(repository) == ["latest", "v1"]
    for name in ("v1", "latest"):
        assert registry.get(f"/v2/{repository}/manifests/{name}").content == pushed.body


def test_a_tag_may_come_back(registry: Registry, repository: str) -> None:
    registry.push(repository, image(), "v1")
    deleted(registry, f"/v2/{repository}/manifests/v1")
    pushed = registry.push(repository, image(), "v1")
    assert registry.get(f"/v2/{repository}/manifests/v1").content == pushed.body


@pytest.mark.parametrize("reference", ["absent", absent_digest(), absent_digest("sha512")])
def test_what_is_not_there(registry: Registry, repository: str, reference: str) -> None:
    registry.push(repository, image(), "v1")
    refused(registry.delete(f"/v2/{repository}/manifests/{reference}"), 404, "MANIFEST_UNKNOWN")
    assert registry.tags(repository) == ["v1"]


def test_twice(registry: Registry, repository: str) -> None:
    registry.push(repository, image(), "v1")
    deleted(registry, f"/v2/{repository}/manifests/v1")
    refused(registry.delete(f"/v2/{repository}/manifests/v1"), 404, "MANIFEST_UNKNOWN")


# --- manifests


def test_a_manifest_goes_with_its_tags(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(), "v1", "latest")
    other = registry.push(repository, image(), "v2")
    deleted(registry, f"/v2/{repository}/manifests/{pushed.digest}")
    assert gone(registry, f"/v2/{repository}/manifests/v1")
    assert gone(registry, f"/v2/{repository}/manifests/latest")
    assert registry.tags(repository) == ["v2"]
    assert registry.get(f"/v2/{repository}/manifests/v2").content == other.body


def test_its_blobs_stay_until_they_are_deleted(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(2), "v1")
    deleted(registry, f"/v2/{repository}/manifests/{pushed.digest}")
    for data in pushed.blobs:
        assert registry.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data
        deleted(registry, f"/v2/{repository}/blobs/{digest_of(data)}")


def test_it_may_come_back(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(), "v1")
    deleted(registry, f"/v2/{repository}/manifests/{pushed.digest}")
    assert registry.put_manifest(repository, "v1", pushed).status_code == 201
    assert registry.get(f"/v2/{repository}/manifests/{pushed.digest}").content == pushed.body


def test_everything_from_the_top(registry: Registry, repository: str) -> None:
    """In the order in which clients clean up: tags, the index, its images, their blobs. Nothing is in the way."""
    first, second = image(), image()
    both = registry.push(repository, index(first, second), "multi")
    deleted(registry, f"/v2/{repository}/manifests/multi")
    deleted(registry, f"/v2/{repository}/manifests/{both.digest}")
    for one in (second, first):
        assert registry.get(f"/v2/{repository}/manifests/{one.digest}").content == one.body
        deleted(registry, f"/v2/{repository}/manifests/{one.digest}")
        for data in one.blobs:
            deleted(registry, f"/v2/{repository}/blobs/{digest_of(data)}")


def test_what_an_index_stands_on_does_not_go_first(registry: Registry, repository: str) -> None:
    child = image()
    both = registry.push(repository, index(child), "multi")
    message = refused(registry.delete(f"/v2/{repository}/manifests/{child.digest}"), 409, "MANIFEST_REFERENCED")
    assert both.digest in message, "the message names the index"
    assert registry.get(f"/v2/{repository}/manifests/{child.digest}").content == child.body


def test_a_manifest_of_another_repository_stays(registry: Registry, place: Place) -> None:
    here, there = fresh(place), fresh(place)
    pushed = registry.push(here, image(), "v1")
    registry.push(there, pushed, "v1")
    deleted(registry, f"/v2/{here}/manifests/{pushed.digest}")
    assert registry.get(f"/v2/{there}/manifests/v1").content == pushed.body


def test_by_sha512(registry: Registry, repository: str) -> None:
    pushed = registry.push(repository, image(algorithm="sha512"))
    deleted(registry, f"/v2/{repository}/manifests/{pushed.digest}")
    for data in pushed.blobs:
        deleted(registry, f"/v2/{repository}/blobs/{digest_of(data, 'sha512')}")


# --- blobs


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"{}", b"a blob like any other"])
def test_a_blob(registry: Registry, repository: str, data: bytes, algorithm: str) -> None:
    digest = registry.upload(repository, data, algorithm)
    deleted(registry, f"/v2/{repository}/blobs/{digest}")
    refused(registry.delete(f"/v2/{repository}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert registry.upload(repository, data, algorithm) == digest
    assert registry.get(f"/v2/{repository}/blobs/{digest}").content == data


def test_a_blob_that_is_not_there(registry: Registry, repository: str) -> None:
    registry.upload(repository, blob())
    refused(registry.delete(f"/v2/{repository}/blobs/{unused_digest()}"), 404, "BLOB_UNKNOWN")


def test_a_blob_of_an_image_stays(registry: Registry, repository: str) -> None:
    """An image that is here can be pulled: its layers do not go before it."""
    pushed = registry.push(repository, image(), "v1")
    for data in pushed.blobs:
        refused(registry.delete(f"/v2/{repository}/blobs/{digest_of(data)}"), 409, "BLOB_REFERENCED")
        assert registry.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data


def test_a_blob_of_another_repository_stays(registry: Registry, place: Place) -> None:
    here, there, data = fresh(place), fresh(place), blob()
    digest = registry.upload(here, data)
    registry.upload(there, data)
    deleted(registry, f"/v2/{here}/blobs/{digest}")
    assert registry.get(f"/v2/{there}/blobs/{digest}").content == data


# --- who may


@pytest.mark.parametrize("kind", ["tag", "manifest", "blob"])
@pytest.mark.parametrize("role", ["guest", "developer"])
def test_only_maintainers_delete(place: Place, repository: str, role: str, kind: str) -> None:
    pushed = place.maintainer.push(repository, artifact(None), "v1")
    loose = place.maintainer.upload(repository, blob())
    path = {"tag": "manifests/v1", "manifest": f"manifests/{pushed.digest}", "blob": f"blobs/{loose}"}[kind]
    message = refused(getattr(place, role).delete(f"/v2/{repository}/{path}"), 403, "DENIED")
    assert "maintainer" in message, "the message says which role deletes"
    assert place.maintainer.get(f"/v2/{repository}/{path}").status_code == 200


def test_a_token_that_only_reads_does_not_delete(place: Place, repository: str, client_for: Client) -> None:
    place.maintainer.push(repository, image(), "v1")
    reader = client_for(place, "maintainer", ("read_registry",))
    message = refused(reader.delete(f"/v2/{repository}/manifests/v1"), 403, "DENIED")
    assert "write_registry" in message


def test_a_stranger_is_told_nothing(place: Place, repository: str) -> None:
    place.maintainer.push(repository, image(), "v1")
    refused(place.stranger.delete(f"/v2/{repository}/manifests/v1"), 404, "NAME_UNKNOWN")
    assert place.maintainer.get(f"/v2/{repository}/manifests/v1").status_code == 200


def test_the_right_to_push_is_not_the_right_to_delete(place: Place, repository: str) -> None:
    """A token that was asked for pushing alone cannot delete, whoever holds it."""
    place.maintainer.push(repository, image(), "v1")
    token = place.maintainer.token(f"repository:{repository}:pull,push")
    answer = place.maintainer.delete(f"/v2/{repository}/manifests/v1", token=token)
    refused(answer, 401, "UNAUTHORIZED")
    assert "insufficient_scope" in answer.headers["www-authenticate"]
