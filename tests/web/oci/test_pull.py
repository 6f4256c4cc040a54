"""Pulling manifests, Pulling blobs, Checking if content exists."""

import pytest

from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import Manifest, absent_digest, blob, digest_of, image, unused_digest
from tests.web.oci.registry_client import Registry, refused

BYTES = bytes(range(256)) * 8
DIGEST = digest_of(BYTES)


@pytest.fixture(scope="module")
def stocked(place: Place) -> str:
    """A repository with one blob of 2048 bytes."""
    repository = fresh(place)
    assert place.maintainer.upload(repository, BYTES) == DIGEST
    return repository


@pytest.fixture(scope="module")
def tagged(place: Place) -> tuple[str, Manifest]:
    """A repository with one image, tagged v1."""
    repository = fresh(place)
    return repository, place.maintainer.push(repository, image(), "v1")


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_manifest_comes_back_as_it_was_pushed(registry: Registry, tagged: tuple[str, Manifest], by: str) -> None:
    repository, pushed = tagged
    answer = registry.get(f"/v2/{repository}/manifests/{'v1' if by == 'tag' else pushed.digest}")
    assert answer.status_code == 200
    assert answer.content == pushed.body
    assert answer.headers["content-type"] == pushed.media_type
    assert answer.headers["content-length"] == str(len(pushed.body))
    assert answer.headers["docker-content-digest"] == pushed.digest


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_head_of_a_manifest_says_the_same_without_it(registry: Registry, tagged: tuple[str, Manifest], by: str) -> None:
    repository, pushed = tagged
    answer = registry.head(f"/v2/{repository}/manifests/{'v1' if by == 'tag' else pushed.digest}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == pushed.media_type
    assert answer.headers["content-length"] == str(len(pushed.body))
    assert answer.headers["docker-content-digest"] == pushed.digest


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "application/vnd.docker.distribution.manifest.v2+json"])
def test_accept_does_not_change_what_was_pushed(
    registry: Registry, tagged: tuple[str, Manifest], accept: str | None
) -> None:
    """A manifest is its bytes: it is never converted, and never hidden from a client that forgot a header."""
    repository, pushed = tagged
    request = registry.http.build_request("GET", f"/v2/{repository}/manifests/v1")
    del request.headers["accept"]
    if accept:
        request.headers["accept"] = accept
    request.headers["authorization"] = "Bearer " + registry.token(f"repository:{repository}:pull")
    answer = registry.http.send(request)
    assert (answer.status_code, answer.content) == (200, pushed.body)
    assert answer.headers["content-type"] == pushed.media_type


def test_nothing_is_compressed(registry: Registry, tagged: tuple[str, Manifest]) -> None:
    """Clients compare Content-Length with the descriptor's size."""
    repository, pushed = tagged
    answer = registry.get(f"/v2/{repository}/manifests/v1", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(pushed.body))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("form", ['"{}"', '"other", "{}"', 'W/"{}"', "*"])
