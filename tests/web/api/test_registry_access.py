"""Who sees the registry of a project: everybody who sees the project, members only, or nobody."""

import httpx
import pytest

from tests.actors import fresh
from tests.serving import Server, until
from tests.web.api.conftest import People, Somebody
from tests.web.oci.registry_client import Registry
from wharfinger.domain import chain, projects, search
from wharfinger.domain.access import OPERATOR, Caller, Project
from wharfinger.rules.scopes import CredentialKind


@pytest.fixture
def owner(people: People) -> Somebody:
    return people.somebody()


@pytest.fixture
def path(people: People, owner: Somebody) -> str:
    """A public project with an image."""
    group = owner.gitlab.groups.create({"name": "g", "path": fresh("g"), "visibility": "public"})
    owner.gitlab.projects.create({"name": "p", "path": "p", "namespace_id": group.id, "visibility": "public"})
    people.push(owner, f"{group.path}/p/image", "v1")
    return f"{group.path}/p"


def let(owner: Somebody, path: str, **values: object) -> None:
    """Set who sees it."""
    project = owner.gitlab.projects.get(path)
    for name, value in values.items():
        setattr(project, name, value)
    project.save()


def project_at(server: Server, path: str) -> Project:
    return projects.get(server.tools, OPERATOR, path)


def pulls(server: Server, who: Somebody | None, path: str) -> int:
    """The status of a manifest to a client without a token yet."""
    client = Registry(server.url, who.user.username, who.token) if who else Registry(server.url)
    return client.get(f"/v2/{path}/image/manifests/v1").status_code


def lists(who: httpx.Client, path: str) -> int:
    return who.get(f"/projects/{path.replace('/', '%2F')}/registry/repositories").status_code


def sees(who: httpx.Client, path: str) -> int:
    return who.get(f"/projects/{path.replace('/', '%2F')}").status_code


def test_for_members_only(server: Server, people: People, owner: Somebody, nobody: httpx.Client, path: str) -> None:
    let(owner, path, container_registry_access_level="private")
    project = owner.gitlab.projects.get(path)
    assert (project.container_registry_access_level, project.container_registry_enabled) == ("private", True)
    stranger, guest = people.somebody(), people.somebody(project_at(server, path), "guest")
    assert [pulls(server, who, path) for who in (owner, guest, stranger, None)] == [200, 200, 404, 401]
    assert [lists(who.http, path) for who in (owner, guest, stranger)] == [200, 200, 404]
    assert lists(nobody, path) == 404
    assert [sees(who.http, path) for who in (guest, stranger)] == [200, 200]
    number = owner.http.get(f"/projects/{project.id}/registry/repositories").json()[0]["id"]
    assert stranger.http.get(f"/registry/repositories/{number}").status_code == 404
    group = project.namespace["id"]
    assert [one.path for one in guest.gitlab.groups.get(group).registry_repositories.list()] == [f"{path}/image"]
    assert stranger.gitlab.groups.get(group).registry_repositories.list() == []
    people.push(owner, f"{path}/image", "v2")


def test_switched_off(server: Server, people: People, owner: Somebody, nobody: httpx.Client, path: str) -> None:
    """For everybody, but the settings; what is stored stays."""
    before = Registry(server.url, owner.user.username, owner.token)
    token = before.token(f"repository:{path}/image:pull,push,delete")
    let(owner, path, container_registry_access_level="disabled")
    project = owner.gitlab.projects.get(path)
    assert (project.container_registry_access_level, project.container_registry_enabled) == ("disabled", False)
    admin, stranger = people.somebody(admin=True), people.somebody()
    assert [pulls(server, who, path) for who in (owner, admin, stranger, None)] == [403, 403, 403, 401]
    assert [lists(who.http, path) for who in (owner, admin, stranger)] == [403, 403, 403]
    assert lists(nobody, path) == 403
    assert sees(nobody, path) == 200
    refused = before.get(f"/v2/{path}/image/manifests/v1").json()["errors"][0]["message"]
    assert f"the registry of {path} is switched off" in refused
    assert before.post(f"/v2/{path}/image/blobs/uploads/", token=token).status_code == 403
    assert before.delete(f"/v2/{path}/image/manifests/v1", token=token).status_code == 403
    catalog = admin.registry.get("/v2/_catalog", params={"last": f"{path}/imag", "n": "1"}).json()["repositories"]
    assert f"{path}/image" not in catalog
    let(owner, path, container_registry_access_level="enabled")
    assert [pulls(server, who, path) for who in (owner, stranger, None)] == [200, 200, 200]


def test_by_the_deprecated_switch(owner: Somebody, path: str) -> None:
    let(owner, path, container_registry_enabled=False)
    assert owner.gitlab.projects.get(path).container_registry_access_level == "disabled"
    let(owner, path, container_registry_enabled=True)
    assert owner.gitlab.projects.get(path).container_registry_access_level == "enabled"


def test_from_the_beginning(owner: Somebody) -> None:
    made = owner.gitlab.projects.create(
        {"name": fresh("p"), "container_registry_access_level": "private", "description": "Wares"}
    )
    found = owner.gitlab.projects.get(made.id)
    assert (found.container_registry_access_level, found.description) == ("private", "Wares")


def test_others_do_not_set_it(people: People, server: Server, path: str) -> None:
    developer = people.somebody(project_at(server, path), "developer")
    project = path.replace("/", "%2F")
    refused = developer.http.put(f"/projects/{project}", json={"container_registry_access_level": "disabled"})
    assert refused.status_code == 403
    wrong = developer.http.put(f"/projects/{project}", json={"container_registry_access_level": "hidden"})
    assert wrong.status_code == 400


def test_it_is_written_down(server: Server, owner: Somebody, path: str) -> None:
    let(owner, path, container_registry_access_level="private", description="Wares of all kinds")
    assert until(lambda: not chain.anything_waits(server.tools))
    (event,) = (
        one
        for one in owner.gitlab.projects.get(path).audit_events.list(get_all=True)
        if one.event_name == "project changed"
    )
    assert event.details["about"]["after"] == {"registry_access": "private", "description": "Wares of all kinds"}


def test_search_obeys(server: Server, people: People, owner: Somebody, path: str) -> None:
    stranger = people.somebody().user
    caller = Caller(CredentialKind.SESSION, stranger.username, user_id=stranger.id, at=server.tools.clock())
    name = path.partition("/")[0]
    assert [one.path for one in search.find(server.tools, caller, name).images] == [f"{path}/image"]
    let(owner, path, container_registry_access_level="private")
    found = search.find(server.tools, caller, name)
    assert [one.path for one in found.projects] == [path]
    assert found.images == ()
