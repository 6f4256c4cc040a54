"""Projects: made, found, changed, moved and deleted."""

from typing import Any

import pytest

from tests.actors import fresh
from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from tests.web.api.test_users import status


@pytest.fixture(scope="module")
def ada(people: People) -> Somebody:
    return people.somebody()


def test_life_of_a_project(ada: Somebody, server: Server, people: People) -> None:
    group = ada.gitlab.groups.create({"name": "Acme", "path": fresh("acme"), "visibility": "internal"})
    project = ada.gitlab.projects.create({"name": "Shop", "path": "shop", "namespace_id": group.id})
    assert (project.name, project.path, project.path_with_namespace) == ("Shop", "shop", f"{group.path}/shop")
    assert (project.name_with_namespace, project.visibility) == ("Acme / Shop", "private")
    assert project.namespace == project.namespace | {"id": group.id, "kind": "group", "full_path": group.path}
    assert project.container_registry_image_prefix == f"{server.url.removeprefix('http://')}/{group.path}/shop"
    assert (project.container_registry_enabled, project.container_registry_access_level) == (True, "enabled")
    assert project.permissions["project_access"] == {"access_level": 50}
    people.push(ada_with_images(people, ada), f"{group.path}/shop/web")
    project.name, project.path, project.visibility = "The shop", "store", "internal"
    project.save()
    again = ada.gitlab.projects.get(f"{group.path}/store")
    assert (again.id, again.name, again.visibility) == (project.id, "The shop", "internal")
    assert [one.path for one in again.repositories.list()] == [f"{group.path}/store/web"]
    again.delete()
    assert status(ada.gitlab.projects.get, project.id) == 404


def ada_with_images(people: People, ada: Somebody) -> Somebody:
    return people.with_token(ada.user, people.server.token(ada.user, ["read_registry", "write_registry"]))


def test_in_ones_own_namespace(ada: Somebody) -> None:
    project = ada.gitlab.projects.create({"name": "My thing"})
    assert project.path_with_namespace == f"{ada.user.username}/my-thing"
    assert project.namespace["kind"] == "user"
    assert project.id in [one.id for one in ada.gitlab.users.get(ada.user.id).projects.list()]
    assert ada.http.get(f"/users/{ada.user.username}/projects").json()[0]["id"] == project.id


def test_transfer(ada: Somebody) -> None:
    one, two = (ada.gitlab.groups.create({"name": "g", "path": fresh("g")}) for _ in range(2))
    project = ada.gitlab.projects.create({"name": "p", "namespace_id": one.id})
    project.transfer(two.path)
    assert ada.gitlab.projects.get(project.id).path_with_namespace == f"{two.path}/p"
    one.transfer_project(project.id)
    assert ada.gitlab.projects.get(project.id).path_with_namespace == f"{one.path}/p"
    project.transfer(two.id)
    assert ada.http.get(f"/projects/{one.path}%2Fp", follow_redirects=True).json()["id"] == project.id


def test_listing(ada: Somebody, people: People) -> None:
    word = fresh("word")
    group = ada.gitlab.groups.create({"name": "g", "path": fresh("g"), "visibility": "public"})
    inner = ada.gitlab.groups.create({"name": "i", "path": "inner", "parent_id": group.id, "visibility": "public"})
    made = [
        ada.gitlab.projects.create({"name": f"{word} {number}", "namespace_id": place.id, "visibility": seen}).id
        for number, place, seen in ((3, group, "public"), (1, inner, "private"), (2, inner, "public"))
    ]
    assert [one.id for one in ada.gitlab.projects.list(search=word)] == made[::-1]
    assert [one.id for one in ada.gitlab.projects.list(search=word, order_by="name", sort="asc")] == [
        made[1], made[2], made[0],
    ]  # fmt: skip
    assert [one.id for one in ada.gitlab.projects.list(search=word, visibility="private")] == [made[1]]
    assert [one.id for one in group.projects.list()] == [made[0]]
    assert len(group.projects.list(include_subgroups=True)) == 3
    walked = ada.gitlab.projects.list(
        search=word, iterator=True, pagination="keyset", order_by="id", sort="asc", per_page=1
    )
    assert [one.id for one in walked] == made
    stranger = people.somebody()
    assert [one.id for one in stranger.gitlab.projects.list(search=word)] == [made[2], made[0]]
    assert stranger.gitlab.projects.list(search=word, membership=True) == []
    (simple,) = stranger.gitlab.projects.list(search=f"{word} 3", simple=True)
    assert "permissions" not in simple.attributes
    assert ada.gitlab.projects.list(search=word, owned=True, per_page=1)[0].id == made[2]


