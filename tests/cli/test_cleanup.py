"""`wharfinger cleanup`, read as its user reads it."""

import json
import re

from tests.serving import Server, until
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms


def test_previewed_run_and_taken_back(server: Server) -> None:
    made = server.project()
    project, owner = made.path, server.user(made, "owner")
    registry = Registry(server.url, owner.username, server.token(owner))
    pushed = [registry.push(f"{project}/web", image(), tag) for tag in ("a", "b", "latest")]
    none = server.command("cleanup", "list", project)
    assert none.stderr == f"There is no cleanup policy for {project}.\n"
    policies.save(server.tools, OPERATOR, project, Terms(enabled=True, keep_n=1, older_than=None))
    listed = server.command("cleanup", "list", project).stdout.splitlines()
    columns = "policy of on holds repositories keep newest keep remove older than every next run"
    assert listed[0].split() == columns.split()
    assert listed[1].split()[:9] == ["default", project, "yes", "yes", "*", "1", "-", ".*", "-"]
    said = server.command("cleanup", "preview", project).stdout
    assert re.search(rf"{project}/web:a +yes +matches \.\* and is not the newest +default", said)
    assert re.search(rf"{project}/web:b +no +is the newest", said)
    freed = sum(map(len, pushed[0].blobs))
    assert f"1 of 3 tags would go, which frees {freed} bytes." in said
    assert "The others stay: 1 among the newest, 1 latest." in said or "1 latest, 1 among the newest" in said
    started = server.command("cleanup", "run", project, "--yes")
    number = re.findall(r"Run (\d+) is queued", started.stdout)[0]

    def state() -> str:
        rows = json.loads(server.command("cleanup", "history", project, "--json").stdout)
        return str(rows[0]["state"])

    assert until(lambda: state() == "done", 60)
    assert registry.tags(f"{project}/web") == ["b", "latest"]
    back = server.command("cleanup", "restore", project, number, "--yes")
    assert back.stdout == (
        "1 thing came back.\nIts policy is off now, so that the next run does not take them again.\n"
    )
    assert state() == "restored"
    absent = server.command("cleanup", "run", project, "--policy", "none", "--yes")
    assert absent.stderr == (f"wharfinger: no cleanup policy none reaches {project}: list them to see what there is\n")
