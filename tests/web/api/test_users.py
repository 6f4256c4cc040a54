"""People as administrators manage them, and as others see them and themselves."""

import gitlab
import httpx
import pytest

from tests.actors import fresh
from tests.web.api.conftest import People, Somebody

PASSWORD = "correct-horse-battery-staple"


def status(work: object, *arguments: object, **more: object) -> int:
    """How python-gitlab is refused."""
    with pytest.raises(gitlab.GitlabError) as refused:
        work(*arguments, **more)  # type: ignore[operator]
    return int(refused.value.response_code)


def test_who_one_is(people: People) -> None:
    ada = people.somebody()
    ada.gitlab.auth()
    me = ada.gitlab.user
    assert (me.id, me.username, me.state, me.is_admin, me.bot) == (
        ada.user.id,
        ada.user.username,
        "active",
        False,
        False,
    )
    for scopes in (["read_user"], ["read_api"]):
        with_less = people.with_token(ada.user, people.server.token(ada.user, scopes))
        assert with_less.http.get("/user").json()["id"] == ada.user.id


def test_life_of_a_person(admin: Somebody) -> None:
    name = fresh("ann")
    made = admin.gitlab.users.create(
        {"username": name, "name": "Ann Example", "email": f"{name}@example.com", "password": PASSWORD}
    )
    assert (made.username, made.name, made.email, made.state) == (name, "Ann Example", f"{name}@example.com", "active")
    assert not hasattr(made, "password")
    made.name = "Ann"
    made.save()
    assert admin.gitlab.users.get(made.id).name == "Ann"
    made.block()
    assert admin.gitlab.users.get(made.id).state == "blocked"
    assert [one.id for one in admin.gitlab.users.list(blocked=True, username=name)] == [made.id]
    assert admin.gitlab.users.list(active=True, username=name) == []
    made.unblock()
    admin.http.put(f"/users/{made.id}", json={"username": f"{name}-b"})
    assert admin.gitlab.users.get(made.id).username == f"{name}-b"
    assert [one.id for one in admin.gitlab.users.list(search=f"{name}-B")] == [made.id]
    made.delete()
    assert status(admin.gitlab.users.get, made.id) == 404


def test_mistakes(admin: Somebody) -> None:
    taken = admin.http.post("/users", json={"username": admin.user.username, "password": PASSWORD})
    assert taken.status_code == 400
    assert "taken" in taken.json()["message"]["path"][0]
    assert admin.http.post("/users", json={}).json() == {"error": "username is missing"}
    assert admin.http.post("/users", json={"username": fresh("b"), "email": "no address"}).status_code == 400
    assert admin.http.post("/users", json={"username": "No Good"}).status_code == 400
    assert admin.http.delete(f"/users/{admin.user.id + 10**6}").status_code == 404


def test_orders(admin: Somebody, people: People) -> None:
    made = [people.somebody().user.id for _ in range(3)]
    assert [one.id for one in admin.gitlab.users.list(per_page=3)] == made[::-1]
    names = [
        one.username for one in admin.gitlab.users.list(order_by="username", sort="asc", get_all=True, per_page=50)
    ]
    assert names == sorted(names)
    cursor = admin.gitlab.users.list(iterator=True, pagination="keyset", per_page=2, order_by="username", sort="asc")
    assert [one.username for one in cursor] == names


def test_what_others_see(people: People, nobody: httpx.Client, admin: Somebody) -> None:
    ada, bea = people.somebody(), people.somebody()
    assert [one.id for one in ada.gitlab.users.list()] == [ada.user.id]
    (found,) = ada.gitlab.users.list(username=bea.user.username)
    assert found.attributes.keys() == {
        "id", "username", "name", "state", "locked", "avatar_url", "web_url",
    }  # fmt: skip
    assert ada.gitlab.users.list(username=bea.user.username[:-1]) == []
    assert status(ada.gitlab.users.get, bea.user.id) == 404
    assert status(ada.gitlab.users.create, {"username": fresh("c")}) == 403
    for method, path in (
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/block"),
        ("POST", "/unblock"),
        ("POST", "/personal_access_tokens"),
    ):
        body = {"name": "x", "scopes": ["api"]} if path.endswith("tokens") else {"name": "x"}
        answer = ada.http.request(method, f"/users/{bea.user.id}{path}", json=body)
        assert answer.status_code in (403, 404), (method, path)
        assert bea.user.username not in answer.text
    assert nobody.get("/users").status_code == 401
    assert nobody.get("/user").status_code == 401
