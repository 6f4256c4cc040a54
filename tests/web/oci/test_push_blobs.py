"""Pushing blobs: in one request, in two, in a stream, in chunks; how far one is; giving up."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.web.oci.conftest import Client, Place
from tests.web.oci.contents import blob, digest_of, unused_digest
from tests.web.oci.registry_client import Registry, codes, follow, location, octets, refused

ALGORITHMS = pytest.mark.parametrize("algorithm", ["sha256", "sha512"])


def finish(registry: Registry, upload: str, data: bytes, algorithm: str = "sha256", **given: object) -> httpx.Response:
    """Close an upload whose whole content is `data`."""
    return registry.put(upload, params={"digest": digest_of(data, algorithm)}, **given)


def check(registry: Registry, repository: str, answer: httpx.Response, data: bytes, algorithm: str = "sha256") -> None:
    """The answer closes an upload rightly, and the blob is there."""
    digest = digest_of(data, algorithm)
    assert follow(registry, answer) == data
    assert answer.headers["docker-content-digest"] == digest
    assert location(answer).endswith(f"/v2/{repository}/blobs/{digest}")
    head = registry.head(f"/v2/{repository}/blobs/{digest}")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
    assert head.headers["docker-content-digest"] == digest


def absent(registry: Registry, repository: str, digest: str) -> bool:
    return registry.head(f"/v2/{repository}/blobs/{digest}").status_code == 404


def patch(registry: Registry, upload: str, data: bytes, start: int, end: int | None = None) -> httpx.Response:
    """Send a chunk that says it is bytes `start` to `end`, inclusive."""
    last = start + len(data) - 1 if end is None else end
    return registry.patch(upload, content=data, headers=octets(content_range=f"{start}-{last}"))


def pieces(data: bytes, size: int = 32 * 1024) -> Iterator[bytes]:
    """As docker sends a layer: no length, small pieces."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


# --- in one request


@ALGORITHMS
@pytest.mark.parametrize("size", [0, 1, 512, 3 * 1024 * 1024 + 7])
def test_a_single_post(registry: Registry, repository: str, algorithm: str, size: int) -> None:
    data = blob(size)
    query = {"digest": digest_of(data, algorithm)}
    answer = registry.post(f"/v2/{repository}/blobs/uploads/", params=query, content=data, headers=octets())
    check(registry, repository, answer, data, algorithm)


@ALGORITHMS
def test_a_single_post_of_other_bytes(registry: Registry, repository: str, algorithm: str) -> None:
    promised = unused_digest(algorithm)
    data = blob()
    path = f"/v2/{repository}/blobs/uploads/"
    message = refused(
        registry.post(path, params={"digest": promised}, content=data, headers=octets()), 400, "DIGEST_INVALID"
    )
    assert promised in message
    assert absent(registry, repository, promised)
    assert absent(registry, repository, digest_of(data, algorithm)), "what was sent is not kept under its own digest"


# --- in two


@ALGORITHMS
@pytest.mark.parametrize("size", [0, 1, 512, 3 * 1024 * 1024 + 7])
def test_post_then_put(registry: Registry, repository: str, algorithm: str, size: int) -> None:
    data = blob(size)
    answer = finish(registry, registry.start(repository), data, algorithm, content=data, headers=octets())
    check(registry, repository, answer, data, algorithm)


def test_the_algorithm_may_be_said_at_the_start(registry: Registry, repository: str) -> None:
    """end-4c: a registry that knows early can hash while the bytes come."""
    data = blob()
    upload = registry.start(repository, **{"digest-algorithm": "sha512"})
    assert registry.patch(upload, content=data, headers=octets()).status_code == 202
    check(registry, repository, finish(registry, upload, data, "sha512"), data, "sha512")


def test_an_algorithm_said_at_the_start_must_be_known(registry: Registry, repository: str) -> None:
    for name in ("md5", "sha1", "sha3-nothing", "", "blake2b"):
        answer = registry.post(f"/v2/{repository}/blobs/uploads/", params={"digest-algorithm": name})
        assert "sha256" in refused(answer, 400, "DIGEST_INVALID"), "the message says what would be known"


