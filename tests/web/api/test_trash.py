"""The trash of a project as scripts see it: listed, brought back, let go of."""

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


def test_a_deleted_tag_comes_back_and_a_second_time_is_told(
    people: People, maintainer: Somebody, project: Project
) -> None:
    url = f"/projects/{project.id}/registry/trash"
    pushed = people.push(maintainer, f"{project.path}/web", "v1")
    (repository,) = maintainer.gitlab.projects.get(project.id).repositories.list()
    repository.tags.get("v1").delete()
    (thing,) = maintainer.http.get(url).json()
    assert (thing["kind"], thing["path"], thing["name"]) == ("tag", f"{project.path}/web", "v1")
    assert thing["expires_at"] > thing["deleted_at"]
    back = maintainer.http.post(f"{url}/{thing['id']}/restore")
    assert (back.status_code, back.json()) == (200, thing)
    assert repository.tags.get("v1").digest == pushed.digest
    assert maintainer.http.get(url).json() == []
    again = maintainer.http.post(f"{url}/{thing['id']}/restore")
    assert (again.status_code, "trash" in again.json()["message"]) == (404, True)


def test_what_one_act_deleted_comes_back_together(people: People, maintainer: Somebody, project: Project) -> None:
    url = f"/projects/{project.id}/registry/trash"
    for tag in ("a", "b", "latest"):
        people.push(maintainer, f"{project.path}/web", tag)
    policy = f"/projects/{project.id}/cleanup"
    maintainer.http.put(f"{policy}/policies/all", json={"keep_n": 0, "older_than": "", "name_regex": ".*"})
    run = maintainer.http.post(f"{policy}/policies/all/run").json()
    assert until(lambda: maintainer.http.get(f"{policy}/runs/{run['id']}").json()["state"] == "done", 60)
    things = maintainer.http.get(url).json()
    batches = {thing["batch"] for thing in things}
    assert ({thing["name"] for thing in things if thing["kind"] == "tag"}, len(batches)) == ({"a", "b"}, 1)
    (batch,) = batches
    assert maintainer.http.get(url, params={"batch": batch, "per_page": 1}).json() == things[:1]
    assert maintainer.http.get(url, params={"before": things[0]["id"]}).json() == things[1:]
    back = maintainer.http.post(f"{url}/restore", json={"batch": batch})
    assert (back.status_code, back.json()) == (200, {"restored": len(things), "left": 0})
    gone = maintainer.http.post(f"{url}/restore", json={"batch": batch})
    assert (gone.status_code, batch in gone.json()["message"]) == (404, True)


def test_what_is_let_go_of_does_not_come_back(people: People, maintainer: Somebody, project: Project) -> None:
    url = f"/projects/{project.id}/registry/trash"
    for tag in ("a", "b", "c"):
        people.push(maintainer, f"{project.path}/web", tag)
    (repository,) = maintainer.gitlab.projects.get(project.id).repositories.list()
    for tag in ("a", "b", "c"):
        repository.tags.get(tag).delete()
    first, *others = maintainer.http.get(url).json()
    assert maintainer.http.delete(f"{url}/{first['id']}").status_code == 204
    assert maintainer.http.post(f"{url}/{first['id']}/restore").status_code == 404
    assert maintainer.http.delete(url).json() == {"removed": len(others)}
    assert maintainer.http.get(url).json() == []
