"""What every route shares: credentials, errors, encodings, pages, redirects of what moved, the description."""

from urllib.parse import quote

import httpx
import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from wharfinger.domain import projects, tokens
from wharfinger.domain.access import OPERATOR, Project


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def owner(people: People, project: Project) -> Somebody:
    return people.somebody(project, "owner")


def listing(project: Project) -> str:
    return f"/projects/{project.id}/registry/repositories"


def test_ways_to_send_a_token(server: Server, nobody: httpx.Client, owner: Somebody, project: Project) -> None:
    for headers in ({"PRIVATE-TOKEN": owner.token}, {"Authorization": f"Bearer {owner.token}"}):
        assert nobody.get(listing(project), headers=headers).status_code == 200
    assert nobody.get(listing(project)).status_code == 404
    for query in ("private_token", "access_token", "job_token"):
        assert nobody.get(listing(project), params={query: owner.token}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"PRIVATE-TOKEN": "nonsense"},
        {"PRIVATE-TOKEN": ""},
        {"PRIVATE-TOKEN": "whf_pat_" + "0" * 33},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic bm9ib2R5OnNlY3JldA=="},
        {"JOB-TOKEN": "nonsense"},
    ],
)
def test_wrong_tokens(nobody: httpx.Client, headers: dict[str, str]) -> None:
    answer = nobody.get("/version", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("401 Unauthorized - ")


def test_a_personal_token_is_no_job_token(nobody: httpx.Client, owner: Somebody) -> None:
    assert nobody.get("/version", headers={"JOB-TOKEN": owner.token}).status_code == 401


def test_a_deploy_token_is_not_for_the_api(server: Server, nobody: httpx.Client, project: Project) -> None:
    made = tokens.create_deploy(server.tools, OPERATOR, project.path, "ci", ["read_registry"])
    assert nobody.get(listing(project), headers={"PRIVATE-TOKEN": made.secret}).status_code == 401


def test_scopes(people: People, server: Server, owner: Somebody, project: Project) -> None:
    for scopes, reading, writing in (
        (["api"], 200, 404),
        (["read_api"], 200, 403),
        (["read_registry", "write_registry"], 403, 403),
        (["read_user"], 403, 403),
    ):
        one = people.with_token(owner.user, server.token(owner.user, scopes))
        assert one.http.get(listing(project)).status_code == reading
        assert one.http.delete(f"{listing(project)}/1000000").status_code == writing
    refused = one.http.get(listing(project)).json()
    assert (refused["error"], refused["scope"]) == ("insufficient_scope", "api read_api")
    assert "read_user" in refused["error_description"]


def test_errors_say_what_to_do(nobody: httpx.Client, owner: Somebody) -> None:
    unknown = owner.http.get("/projects/nowhere%2Fat-all/registry/repositories")
    assert unknown.status_code == 404
    assert unknown.json()["message"].startswith("404 Project Not Found - no project nowhere/at-all, or none you may")
    assert owner.http.get("/nothing").json() == {"error": "404 Not Found"}
    wrong = owner.http.post("/version")
    assert (wrong.status_code, wrong.json(), wrong.headers["allow"]) == (
        405,
        {"error": "405 Method Not Allowed"},
        "GET",
    )
    assert nobody.get("/version").json()["message"].startswith("401 Unauthorized - ")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("page=0", "page is invalid"),
        ("page=x", "page is invalid"),
        ("per_page=0", "per_page is invalid"),
        ("pagination=other", "pagination is invalid"),
        ("page=99999999999999999999999", "page is invalid"),
    ],
)
def test_wrong_parameters(owner: Somebody, project: Project, query: str, said: str) -> None:
    answer = owner.http.get(f"{listing(project)}?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


def test_a_wrong_marker(owner: Somebody, project: Project) -> None:
    answer = owner.http.get(listing(project), params={"pagination": "keyset", "cursor": "nonsense"})
    assert answer.status_code == 400
    assert "first page" in answer.json()["message"]


def test_more_than_a_hundred_on_a_page_are_a_hundred(owner: Somebody, project: Project) -> None:
    assert owner.http.get(f"{listing(project)}?per_page=1000").headers["x-per-page"] == "100"


def test_hidden_and_absent_sound_alike(people: People, server: Server, project: Project) -> None:
    stranger, hidden = people.somebody(), [str(project.id), quote(project.path, safe="")]
    for key, absent in zip(hidden, ["999999999", quote(f"{project.path}x", safe="")], strict=True):
        said = [stranger.http.get(f"/projects/{one}/registry/repositories") for one in (key, absent)]
        assert [one.status_code for one in said] == [404, 404]
        texts = [one.text.replace(name.replace("%2F", "/"), "…") for one, name in zip(said, (key, absent), strict=True)]
        assert texts[0] == texts[1]
        assert project.path not in texts[0]


def test_moved(people: People, server: Server) -> None:
    project = server.project()
    owner, stranger = people.somebody(project, "owner"), people.somebody()
    projects.rename(server.tools, OPERATOR, project.path, "renamed")
    old = f"/projects/{quote(project.path, safe='')}/registry/repositories"
    answer = owner.http.get(f"{old}?page=2")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/api/v4/projects/{project.id}/registry/repositories?page=2"
    assert owner.http.get(old, follow_redirects=True).status_code == 200
    refused = owner.http.delete(f"{old}/1")
    assert refused.status_code == 405
    assert f"/projects/{project.id}/" in refused.json()["message"]
    assert stranger.http.get(old).status_code == 404


def test_head(owner: Somebody, project: Project) -> None:
    got, head = owner.http.get(listing(project)), owner.http.head(listing(project))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["x-total"] == got.headers["x-total"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"a[b][c][d][e]=1", "application/x-www-form-urlencoded"),
        (b"a=1&a[b]=1", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(2000)), "application/x-www-form-urlencoded"),
        (b'{"a": {"b": 1}}', "application/json"),
    ],
)
def test_bodies_that_cannot_be_read(owner: Somebody, project: Project, body: bytes, kind: str) -> None:
    answer = owner.http.request("DELETE", f"{listing(project)}/1", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("400 Bad request - ")


def test_a_body_too_large(owner: Somebody, project: Project) -> None:
    body = b'{"a": "' + b"x" * 1024 * 1024 + b'"}'
    assert owner.http.request("DELETE", f"{listing(project)}/1", content=body).status_code == 413


def test_description(server: Server, nobody: httpx.Client) -> None:
    document = nobody.get("/openapi.json").json()
    assert "/api/v4/projects/{id}/registry/repositories" in document["paths"]
    assert "422" not in nobody.get("/openapi.json").text
    page = nobody.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/api/v4/projects/{id}/registry/repositories" in page.text
    assert nobody.get("/docs.css").headers["content-type"].startswith("text/css")


def test_a_number_comes_first(server: Server, owner: Somebody, project: Project, nobody: httpx.Client) -> None:
    """In GitLab's order whatever has an `id` begins with it."""
    shapes = nobody.get("/openapi.json").json()["components"]["schemas"]
    fields = {name: list(shape.get("properties", ())) for name, shape in shapes.items()}
    assert [name for name, names in fields.items() if "id" in names and names[0] != "id"] == []
    answer = owner.http.get(f"/projects/{project.id}").json()
    assert list(answer)[:6] == ["id", "description", "name", "name_with_namespace", "path", "path_with_namespace"]
    assert list(owner.http.get(f"/groups/{server.group().id}").json())[:4] == ["id", "web_url", "name", "path"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/user/personal_access_tokens", {"name": "t", "scopes": ["api"], "expires_at": "9999-12-31"}),
        ("deploy_tokens", {"name": "t", "scopes": ["read_registry"], "expires_at": "9999-12-31T23:59:59-10:00"}),
        ("deploy_tokens", {"name": "t\0", "scopes": ["read_registry"]}),
        ("deploy_tokens", {"name": "t", "scopes": ["\0"]}),
        ("members", {"username": "\0", "access_level": 10}),
    ],
)
def test_values_that_databases_do_not_take(
    owner: Somebody, project: Project, path: str, body: dict[str, object]
) -> None:
    url = path if path.startswith("/") else f"/projects/{project.id}/{path}"
    assert owner.http.post(url, json=body).status_code in (400, 404)


def test_markers_that_databases_do_not_take(owner: Somebody, people: People, project: Project) -> None:
    people.push(owner, f"{project.path}/marked")
    (found,) = owner.http.get(listing(project)).json()
    tags = f"{listing(project)}/{found['id']}/tags"
    assert owner.http.get(tags, params={"pagination": "keyset", "last": "\0"}).status_code == 400
    for query in ({"name": "\0"}, {"name": "é%_"}):
        assert owner.http.get(tags, params=query).json() == []
    assert owner.http.get(f"{tags}/%00").status_code == 404
    assert owner.http.get("/projects/%00%2Fx").status_code == 404
    assert owner.http.get("/groups", params={"search": "\0"}).json() == []
