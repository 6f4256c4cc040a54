"""`wharfinger backup` and `restore` as an operator uses them: beside a server that runs, onto a machine that is new."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import OwnServer
from tests.serving import Server
from tests.storage.test_served import MASTER, client, push_as_docker
from tests.web.oci.registry_client import Registry

MakeDatabase = Callable[[str], str]


@pytest.mark.parametrize("onto", ["sqlite", "postgres"])
def test_a_server_comes_back_on_another_machine(
    own_server: OwnServer, tmp_path: Path, onto: str, request: pytest.FixtureRequest
) -> None:
    server = own_server({"storage": {"master_keys": MASTER}}).start()
    registry, path = client(server)
    digest = push_as_docker(registry, path, b"the only copy" * 10_000)
    folder, copies = tmp_path / "backups" / "today", tmp_path / "bytes"
    done = server.command("backup", str(folder), "--bytes", str(copies))
    assert done.returncode == 0, done.stderr
    assert f"Not in it: the secret ({server.settings.secret_path}), master keys, the settings file." in done.stdout
    assert server.command("backup", str(folder)).returncode == 1, "it is there already"
    server.stop()

    url = "" if onto == "sqlite" else request.getfixturevalue("postgres").create(f"again{tmp_path.name[-6:]}")
    again = own_server({"storage": {"master_keys": MASTER}, "database": {"url": url}})
    refused = again.command("restore", str(folder))
    assert refused.returncode == 1
    assert "put the secret back" in refused.stderr
    shutil.copy(server.settings.secret_path, again.settings.secret_path)
    refused = again.command("restore", str(folder), "--bytes", str(tmp_path / "nowhere"))
    assert refused.returncode == 1
    assert "nowhere is no folder" in refused.stderr
    back = again.command("restore", str(folder), "--bytes", str(copies))
    assert back.returncode == 0, back.stderr
    assert (back.stderr, "1 file brought back, 0 there already." in back.stdout) == ("", True)
    assert again.command("restore", str(folder)).returncode == 1, "there is something in the database now"
    again.start()
    assert again.command("verify", "--deep").returncode == 0
    answer = Registry(again.url, registry.username, registry.secret).get(f"/v2/{path}/blobs/{digest}")
    assert answer.content == b"the only copy" * 10_000, "the same token still opens it"
    refused = again.command("restore", str(folder))
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr
    again.stop()


def test_another_secret_is_told(own_server: OwnServer, tmp_path: Path) -> None:
    server: Server = own_server().start()
    assert server.command("backup", str(tmp_path / "backup")).returncode == 0
    server.stop()
    again = own_server()
    again.settings.data.mkdir(mode=0o700)
    again.settings.secret_path.write_text("00" * 32)
    back = again.command("restore", str(tmp_path / "backup"))
    assert back.returncode == 0
    assert "is not the one of this backup" in back.stderr
