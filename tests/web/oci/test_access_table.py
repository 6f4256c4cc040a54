"""Every end point answers every credential as the access table says, and none is missing from the table."""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

import httpx
import pytest

from tests.serving import Server
from tests.web.oci.access_table import (
    GITLAB_ROLES,
    REPOSITORY_ROWS,
    ROLES,
    ROWS,
    SCOPES,
    VISIBILITIES,
    Credential,
    allowed_actions,
    credentials,
    expected,
    refused_status,
    rights,
)
from tests.web.oci.contents import blob, digest_of, image
from tests.web.oci.credentials import Login, World
from tests.web.oci.registry_client import octets
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import SCOPES as KNOWN_SCOPES
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.oci.routes import ROUTES

ALL = "pull,push,delete"  # asked for whatever is needed, so that what is granted has to be told from what is not
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
    # the command line; tokens of other issuers; browsers, whose cookies nothing here looks at
    elsewhere = {CredentialKind.OPERATOR, CredentialKind.REGISTRY, CredentialKind.SESSION}
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


Targets = Callable[[str], Target]


HALF_A_LIFE = 150.0  # seconds of a token's five minutes


class Requester:
    """Sends requests with a credential as clients do: first to the token service, then with what it gives."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        self.tokens: dict[tuple[Login | None, str, int], httpx.Response] = {}

    def by_token(self, scope: str, login: Login | None, method: str, path: str, **given: Any) -> httpx.Response:
        """Its own answer where the token service refuses, else that of the request."""
        key = (login, scope, int(time.monotonic() // HALF_A_LIFE))
        if key not in self.tokens:
            query = {"service": "container_registry"} | ({"scope": scope} if scope else {})
            self.tokens[key] = self.http.get("/jwt/auth", params=query, auth=login)
        issued = self.tokens[key]
        if issued.status_code != 200:
            return issued
        return self.send(method, path, f"Bearer {issued.json()['token']}", **given)

    def ask(self, method: str, login: Login | None, scope: str) -> httpx.Response:
        """Ask the token service: GET with a Basic header, or POST with the form of OAuth 2."""
        query = {"service": "container_registry", "scope": scope}
        if method == "GET":
            return self.http.get("/jwt/auth", params=query, auth=login)
        username, secret = login or ("", "")
        form = {"grant_type": "password", "client_id": "test", "username": username, "password": secret}
        return self.http.post("/jwt/auth", data=query | form)

    def directly(self, login: Login | None, method: str, path: str, **given: Any) -> httpx.Response:
        """The credential itself in a Basic header, or no header at all."""
        return self.http.request(method, path, auth=login, **given)

    def send(self, method: str, path: str, authorization: str, **given: Any) -> httpx.Response:
        headers = given.pop("headers", {}) | {"Authorization": authorization}
        return self.http.request(method, path, headers=headers, **given)


@cache
def cache_of(server: Server) -> Targets:
    """One repository a visibility, with its world of people and credentials; made when first asked for."""
    return cache(lambda visibility: Target(World(server, visibility)))


@pytest.fixture
def targets(server: Server) -> Targets:
    return cache_of(server)


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with GitLab's present rights."""
    server = Server(tmp_path_factory.mktemp("gitlab"), {"access": {"profile": "gitlab"}}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def requester(server: Server) -> Requester:
    return Requester(server.url)


def compared(
    send: Callable[[Credential], httpx.Response], wanted: Callable[[Credential], int], lines: Iterable[Credential]
) -> dict[str, tuple[int, int]]:
    """The lines that are not answered as expected: what came, and what should have."""
    statuses = {line: (send(line).status_code, wanted(line)) for line in lines}
    return {str(line): pair for line, pair in statuses.items() if pair[0] != pair[1]}


EVERY_ROW = pytest.mark.parametrize(("method", "kind"), REPOSITORY_ROWS, ids=lambda part: part)
EVERY_VISIBILITY = pytest.mark.parametrize("visibility", VISIBILITIES)
Send = Callable[..., httpx.Response]


def sender(target: Target, send: Send, method: str, kind: str) -> Callable[[Credential], httpx.Response]:
    """Sends the request of one row with any credential, and the same as HEAD where it is GET."""

    def sent(credential: Credential) -> httpx.Response:
        path, given = target.request(method, kind)
        login = target.world.login(credential)
        answer = send(login, method, path, **given)
        if answer.is_success:
            target.used(method, kind)
        if method == "GET":
            assert send(login, "HEAD", path).status_code == answer.status_code, f"HEAD for {credential}"
        return answer

    return sent


@EVERY_VISIBILITY
@EVERY_ROW
def test_repository(targets: Targets, requester: Requester, visibility: str, method: str, kind: str) -> None:
    """One end point, one visibility, every credential: by a registry token, as clients do it, and by itself."""
    target = targets(visibility)
    scope = f"repository:{target.path}:{ALL}"
    every, wanted = list(credentials()), partial(expected, method, kind, visibility)
    by_token = sender(target, partial(requester.by_token, scope), method, kind)
    assert not compared(by_token, wanted, every)
    directly = sender(target, requester.directly, method, kind)
    assert not compared(directly, wanted, [line for line in every if line.kind != "anonymous"])


@EVERY_ROW
def test_repository_under_the_gitlab_profile(gitlab: Server, method: str, kind: str) -> None:
    """The other table of roles, on a server that has it set."""
    requester, targets = Requester(gitlab.url), cache_of(gitlab)
    for visibility in VISIBILITIES:
        target = targets(visibility)
        scope = f"repository:{target.path}:{ALL}"
        lines = [line for line in credentials() if line.kind == "personal"]
        wanted = partial(expected, method, kind, visibility, roles=GITLAB_ROLES)
        by_token = sender(target, partial(requester.by_token, scope), method, kind)
        assert not compared(by_token, wanted, lines), visibility


@EVERY_VISIBILITY
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_token_service(targets: Targets, requester: Requester, visibility: str, method: str) -> None:
    """Both ways to ask give the same token: with exactly the actions that the table has."""
    target = targets(visibility)
    scope, wrong = f"repository:{target.path}:{ALL}", {}
    by_form = [line for line in credentials() if line.kind != "anonymous"]  # a form carries a user name
    for line in credentials() if method == "GET" else by_form:
        answer = requester.ask(method, target.world.login(line), scope)
        wanted = allowed_actions(line, visibility)
        if answer.status_code != (200 if wanted is not None else refused_status(line)):
            wrong[str(line)] = str(answer.status_code)
        elif wanted is not None and granted_actions(answer) != wanted:
            wrong[str(line)] = f"{sorted(granted_actions(answer))}, not {sorted(wanted)}"
    assert not wrong


def granted_actions(answer: httpx.Response) -> set[str]:
    """What is in a registry token, read as its holder may read it."""
    claims = answer.json()["token"].split(".")[1]
    decoded = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return {action for entry in decoded["access"] for action in entry["actions"]}


@pytest.mark.parametrize("path", ["/v2/", CATALOG])
def test_without_repository(targets: Targets, requester: Requester, path: str) -> None:
    world = targets("private").world
    scope = "registry:catalog:*" if path == CATALOG else ""

    def by_token(credential: Credential) -> httpx.Response:
        return requester.by_token(scope, world.login(credential), "GET", path)

    assert not compared(by_token, partial(expected, "GET", path, "private"), credentials())
    assert requester.directly(None, "GET", path).status_code == 401


@EVERY_VISIBILITY
def test_catalog_lists_what_each_may_pull(targets: Targets, requester: Requester, visibility: str) -> None:
    target = targets(visibility)
    world = target.world
    wrong = {}
    for line in credentials():
        if expected("GET", CATALOG, visibility, line) != 200:
            continue
        before = target.path[:-1]  # a page that starts right before the repository
        query = {"params": {"last": before, "n": "1"}}
        answer = requester.by_token("registry:catalog:*", world.login(line), "GET", CATALOG, **query)
        listed = target.path in answer.json()["repositories"]
        if listed != ("pull" in rights(line, visibility)):
            wrong[str(line)] = listed
    assert not wrong


def test_nothing_but_a_credential_gets_in(targets: Targets, requester: Requester) -> None:
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


def test_a_token_for_one_repository_opens_no_other(targets: Targets, requester: Requester) -> None:
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
        answer = requester.by_token(scope, login, method, path)
        assert answer.status_code == 401, (scope, method, path)
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
