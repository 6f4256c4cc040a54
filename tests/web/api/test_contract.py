"""The API keeps to its own description, whatever is sent: schemathesis reads it and makes requests up.

Each is sent twice: as it was made up, and with what the path names replaced by things that are there, so that it gets
past the door. An owner sends them, who may do everything in one group; and an administrator those that only read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.actors import fresh
from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.domain import projects, repositories, tokens, users, webhooks
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules.notifications import Subject
from wharfinger.web.api.application import routes

EXAMPLES: Final = 2  # of each route, each sent two or three times
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

schema = schemathesis.openapi.from_dict(routes().openapi())


class Ground:
    """A server of its own, for much is changed here: a group, a project with an image, and who owns them."""

    def __init__(self, server: Server) -> None:
        self.server, self.tools = server, server.tools
        self.group = server.group()
        self.owner = server.user(self.group, "owner")
        self.member = server.user(self.group, "guest")
        self.headers = {"PRIVATE-TOKEN": server.token(self.owner, ["api"])}
        self.admin = {"PRIVATE-TOKEN": server.token(server.user(admin=True), ["read_api"])}
        login = server.token(self.owner, ["read_registry", "write_registry"])
        self.registry = Registry(server.url, self.owner.username, login)
        self.project: Project | None = None

    def things(self, case: Case) -> dict[str, Any]:
        """What the path can name, all of it there: what a request may have removed is made again."""
        if self.project is None or case.method == "DELETE":
            self.project = projects.create(self.tools, OPERATOR, f"{self.group.path}/{fresh('p')}")
            self.registry.push(f"{self.project.path}/image", image(), "v1")
        in_group = case.path.startswith("/api/v4/groups")
        place = self.group if in_group else self.project
        deploy = tokens.create_deploy(self.tools, OPERATOR, place.path, "t", ["read_registry"])
        hook, _ = webhooks.create(self.tools, OPERATOR, place.path, "https://hooks.invalid/x", [Subject.PUSH])
        return {
            "id": place.id,
            "project_id": self.project.id,
            "repository_id": repositories.get(self.tools, OPERATOR, f"{self.project.path}/image").id,
            "tag_name": "v1",
            "user_id": self.member.id,
            "token_id": deploy.token.id,
            "hook_id": hook.id,
        }

    def send(self, case: Case, headers: Mapping[str, str]) -> None:
        case.call_and_validate(self.server.url, headers=dict(headers), checks=CHECKS, timeout=60)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("make_database")("postgres")
    folder: Path = tmp_path_factory.mktemp("contract")
    server = Server(folder, {"database": {"url": url}}).start()
    users.ensure_admin(server.tools)
    yield Ground(server)
    server.stop()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_route(case: Case, ground: Ground) -> None:
    if not case.path.endswith("/self") or case.method == "GET":
        ground.send(case, ground.headers)
    if case.method == "GET":
        ground.send(case, ground.admin)
    named = {name: value for name, value in ground.things(case).items() if name in case.path_parameters}
    if named:
        case.path_parameters.update(named)
        ground.send(case, ground.headers)
    if case.method == "DELETE":
        ground.project = None