def test_when_something_last_happened(ada: Somebody, people: People) -> None:
    project = ada.gitlab.projects.create({"name": fresh("p")})
    assert project.last_activity_at == project.created_at
    people.push(ada, f"{project.path_with_namespace}/app")
    found = ada.gitlab.projects.get(project.id)
    assert found.last_activity_at > project.created_at
    (listed,) = ada.gitlab.projects.list(search=project.path)
    assert listed.last_activity_at == found.last_activity_at


def test_in_the_order_in_which_something_last_happened(ada: Somebody, people: People) -> None:
    """A push, a deletion, a setting: each of them counts, and the newest of all comes first."""
    word = fresh("active")
    first, second, third = (ada.gitlab.projects.create({"name": f"{word} {number}"}) for number in (1, 2, 3))

    def order(**asked: Any) -> list[int]:
        found = ada.gitlab.projects.list(search=word, get_all=True, **{"order_by": "last_activity_at", **asked})
        return [one.id for one in found]

    assert order() == [third.id, second.id, first.id]
    people.push(ada, f"{first.path_with_namespace}/app", "v1")
    assert order() == [first.id, third.id, second.id]
    second.description = "Wares"
    second.save()
    people.push(ada, f"{third.path_with_namespace}/app", "v1", "v2")
    assert order() == [third.id, second.id, first.id]
    (image,) = first.repositories.list()
    image.tags.delete("v1")
    assert order() == [first.id, third.id, second.id]
    assert order(sort="asc", pagination="keyset", per_page=1, iterator=True) == [second.id, third.id, first.id]
    assert order(order_by="updated_at") == [first.id, second.id, third.id], "pushes change no settings"
    told = {one.id: one.last_activity_at for one in ada.gitlab.projects.list(search=word)}
    assert sorted(told, key=lambda id_: told[id_]) == [second.id, third.id, first.id]
    assert order(last_activity_after=told[third.id]) == [first.id, third.id], "it is told in milliseconds"
    assert order(last_activity_before=told[third.id]) == [second.id]


def test_pushes_that_are_hidden_are_not_told(ada: Somebody, people: People) -> None:
    """Who may not see the images of a project does not learn when they were pushed, by its place in a list either."""
    word = fresh("hidden")
    group = ada.gitlab.groups.create({"name": "g", "path": fresh("g"), "visibility": "public"})
    made = {"namespace_id": group.id, "visibility": "public"}
    closed, open_ = (ada.gitlab.projects.create({**made, "name": f"{word} {number}"}) for number in (1, 2))
    closed.container_registry_access_level = "private"
    closed.save()
    people.push(ada, f"{open_.path_with_namespace}/app")
    people.push(ada, f"{closed.path_with_namespace}/app")
    stranger = people.somebody()
    orders = [
        [one.id for one in who.gitlab.projects.list(search=word, order_by="last_activity_at", sort="asc")]
        for who in (ada, stranger)
    ]
    assert orders == [[open_.id, closed.id], [closed.id, open_.id]]
    seen = [one.last_activity_at for one in stranger.gitlab.projects.list(search=word, order_by="name", sort="asc")]
    assert seen[0] == stranger.gitlab.projects.get(closed.id).last_activity_at < seen[1]


def test_mistakes(ada: Somebody, people: People) -> None:
    group = ada.gitlab.groups.create({"name": "g", "path": fresh("g")})
    project = ada.gitlab.projects.create({"name": "p", "namespace_id": group.id})
    assert ada.http.post("/projects", json={"name": "p", "namespace_id": group.id}).status_code == 400
    assert ada.http.post("/projects", json={}).status_code == 400
    assert ada.http.post("/projects", json={"name": "q", "namespace_id": 10**9}).status_code == 404
    assert ada.http.put(f"/projects/{project.id}", json={"visibility": "public"}).status_code == 400
    assert (
        ada.http.put(f"/projects/{project.id}", json={"visibility": "secret"}).json()["error"].startswith("visibility")
    )
    developer = people.somebody(people.server.project(), "developer")
    assert developer.http.post("/projects", json={"name": "q", "namespace_id": group.id}).status_code == 404


def test_namespaces(ada: Somebody) -> None:
    group = ada.gitlab.groups.create({"name": "Mine", "path": fresh("mine")})
    (found,) = ada.gitlab.namespaces.list(search=group.path)
    assert (found.id, found.kind, found.full_path) == (group.id, "group", group.path)
    own = ada.gitlab.namespaces.get(ada.user.username)
    assert (own.kind, own.full_path) == ("user", ada.user.username)