def test_what_a_start_answers(registry: Registry, repository: str) -> None:
    answer = registry.post(f"/v2/{repository}/blobs/uploads/")
    assert answer.status_code == 202
    assert answer.headers["range"] == "0-0"
    assert answer.headers["content-length"] == "0"
    where = httpx.URL(location(answer))
    assert where.path.startswith(f"/v2/{repository}/blobs/uploads/")
    assert not where.query, "some clients drop the query of a Location"
    assert re.fullmatch(r"[\w.=-]+", where.path.rpartition("/")[2])


def test_uploads_have_places_of_their_own(registry: Registry, repository: str) -> None:
    """Registries must support concurrent uploads."""
    first, second = registry.start(repository), registry.start(repository)
    assert first != second
    one, other = blob(), blob()
    assert patch(registry, first, one[:100], 0).status_code == 202
    assert patch(registry, second, other[:50], 0).status_code == 202
    assert patch(registry, first, one[100:], 100).status_code == 202
    assert patch(registry, second, other[50:], 50).status_code == 202
    check(registry, repository, finish(registry, first, one), one)
    check(registry, repository, finish(registry, second, other), other)


@ALGORITHMS
def test_put_of_other_bytes(registry: Registry, repository: str, algorithm: str) -> None:
    promised, data = unused_digest(algorithm), blob()
    answer = registry.put(registry.start(repository), params={"digest": promised}, content=data, headers=octets())
    refused(answer, 400, "DIGEST_INVALID")
    assert answer.json()["errors"][0]["detail"]["digest"] == promised
    assert absent(registry, repository, promised)
    assert absent(registry, repository, digest_of(data, algorithm))


def test_a_blob_pushed_twice_is_one_blob(registry: Registry, repository: str) -> None:
    data = blob()
    assert registry.upload(repository, data) == registry.upload(repository, data)
    assert registry.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data


def test_one_content_under_two_algorithms(registry: Registry, repository: str) -> None:
    data = blob()
    for algorithm in ("sha256", "sha512"):
        digest = registry.upload(repository, data, algorithm)
        answer = registry.get(f"/v2/{repository}/blobs/{digest}")
        assert (answer.content, answer.headers["docker-content-digest"]) == (data, digest)


@ALGORITHMS
@pytest.mark.parametrize("data", [b"", b"{}"], ids=["empty", "empty JSON"])
def test_the_well_known_blobs(registry: Registry, repository: str, data: bytes, algorithm: str) -> None:
    digest = registry.upload(repository, data, algorithm)
    answer = registry.get(f"/v2/{repository}/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-length"] == str(len(data))
    head = registry.head(f"/v2/{repository}/blobs/{digest}")
    assert head.headers["content-length"] == str(len(data))


# --- in a stream


@ALGORITHMS
def test_one_patch_without_a_length(registry: Registry, repository: str, algorithm: str) -> None:
    """As docker and podman push: chunked transfer, 32 KiB at a time, then an empty PUT."""
    data = blob(300_000)
    upload = registry.start(repository)
    answer = registry.patch(upload, content=pieces(data), headers=octets())
    assert answer.status_code == 202
    assert answer.headers["range"] == "0-299999"
    check(registry, repository, finish(registry, location(answer), data, algorithm), data, algorithm)


def test_streams_may_follow_each_other(registry: Registry, repository: str) -> None:
    """Without Content-Range a PATCH goes on where the upload stands."""
    data, upload = blob(1000), registry.start(repository)
    assert registry.patch(upload, content=data[:400], headers=octets()).headers["range"] == "0-399"
    assert registry.patch(upload, content=data[400:], headers=octets()).headers["range"] == "0-999"
    check(registry, repository, finish(registry, upload, data), data)


