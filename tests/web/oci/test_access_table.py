"""Every end point answers every credential as the access table says, and none is missing from the table."""

from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest

from tests.web.oci.access_table import (
    REPOSITORY_ROWS,
    ROLES,
    ROWS,
    SCOPES,
    VISIBILITIES,
    Credential,
    credentials,
    expected,
    rights,
)
from tests.web.oci.contents import blob, digest_of, image
from tests.web.oci.credentials import Login, World
from tests.web.oci.registry_client import octets
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import SCOPES as KNOWN_SCOPES
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.oci.routes import ROUTES

ASKED = {"pull": "pull", "push": "pull,push", "delete": "delete"}
CATALOG = "/v2/_catalog"


def test_every_route_has_a_row() -> None:
    assert {(route.method, route.kind) for route in ROUTES} == set(ROWS)


def test_every_route_asks_for_what_its_row_needs() -> None:
    asked = {(route.method, route.kind): str(route.action or "") for route in ROUTES}
    assert asked == {line: needed for line, (needed, _) in ROWS.items()}


def test_every_scope_role_and_kind_is_in_the_table() -> None:
    """A new one needs a line there, and with it a decision."""
    lines = list(credentials())
    assert set(KNOWN_SCOPES) <= set(SCOPES)
    assert {role.name.lower() for role in Role} == set(ROLES) - {None, "admin"}
    elsewhere = {CredentialKind.OPERATOR, CredentialKind.REGISTRY}  # the command line; tokens of other issuers
    assert {str(kind) for kind in CredentialKind if kind not in elsewhere} <= {line.kind for line in lines}
    assert len(lines) == len({str(line) for line in lines})


class Target:
    """A repository to send requests to. What a request uses up is there again for the next."""

    def __init__(self, world: World) -> None:
        self.world, self.owner, self.path = world, world.owner, world.repository
        self.kept = self.owner.push(self.path, image(), "kept")
        self.loose, self.piece = blob(), blob()
        self.sessions: dict[str, str] = {}

    def request(self, method: str, kind: str) -> tuple[str, dict[str, Any]]:
        """Path and body of a request to this end point that one who may succeeds with."""
        self.make_ready(method, kind)
        reference, given = self.last_part(method, kind)
        return kind.replace("{name}", self.path).replace("{reference}", reference), given

    def make_ready(self, method: str, kind: str) -> None:
        if (method, kind) == ("DELETE", "/v2/{name}/manifests/{reference}"):
            self.owner.put_manifest(self.path, "doomed", self.kept)
        if (method, kind) == ("DELETE", "/v2/{name}/blobs/{reference}"):
            self.owner.upload(self.path, self.loose)
        if kind.endswith("/uploads/{reference}") and method not in self.sessions:
            self.sessions[method] = self.owner.start(self.path).rpartition("/")[2]

    def last_part(self, method: str, kind: str) -> tuple[str, dict[str, Any]]:
        if kind.endswith("/uploads/{reference}"):
            given = {
                "PATCH": {"content": b"more"},
                "PUT": {"content": self.piece, "params": {"digest": digest_of(self.piece)}},
            }
            return self.sessions[method], given.get(method, {}) | ({"headers": octets()} if method in given else {})
        match method, kind.split("/")[-2]:
            case "PUT", "manifests":
                return "pushed", {"content": self.kept.body, "headers": {"Content-Type": self.kept.media_type}}
            case "DELETE", "manifests":
                return "doomed", {}
            case "DELETE", "blobs":
                return digest_of(self.loose), {}
            case _, "manifests":
                return "kept", {}
        return (self.kept.digest if "referrers" in kind else digest_of(self.kept.blobs[0])), {}

    def used(self, method: str, kind: str) -> None:
        """A request came through: an upload that it ended cannot be used again."""
        if kind.endswith("/uploads/{reference}") and method in {"PUT", "DELETE"}:
            self.sessions.pop(method)


