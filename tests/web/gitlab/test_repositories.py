"""Repositories as the registry's own API tells of them."""

from typing import Any

import httpx
import pytest

from tests.actors import fresh
from tests.serving import Server
from tests.web.oci.conftest import Place
from tests.web.oci.contents import blob, image
from tests.web.oci.registry_client import Registry
from wharfinger import __version__
from wharfinger.domain import groups, projects
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import RegistryAccess


def details(registry: Registry, path: str, **query: str) -> dict[str, Any]:
    answer = registry.get(f"/gitlab/v1/repositories/{path}/", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def code(answer: httpx.Response) -> str:
    """The code of the only error."""
    (error,) = answer.json()["errors"]
    assert set(error) == {"code", "message", "detail"}
    return str(error["code"])


def test_it_is_there_for_whoever_has_a_token(registry: Registry, server: Server) -> None:
    assert registry.get("/gitlab/v1/", token=registry.token()).status_code == 200
    refused = httpx.get(f"{server.url}/gitlab/v1/")
    assert (refused.status_code, code(refused)) == (401, "UNAUTHORIZED")
    realm = f'Bearer realm="{server.url}/jwt/auth",service="container_registry"'
    assert refused.headers["www-authenticate"] == realm


@pytest.mark.parametrize("path", ["", "/statistics", "/repositories/acme/shop", "/repositories/acme/shop/tags/list"])
def test_without_the_slash_one_is_sent_on(server: Server, path: str) -> None:
    """To a path, whatever host the client wrote."""
    answer = httpx.get(f"{server.url}/gitlab/v1{path}?n=1", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers["location"]) == (301, f"/gitlab/v1{path}/?n=1")


@pytest.mark.parametrize("path", ["x/", "repositories/", "repository-paths/acme/shop/", "statistics/x/"])
def test_elsewhere_is_nothing(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}/gitlab/v1/{path}")
    assert (answer.status_code, code(answer)) == (404, "NAME_UNKNOWN")


def test_a_method_that_is_not_taken(server: Server) -> None:
    answer = httpx.post(f"{server.url}/gitlab/v1/statistics/")
    assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "UNSUPPORTED", "GET, HEAD")


