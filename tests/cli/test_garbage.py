"""The trash and the collector as an operator has them, on a server that runs."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import OwnServer
from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.domain import garbage
from wharfinger.domain.tools import Tools


def read(server: Server, *words: str) -> Any:
    ran = server.command(*words, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def said(server: Server, *words: str) -> str:
    ran = server.command(*words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_from_deleting_to_restoring_to_freed(own_server: OwnServer) -> None:
    server = own_server({"gc": {"delay": "1s", "interval": "1d"}}).start()
    project = server.project()
    registry = Registry(server.url, "anybody", server.token(server.user(project, "maintainer")))
    path = f"{project.path}/app"
    pushed = registry.push(path, image(), "v1")
    assert registry.delete(f"/v2/{path}/manifests/v1").status_code == 202
    (entry,) = read(server, "trash", "list", project.path)
    assert (entry["what"], entry["image"]) == ("tag", f"{path}:v1")
    assert said(server, "trash", "restore", project.path, str(entry["number"])) == f"{path}:v1 is back.\n"
    assert registry.get(f"/v2/{path}/manifests/v1").content == pushed.body
    assert "in the trash" in said(server, "repository", "delete", path, "--yes")
    assert registry.get(f"/v2/{path}/manifests/v1").status_code == 404
    assert read(server, "gc", "status")["trash"] == 1
    assert said(server, "trash", "empty", project.path, "--yes") == "Let go of 1.\n"
    seen = read(server, "gc", "preview")
    assert set(seen) == {"manifests", "blobs_in_repositories", "blobs", "bytes", "named"}
    assert seen["named"][0] == {"what": "trashed", "image": path, "name": "", "size_bytes": None}
    told = said(server, "gc", "preview", "--limit", "0")
    assert re.search(r"^… and \d+ more: `wharfinger gc preview --all` names them.$", told, re.MULTILINE)
    assert "Nothing was changed." in told
    told = said(server, "gc", "preview", "--all")
    assert re.search(rf"^out of the trash +{path} ", told, re.MULTILINE)  # as wide as what else is due by then
    assert "more" not in told
    size = sum(map(len, pushed.blobs))
    assert read(server, "gc", "run")["bytes"] == size
    assert said(server, "gc", "run").endswith("Looked at 0 things and took nothing.\n")
    assert "manifests               0        0        -" in said(server, "gc", "status")
    assert f"Freed so far: {size} bytes, 1 manifest and 2 blobs." in said(server, "gc", "status")
    assert read(server, "gc", "status")["bytes_freed"] == size
    assert list((server.settings.store / "blobs").glob("*/*/*")) == []


def days_later(server: Server, days: int) -> Tools:
    now = server.tools.clock()
    return replace(server.tools, clock=lambda: now + timedelta(days=days))


def test_metrics_say_what_the_command_says(own_server: OwnServer) -> None:
    """All numbers, while things wait, lie in the trash and were freed."""
    server = own_server({"gc": {"delay": "1d", "interval": "1d"}}).start()
    project = server.project()
    registry = Registry(server.url, "anybody", server.token(server.user(project, "maintainer")))
    path = f"{project.path}/app"
    for name in ("freed", "trashed"):
        registry.push(path, image(), name)
        assert registry.delete(f"/v2/{path}/manifests/{name}").status_code == 202
    freed = min(entry["number"] for entry in read(server, "trash", "list", project.path))
    assert said(server, "trash", "empty", project.path, "--number", str(freed), "--yes") == "Let go of 1.\n"
    for days in (2, 4, 6):
        for work in (garbage.empty_trash, garbage.review_manifests, garbage.review_links):
            work(days_later(server, days))
    registry.upload(path, b"waits")
    told = read(server, "gc", "status")
    assert (told["trash"], told["blobs_waiting"], told["blobs_queued"], told["manifests_freed"]) == (1, 2, 2, 1)
    numbers = {
        f"{one.name}{sorted(one.labels.values())}": one.value
        for family in text_string_to_metric_families(registry.http.get("/-/metrics").text)
        for one in family.samples
    }
    queues = {"manifests": "manifests", "blobs_in_repositories": "repository_blobs", "blobs": "blobs"}
    for name, table in queues.items():
        assert numbers[f"wharfinger_garbage_queued['{table}']"] == told[f"{name}_queued"]
        assert numbers[f"wharfinger_garbage_due['{table}']"] == told[f"{name}_due"]
    assert numbers["wharfinger_trash[]"] == told["trash"]
    assert numbers["wharfinger_garbage_blobs[]"] == told["blobs_waiting"]
    assert numbers["wharfinger_garbage_bytes[]"] == told["bytes_waiting"]
    for what in ("manifests", "links", "blobs", "bytes"):
        assert numbers.get(f"wharfinger_freed_total['{what}']", 0) == told[f"{what}_freed"]


def test_mistakes(own_server: OwnServer) -> None:
    server = own_server().start()
    project = server.project()
    refused = server.command("trash", "restore", project.path, "7")
    assert refused.returncode == 1
    assert "number 7" in refused.stderr
    for words in ([], ["7", "--batch", "cleanup 1"]):
        refused = server.command("trash", "restore", project.path, *words)
        assert refused.returncode == 1
        assert "--batch" in refused.stderr
    refused = server.command("trash", "restore", project.path, "--batch", "cleanup 1")
    assert refused.returncode == 1
    assert "labelled cleanup 1" in refused.stderr
    refused = server.command("trash", "empty", project.path)
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert "empty" in server.command("trash", "list", project.path).stderr
