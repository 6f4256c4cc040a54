"""The same, or what excludes it, asked by many at the same moment: one does it, the others hear why not."""

import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from tests.web.oci.contents import image
from wharfinger.domain.access import Group

CROWD = 10


@pytest.fixture(scope="module")
def group(server: Server) -> Group:
    return server.group()


@pytest.fixture(scope="module")
def owner(people: People, group: Group) -> Somebody:
    return people.somebody(group, "owner")


def together(*acts: Callable[[], httpx.Response]) -> Counter[int]:
    """All of them at once: how often each status came."""
    with ThreadPoolExecutor(len(acts)) as threads:
        answers = list(threads.map(lambda act: act(), acts))
    for answer in answers:
        assert answer.status_code < 500, answer.text
    return Counter(answer.status_code for answer in answers)


def crowd(act: Callable[[], httpx.Response]) -> Counter[int]:
    return together(*[act] * CROWD)


def project(owner: Somebody, group: Group) -> dict[str, Any]:
    made = owner.http.post("/projects", json={"path": f"p{secrets.token_hex(5)}", "namespace_id": group.id})
    assert made.status_code == 201, made.text
    return dict(made.json())


@pytest.mark.parametrize("_time", range(3))
def test_one_name_for_many(owner: Somebody, admin: Somebody, group: Group, _time: int) -> None:
    name = f"n{secrets.token_hex(5)}"
    asked = {"path": name, "name": name, "namespace_id": group.id}
    assert crowd(lambda: owner.http.post("/projects", json=asked)) == {201: 1, 400: CROWD - 1}
    below = {"path": f"g{name}", "name": name, "parent_id": group.id}
    assert crowd(lambda: owner.http.post("/groups", json=below)) == {201: 1, 400: CROWD - 1}
    person = {"username": f"u{name}", "email": f"{name}@example.com"}
    assert crowd(lambda: admin.http.post("/users", json=person)) == {201: 1, 400: CROWD - 1}


def test_one_thing_of_a_project_by_many(owner: Somebody, people: People, group: Group) -> None:
    here, other = project(owner, group)["id"], people.server.user()
    rule = {"tag_name_pattern": "^v", "minimum_access_level_for_push": "maintainer"}
    counts = crowd(lambda: owner.http.post(f"/projects/{here}/registry/protection/tag/rules", json=rule))
    assert counts == {201: 1, 422: CROWD - 1}
    member = {"user_id": other.id, "access_level": 30}
    assert crowd(lambda: owner.http.post(f"/projects/{here}/members", json=member))[201] >= 1
    policy = f"/projects/{here}/cleanup/policies/nightly"
    assert crowd(lambda: owner.http.put(policy, json={"enabled": True})) == {200: CROWD}
    assert crowd(lambda: owner.http.delete(policy))[204] >= 1
    assert crowd(lambda: owner.http.delete(f"/projects/{here}/members/{other.id}"))[204] >= 1


def test_names_that_cross(owner: Somebody, group: Group) -> None:
    one, two = project(owner, group), project(owner, group)
    names = [one["path"], two["path"], f"x{secrets.token_hex(5)}"]
    acts = [
        lambda id_=each["id"], name=name: owner.http.put(f"/projects/{id_}", json={"path": name})  # type: ignore[misc]
        for each in (one, two)
        for name in names
    ]
    together(*acts, *acts)
    now = {owner.http.get(f"/projects/{each['id']}").json()["path"] for each in (one, two)}
    assert len(now) == 2


@pytest.mark.parametrize("_time", range(3))
def test_a_project_that_goes_while_it_is_used(owner: Somebody, group: Group, _time: int) -> None:
    """Whatever is asked of it at that moment is done or refused, and nothing of it is left."""
    here, pushed = project(owner, group), image()
    place, path = f"/projects/{here['id']}", here["path_with_namespace"]
    owner.registry.push(f"{path}/web", image(), "v1")
    bot = {"name": "bot", "scopes": ["api"], "access_level": 30}
    rule = {"tag_name_pattern": "^v", "minimum_access_level_for_push": "maintainer"}
    deploy = {"name": "d", "scopes": ["read_registry"]}
    counts = together(
        lambda: owner.http.delete(place),
        lambda: owner.http.post(f"{place}/hooks", json={"url": "https://hooks.invalid/"}),
        lambda: owner.http.post(f"{place}/access_tokens", json=bot),
        lambda: owner.http.post(f"{place}/deploy_tokens", json=deploy),
        lambda: owner.http.post(f"{place}/registry/protection/tag/rules", json=rule),
        lambda: owner.http.put(f"{place}/cleanup/policies/default", json={"enabled": True}),
        lambda: owner.http.put(f"{place}/quota", json={"limit_bytes": 10**9}),
        lambda: owner.registry.put(f"/v2/{path}/web/manifests/v2", content=pushed.body),
        lambda: owner.registry.post(f"/v2/{path}/new/blobs/uploads/"),
        lambda: owner.registry.delete(f"/v2/{path}/web/manifests/v1"),
        lambda: owner.http.put(place, json={"path": f"r{secrets.token_hex(5)}"}),
        lambda: owner.http.delete(place),
    )
    assert counts[202] >= 1
    assert owner.http.get(place).status_code == 404
