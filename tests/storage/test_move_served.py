"""`wharfinger storage move` beside a real server: clients push and pull all the time, and it is killed in between."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import Server, environment, until
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.storage.test_served import client, in_bucket, objects, push_as_docker
from tests.web.oci.registry_client import Registry
from wharfinger.domain import moving

MASTER = "first " + "5a" * 32
MakeDatabase = Callable[[str], str]


def pulled(registry: Registry, path: str, digest: str) -> bytes:
    answer = registry.get(f"/v2/{path}/blobs/{digest}")
    if answer.status_code == 307:
        answer = httpx.get(answer.headers["location"])
    assert answer.status_code == 200, answer.text
    return answer.content


class Clients:
    """Pushes a layer after another, and pulls all of them again, until it is told to stop."""

    def __init__(self, registry: Registry, path: str, kept: dict[str, bytes]) -> None:
        self.registry, self.path, self.kept = registry, path, kept
        self.stop, self.pulls, self.failures = threading.Event(), 0, list[BaseException]()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while not self.stop.is_set():
                data = some(30_000, seed=len(self.kept) + 1000)
                self.kept[push_as_docker(self.registry, self.path, data)] = data
                for digest, wanted in list(self.kept.items()):
                    assert pulled(self.registry, self.path, digest) == wanted
                    self.pulls += 1
        except BaseException as error:
            self.failures.append(error)
            raise

    def __enter__(self) -> "Clients":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path, make_database: MakeDatabase) -> Iterator[Server]:
    url = "" if request.param == "sqlite" else make_database("postgres")
    made = Server(tmp_path, {"database": {"url": url}}).start()
    yield made
    made.stop()


def reconfigured(server: Server, storage: dict[str, object]) -> None:
    """Change [storage] altogether, and have the running server follow."""
    server.table["storage"] = {}
    server.change({"storage": storage})
    done = server.command("reconfigure")
    assert done.returncode == 0, done.stderr
    assert "Needs a restart" not in done.stdout


def start_move(server: Server, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "wharfinger", "storage", "move", *options, "--config", str(server.file)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=server.folder, env=environment()
    )


def test_from_a_folder_to_a_bucket_and_back(server: Server) -> None:
    registry, path = client(server)
    kept = {push_as_docker(registry, path, data): data for data in (some(size, size) for size in (1, 70_000, 9 * MIB))}
    kept |= {push_as_docker(registry, path, data): data for data in (some(20_000, seed) for seed in range(40))}
    folder, url = str(server.settings.store), f"s3://{buckets.new_bucket()}/images"

    refused = server.command("storage", "move", "--to", url)
    assert refused.returncode == 1
    assert f'url = "{url}"' in refused.stderr
    assert f'folder = "{folder}"' in refused.stderr

    with Clients(registry, path, kept) as clients:
        reconfigured(server, in_bucket(url) | {"other": {"folder": folder}})
        killed = start_move(server, "--limit", "2MiB")
        assert until(lambda: len(objects(url)) > 10)
        killed.kill()
        killed.wait()
        done = server.command("storage", "move", "--to", url, "--compare", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["left"], told["failed"]) == (0, [])
        assert 0 < told["moved"] < len(kept), "what the killed one moved stayed moved"
        reconfigured(server, in_bucket(url))
        assert until(lambda: clients.pulls > 2 * len(kept) or clients.failures)
    assert not clients.failures
    assert {pulled(registry, path, digest) == data for digest, data in kept.items()} == {True}
    assert server.command("verify", "--deep").returncode == 0

    with Clients(registry, path, kept) as clients:
        reconfigured(server, {"folder": f"{folder}-2", "other": in_bucket(url)})
        back = server.command("storage", "move", "--to", f"{folder}-2")
        assert back.returncode == 0, back.stderr
        assert "All bytes are where new ones go" in back.stdout
    assert not clients.failures
    reconfigured(server, {"folder": f"{folder}-2"})
    assert {pulled(registry, path, digest) == data for digest, data in kept.items()} == {True}
    assert server.command("verify", "--deep").returncode == 0


def test_killed_again_and_again_it_gets_there(tmp_path: Path) -> None:
    """Sealing a folder in place, with a kill after every few blobs; nothing that was pushed is ever unreadable."""
    server = Server(tmp_path).start()
    try:
        registry, path = client(server)
        kept = {push_as_docker(registry, path, data): data for data in (some(50_000, seed) for seed in range(30))}
        reconfigured(server, {"master_keys": MASTER})
        left = len(kept)
        for _ in range(20):
            process = start_move(server, "--at-once", "2", "--limit", "300KiB")
            assert until(lambda left=left, it=process: moving.expect(tools(server))[0] < left or it.poll() == 0)
            process.kill()
            process.wait()
            left = moving.expect(tools(server))[0]
            assert {pulled(registry, path, digest) == data for digest, data in kept.items()} == {True}
            if left < 5:
                break
        assert server.command("storage", "move", "--remove").returncode == 0
        assert server.command("verify", "--deep").returncode == 0
    finally:
        server.stop()


def tools(server: Server):  # type: ignore[no-untyped-def]
    """Tools of a process that follows the settings as they are now."""
    from wharfinger.app import compose

    return compose.adapt(server.tools, server.settings.model_copy(update={"storage": None}), server.settings)


def test_a_server_that_does_not_know_the_new_store_is_asked_to_first(server: Server) -> None:
    server.change({"storage": {"master_keys": MASTER}})
    done = server.command("storage", "move")
    assert done.returncode == 1
    assert "wharfinger reconfigure" in done.stderr
