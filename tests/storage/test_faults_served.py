"""A real server whose bucket fails: clients are told, and told when to come back; nothing is lost, and nobody mends it.

The bucket is on moto, behind a server that fails as it is told.
"""

from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from tests.serving import Server, until
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.storage.faulty import Faults, between
from tests.storage.test_served import client, in_bucket, objects, push_as_docker
from tests.web.oci.registry_client import octets
from wharfinger.storage.connect import open_bucket

WRITING = ("PUT", "POST")
PASSING = ["500", "503", "hangs up", "is silent", "answers late"]


class House:
    """A server on a bucket that fails on demand, and a client of it."""

    def __init__(self, server: Server, faults: Faults, url: str) -> None:
        self.server, self.faults, self.url = server, faults, url
        self.registry, self.path = client(server)

    def pull(self, digest: str, **headers: str) -> httpx.Response:
        return self.registry.get(f"/v2/{self.path}/blobs/{digest}", headers=headers)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    faults, url = Faults(), f"s3://{buckets.new_bucket()}/images"
    with between(buckets.moto(), faults) as address:
        storage = in_bucket(url, endpoint=address, redirect=False, timeout="2s", retry_for="1s")
        server = Server(tmp_path_factory.mktemp("faulty"), {"storage": storage}).start()
        yield House(server, faults, url)
        server.stop()


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def require_patience(answer: httpx.Response) -> None:
    """Told in the spec's shape that it will pass, and when to try again."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    (error,) = answer.json()["errors"]
    assert "storage" in error["message"]
    assert "moto" not in answer.text
    assert "127.0.0.1" not in answer.text, "what the store is called is the operator's business"


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("size", [100_000, 9 * MIB], ids=["one request", "in parts"])
def test_a_push_that_meets_a_failing_bucket_goes_on_afterwards(house: House, fault: str, size: int) -> None:
    """The upload stands where it stood; the same session takes the bytes once the bucket is well."""
    data = some(size, seed=size + PASSING.index(fault))
    place = house.registry.start(house.path)
    with house.faults.on(fault, *WRITING):
        require_patience(house.registry.patch(place, content=iter([data]), headers=octets()))
    status = house.registry.get(place)
    assert (status.status_code, status.headers["range"]) == (204, "0-0"), "nothing was taken"
    answer = house.registry.patch(place, content=iter([data]), headers=octets())
    assert answer.status_code == 202, answer.text
    done = house.registry.put(answer.headers["location"], params={"digest": digest_of(data)})
    assert done.status_code == 201
    assert house.pull(digest_of(data)).content == data


@pytest.mark.parametrize("fault", PASSING)
def test_a_push_in_one_request(house: House, fault: str) -> None:
    data = some(50_000, seed=100 + PASSING.index(fault))
    with house.faults.on(fault, *WRITING):
        answer = house.registry.put(
            house.registry.start(house.path), params={"digest": digest_of(data)}, content=data, headers=octets()
        )
        require_patience(answer)
    assert house.pull(digest_of(data)).status_code == 404, "what was not acknowledged is not there"
    assert push_as_docker(house.registry, house.path, data) == digest_of(data)
    assert house.pull(digest_of(data)).content == data


@pytest.mark.parametrize("fault", ["500", "503", "hangs up", "is silent"])
def test_a_pull_that_meets_a_failing_bucket(house: House, fault: str) -> None:
    data = some(200_000, seed=200)
    digest = push_as_docker(house.registry, house.path, data)
    with house.faults.on(fault, "GET"):
        require_patience(house.pull(digest))
        require_patience(house.pull(digest, range="bytes=10-20"))
        assert house.registry.head(f"/v2/{house.path}/blobs/{digest}").status_code == 200, "its row is there"
    assert house.pull(digest).content == data


@pytest.mark.parametrize("fault", ["breaks off", "is short"])
def test_an_answer_that_is_not_whole_is_never_taken_for_one(house: House, fault: str) -> None:
    """The client sees the line end before the length it was promised, or an error; never fewer bytes in peace."""
    data = some(3 * MIB, seed=300)
    digest = push_as_docker(house.registry, house.path, data)
    with house.faults.on(fault, "GET"):
        try:
            answer = house.pull(digest)
        except httpx.TransportError:
            answer = None
        assert answer is None or answer.status_code >= 400
    assert house.pull(digest).content == data


def test_an_object_that_is_gone_is_told_apart_from_a_bucket_that_fails(house: House) -> None:
    before = objects(house.url)
    digest = push_as_docker(house.registry, house.path, some(10_000, seed=400))
    bucket = open_bucket(house.url, buckets.s3_account())
    bucket.delete([name for name in objects(house.url) if name not in before])
    answer = house.pull(digest)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")


def test_readiness_follows_the_bucket(house: House) -> None:
    """A server whose bucket fails says so, and is ready again by itself."""
    with house.faults.on("503"):
        assert httpx.get(f"{house.server.url}/-/ready", timeout=30).status_code == 503
    assert until(lambda: httpx.get(f"{house.server.url}/-/ready", timeout=30).status_code == 200)


def test_what_was_done_without_our_knowing_is_undone(house: House) -> None:
    """The bucket made the object and answered with an error: who continues the upload removes it."""
    before = set(objects(house.url))
    place, data = house.registry.start(house.path), some(20_000, seed=500)
    with house.faults.on("answers late", "PUT"):
        answer = house.registry.put(place, params={"digest": digest_of(data)}, content=data, headers=octets())
        assert answer.status_code == 503
    assert len(set(objects(house.url)) - before) == 1
    assert house.registry.get(place).status_code == 204, "who asks changes nothing"
    assert len(set(objects(house.url)) - before) == 1
    assert house.registry.patch(place, content=b"", headers=octets()).status_code == 202
    assert set(objects(house.url)) == before
