"""Limits as an operator sets them and a client meets them, on a server that runs."""

import json
from typing import Any

from tests.cli.conftest import OwnServer
from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry


def read(server: Server, *words: str) -> Any:
    ran = server.command(*words, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def said(server: Server, *words: str) -> str:
    ran = server.command(*words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_full_project_says_so_and_can_be_read_and_emptied(own_server: OwnServer) -> None:
    server = own_server().start()
    project = server.project()
    registry = Registry(server.url, "anybody", server.token(server.user(project, "maintainer")))
    path = f"{project.path}/app"
    pushed = registry.push(path, image(), "v1")
    size = sum(map(len, pushed.blobs))
    assert [row["used_bytes"] for row in read(server, "quota", "show", project.path)] == [size, size, size]
    assert "may use 10 KiB from now on" in said(server, "quota", "set", project.path, "10 KiB")
    assert "it has no limit of its own from now on" in said(server, "quota", "set", project.path, "none")
    assert "it may use 50 bytes from now on" in said(server, "quota", "set", project.path, "50")
    said(server, "quota", "set", project.path, str(size))
    started = registry.post(f"/v2/{path}/blobs/uploads/")
    assert started.status_code == 403
    (error,) = started.json()["errors"]
    assert error["code"] == "DENIED"
    assert f"the storage of {project.path} is full: it uses {size} bytes of {size} bytes" in error["message"]
    assert registry.get(f"/v2/{path}/manifests/v1").content == pushed.body
    assert registry.delete(f"/v2/{path}/manifests/v1").status_code == 202
    registry.push(path, image(), "v2")
    said(server, "quota", "set", "/", "1TiB")
    (whole,) = read(server, "quota", "show")
    assert (whole["path"], whole["limit_bytes"], whole["percent"]) == ("", 1024**4, 0)
    assert said(server, "quota", "recount") == "Counted everything anew: the meters are right.\n"
    refused = server.command("quota", "set", project.path, "much")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "'much' is no size" in refused.stderr