class Requester:
    """Sends requests with a credential as clients do: first to the token service, then with what it gives."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        self.tokens: dict[tuple[Login | None, str], httpx.Response] = {}

    def by_token(self, login: Login | None, scope: str, method: str, path: str, **given: Any) -> httpx.Response:
        """Its own answer where the token service refuses, else that of the request."""
        key = (login, scope)
        if key not in self.tokens:
            query = {"service": "container_registry"} | ({"scope": scope} if scope else {})
            self.tokens[key] = self.http.get("/jwt/auth", params=query, auth=login)
        issued = self.tokens[key]
        if issued.status_code != 200:
            return issued
        return self.send(method, path, f"Bearer {issued.json()['token']}", **given)

    def directly(self, login: Login | None, method: str, path: str, **given: Any) -> httpx.Response:
        """The credential itself in a Basic header, or no header at all."""
        return self.http.request(method, path, auth=login, **given)

    def send(self, method: str, path: str, authorization: str, **given: Any) -> httpx.Response:
        headers = given.pop("headers", {}) | {"Authorization": authorization}
        return self.http.request(method, path, headers=headers, **given)


@pytest.fixture(scope="module")
def targets(server: Any) -> Callable[[str], Target]:
    """One repository a visibility, with its world of people and credentials; made when first asked for."""
    return cache(lambda visibility: Target(World(server, visibility)))


@pytest.fixture(scope="module")
def requester(server: Any) -> Requester:
    return Requester(server.url)


def compared(
    method: str, kind: str, visibility: str, lines: list[Credential], send: Callable[[Credential], httpx.Response]
) -> dict[str, tuple[int, int]]:
    """The lines that are not answered as expected: what came, and what should have."""
    wrong = {}
    for credential in lines:
        wanted, answer = expected(method, kind, visibility, credential), send(credential)
        if answer.status_code != wanted:
            wrong[str(credential)] = (answer.status_code, wanted)
    return wrong


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize(("method", "kind"), REPOSITORY_ROWS, ids=lambda part: part)
def test_repository(
    targets: Callable[[str], Target], requester: Requester, visibility: str, method: str, kind: str
) -> None:
    """One end point, one visibility, every credential."""
    target = targets(visibility)
    world = target.world
    scope = f"repository:{target.path}:{ASKED[ROWS[method, kind][0]]}"

    def by_token(credential: Credential) -> httpx.Response:
        path, given = target.request(method, kind)
        answer = requester.by_token(world.login(credential), scope, method, path, **given)
        if answer.is_success:
            target.used(method, kind)
        if method == "GET":
            head = requester.by_token(world.login(credential), scope, "HEAD", path, **given)
            assert head.status_code == answer.status_code, f"HEAD for {credential}"
        return answer

    def directly(credential: Credential) -> httpx.Response:
        path, given = target.request(method, kind)
        answer = requester.directly(world.login(credential), method, path, **given)
        if answer.is_success:
            target.used(method, kind)
        return answer

    every = list(credentials())
    assert not compared(method, kind, visibility, every, by_token)
    signed_in = [line for line in every if line.kind != "anonymous"]
    assert not compared(method, kind, visibility, signed_in, directly), "with the credential itself"


@pytest.mark.parametrize("path", ["/v2/", CATALOG])
def test_without_repository(targets: Callable[[str], Target], requester: Requester, path: str) -> None:
    world = targets("private").world
    scope = "registry:catalog:*" if path == CATALOG else ""
    every = list(credentials())
    by_token = compared(
        "GET", path, "private", every, lambda line: requester.by_token(world.login(line), scope, "GET", path)
    )
    assert not by_token
    assert requester.directly(None, "GET", path).status_code == 401


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_catalog_lists_what_each_may_pull(
    targets: Callable[[str], Target], requester: Requester, visibility: str
) -> None:
    target = targets(visibility)
    world = target.world
    wrong = {}
    for line in credentials():
        if expected("GET", CATALOG, visibility, line) != 200:
            continue
        before = target.path[:-1]  # a page that starts right before the repository
        query = {"params": {"last": before, "n": "1"}}
        answer = requester.by_token(world.login(line), "registry:catalog:*", "GET", CATALOG, **query)
        listed = target.path in answer.json()["repositories"]
        if listed != ("pull" in rights(line, visibility)):
            wrong[str(line)] = listed
    assert not wrong


def test_nothing_but_a_credential_gets_in(targets: Callable[[str], Target], requester: Requester) -> None:
    """Headers that are no credentials, whatever they look like."""
    path = f"/v2/{targets('public').path}/tags/list"
    for authorization in (
        "Bearer",
        "Bearer x",
        "Bearer a.b.c",
        "Basic",
        "Basic !",
        "Basic YWRh",
        "Digest x",
        "x" * 5000,
        "",
    ):
        answer = requester.send("GET", path, authorization)
        assert answer.status_code == 401, authorization
        assert answer.headers["www-authenticate"].startswith("Bearer realm=")


def test_a_token_for_one_repository_opens_no_other(targets: Callable[[str], Target], requester: Requester) -> None:
    """Not even one of the same project, and not for more than was asked."""
    world = targets("private").world
    login = world.login(Credential("personal", "owner", "read_registry write_registry"))
    for scope, method, path in (
        (f"repository:{world.repository}/other:pull", "GET", f"/v2/{world.repository}/tags/list"),
        (f"repository:{world.repository}:pull", "GET", f"/v2/{world.repository}/other/tags/list"),
        (f"repository:{world.repository}:pull", "POST", f"/v2/{world.repository}/blobs/uploads/"),
        (f"repository:{world.repository}:pull,push", "DELETE", f"/v2/{world.repository}/manifests/kept"),
        (f"repository:{world.repository}:pull", "GET", CATALOG),
    ):
        answer = requester.by_token(login, scope, method, path)
        assert answer.status_code == 401, (scope, method, path)
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