def test_a_repository_by_name(place: Place, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    registry.push(path, image(), "v1")
    found = details(registry, path)
    assert (found["name"], found["path"]) == (path.rpartition("/")[2], path)
    assert "size_bytes" not in found
    assert found["last_published_at"] >= found["created_at"]
    assert found["created_at"].endswith("Z")


def test_sizes_count_each_blob_once(place: Place, registry: Registry) -> None:
    """Of the repository, and of all below it together."""
    path = f"{place.path}/{fresh('image')}"
    shared = image()
    registry.push(path, shared, "v1", "v2")
    registry.push(f"{path}/debug", shared, "v1")
    more = registry.push(f"{path}/test", image(), "v1")
    own = sum(len(each) for each in shared.blobs)
    both = own + sum(len(each) for each in more.blobs)
    alone, together = details(registry, path, size="self"), details(registry, path, size="self_with_descendants")
    assert (alone["size_bytes"], alone["size_precision"]) == (own, "default")
    assert (together["size_bytes"], together["size_precision"]) == (both, "default")


def test_sizes_of_what_is_no_image_itself(place: Place, registry: Registry) -> None:
    """Below the name of an image that is not there, and in all of a project."""
    path = f"{place.path}/{fresh('image')}"
    pushed = registry.push(f"{path}/debug", image(), "v1")
    size = sum(len(each) for each in pushed.blobs)
    assert details(registry, path, size="self_with_descendants") == {
        "name": path.rpartition("/")[2],
        "path": path,
        "size_bytes": size,
        "size_precision": "default",
    }
    assert details(registry, place.path, size="self_with_descendants")["size_bytes"] >= size
    for query in ({}, {"size": "self"}):
        absent = registry.get(f"/gitlab/v1/repositories/{path}/", params=query)
        assert (absent.status_code, code(absent)) == (404, "NAME_UNKNOWN")
    nothing = registry.get(f"/gitlab/v1/repositories/{path}/x/", params={"size": "self_with_descendants"})
    assert (nothing.status_code, code(nothing)) == (404, "NAME_UNKNOWN")


def test_a_group_tells_of_what_one_may_pull(server: Server) -> None:
    """Its owner of all, somebody of one project in it of that one, a stranger of nothing; and nobody of what is off."""
    group = server.group(visibility="private")
    inner = groups.create(server.tools, OPERATOR, f"{group.path}/inner")
    made = [server.project(f"{path}/p") for path in (group.path, inner.path)] + [server.project(f"{group.path}/off")]
    everybody = server.user(admin=True)
    admin = Registry(server.url, everybody.username, server.token(everybody))
    shared = image()
    sizes = [sum(len(each) for each in admin.push(f"{one.path}/app", shared, "v1").blobs) for one in made]
    projects.change(server.tools, OPERATOR, made[2].path, registry_access=RegistryAccess.DISABLED)
    seen: dict[str, tuple[int, Any]] = {}
    for who, where in (("owner", group), ("guest", made[1]), ("stranger", None)):
        user = server.user(where, None if where is None else who)
        client = Registry(server.url, user.username, server.token(user))
        listed = client.get(f"/gitlab/v1/repository-paths/{group.path}/repositories/list/")
        sized = client.get(f"/gitlab/v1/repositories/{group.path}/", params={"size": "self_with_descendants"})
        assert listed.status_code == sized.status_code
        found = [one["path"] for one in listed.json()] if listed.status_code == 200 else code(listed)
        seen[who] = (sized.json().get("size_bytes", 0), found)
    assert seen == {
        "owner": (sizes[0], [f"{inner.path}/p/app", f"{group.path}/p/app"]),
        "guest": (0, "NAME_UNKNOWN"),
        "stranger": (0, "NAME_UNKNOWN"),
    }


def test_a_group_that_everybody_sees_tells_of_what_is_open(server: Server) -> None:
    group = server.group(visibility="public")
    open_, closed = (server.project(f"{group.path}/{seen}", visibility=seen) for seen in ("public", "private"))
    everybody = server.user(admin=True)
    admin = Registry(server.url, everybody.username, server.token(everybody))
    size = sum(len(each) for each in admin.push(f"{open_.path}/app", image(), "v1").blobs)
    admin.push(f"{closed.path}/app", image(), "v1")
    user = server.user()
    for client in (Registry(server.url, user.username, server.token(user)), Registry(server.url, "", "")):
        assert details(client, group.path, size="self_with_descendants")["size_bytes"] == size
        url = f"/gitlab/v1/repository-paths/{group.path}/repositories/list/"
        assert [one["path"] for one in client.get(url).json()] == [f"{open_.path}/app"]
        alone = client.get(f"/gitlab/v1/repositories/{group.path}/")
        assert (alone.status_code, code(alone)) == (404, "NAME_UNKNOWN")
        pushed = client.post(f"/v2/{group.path}/blobs/uploads/")
        assert pushed.status_code in (401, 403, 404)


def test_what_is_below_takes_a_token_that_says_so(place: Place, server: Server, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    registry.push(path, image(), "v1")
    url = f"/gitlab/v1/repositories/{path}/?size=self_with_descendants"
    refused = httpx.get(server.url + url)
    assert f'scope="repository:{path}:pull repository:{path}/*:pull"' in refused.headers["www-authenticate"]
    one = registry.get(url, token=registry.token(f"repository:{path}:pull"))
    assert (one.status_code, code(one)) == (401, "UNAUTHORIZED")
    both = registry.token(f"repository:{path}:pull", f"repository:{path}/*:pull")
    assert registry.get(url, token=both).status_code == 200


def test_a_token_for_a_tree_only_reads(place: Place, registry: Registry) -> None:
    token = registry.token(f"repository:{place.path}/*:pull,push,delete")
    answer = registry.post(f"/v2/{place.path}/x/blobs/uploads/", token=token)
    assert answer.status_code == 401


@pytest.mark.parametrize("query", ["size=big", "size="])
def test_a_size_that_is_none(place: Place, registry: Registry, query: str) -> None:
    registry.push(f"{place.path}/sized", image(), "v1")
    answer = registry.get(f"/gitlab/v1/repositories/{place.path}/sized/?{query}")
    assert (answer.status_code, code(answer)) == (400, "INVALID_QUERY_PARAMETER_VALUE")
    assert answer.json()["errors"][0]["detail"] == {"parameter": "size"}


def test_one_that_is_not_there(place: Place, registry: Registry) -> None:
    absent = registry.get(f"/gitlab/v1/repositories/{place.path}/absent/")
    hidden = place.stranger.get(f"/gitlab/v1/repositories/{place.path}/absent/")
    assert (absent.status_code, code(absent)) == (404, "NAME_UNKNOWN")
    assert (hidden.status_code, code(hidden)) == (404, "NAME_UNKNOWN")


def test_a_name_that_is_none(registry: Registry) -> None:
    answer = registry.get("/gitlab/v1/repositories/acme/SHOP/", token=registry.token())
    assert (answer.status_code, code(answer)) == (400, "NAME_INVALID")


def test_repositories_below_a_path(place: Place, registry: Registry) -> None:
    """With a tag at least, by path, a page at a time."""
    top = f"{place.path}/{fresh('image')}"
    for path in (top, f"{top}/b", f"{top}/a"):
        registry.push(path, image(), "v1")
    registry.push(f"{top}/untagged", image())
    registry.upload(f"{top}/empty", blob())
    registry.push(f"{top}-beside", image(), "v1")
    url = f"/gitlab/v1/repository-paths/{top}/repositories/list/"
    assert [one["path"] for one in registry.get(url).json()] == [top, f"{top}/a", f"{top}/b"]
    pages = list(registry.pages(url, n=2))
    assert [[one["name"] for one in page.json()] for page in pages] == [[top.rpartition("/")[2], "a"], ["b"]]
    assert registry.get(url, params={"last": f"{top}/b"}).json() == []


def test_a_path_with_nothing_below(place: Place, registry: Registry) -> None:
    assert registry.get(f"/gitlab/v1/repository-paths/{place.path}/nothing/repositories/list/").json() == []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("n=x", "INVALID_QUERY_PARAMETER_TYPE"),
        ("n=1.5", "INVALID_QUERY_PARAMETER_TYPE"),
        ("n=0", "INVALID_QUERY_PARAMETER_VALUE"),
        ("n=-1", "INVALID_QUERY_PARAMETER_VALUE"),
        ("n=1001", "INVALID_QUERY_PARAMETER_VALUE"),
        ("n=99999999999999999999999", "INVALID_QUERY_PARAMETER_VALUE"),
        ("last=A%20B", "INVALID_QUERY_PARAMETER_VALUE"),
    ],
)
def test_pages_that_are_none(place: Place, registry: Registry, query: str, wanted: str) -> None:
    answer = registry.get(f"/gitlab/v1/repository-paths/{place.path}/repositories/list/?{query}")
    assert (answer.status_code, code(answer)) == (400, wanted)


def test_statistics_are_for_administrators(server: Server, registry: Registry) -> None:
    user = server.user(admin=True)
    admin = Registry(server.url, user.username, server.token(user, ("api",)))
    answer = admin.get("/gitlab/v1/statistics/")
    assert answer.json()["release"] == {"ext_features": "tag_delete", "version": __version__}
    assert answer.json()["database"] == {"enabled": True}
    assert answer.json()["import"] == []
    refused = registry.get("/gitlab/v1/statistics/")
    assert (refused.status_code, code(refused)) == (401, "UNAUTHORIZED")
    assert 'scope="registry:statistics:*"' in refused.headers["www-authenticate"]
    reading = Registry(server.url, user.username, server.token(user, ("read_registry",)))
    assert reading.get("/gitlab/v1/statistics/").status_code == 401
