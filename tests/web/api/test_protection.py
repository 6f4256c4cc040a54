"""Rules of protection, as python-gitlab keeps them, and what they do to the API's own deletions."""

import secrets
from typing import Any

import gitlab
import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from wharfinger.domain.access import Project


@pytest.fixture
def project(server: Server) -> Project:
    return server.project()


@pytest.fixture
def maintainer(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer")


@pytest.fixture
def owner(people: People, project: Project) -> Somebody:
    return people.somebody(project, "owner")


def status(act: Any, *given: Any, **named: Any) -> int:
    """The status by which it is refused."""
    with pytest.raises(gitlab.GitlabError) as refused:
        act(*given, **named)
    return int(refused.value.response_code)


@pytest.mark.parametrize("manager", ["registry_protection_repository_rules", "registry_protection_rules"])
def test_repository_rules(maintainer: Somebody, project: Project, manager: str) -> None:
    rules = getattr(maintainer.gitlab.projects.get(project.id, lazy=True), manager)
    pattern = f"{project.path}/web*"
    made = rules.create({"repository_path_pattern": pattern, "minimum_access_level_for_push": "owner"})
    assert made.attributes["project_id"] == project.id
    assert (made.minimum_access_level_for_push, made.minimum_access_level_for_delete) == ("owner", None)
    assert [rule.id for rule in rules.list(get_all=True)] == [made.id]
    made.minimum_access_level_for_delete = "admin"
    made.minimum_access_level_for_push = ""
    made.save()
    (found,) = rules.list(get_all=True)
    assert (found.minimum_access_level_for_push, found.minimum_access_level_for_delete) == (None, "admin")
    assert found.repository_path_pattern == pattern
    again = {"repository_path_pattern": pattern, "minimum_access_level_for_push": "owner"}
    assert status(rules.create, again) == 422
    assert status(rules.create, {**again, "repository_path_pattern": "elsewhere/x"}) == 400
    assert status(rules.create, {"repository_path_pattern": f"{pattern}x"}) == 400
    assert status(rules.create, {**again, "minimum_access_level_for_push": "developer"}) == 400
    assert status(rules.update, made.id, {"minimum_access_level_for_delete": ""}) == 400
    assert status(rules.update, 10**9, {"minimum_access_level_for_delete": "owner"}) == 404
    assert maintainer.http.delete(f"{rules.path}/{made.id}").status_code == 204
    assert rules.list(get_all=True) == []


def test_tag_rules(maintainer: Somebody, owner: Somebody, project: Project) -> None:
    url = f"/projects/{project.id}/registry/protection/tag/rules"
    asked = {
        "tag_name_pattern": "^v",
        "minimum_access_level_for_push": "maintainer",
        "minimum_access_level_for_delete": "owner",
    }
    made = maintainer.http.post(url, json=asked)
    assert made.status_code == 201, made.text
    assert made.json() == {**asked, "id": made.json()["id"], "project_id": project.id, "immutable": False}
    changed = maintainer.http.patch(f"{url}/{made.json()['id']}", json={"minimum_access_level_for_push": ""})
    assert changed.json()["minimum_access_level_for_push"] is None
    immutable = {"tag_name_pattern": "^stable", "immutable": True}
    assert maintainer.http.post(url, json=immutable).status_code == 403
    assert owner.http.post(url, json={**immutable, "minimum_access_level_for_push": "owner"}).status_code == 400
    fixed = owner.http.post(url, json=immutable)
    assert fixed.json()["immutable"] is True
    assert [rule["tag_name_pattern"] for rule in maintainer.http.get(url).json()] == ["^v", "^stable"]
    assert owner.http.patch(f"{url}/{fixed.json()['id']}", json={"tag_name_pattern": "x"}).status_code == 400
    assert maintainer.http.delete(f"{url}/{fixed.json()['id']}").status_code == 403
    assert owner.http.delete(f"{url}/{fixed.json()['id']}").status_code == 204
    assert maintainer.http.delete(f"{url}/{made.json()['id']}").status_code == 204
    assert maintainer.http.delete(f"{url}/{made.json()['id']}").status_code == 404
    assert "no RE2 expression" in maintainer.http.post(url, json={**asked, "tag_name_pattern": "("}).text


@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("reporter", 403, 403), ("developer", 200, 403), (None, 404, 404)]
)
def test_who_may(people: People, project: Project, role: str | None, reads: int, writes: int) -> None:
    caller = people.somebody(project, role) if role else people.somebody()
    url = f"/projects/{project.id}/registry/protection/repository/rules"
    assert caller.http.get(url).status_code == reads
    asked = {"repository_path_pattern": f"{project.path}*", "minimum_access_level_for_push": "owner"}
    assert caller.http.post(url, json=asked).status_code == writes


def test_deleting_what_is_protected(people: People, maintainer: Somebody, project: Project) -> None:
    path = f"{project.path}/{secrets.token_hex(4)}"
    pusher = people.somebody(project, "developer", scopes=("read_registry", "write_registry"))
    people.push(pusher, path, "v1", "other")
    lazy = maintainer.gitlab.projects.get(project.id, lazy=True)
    repository = next(one for one in lazy.repositories.list(get_all=True) if one.path == path)
    url = f"/projects/{project.id}/registry/protection/tag/rules"
    levels = {"minimum_access_level_for_push": "owner", "minimum_access_level_for_delete": "owner"}
    assert maintainer.http.post(url, json={"tag_name_pattern": "^v", **levels}).status_code == 201
    assert status(repository.tags.delete, "v1") == 403
    assert status(lazy.repositories.delete, repository.id) == 403
    repository.tags.delete("other")
    lazy.registry_protection_repository_rules.create(
        {"repository_path_pattern": path, "minimum_access_level_for_delete": "admin"}
    )
    assert status(lazy.repositories.delete, repository.id) == 403
