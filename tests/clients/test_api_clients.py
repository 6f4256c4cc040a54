"""Other clients of GitLab's API than python-gitlab as a library: a JavaScript one, and python-gitlab's command line."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.actors import fresh
from tests.clients.programs import CLIENTS, Programs, need
from tests.serving import Server, until
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.domain.access import Project

SCRIPT = Path(__file__).with_name("gitbeaker.cjs")
COMMAND = Path(sys.executable).with_name("gitlab")


class Shipped:
    """A project with the image app, tagged a, b and c, and the token of its owner."""

    def __init__(self, server: Server) -> None:
        self.project: Project = server.project()
        self.user = server.user(self.project, "owner")
        self.token = server.token(self.user, ("api",))
        self.registry = Registry(server.url, self.user.username, self.token)
        for tag in "abc":
            self.registry.push(f"{self.project.path}/app", image(), tag)


@pytest.fixture
def shipped(server: Server) -> Shipped:
    return Shipped(server)


def test_gitbeaker(programs: Programs, server: Server, shipped: Shipped) -> None:
    modules = CLIENTS / "gitbeaker" / "node_modules"
    if not (modules / "@gitbeaker" / "rest").exists():
        pytest.skip("@gitbeaker/rest is not here: tests/install_clients.sh fetches it where npm can")
    need("node")
    group, where = fresh("made"), {"WHARFINGER_URL": server.url, "WHARFINGER_TOKEN": shipped.token}
    what = {"PROJECT": shipped.project.path, "GROUP": group, "OTHER": str(server.user().id)}
    node = programs.also(NODE_PATH=str(modules), **where, **what)
    said: dict[str, Any] = json.loads(node.works("node", SCRIPT))
    again, hidden = said.pop("again"), said.pop("hidden")
    assert said == {
        "user": shipped.user.username,
        "scopes": ["api"],
        "made": [group, f"{group}/inner", "private"],
        "images": [[f"{shipped.project.path}/app", 3, ["a", "b", "c"]]],
        "same": said["same"],
        "tags": ["a", "b", "c"],
        "edited": ["private", 5],
        "bot": 20,
        "members": [20, 50],
    }
    assert again.startswith("400 ")
    assert "once an hour" in again
    assert hidden.startswith("403 ")
    assert until(lambda: shipped.registry.tags(f"{shipped.project.path}/app") == ["c"])


def test_the_command_line_of_python_gitlab(programs: Programs, server: Server, shipped: Shipped) -> None:
    def gitlab(*words: str) -> Any:
        """What a command prints, as JSON."""
        where = ("--server-url", server.url, "--private-token", shipped.token, "-o", "json")
        said = programs.works(COMMAND, *where, *words)
        return json.loads(said) if said else None

    number = str(shipped.project.id)
    assert gitlab("current-user", "get")["username"] == shipped.user.username
    assert gitlab("project", "get", "--id", shipped.project.path)["id"] == shipped.project.id
    (app,) = gitlab("project-registry-repository", "list", "--project-id", number, "--get-all")
    assert app["path"] == f"{shipped.project.path}/app"
    of_image = ("--project-id", number, "--repository-id", str(app["id"]))
    tags = gitlab("project-registry-tag", "list", *of_image, "--get-all")
    assert [tag["name"] for tag in tags] == ["a", "b", "c"]
    assert gitlab("project-registry-tag", "get", *of_image, "--name", "a")["total_size"] > 0
    gitlab("project-registry-tag", "delete", *of_image, "--name", "a")
    gitlab(
        "project-registry-tag",
        "delete-in-bulk",
        *of_image,
        "--name",
        "any",
        "--name-regex-delete",
        "b",
        "--keep-n",
        "0",
    )
    assert until(lambda: shipped.registry.tags(app["path"]) == ["c"])
    made = gitlab("project-deploy-token", "create", "--project-id", number, "--name", "ci", "--scopes", "read_registry")
    assert made["token"]
    pattern = ("--repository-path-pattern", f"{shipped.project.path}/*", "--minimum-access-level-for-push", "owner")
    rules = "project-registry-repository-protection-rule"
    rule = gitlab(rules, "create", "--project-id", number, *pattern)
    assert rule["minimum_access_level_for_push"] == "owner"
    refused = programs.fails(COMMAND, "--server-url", server.url, "project", "get", "--id", number)
    assert "404" in refused
    assert "no project" in refused
