"""What nobody sends who means well, to every route: zero bytes, endless depth, moments that are none."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from wharfinger.domain import repositories
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.web.api.application import routes

DOCUMENT = routes().openapi()
ODD_TEXTS = ("a\0b", "é%_'\"\\", "x" * 60_000, "-1", "99999999999999999999")
ODD_VALUES = ("a\0b", {"a": "\0"}, None, -1, 2**64 - 1, 2**70, 1e300, [[]], {}, "x" * 20_000)


def asked(method: str, where: str) -> Iterator[Any]:
    """Routes of a method that take something in query or body: method, path and the names of what they take."""
    for path, methods in DOCUMENT["paths"].items():
        said = methods.get(method)
        if said is None or "/self" in path:  # that would be the end of the token which asks
            continue
        if where == "query":
            names = [one["name"] for one in said.get("parameters", []) if one["in"] == "query"]
        else:
            contents = said.get("requestBody", {}).get("content", {}).values()
            names = [name for content in contents for name in fields(content)]
        if names:
            yield pytest.param(method.upper(), path, names, id=f"{method} {path}")


def fields(content: dict[str, Any]) -> list[str]:
    shape = DOCUMENT["components"]["schemas"].get(content["schema"].get("$ref", "").rpartition("/")[2], {})
    return list(shape.get("properties", {}))


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def owner(people: People, project: Project) -> Somebody:
    made = people.somebody(project, "owner")
    people.push(made, f"{project.path}/image", "v1")
    return made


@pytest.fixture(scope="module")
def named(server: Server, owner: Somebody, project: Project) -> dict[str, int | str]:
    """What a path names, as far as it is there."""
    image = repositories.get(server.tools, OPERATOR, f"{project.path}/image").id
    ids = {"id": project.id, "project_id": project.id, "repository_id": image, "user_id": owner.user.id}
    return {**ids, "tag_name": "v1", "group": project.namespace_id}


def filled(path: str, named: dict[str, int | str]) -> str:
    """The path with what is there, as far as it is there."""
    values = {**named, "id": named["group"]} if path.startswith("/api/v4/groups/") else named
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], 1)), path).removeprefix("/api/v4")


def foreseen(answer: httpx.Response) -> None:
    assert answer.status_code < 500, (answer.request.url, answer.text)


@pytest.mark.parametrize(("method", "path", "names"), [*asked("get", "query"), *asked("delete", "query")])
def test_a_query(
    owner: Somebody, admin: Somebody, named: dict[str, int | str], method: str, path: str, names: list[str]
) -> None:
    for who in (owner, admin) if method == "GET" else (owner,):
        for name in names:
            for text in ODD_TEXTS:
                foreseen(who.http.request(method, filled(path, named), params={name: text}))


@pytest.mark.parametrize(
    ("method", "path", "names"), [*asked("post", "body"), *asked("put", "body"), *asked("patch", "body")]
)
def test_a_body(owner: Somebody, named: dict[str, int | str], method: str, path: str, names: list[str]) -> None:
    for name in names:
        for value in ODD_VALUES:
            foreseen(owner.http.request(method, filled(path, named), json={name: value}))


@pytest.mark.parametrize("depth", [300, 900, 100_000])
@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_endless_depth(owner: Somebody, project: Project, depth: int, pair: str, method: str) -> None:
    half = len(pair) - 1
    inner = pair[:half] * depth + ("1" if half > 1 else "") + pair[half:] * depth
    body = '{"name": ' + inner + "}"
    path = f"/projects/{project.id}" + ("/hooks" if method == "POST" else "/hooks/1" if method == "DELETE" else "")
    answer = owner.http.request(method, path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 413), answer.text
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    "body", ['{"name": 1e999}', '{"name": NaN}', '{"name": "\\ud800"}', '{"na\\u0000me": 1}', "\0", '"', "[" * 9]
)
def test_json_that_is_none(owner: Somebody, project: Project, body: str) -> None:
    answer = owner.http.put(f"/projects/{project.id}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_moments_at_the_ends_of_time(owner: Somebody, admin: Somebody, project: Project, moment: str) -> None:
    for name in ("created_after", "created_before"):
        for who, path in ((owner, f"/projects/{project.id}/audit_events"), (admin, "/audit_events")):
            answer = who.http.get(path, params={name: moment})
            assert answer.status_code in (200, 400), answer.text


def test_no_cache_keeps_what_an_answer_says(owner: Somebody, nobody: httpx.Client, project: Project) -> None:
    """A shared cache takes `PRIVATE-TOKEN` for no credential."""
    made = owner.http.post("/user/personal_access_tokens", json={"name": "t", "scopes": ["read_api"]})
    assert json.loads(made.content)["token"]
    answers = [made, owner.http.get(f"/projects/{project.id}"), owner.http.get("/projects/0"), nobody.get("/projects")]
    answers += [owner.http.head("/projects"), owner.http.post("/projects", content=b"{")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
