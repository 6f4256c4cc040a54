"""Limits, usage and pull statistics over the API."""

import gitlab
import pytest

from tests.web.api.conftest import People


def test_what_a_project_uses(people: People) -> None:
    project = people.server.project()
    ada = people.somebody(project, "reporter")
    pushed = people.push(people.somebody(project, "developer"), f"{project.path}/app")
    size = sum(map(len, pushed.blobs))
    shown = ada.gitlab.projects.get(project.id, statistics=True)
    assert shown.statistics == {"container_registry_size": size, "storage_size": size}
    assert ada.gitlab.projects.get(project.id).statistics is None
    name = project.path.rpartition("/")[2]
    (listed,) = ada.gitlab.projects.list(search=name, statistics=True)
    assert listed.statistics == shown.statistics
    assert ada.gitlab.projects.list(search=name)[0].statistics is None
    assert people.somebody(project, "guest").gitlab.projects.get(project.id, statistics=True).statistics is None


def test_a_limit_is_set_and_a_push_refused(people: People) -> None:
    project = people.server.project()
    group = project.path.rpartition("/")[0]
    owner = people.somebody(people.server.group(), None)
    root = people.somebody(admin=True)
    path = f"/projects/{project.id}/quota"
    answer = root.http.put(path, json={"limit_bytes": 10}).json()
    assert (answer["limit_bytes"], answer["effective_limit_source"], answer["percent"]) == (10, project.path, 0)
    with pytest.raises(AssertionError, match="is full"):
        people.push(people.somebody(project, "developer"), f"{project.path}/app")
    assert root.http.put(path, json={"limit_bytes": None}).json()["effective_limit_bytes"] is None
    each = {"limit_bytes": 20, "each": True}
    assert root.http.put(f"/groups/{group}/quota", json=each).json()["each_limit_bytes"] == 20
    assert root.http.get(path).json()["effective_limit_source"] == group
    assert root.http.put(path, json={"limit_bytes": -1}).status_code == 400
    assert owner.http.get(path).status_code == 404
    assert root.http.get("/application/quota").json()["path"] == ""


def test_what_makes_up_the_usage(people: People) -> None:
    project = people.server.project()
    dora = people.somebody(project, "developer")
    path = f"{project.path}/app"
    pushed = people.push(dora, path, "v1")
    size = sum(map(len, pushed.blobs))
    assert dora.registry.post(f"/v2/{path}/blobs/uploads/").status_code == 202
    root = people.somebody(admin=True)
    for top in (f"/projects/{project.id}", f"/groups/{project.path.rpartition('/')[0]}"):
        found = root.http.get(f"{top}/usage").json()
        assert (found["used_bytes"], found["trash_bytes"], found["upload_count"]) == (size, 0, 1)
        assert (found["upload_bytes"], found["uploads_complete"]) == (0, True)
    assert dora.http.get(f"/projects/{project.id}/usage").json()["largest"] == [{"path": path, "used_bytes": size}]
    assert root.http.get("/application/usage").json()["path"] == ""


def test_what_nobody_pulls(people: People) -> None:
    project = people.server.project()
    ada = people.somebody(project, "developer")
    people.push(ada, f"{project.path}/app", "v1", "v2")
    top = f"/projects/{project.id}/registry/statistics"
    found = ada.http.get(f"{top}/unpulled", params={"days": 0}).json()
    assert [idle["name"] for idle in found] == ["v1", "v2"]
    rest = ada.http.get(f"{top}/unpulled", params={"days": 0, "after": found[0]["location"]}).json()
    assert [idle["location"] for idle in rest] == [f"{project.path}/app:v2"]
    pulls = ada.http.get(f"{top}/pulls").json()
    assert (pulls["pull_count"], [image["path"] for image in pulls["images"]]) == (0, [f"{project.path}/app"])
    assert ada.http.get(f"{top}/pulls", params={"order_by": "last_pulled_at"}).json() == pulls
    assert ada.http.get(f"{top}/pulls", params={"order_by": "luck"}).status_code == 400
    assert isinstance(ada.gitlab, gitlab.Gitlab)
