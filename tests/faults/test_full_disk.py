"""A disk that is really full, and one that is really read-only: to the store, and to clients of a server."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.domain.shelf import INDEX
from tests.serving import Server, until
from tests.storage.bytes_of import MIB, holds, push, some
from tests.storage.test_served import MASTER, client, push_as_docker
from tests.web.oci.registry_client import octets
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import StoreFailed

SIZE = "12m"
ID = "0123456789abcdef" * 2


def run(*command: str | Path) -> None:
    """Skips with what the command says if it cannot be done here."""
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} on this machine")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        pytest.skip(f"{command[0]} does not work here: {ended.stderr.strip()}")


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if request.param == "tmpfs":
        run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", mounted)
    else:
        image = tmp_path / "image"
        image.touch()
        os.truncate(image, 16 * MIB)
        run("mkfs.ext4", "-q", "-m", "0", image)
        run("mount", "-o", "loop", image, mounted)
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bytes")
    before = push(store, some(MIB, 1))
    store.begin(ID)
    with store.open(ID) as upload:
        with pytest.raises(StoreFailed, match=f"write an upload in {small_disk}.*free space") as failure:
            for number in range(20):
                upload.write(some(MIB, number))
        assert "full" in failure.value.outward
        assert 2 * MIB < upload.size_bytes < 16 * MIB
        arrived = upload.size_bytes
    assert holds(store, before)
    store.withdraw(before)
    store.erase([(before, "")])
    with store.open(ID) as upload:
        upload.write(some(MIB // 2))
        arrived += MIB // 2
    with store.open(ID) as upload:
        assert upload.size_bytes == arrived
        upload.cancel()
    store.check()
    assert holds(store, push(store, some(2 * MIB, 2)))


def test_a_disk_that_turns_read_only(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bytes")
    before = push(store, some(MIB))
    store.begin(ID)
    run("mount", "-o", "remount,ro", small_disk)
    removals = (lambda: store.delete(before), lambda: store.withdraw(before))
    for change in (store.check, lambda: store.begin("f" * 32), lambda: store.open(ID), *removals):
        with pytest.raises(StoreFailed, match=r"Read-only.*writable"):
            change()
    assert holds(store, before)
    run("mount", "-o", "remount,rw", small_disk)
    store.check()
    assert holds(store, push(store, some(MIB, 3)))


@pytest.fixture(params=["", MASTER], ids=["plain", "sealed"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server whose blobs are on a disk of a few MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = tmp_path / "disk"
    mounted.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", mounted)
    made = Server(tmp_path, {"storage": {"folder": str(mounted / "store"), "master_keys": request.param}}).start()
    yield made
    made.stop()
    subprocess.run(["umount", mounted], check=True)


def require_patience(answer: httpx.Response) -> None:
    """Told that it will pass, by whom, and when to try again; and no path of ours."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert "tell its operator" in answer.json()["errors"][0]["message"]
    assert "/disk" not in answer.text


def test_clients_of_a_server_on_a_full_disk(served: Server) -> None:
    """They are told, what is there is served, and pushes go on by themselves once there is room."""
    registry, path = client(served)
    kept = push_as_docker(registry, path, some(MIB, 1))
    filler = Path(served.settings.store) / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(MIB))
    data = some(2 * MIB, 2)
    require_patience(registry.patch(registry.start(path), content=iter([data]), headers=octets()))
    assert registry.get(f"/v2/{path}/blobs/{kept}").content == some(MIB, 1)
    filler.unlink()
    assert registry.get(f"/v2/{path}/blobs/{push_as_docker(registry, path, data)}").content == data
    assert until(lambda: httpx.get(f"{served.url}/-/ready").status_code == 200)


def test_clients_of_a_server_whose_disk_turns_read_only(served: Server) -> None:
    registry, path = client(served)
    kept, disk, data = push_as_docker(registry, path, some(MIB, 1)), served.settings.store.parent, some(MIB, 2)
    place = registry.start(path)
    run("mount", "-o", "remount,ro", disk)
    require_patience(registry.patch(place, content=iter([data]), headers=octets()))
    assert registry.get(f"/v2/{path}/blobs/{kept}").content == some(MIB, 1)
    run("mount", "-o", "remount,rw", disk)
    assert registry.get(f"/v2/{path}/blobs/{push_as_docker(registry, path, data)}").content == data


def test_clients_of_a_server_whose_database_has_no_room(tmp_path: Path) -> None:
    """Rows and bytes on one disk, full to the last byte: manifests are refused with patience, too."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", disk)
    server = Server(disk).start()
    try:
        registry, path = client(server)
        kept = push_as_docker(registry, path, some(MIB, 1))
        with pytest.raises(OSError, match="No space left"), (disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"x": "y" * 9000}})
        kind = {"content-type": INDEX}
        require_patience(registry.put(f"/v2/{path}/manifests/v1", content=body, headers=kind))
        assert registry.get(f"/v2/{path}/blobs/{kept}").content == some(MIB, 1)
        (disk / "filler").unlink()
        assert registry.put(f"/v2/{path}/manifests/v1", content=body, headers=kind).status_code == 201
    finally:
        server.stop()
        subprocess.run(["umount", disk], check=True)
