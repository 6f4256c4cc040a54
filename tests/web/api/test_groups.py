"""Groups: made, found, changed, moved and deleted, with what is in them."""

import pytest

from tests.actors import fresh
from tests.web.api.conftest import People, Somebody
from tests.web.api.test_users import status


@pytest.fixture(scope="module")
def ada(people: People) -> Somebody:
    return people.somebody()


def test_life_of_a_group(ada: Somebody) -> None:
    path = fresh("acme")
    group = ada.gitlab.groups.create({"name": "Acme Ltd", "path": path, "visibility": "internal"})
    assert (group.name, group.path, group.full_path, group.parent_id) == ("Acme Ltd", path, path, None)
    assert group.visibility == "internal"
    assert group.created_at.endswith("Z")
    inner = ada.gitlab.groups.create({"name": "Backend", "path": "backend", "parent_id": group.id})
    assert (inner.full_path, inner.full_name, inner.visibility) == (f"{path}/backend", f"{path} / Backend", "private")
    deeper = ada.gitlab.groups.create({"name": "deeper", "path": "deeper", "parent_id": inner.id})
    assert [one.id for one in group.subgroups.list()] == [inner.id]
    assert {one.id for one in group.descendant_groups.list()} == {inner.id, deeper.id}
    assert ada.gitlab.groups.get(inner.full_path).id == inner.id
    inner.name, inner.path = "The back", "back"
    inner.save()
    assert ada.gitlab.groups.get(inner.id).full_path == f"{path}/back"
    assert ada.gitlab.groups.get(deeper.id).full_path == f"{path}/back/deeper"
    assert status(group.delete) == 409
    for one in (deeper, inner, group):
        one.delete()
    assert status(ada.gitlab.groups.get, group.id) == 404


def test_transfer(ada: Somebody) -> None:
    one, two = (ada.gitlab.groups.create({"name": "g", "path": fresh("g")}) for _ in range(2))
    two.transfer(one.id)
    assert ada.gitlab.groups.get(two.id).full_path == f"{one.path}/{two.path}"
    assert ada.http.get(f"/groups/{two.path}", follow_redirects=True).json()["id"] == two.id
    assert ada.http.get(f"/groups/{two.path}").status_code == 301
    assert ada.http.post(f"/groups/{one.id}/transfer", json={"group_id": one.id}).status_code == 400
    two.transfer()
    assert ada.gitlab.groups.get(two.id).full_path == two.path
    assert [each.id for each in ada.gitlab.groups.list(top_level_only=True, search=two.path)] == [two.id]


def test_listing(ada: Somebody, people: People) -> None:
    word = fresh("word")
    owner = people.somebody()
    mine = owner.gitlab.groups.create({"name": f"{word} b", "path": f"{word}-1"})
    open_ = ada.gitlab.groups.create({"name": f"{word} a", "path": f"{word}-2", "visibility": "public"})
    ada.gitlab.groups.create({"name": word, "path": f"{word}-3"})
    assert [one.id for one in owner.gitlab.groups.list(search=word.upper())] == [open_.id, mine.id]
    assert [one.id for one in owner.gitlab.groups.list(search=word, order_by="path")] == [mine.id, open_.id]
    assert [one.id for one in owner.gitlab.groups.list(search=word, owned=True)] == [mine.id]
    assert [one.id for one in owner.gitlab.groups.list(search=word, min_access_level=30)] == [mine.id]
    assert owner.gitlab.groups.list(search="%") == []
    names = [one.name for one in owner.gitlab.groups.list(search=word, iterator=True, pagination="keyset", per_page=1)]
    assert names == [f"{word} a", f"{word} b"]


def test_mistakes(ada: Somebody, people: People) -> None:
    group = ada.gitlab.groups.create({"name": "g", "path": fresh("g")})
    assert ada.http.post("/groups", json={"name": "g", "path": group.path}).status_code == 400
    assert ada.http.post("/groups", json={"name": "g"}).json() == {"error": "path is missing"}
    assert ada.http.post("/groups", json={"name": "g", "path": "Not Lower"}).status_code == 400
    wrong = {"name": "g", "path": fresh("g"), "parent_id": group.id, "visibility": "public"}
    assert "private" in ada.http.post("/groups", json=wrong).json()["message"]
    stranger = people.somebody()
    assert status(stranger.gitlab.groups.get, group.id) == 404
    assert stranger.http.post("/groups", json={**wrong, "visibility": "private"}).status_code == 404
    assert ada.http.get(f"/groups/{ada.user.username}").status_code == 404


def test_form_and_query(ada: Somebody) -> None:
    path = fresh("form")
    made = ada.http.post("/groups", data={"name": "Form", "path": path, "visibility": "internal"})
    assert (made.status_code, made.json()["visibility"]) == (201, "internal")
    parts = {"name": (None, "Part"), "path": (None, f"{path}-b")}
    assert ada.http.post("/groups", files=parts).json()["full_path"] == f"{path}-b"
    assert ada.http.post("/groups", params={"name": "Query", "path": f"{path}-c"}).json()["name"] == "Query"


def test_what_a_group_uses_and_says(people: People) -> None:
    ada = people.somebody()
    group = ada.gitlab.groups.create({"name": "g", "path": fresh("g"), "description": "Wares"})
    ada.gitlab.projects.create({"name": "p", "path": "p", "namespace_id": group.id})
    pushed = people.push(ada, f"{group.full_path}/p/app")
    size = sum(map(len, pushed.blobs))
    found = ada.gitlab.groups.get(group.id, statistics=True)
    assert found.statistics == {"container_registry_size": size, "storage_size": size}
    (listed,) = ada.gitlab.groups.list(search=group.path, statistics=True)
    assert (listed.statistics, listed.description) == (found.statistics, "Wares")
    assert ada.gitlab.groups.get(group.id).statistics is None
    group.description = "Other wares"
    group.save()
    assert ada.gitlab.groups.get(group.id).description == "Other wares"
    assert ada.http.put(f"/groups/{group.id}", json={"description": "x" * 2001}).status_code == 400