def test_an_empty_patch(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    assert registry.patch(upload, content=b"", headers=octets()).status_code == 202
    check(registry, repository, finish(registry, upload, b""), b"")


def test_a_stream_of_other_bytes(registry: Registry, repository: str) -> None:
    promised, upload = unused_digest(), registry.start(repository)
    assert registry.patch(upload, content=blob(), headers=octets()).status_code == 202
    refused(registry.put(upload, params={"digest": promised}), 400, "DIGEST_INVALID")
    assert absent(registry, repository, promised)


def test_a_put_may_stream_as_well(registry: Registry, repository: str) -> None:
    data = blob(100_000)
    answer = finish(registry, registry.start(repository), data, content=pieces(data), headers=octets())
    check(registry, repository, answer, data)


# --- in chunks


@ALGORITHMS
@pytest.mark.parametrize("last_by", ["PATCH", "PUT"])
def test_chunks_in_order(registry: Registry, repository: str, algorithm: str, last_by: str) -> None:
    data, size = blob(3067), 1024
    upload = registry.start(repository)
    starts = [0, size, 2 * size] if last_by == "PATCH" else [0, size]
    for start in starts:
        piece = data[start : start + size]
        answer = patch(registry, upload, piece, start)
        assert answer.status_code == 202
        assert answer.headers["range"] == f"0-{start + len(piece) - 1}"
        upload = location(answer)
    rest = {} if last_by == "PATCH" else {"content": data[2048:], "headers": octets(content_range="2048-3066")}
    check(registry, repository, finish(registry, upload, data, algorithm, **rest), data, algorithm)


@pytest.mark.parametrize(
    ("at", "start"), [(0, 2048), (0, 1025), (0, 512), (1024, 2048), (1024, 1025), (1024, 512), (1024, 0)]
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_chunk_out_of_order(registry: Registry, repository: str, at: int, start: int, method: str) -> None:
    """416, the upload stands where it stood, and the client can find out where that is."""
    data, upload = blob(3072), registry.start(repository)
    if at:
        upload = location(patch(registry, upload, data[:at], 0))
    piece = data[start : start + 512]
    given = {"content": piece, "headers": octets(content_range=f"{start}-{start + len(piece) - 1}")}
    query = {"params": {"digest": digest_of(data)}} if method == "PUT" else {}
    answer = registry.send(method, upload, **given, **query)
    assert answer.status_code == 416, answer.text
    assert str(at) in answer.json()["errors"][0]["message"], "the message says where the upload stands"
    assert answer.json()["errors"][0]["detail"] == {"offset": at}
    status = registry.get(upload, **query)
    assert status.status_code == 204
    assert status.headers["range"] == (f"0-{at - 1}" if at else "0-0")
    assert patch(registry, location(status), data[at:], at).status_code == 202
    check(registry, repository, finish(registry, upload, data), data)


@pytest.mark.parametrize("size", [1_500_000, 3_000_000, 9_000_000])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_large_chunk_out_of_order(registry: Registry, repository: str, method: str, size: int) -> None:
    """The answer comes even where much of the body is still on its way, and the next request is heard."""
    data, upload = blob(size), registry.start(repository)
    query = {"params": {"digest": digest_of(data)}} if method == "PUT" else {}
    given = {"content": data, "headers": octets(content_range=f"100-{size + 99}")}
    assert registry.send(method, upload, **given, **query).status_code == 416
    assert patch(registry, upload, data, 0).status_code == 202
    check(registry, repository, finish(registry, upload, data), data)


@pytest.mark.parametrize("text", ["bytes", "10", "a-b", "5-1", "0--1", "-5", "0-5-9", "0-9223372036854775808999"])
def test_a_content_range_that_is_none(registry: Registry, repository: str, text: str) -> None:
    upload = registry.start(repository)
    answer = registry.patch(upload, content=b"123456", headers=octets(content_range=text))
    assert answer.status_code in {400, 416}, answer.text
    assert codes(answer)
    assert registry.get(upload).headers["range"] == "0-0", "nothing of it was taken"


@pytest.mark.parametrize("end", [4, 6, 99])
def test_a_chunk_is_as_long_as_its_range(registry: Registry, repository: str, end: int) -> None:
    upload = registry.start(repository)
    refused(patch(registry, upload, b"123456", 0, end), 400, "SIZE_INVALID")
    assert registry.get(upload).headers["range"] == "0-0", "nothing of it was taken"


@pytest.mark.parametrize("last_by", ["PATCH", "PUT"])
def test_chunks_of_other_bytes(registry: Registry, repository: str, last_by: str) -> None:
    data, promised, upload = blob(2048), unused_digest(), registry.start(repository)
    patch(registry, upload, data[:1024], 0)
    rest = {"content": data[1024:], "headers": octets(content_range="1024-2047")}
    if last_by == "PATCH":
        assert registry.patch(upload, **rest).status_code == 202
    answer = registry.put(upload, params={"digest": promised}, **(rest if last_by == "PUT" else {}))
    refused(answer, 400, "DIGEST_INVALID")
    assert absent(registry, repository, promised)
    assert absent(registry, repository, digest_of(data))


# --- how far it is


def test_the_status_of_an_upload(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    fresh = registry.get(upload)
    assert (fresh.status_code, fresh.content, fresh.headers["range"]) == (204, b"", "0-0")
    patch(registry, upload, blob(777), 0)
    answer = registry.get(upload, params={"digest": unused_digest()})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["range"] == "0-776"
    assert registry.get(location(answer)).headers["range"] == "0-776"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_upload_that_never_began(registry: Registry, repository: str, method: str) -> None:
    path = f"/v2/{repository}/blobs/uploads/{'0123456789abcdef' * 4}"
    query = {"params": {"digest": unused_digest()}} if method == "PUT" else {}
    refused(registry.send(method, path, **query), 404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_is_over_when_its_blob_is_there(registry: Registry, repository: str) -> None:
    data, upload = blob(), registry.start(repository)
    assert finish(registry, upload, data, content=data, headers=octets()).status_code == 201
    refused(registry.get(upload), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.patch(upload, content=b"more", headers=octets()), 404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository(registry: Registry, repository: str, place: Place) -> None:
    identity = httpx.URL(registry.start(repository)).path.rpartition("/")[2]
    path = f"/v2/{place.path}/another/blobs/uploads/{identity}"
    refused(registry.patch(path, content=b"bytes", headers=octets()), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.get(path), 404, "BLOB_UPLOAD_UNKNOWN")


# --- giving up


def test_cancelling_an_upload(registry: Registry, repository: str) -> None:
    data, upload = blob(), registry.start(repository)
    patch(registry, upload, data, 0)
    answer = registry.send("DELETE", upload, headers={"Content-Length": "0"})
    assert (answer.status_code, answer.content) == (204, b"")
    refused(registry.get(upload), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(finish(registry, upload, data), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.send("DELETE", upload), 404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.head(f"/v2/{repository}/blobs/{digest_of(data)}").status_code == 404


def test_cancelling_needs_only_the_right_to_push(place: Place, repository: str) -> None:
    """Who may begin an upload may end it, without the right to delete images."""
    upload = place.developer.start(repository)
    assert place.developer.send("DELETE", upload).status_code == 204


# --- who may


def test_a_guest_may_not_begin(place: Place, repository: str) -> None:
    message = refused(place.guest.post(f"/v2/{repository}/blobs/uploads/"), 403, "DENIED")
    assert "developer" in message.lower(), "the message says which role pushes"


def test_a_token_that_only_reads_says_what_it_lacks(place: Place, repository: str, client_for: Client) -> None:
    reader = client_for(place, "developer", ("read_registry",))
    message = refused(reader.post(f"/v2/{repository}/blobs/uploads/"), 403, "DENIED")
    assert "write_registry" in message
    assert "read_registry" in message


def test_an_upload_takes_longer_than_its_token(registry: Registry, repository: str) -> None:
    """A new token goes on where an old one began."""
    data, upload = blob(), registry.start(repository)
    for start, end in ((0, 80), (80, 200)):
        token = registry.token(f"repository:{repository}:pull,push")
        headers = octets(content_range=f"{start}-{end - 1}")
        assert registry.patch(upload, content=data[start:end], headers=headers, token=token).status_code == 202
        time.sleep(0.01)
    check(registry, repository, finish(registry, upload, data), data)
