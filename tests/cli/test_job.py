"""Jobs as an operator has them: one that fails is listed with the reason, tried again, and forgotten."""

import json

from tests.cli.conftest import OwnServer
from tests.serving import Server, until
from wharfinger.domain import queue


def listed(server: Server) -> list[dict[str, object]]:
    ran = server.command("job", "list", "--json")
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, object]] = json.loads(ran.stdout)
    return found


def test_from_failing_to_forgotten(own_server: OwnServer) -> None:
    server = own_server().start()
    assert server.command("job", "list").stderr == "No job waits.\n"
    with server.tools.db.begin() as tx:
        queue.put(tx, server.tools, "dance", {"with": "ada", "text": "one\n\n" + "and two " * 50})
    assert until(lambda: listed(server)[0]["error"])
    (job,) = listed(server)
    assert (job["task"], str(job["about"])[:18]) == ("dance", "with=ada text=one\n")
    _header, row = server.command("job", "list").stdout.splitlines()
    assert "with=ada text=one and two and two" in row
    assert until(lambda: "(dance) failed: LookupError: this version knows no task named dance; next" in server.log())
    assert "knows no task named dance" in str(job["error"])
    assert server.command("job", "list", "--given-up").stderr == "No job was given up.\n"
    number = str(job["number"])
    assert "is tried again" in server.command("job", "again", number).stdout
    forget = lambda: server.command("job", "forget", number)  # noqa: E731 - tried until no worker holds it
    assert until(lambda: forget().returncode == 0)
    assert listed(server) == []
    refused = server.command("job", "again", number)
    assert refused.returncode == 1
    assert f"no job {number}" in refused.stderr
