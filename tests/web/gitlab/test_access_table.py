"""Every end point answers every credential as the access table says, and none is missing from the table."""

from collections.abc import Iterator
from functools import cache

import pytest

from tests.serving import Server
from tests.web.gitlab.access_table import ROWS, expected
from tests.web.oci.access_table import REFUSED, VISIBILITIES, Credential, credentials
from tests.web.oci.contents import image
from tests.web.oci.credentials import World
from tests.web.oci.test_access_table import Requester
from wharfinger.web.gitlab.routes import ROUTES


def test_every_route_has_a_row() -> None:
    assert {(route.method, route.kind) for route in ROUTES} == set(ROWS)


@cache
def world_of(server: Server, visibility: str) -> World:
    """People, and an image under the tag v1."""
    world = World(server, visibility)
    world.owner.push(world.repository, image(), "v1")
    return world


@pytest.fixture(params=VISIBILITIES)
def world(server: Server, request: pytest.FixtureRequest) -> Iterator[tuple[World, str]]:
    return world_of(server, request.param), request.param


@pytest.fixture(scope="module")
def requester(server: Server) -> Requester:
    return Requester(server.url)


@pytest.mark.parametrize(("method", "kind"), ROWS, ids=lambda part: part)
def test_everybody_gets_what_the_table_says(
    requester: Requester, world: tuple[World, str], method: str, kind: str
) -> None:
    """By a registry token, and by the credential itself."""
    place, visibility = world
    _, scope, _ = ROWS[method, kind]
    named = {"name": place.repository, "above": place.project}
    path = kind.format(**named, tag="v1") + ("?dry_run=true" if method == "PATCH" else "")
    sent = {"json": {"name": "held"}} if method == "PATCH" else {}
    wrong: dict[str, tuple[int, int, int]] = {}
    for line in credentials():
        login, wanted = place.login(line), expected(method, kind, visibility, line)
        through = requester.by_token(scope.format(**named), login, method, path, **sent).status_code
        itself = requester.directly(login, method, path, **sent).status_code if login else through
        if (through, itself) != (wanted, wanted):
            wrong[str(line)] = (through, itself, wanted)
    assert not wrong


def test_the_table_has_every_kind_of_answer() -> None:
    """Or it would not tell anything apart."""
    lines = [line for line in credentials() if line.kind not in REFUSED]
    found = {expected(*row, visibility, line) for row in ROWS for visibility in VISIBILITIES for line in lines}
    assert found == {200, 202, 401, 403, 404}
    assert expected("GET", "/gitlab/v1/statistics/", "public", Credential("personal", "admin", "api")) == 200
