"""A real server whose bytes are in a bucket, or sealed in a folder."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from tests.serving import Server
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.web.oci.registry_client import Registry, octets
from wharfinger.storage.connect import open_bucket

MASTER = "first " + "5a" * 32
MakeDatabase = Callable[[str], str]


def in_bucket(url: str, **known: Any) -> dict[str, Any]:
    """Settings for a bucket on moto."""
    account = buckets.s3_account()
    known = {"url": url, "endpoint": account.endpoint, "region": account.region, "retry_for": "1s"} | known
    return {"access_key": account.access_key, "secret_key": account.secret_key, **known}


@pytest.fixture(scope="module")
def url() -> str:
    return f"s3://{buckets.new_bucket()}/images"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("bucket"), {"storage": in_bucket(url)}).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("sealed"), {"storage": {"master_keys": MASTER}}).start()
    yield made
    made.stop()


def client(server: Server) -> tuple[Registry, str]:
    """A client that may push, and a repository to push to."""
    project = server.project()
    user = server.user(project, "maintainer")
    return Registry(server.url, user.username, server.token(user)), f"{project.path}/image"


def objects(url: str) -> dict[str, int]:
    """Names and sizes of what is in the bucket."""
    import obstore

    bucket = open_bucket(url, buckets.s3_account())
    return {str(it["path"]): int(it["size"]) for page in obstore.list(bucket.reading) for it in page}


def push_as_docker(registry: Registry, path: str, data: bytes) -> str:
    """One PATCH with all the bytes, then an empty PUT."""
    digest = f"sha256:{sha256(data).hexdigest()}"
    answer = registry.patch(registry.start(path), content=iter([data[: len(data) // 2], data[len(data) // 2 :]]))
    assert answer.status_code == 202, answer.text
    done = registry.put(answer.headers["location"], params={"digest": digest})
    assert done.status_code == 201, done.text
    return digest


def test_a_layer_is_one_object_under_its_final_key(served: Server, url: str) -> None:
    registry, path = client(served)
    data, before = some(11 * MIB + 5, seed=1), objects(url)
    digest = push_as_docker(registry, path, data)
    new = {name: size for name, size in objects(url).items() if name not in before}
    assert list(new.values()) == [len(data)]
    row = served.tools.lookup.blob(path, digest)
    assert row is not None
    assert next(iter(new)).rpartition(".")[2] in row.place


def test_pulls_go_to_the_bucket(served: Server) -> None:
    registry, path = client(served)
    data = some(200_000, seed=2)
    digest = push_as_docker(registry, path, data)
    answer = registry.get(f"/v2/{path}/blobs/{digest}")
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(buckets.moto())
    assert "Expires=1200" in answer.headers["location"]
    assert httpx.get(answer.headers["location"]).content == data
    part = httpx.get(answer.headers["location"], headers={"range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, data[5:10])
    head = registry.head(f"/v2/{path}/blobs/{digest}")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
    ranged = registry.get(f"/v2/{path}/blobs/{digest}", headers={"range": "bytes=5-9"})
    assert ranged.status_code == 307


def test_chunks_of_many_requests(served: Server) -> None:
    """They are several objects, so the server streams them."""
    registry, path = client(served)
    data = some(300_000, seed=3)
    place = registry.start(path)
    for start in range(0, len(data), 70_000):
        chunk = data[start : start + 70_000]
        answer = registry.patch(
            place, content=chunk, headers=octets() | {"content-range": f"{start}-{start + len(chunk) - 1}"}
        )
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"]
    digest = f"sha256:{sha256(data).hexdigest()}"
    assert registry.put(place, params={"digest": digest}).status_code == 201
    answer = registry.get(f"/v2/{path}/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, data)
    part = registry.get(f"/v2/{path}/blobs/{digest}", headers={"range": "bytes=69990-70010"})
    assert (part.status_code, part.content) == (206, data[69990:70011])


def test_the_same_layer_again_leaves_no_second_one(served: Server, url: str) -> None:
    registry, path = client(served)
    data = some(100_000, seed=4)
    push_as_docker(registry, path, data)
    before = objects(url)
    push_as_docker(registry, path, data)
    assert objects(url) == before


def test_a_layer_whose_object_was_lost_is_healed_by_a_push(served: Server, url: str) -> None:
    registry, path = client(served)
    data, before = some(100_000, seed=5), objects(url)
    digest = push_as_docker(registry, path, data)
    bucket = open_bucket(url, buckets.s3_account())
    bucket.delete([name for name in objects(url) if name not in before])
    push_as_docker(registry, path, data)
    answer = registry.get(f"/v2/{path}/blobs/{digest}")
    assert httpx.get(answer.headers["location"]).content == data


def test_a_wrong_digest_leaves_nothing(served: Server, url: str) -> None:
    registry, path = client(served)
    before = objects(url)
    wrong = f"sha256:{token_hex(32)}"
    answer = registry.put(registry.start(path), params={"digest": wrong}, content=b"other", headers=octets())
    assert answer.status_code == 400
    assert objects(url) == before


def test_clients_of_some_networks_are_streamed_to(tmp_path: Path, url: str, make_database: MakeDatabase) -> None:
    """And switching redirects off streams to everybody; both follow a `reconfigure`."""
    server = Server(tmp_path, {"storage": in_bucket(url, stream_to=["127.0.0.0/8"])}).start()
    try:
        registry, path = client(server)
        digest = push_as_docker(registry, path, b"to a near network")
        assert registry.get(f"/v2/{path}/blobs/{digest}").content == b"to a near network"
        server.change({"storage": {"stream_to": ["192.0.2.0/24"]}})
        assert server.command("reconfigure").returncode == 0
        assert registry.get(f"/v2/{path}/blobs/{digest}").status_code == 307
        server.change({"storage": {"redirect": False}})
        assert server.command("reconfigure").returncode == 0
        assert registry.get(f"/v2/{path}/blobs/{digest}").content == b"to a near network"
    finally:
        server.stop()


def test_two_servers_share_uploads(tmp_path: Path, url: str, make_database: MakeDatabase) -> None:
    """On one PostgreSQL and one bucket, every request of an upload at another server."""
    database = {"url": make_database("postgres")}
    secret = tmp_path / "secret"
    secret.write_text(token_hex(32))
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made = Server(tmp_path / name, {"storage": in_bucket(url), "database": database})
        made.table["secret_file"] = str(secret)
        made.change({})
        servers.append(made.start())
    try:
        first, path = client(servers[0])
        second = Registry(servers[1].url, first.username, first.secret)
        data, place = some(90_000, seed=6), ""
        place = first.start(path)
        for number, start in enumerate(range(0, len(data), 30_000)):
            door = (second, first)[number % 2]
            answer = door.patch(place, content=data[start : start + 30_000], headers=octets())
            assert answer.status_code == 202, answer.text
            place = answer.headers["location"]
        digest = f"sha256:{sha256(data).hexdigest()}"
        assert first.put(place, params={"digest": digest}).status_code == 201
        assert second.get(f"/v2/{path}/blobs/{digest}").content == data
    finally:
        for server in servers:
            server.stop()


def test_sealed_bytes(sealed: Server) -> None:
    """Whole and in part they come out as they went in, and on the disk there is nothing of them."""
    registry, path = client(sealed)
    data = b"a plain word in every line\n" * 20_000
    digest = push_as_docker(registry, path, data)
    answer = registry.get(f"/v2/{path}/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-length"] == str(len(data))
    part = registry.get(f"/v2/{path}/blobs/{digest}", headers={"range": "bytes=65530-65545"})
    assert (part.status_code, part.content) == (206, data[65530:65546])
    files = [file for file in (sealed.folder / "data" / "store").rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"a plain word" in file.read_bytes()]


def test_a_new_master_key(sealed: Server) -> None:
    """After `storage rekey` the old key may go."""
    registry, path = client(sealed)
    digest = push_as_docker(registry, path, b"sealed under the first")
    try:
        sealed.stop()
        sealed.change({"storage": {"master_keys": f"second {'3c' * 32},{MASTER}"}})
        answer = sealed.command("storage", "rekey")
        assert answer.returncode == 0, answer.stderr
        assert "'second'" in answer.stdout
        sealed.change({"storage": {"master_keys": f"second {'3c' * 32}"}})
        sealed.start()
        registry.url = sealed.url
        assert registry.get(f"/v2/{path}/blobs/{digest}").content == b"sealed under the first"
    finally:
        if sealed.process is not None and sealed.process.poll() is not None:
            sealed.start()


def test_what_was_plain_before_stays_readable(tmp_path: Path) -> None:
    """Setting a master key seals what comes; setting a bucket sends there what comes."""
    server = Server(tmp_path).start()
    registry, path = client(server)
    digests = [push_as_docker(registry, path, b"plain")]
    for storage in ({"master_keys": MASTER}, in_bucket(f"s3://{buckets.new_bucket()}", redirect=False)):
        server.stop()
        server.change({"storage": storage})
        server.start()
        digests.append(push_as_docker(registry, path, f"under {sorted(storage)}".encode()))
        for digest in digests[:1] + digests[-1:]:
            assert registry.get(f"/v2/{path}/blobs/{digest}").status_code == 200
    server.stop()
