"""Cleanup policies as python-gitlab and HTTP see them: saved, previewed, run, taken back."""

from typing import Any

import pytest

from tests.serving import Server, until
from tests.web.api.conftest import People, Somebody
from wharfinger.domain.access import Project


@pytest.fixture
def project(server: Server) -> Project:
    return server.project()


@pytest.fixture
def maintainer(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer", scopes=("api", "read_registry", "write_registry"))


def test_gitlabs_one_policy(maintainer: Somebody, project: Project) -> None:
    found = maintainer.gitlab.projects.get(project.id)
    assert found.container_expiration_policy == {
        "cadence": "1d",
        "enabled": False,
        "keep_n": 10,
        "older_than": "90d",
        "name_regex": ".*",
        "name_regex_delete": ".*",
        "name_regex_keep": None,
        "next_run_at": None,
    }
    found.container_expiration_policy_attributes = {
        "cadence": "1month",
        "enabled": True,
        "keep_n": 1,
        "older_than": "14d",
        "name_regex": "",
        "name_regex_delete": ".*",
        "name_regex_keep": ".*-main",
    }
    found.save()
    saved = maintainer.gitlab.projects.get(project.id).container_expiration_policy
    assert saved["next_run_at"] is not None
    assert {name: saved[name] for name in ("cadence", "enabled", "keep_n", "older_than", "name_regex_keep")} == {
        "cadence": "1month",
        "enabled": True,
        "keep_n": 1,
        "older_than": "14d",
        "name_regex_keep": ".*-main",
    }
    form = {
        "container_expiration_policy_attributes[keep_n]": "",
        "container_expiration_policy_attributes[older_than]": "",
    }
    answer = maintainer.http.put(f"/projects/{project.id}", data=form)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["container_expiration_policy"]["keep_n"], answer.json()["name"]) == (None, project.name)
    bad = {"container_expiration_policy_attributes": {"name_regex": "("}}
    assert "no RE2 expression" in maintainer.http.put(f"/projects/{project.id}", json=bad).text


def test_previewed_run_and_taken_back(people: People, maintainer: Somebody, project: Project) -> None:
    path, url = f"{project.path}/web", f"/projects/{project.id}/cleanup"
    pushed = [people.push(maintainer, path, tag) for tag in ("a", "b", "latest")]
    asked = {"keep_n": 0, "older_than": ""}
    said = maintainer.http.post(f"{url}/preview", json=asked).json()
    assert (said["tags_count"], said["removed_count"], said["untagged_count"]) == (3, 2, 0)
    assert said["freed_bytes"] == sum(len(blob) for image in pushed[:2] for blob in image.blobs)
    assert {tag["name"]: (tag["goes"], tag["reason"]) for tag in said["tags"]} == {
        "a": (True, "goes"),
        "b": (True, "goes"),
        "latest": (False, "latest"),
    }
    assert said["reasons"] == {"goes": 2, "latest": 1}
    assert maintainer.http.get(f"{url}/preview").json()["tags_count"] == 0, "nothing was saved"
    saved = maintainer.http.put(f"{url}/policies/default", json={**asked, "enabled": True})
    assert (saved.json()["holds"], saved.json()["place"]) == (True, project.path)
    started = maintainer.http.post(f"{url}/policies/default/run")
    assert started.status_code == 202, started.text
    number = started.json()["id"]

    def run() -> dict[str, Any]:
        return dict(maintainer.http.get(f"{url}/runs/{number}").json())

    assert until(lambda: run()["state"] == "done", 60), run()
    assert (run()["tags_removed"], run()["freed_bytes"]) == (2, said["freed_bytes"])
    assert [one["id"] for one in maintainer.http.get(f"{url}/runs").json()] == [number]
    assert maintainer.registry.tags(path) == ["latest"]
    back = maintainer.http.post(f"{url}/runs/{number}/restore").json()
    assert back == {"restored": 2, "left": 0, "switched_off": True}
    assert maintainer.registry.tags(path) == ["a", "b", "latest"]


def test_repositories_tell_when_a_policy_last_began(people: People, maintainer: Somebody, project: Project) -> None:
    """Those that it is about, and the same moment in each; what is asked for just once is no policy."""
    for name in ("web", "cache"):
        people.push(maintainer, f"{project.path}/{name}", "a", "b")
    url = f"/projects/{project.id}"

    def began() -> dict[str, str | None]:
        found = maintainer.http.get(f"{url}/registry/repositories").json()
        return {one["name"]: one["cleanup_policy_started_at"] for one in found}

    def run() -> dict[str, Any]:
        number = maintainer.http.post(f"{url}/cleanup/policies/caches/run").json()["id"]
        asked = f"{url}/cleanup/runs/{number}"
        assert until(lambda: maintainer.http.get(asked).json()["state"] == "done", 60)
        return dict(maintainer.http.get(asked).json())

    repositories = {one["name"]: one["id"] for one in maintainer.http.get(f"{url}/registry/repositories").json()}
    bulk = f"{url}/registry/repositories/{repositories['web']}/tags"
    assert maintainer.http.delete(bulk, params={"name_regex_delete": "b"}).status_code == 202
    assert until(lambda: maintainer.registry.tags(f"{project.path}/web") == ["a"], 60)
    assert began() == {"web": None, "cache": None}
    maintainer.http.put(f"{url}/cleanup/policies/caches", json={"repositories": ["cache*"], "name_regex": "b"})
    first = run()
    assert began() == {"web": None, "cache": first["started_at"]}
    second = run()
    assert began() == {"web": None, "cache": second["started_at"]}
    assert second["started_at"] > first["started_at"]