def test_a_manifest_known_to_the_client_is_not_sent_again(
    registry: Registry, tagged: tuple[str, Manifest], method: str, by: str, form: str
) -> None:
    repository, pushed = tagged
    path = f"/v2/{repository}/manifests/{'v1' if by == 'tag' else pushed.digest}"
    assert registry.get(path).headers["etag"] == f'"{pushed.digest}"'
    answer = registry.send(method, path, headers={"If-None-Match": form.format(pushed.digest)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{pushed.digest}"'


def test_a_manifest_not_known_to_the_client_is_sent(registry: Registry, tagged: tuple[str, Manifest]) -> None:
    repository, pushed = tagged
    headers = {"If-None-Match": f'"{unused_digest()}"'}
    answer = registry.get(f"/v2/{repository}/manifests/v1", headers=headers)
    assert (answer.status_code, answer.content) == (200, pushed.body)


@pytest.mark.parametrize("reference", ["absent", absent_digest(), absent_digest("sha512")])
def test_a_missing_manifest_is_said_to_be_missing(
    registry: Registry, tagged: tuple[str, Manifest], reference: str
) -> None:
    path = f"/v2/{tagged[0]}/manifests/{reference}"
    message = refused(registry.get(path), 404, "MANIFEST_UNKNOWN")
    assert reference in message, "the message names what is missing"
    head = registry.head(path)
    assert (head.status_code, head.content) == (404, b"")


def test_a_manifest_of_another_repository_is_missing(registry: Registry, place: Place, stocked: str) -> None:
    elsewhere = fresh(place)
    pushed = registry.push(elsewhere, image(), "v1")
    refused(registry.get(f"/v2/{stocked}/manifests/{pushed.digest}"), 404, "MANIFEST_UNKNOWN")
    refused(registry.get(f"/v2/{stocked}/manifests/v1"), 404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("rest", ["manifests/latest", "tags/list", f"blobs/{DIGEST}", f"manifests/{DIGEST}"])
def test_a_repository_nobody_pushed_to_is_unknown(registry: Registry, repository: str, rest: str) -> None:
    refused(registry.get(f"/v2/{repository}/{rest}"), 404, "NAME_UNKNOWN")


def test_a_blob_comes_back_as_it_was_pushed(registry: Registry, stocked: str) -> None:
    answer = registry.get(f"/v2/{stocked}/blobs/{DIGEST}")
    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer.headers["content-length"] == "2048"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["docker-content-digest"] == DIGEST
    assert answer.headers["accept-ranges"] == "bytes"


def test_head_of_a_blob_says_the_same_without_it(registry: Registry, stocked: str) -> None:
    answer = registry.head(f"/v2/{stocked}/blobs/{DIGEST}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "2048"
    assert answer.headers["docker-content-digest"] == DIGEST


def test_a_large_blob_comes_back_whole(registry: Registry, repository: str) -> None:
    data = blob(5 * 1024 * 1024 + 13)
    digest = registry.upload(repository, data)
    answer = registry.get(f"/v2/{repository}/blobs/{digest}")
    assert answer.headers["content-length"] == str(len(data))
    assert answer.content == data
    tail = registry.get(f"/v2/{repository}/blobs/{digest}", headers={"Range": f"bytes={3 * 1024 * 1024}-"})
    assert tail.status_code == 206
    assert tail.content == data[3 * 1024 * 1024 :]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_known_to_the_client_is_not_sent_again(registry: Registry, stocked: str, method: str) -> None:
    path = f"/v2/{stocked}/blobs/{DIGEST}"
    assert registry.head(path).headers["etag"] == f'"{DIGEST}"'
    answer = registry.send(method, path, headers={"If-None-Match": f'"{DIGEST}"'})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("digest", [absent_digest(), absent_digest("sha512")])
def test_a_missing_blob_is_said_to_be_missing(registry: Registry, stocked: str, digest: str) -> None:
    answer = registry.get(f"/v2/{stocked}/blobs/{digest}")
    assert digest in refused(answer, 404, "BLOB_UNKNOWN")
    assert answer.json()["errors"][0]["detail"] == {"digest": digest}
    head = registry.head(f"/v2/{stocked}/blobs/{digest}")
    assert (head.status_code, head.content) == (404, b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 2048),
        ("bytes=-500", 1548, 2048),
        ("bytes=2000-5000", 2000, 2048),
        ("bytes=0-0", 0, 1),
        ("bytes=2047-2047", 2047, 2048),
        ("bytes=0-", 0, 2048),
        ("bytes=-9999", 0, 2048),
        ("Bytes=1-2", 1, 3),
    ],
)
def test_a_part_of_a_blob(registry: Registry, stocked: str, asked: str, start: int, end: int) -> None:
    path = f"/v2/{stocked}/blobs/{DIGEST}"
    answer = registry.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, BYTES[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2048"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["docker-content-digest"] == DIGEST


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=2048-", "bytes=5000-10000", "bytes=-0"])
def test_a_part_that_is_not_there(registry: Registry, stocked: str, asked: str) -> None:
    answer = registry.get(f"/v2/{stocked}/blobs/{DIGEST}", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */2048"
    assert BYTES[:16] not in answer.content


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=0-1,4-5", "bytes", "bytes=a-b", "bytes=", "bytes=--1"])
def test_a_range_that_cannot_be_served_is_ignored(registry: Registry, stocked: str, asked: str) -> None:
    """RFC 9110, 14.2: a Range that is not understood gives the whole."""
    answer = registry.get(f"/v2/{stocked}/blobs/{DIGEST}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, BYTES)


def test_a_blob_is_a_blob_of_its_repository_only(registry: Registry, stocked: str, place: Place) -> None:
    other = fresh(place)
    registry.upload(other, blob())
    refused(registry.get(f"/v2/{other}/blobs/{DIGEST}"), 404, "BLOB_UNKNOWN")


def test_anybody_pulls_from_a_public_project(open_place: Place, anonymous: Registry) -> None:
    repository = fresh(open_place)
    pushed = open_place.developer.push(repository, image(), "v1")
    assert anonymous.get(f"/v2/{repository}/manifests/v1").content == pushed.body
    layer = digest_of(pushed.blobs[1])
    assert anonymous.get(f"/v2/{repository}/blobs/{layer}").content == pushed.blobs[1]
    assert open_place.stranger.get(f"/v2/{repository}/manifests/v1").content == pushed.body


def test_an_internal_project_is_open_to_all_who_signed_in(inner_place: Place, anonymous: Registry) -> None:
    repository = fresh(inner_place)
    pushed = inner_place.developer.push(repository, image(), "v1")
    assert inner_place.stranger.get(f"/v2/{repository}/manifests/v1").content == pushed.body
    assert anonymous.get(f"/v2/{repository}/manifests/v1").status_code == 401


def test_a_guest_pulls_from_a_private_project(place: Place) -> None:
    repository = fresh(place)
    pushed = place.developer.push(repository, image(), "v1")
    assert place.guest.get(f"/v2/{repository}/manifests/v1").content == pushed.body
    assert place.guest.get(f"/v2/{repository}/blobs/{digest_of(pushed.blobs[0])}").content == pushed.blobs[0]


@pytest.mark.parametrize("depth", ["", "/image", "/deep/image"])
def test_an_image_may_stand_at_the_project_and_two_levels_below(place: Place, depth: str) -> None:
    repository = place.path + depth
    pushed = place.developer.push(repository, image(), "levels")
    assert place.guest.get(f"/v2/{repository}/manifests/levels").content == pushed.body
