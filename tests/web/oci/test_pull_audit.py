"""Pulls in the audit log, as many as the operator wants."""

from pathlib import Path

import pytest

from tests.domain.test_chain import follow
from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.app import compose
from wharfinger.domain import audit
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted


@pytest.mark.parametrize(("share", "count"), [(1.0, 2), (0.0, 0)])
def test_pulls_are_written_down(tmp_path: Path, share: float, count: int) -> None:
    server = Server(tmp_path, {"audit": {"pulls": share}}).start()
    project = server.project()
    puller = server.user(project, "reporter")
    registry = Registry(server.url, "anybody", server.token(server.user(project, "developer")))
    pushed = registry.push(f"{project.path}/web", image(), "v1")
    pulling = Registry(server.url, puller.username, server.token(puller))
    for reference in ("v1", pushed.digest):
        assert pulling.get(f"/v2/{project.path}/web/manifests/{reference}").status_code == 200
        assert pulling.http.head(f"/v2/{project.path}/web/manifests/{reference}").status_code in (200, 401)
    assert server.stop() == 0  # what waits in memory is written at the end at the latest
    tools = compose.open_tools(server.settings)
    follow(tools)
    found = audit.page(tools, OPERATOR, project.path, Wanted(kind="manifest pulled")).events
    assert len(found) == count
    assert {(one.actor, one.address, one.path) for one in found} <= {
        (puller.username, "127.0.0.1", f"{project.path}/web")}  # fmt: skip
    assert [one.about.get("tag") for one in found] == [None, "v1"][: len(found)]
    told = [one.kind for one in audit.custody(tools, OPERATOR, f"{project.path}/web", pushed.digest)]
    assert told == ["manifest pulled"] * count + ["manifest pushed"]
    compose.close(tools)