def test_several_and_inherited(maintainer: Somebody, admin: Somebody, project: Project) -> None:
    group, url = project.path.partition("/")[0], f"/projects/{project.id}/cleanup/policies"
    strict = {"enabled": True, "enforced": True, "name_regex": "dev-.*"}
    assert admin.http.put(f"/groups/{group}/cleanup/policies/strict", json=strict).status_code == 200
    assert maintainer.http.put(f"{url}/caches", json={"enabled": True, "repositories": ["cache*"]}).status_code == 200
    found = [one for one in maintainer.http.get(url).json() if one["place"]]  # others may have some of the instance
    assert [(one["name"], one["inherited"], one["holds"]) for one in found] == [
        ("caches", False, True),
        ("strict", True, True),
    ]
    assert maintainer.http.delete(f"{url}/caches").status_code == 204
    assert maintainer.http.delete(f"{url}/caches").status_code == 404
    assert maintainer.http.put(f"/groups/{group}/cleanup/policies/strict", json=strict).status_code in (403, 404)
    assert admin.http.delete(f"/groups/{group}/cleanup/policies/strict").status_code == 204


def test_of_the_instance(maintainer: Somebody, admin: Somebody) -> None:
    url = "/admin/cleanup/policies"
    assert maintainer.http.get(url).status_code == 403
    assert admin.http.put(f"{url}/test", json={"enabled": False, "name_regex": "x"}).status_code == 200
    assert "test" in [one["name"] for one in admin.http.get(url).json()]
    assert admin.http.delete(f"{url}/test").status_code == 204


def test_a_groups_policy_by_project(
    people: People, maintainer: Somebody, admin: Somebody, server: Server, project: Project
) -> None:
    group = project.path.partition("/")[0]
    other = server.project(f"{group}/another")
    owner = people.somebody(other, "owner", scopes=("api", "read_registry", "write_registry"))
    for who, path in ((maintainer, project.path), (owner, other.path)):
        people.push(who, f"{path}/web", "a")
    url, asked = f"/groups/{group}/cleanup/preview", {"keep_n": 0, "older_than": ""}
    first = admin.http.post(url, params={"per_page": 1}, json=asked)
    assert [(one["path"], one["holds"], one["removed_count"]) for one in first.json()] == [(project.path, True, 1)]
    rest = admin.http.post(first.links["next"]["url"], json=asked)
    assert [(one["path"], one["tags_count"]) for one in rest.json()] == [(other.path, 1)]
    assert "next" not in rest.links
    assert [one["holds"] for one in admin.http.get(url).json()] == [False, False], "nothing was saved"
    assert maintainer.http.get(url).status_code in (403, 404)
    everywhere = admin.http.get("/admin/cleanup/preview", params={"after": project.id - 1, "per_page": 1})
    assert [one["project_id"] for one in everywhere.json()] == [project.id]


def test_stopping_a_run(maintainer: Somebody, project: Project) -> None:
    url = f"/projects/{project.id}/cleanup"
    maintainer.http.put(f"{url}/policies/default", json={"enabled": True})
    number = maintainer.http.post(f"{url}/policies/default/run").json()["id"]
    answer = maintainer.http.post(f"{url}/runs/{number}/stop")
    assert (answer.status_code, answer.json().get("state")) in ((200, "stopped"), (201, "stopped"), (409, None))
    again = maintainer.http.post(f"{url}/runs/{number}/stop")
    assert again.status_code == 409
    assert "has ended already" in again.text


@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("reporter", 403, 403), ("developer", 200, 403), (None, 404, 404)]
)
def test_who_may(people: People, project: Project, role: str | None, reads: int, writes: int) -> None:
    caller = people.somebody(project, role) if role else people.somebody()
    url = f"/projects/{project.id}/cleanup"
    for page in ("policies", "preview", "runs"):
        assert caller.http.get(f"{url}/{page}").status_code == reads
    assert caller.http.put(f"{url}/policies/default", json={"enabled": True}).status_code == writes
    assert caller.http.post(f"{url}/policies/default/run").status_code == writes
