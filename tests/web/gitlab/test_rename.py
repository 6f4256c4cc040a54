"""Renaming by the registry's own API."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.actors import fresh
from tests.serving import Server
from tests.web.gitlab.test_repositories import code
from tests.web.oci.conftest import Place
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry


@pytest.fixture
def path(place: Place) -> str:
    """A repository with an image, and one below it."""
    made = f"{place.path}/{fresh('image')}"
    place.maintainer.push(made, image(), "v1")
    place.maintainer.push(f"{made}/debug", image(), "v1")
    return made


def url(path: str) -> str:
    return f"/gitlab/v1/repositories/{path}/"


def test_by_name_with_all_below_it(registry: Registry, place: Place, path: str) -> None:
    new = fresh("renamed")
    answer = registry.patch(url(path), json={"name": new})
    assert (answer.status_code, answer.content) == (204, b"")
    assert registry.tags(f"{place.path}/{new}") == ["v1"]
    assert registry.tags(f"{place.path}/{new}/debug") == ["v1"]
    assert registry.get(url(path)).json()["path"] == f"{place.path}/{new}"


def test_by_namespace_into_another_project(server: Server, registry: Registry, place: Place, path: str) -> None:
    other = server.project(f"{place.path.partition('/')[0]}/{fresh('other')}")
    refused = registry.patch(url(path), json={"namespace": other.path})
    assert (refused.status_code, code(refused)) == (404, "NAME_UNKNOWN")
    user = server.user(admin=True)
    admin = Registry(server.url, user.username, server.token(user))
    assert admin.patch(url(path), json={"namespace": other.path}).status_code == 204
    assert admin.tags(f"{other.path}/{path.rpartition('/')[2]}/debug") == ["v1"]
    assert admin.get(url(path)).status_code == 404


def test_what_to_ask_a_token_for(server: Server, place: Place, path: str) -> None:
    answer = httpx.patch(server.url + url(path), json={"name": "new"})
    assert answer.status_code == 401
    wanted = f'scope="repository:{path}:delete repository:{place.path}/new:pull,push"'
    assert wanted in answer.headers["www-authenticate"]


def test_a_dry_run_holds_the_name(registry: Registry, place: Place, path: str) -> None:
    new, other = fresh("held"), f"{place.path}/{fresh('image')}"
    registry.push(other, image(), "v1")
    answer = registry.patch(f"{url(path)}?dry_run=true", json={"name": new})
    assert answer.status_code == 202
    left = datetime.fromisoformat(answer.json()["ttl"]) - datetime.now(UTC)
    assert timedelta(seconds=0) < left <= timedelta(seconds=60)
    assert registry.tags(path) == ["v1"]
    refused = registry.patch(url(other), json={"name": new})
    assert (refused.status_code, code(refused)) == (409, "RENAME_CONFLICT")
    assert registry.patch(url(path), json={"name": new}).status_code == 204


def test_a_name_that_is_taken(registry: Registry, place: Place, path: str) -> None:
    registry.push(f"{place.path}/taken", image(), "v1")
    answer = registry.patch(url(path), json={"name": "taken"})
    assert (answer.status_code, code(answer)) == (409, "RENAME_CONFLICT")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", "INVALID_JSON_BODY"),
        (b"{", "INVALID_JSON_BODY"),
        (b"[]", "INVALID_BODY_PARAMETER_TYPE"),
        (b"{}", "INVALID_BODY_PARAMETER_TYPE"),
        (b'{"name": 1}', "INVALID_BODY_PARAMETER_TYPE"),
        (b'{"name": "a", "namespace": "b"}', "INVALID_BODY_PARAMETER_TYPE"),
        (b'{"name": "A"}', "NAME_INVALID"),
        (b'{"name": "../x"}', "NAME_INVALID"),
        (b'{"name": ""}', "NAME_INVALID"),
    ],
)
def test_bodies_that_cannot_be_right(registry: Registry, path: str, body: bytes, wanted: str) -> None:
    answer = registry.patch(url(path), content=body)
    assert (answer.status_code, code(answer)) == (400, wanted)


def test_a_dry_run_that_is_none(registry: Registry, path: str) -> None:
    answer = registry.patch(f"{url(path)}?dry_run=maybe", json={"name": "x"})
    assert (answer.status_code, code(answer)) == (400, "INVALID_QUERY_PARAMETER_VALUE")


def test_a_body_that_is_too_large(registry: Registry, path: str) -> None:
    answer = registry.patch(url(path), content=b"x" * 70_000)
    assert (answer.status_code, code(answer)) == (413, "REQUEST_TOO_LARGE")
