"""Image repositories and tags, as python-gitlab reads and deletes them."""

import secrets
from pathlib import PurePosixPath
from time import sleep
from urllib.parse import quote

import gitlab
import pytest

from tests.actors import fresh
from tests.serving import Server, until
from tests.web.api.conftest import People, Somebody
from tests.web.oci.contents import image, index
from wharfinger.domain.access import Project


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def owner(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer")


@pytest.fixture
def path(project: Project) -> str:
    return f"{project.path}/{fresh('image')}"


def repository(owner: Somebody, project: Project, path: str) -> object:
    found = owner.gitlab.projects.get(project.id, lazy=True).repositories.list(get_all=True)
    return next(one for one in found if one.path == path)


def test_a_projects_repositories(owner: Somebody, people: People, server: Server, project: Project, path: str) -> None:
    people.push(owner, path, "v1", "v2")
    host = server.url.removeprefix("http://")
    listed = owner.gitlab.projects.get(project.id, lazy=True).repositories
    (found,) = [one for one in listed.list(get_all=True, tags=True, tags_count=True) if one.path == path]
    assert found.attributes["project_id"] == project.id
    assert found.name == PurePosixPath(path).name
    assert found.location == f"{host}/{path}"
    assert found.created_at.endswith("Z")
    assert (found.status, found.cleanup_policy_started_at) == (None, None)
    assert found.tags_count == 2
    assert found.attributes["tags"] == [
        {"name": name, "path": f"{path}:{name}", "location": f"{host}/{path}:{name}"} for name in ("v1", "v2")
    ]
    plain = next(one for one in listed.list(get_all=True) if one.path == path)
    assert {"tags", "tags_count", "size"} & plain.attributes.keys() == set()


def test_how_to_delete_it_is_told_to_those_who_may(
    owner: Somebody, people: People, server: Server, project: Project, path: str
) -> None:
    people.push(owner, path)
    guest = people.somebody(project, "guest")
    for who, told in ((owner, True), (guest, False)):
        found = next(
            one for one in who.http.get(f"/projects/{project.id}/registry/repositories").json() if one["path"] == path
        )
        way = f"{server.url}/api/v4/projects/{project.id}/registry/repositories/{found['id']}"
        assert found.get("delete_api_path") == (way if told else None)


def test_by_path_and_by_number(owner: Somebody, people: People, project: Project, path: str) -> None:
    people.push(owner, path)
    for key in (str(project.id), quote(project.path, safe="")):
        answer = owner.http.get(f"/projects/{key}/registry/repositories")
        assert answer.status_code == 200
        assert path in [one["path"] for one in answer.json()]


def test_one_with_its_size(owner: Somebody, people: People, project: Project, path: str) -> None:
    pushed = owner.registry.push(path, image(2), "v1")
    found = owner.gitlab.registry_repositories.get(repository(owner, project, path).id, size=True, tags_count=True)
    assert found.size == sum(map(len, pushed.blobs))
    assert found.tags_count == 1


def test_a_groups_repositories(owner: Somebody, people: People, server: Server, path: str, project: Project) -> None:
    people.push(owner, path)
    group = project.path.partition("/")[0]
    found = owner.gitlab.groups.get(group, lazy=True).registry_repositories.list(get_all=True)
    assert path in [one.path for one in found]
    stranger = people.somebody()
    assert stranger.gitlab.groups.get(group, lazy=True).registry_repositories.list(get_all=True) == []


def test_tags(owner: Somebody, people: People, server: Server, project: Project, path: str) -> None:
    pushed = people.push(owner, path, "v1")
    tag = repository(owner, project, path).tags.get("v1")
    host, config = server.url.removeprefix("http://"), pushed.facts["config"]["digest"].removeprefix("sha256:")
    assert tag.attributes == tag.attributes | {
        "name": "v1",
        "path": f"{path}:v1",
        "location": f"{host}/{path}:v1",
        "revision": config,
        "short_revision": config[:9],
        "digest": pushed.digest,
        "media_type": pushed.media_type,
        "pushed_by": owner.user.username,
        "total_size": sum(map(len, pushed.blobs)),
    }
    owner.registry.push(path, index(pushed), "all")
    several = repository(owner, project, path).tags.get("all")
    assert (several.revision, several.short_revision) == (None, None)
    assert several.total_size == tag.total_size


def test_pages_of_tags(owner: Somebody, people: People, project: Project, path: str) -> None:
    names = [f"v{number:02}" for number in range(25)]
    people.push(owner, path, *names[:10])
    people.push(owner, path, *names[10:])
    found = repository(owner, project, path)
    assert [tag.name for tag in found.tags.list(get_all=True, per_page=7)] == names
    page = found.tags.list(iterator=True, per_page=10)
    assert (page.total, page.total_pages, page.current_page, page.next_page) == (25, 3, 1, 2)
    assert [tag.name for tag in page] == names
    keyset = found.tags.list(iterator=True, pagination="keyset", per_page=10, sort="desc")
    assert [tag.name for tag in keyset] == names[::-1]
    url = f"/projects/{project.id}/registry/repositories/{found.id}/tags"
    last = owner.http.get(url, params={"per_page": 10, "page": 3})
    assert [tag["name"] for tag in last.json()] == names[20:]
    assert (last.headers["x-page"], last.headers["x-prev-page"], last.headers["x-next-page"]) == ("3", "2", "")
    assert 'rel="next"' not in last.headers["link"]
    answer = owner.http.get(url, params={"pagination": "keyset", "last": "v22"})
    assert [tag["name"] for tag in answer.json()] == ["v23", "v24"]
    assert "link" not in answer.headers
    assert [tag["name"] for tag in owner.http.get(url, params={"name": "V1"}).json()] == names[10:20]


def test_delete_a_tag(owner: Somebody, people: People, project: Project, path: str) -> None:
    pushed = people.push(owner, path, "v1", "v2")
    found = repository(owner, project, path)
    found.tags.delete("v1")
    assert [tag.name for tag in found.tags.list(get_all=True)] == ["v2"]
    assert owner.registry.get(f"/v2/{path}/manifests/{pushed.digest}").status_code == 200
    for act in (found.tags.delete, found.tags.get):
        with pytest.raises(gitlab.GitlabError) as refused:
            act("v1")
        assert refused.value.response_code == 404
        assert str(refused.value.error_message).startswith("404 Tag Not Found - ")


def test_delete_a_repository(owner: Somebody, people: People, project: Project, path: str) -> None:
    people.push(owner, path)
    found = repository(owner, project, path)
    owner.gitlab.projects.get(project.id, lazy=True).repositories.delete(found.id)

    def gone() -> bool:
        answer = owner.http.get(f"/registry/repositories/{found.id}")
        assert answer.status_code == 404 or answer.json()["status"] in ("delete_scheduled", "delete_ongoing")
        return answer.status_code == 404

    assert until(gone)


def test_of_another_project(owner: Somebody, people: People, server: Server, project: Project, path: str) -> None:
    """A number of elsewhere in the path of a project that one may read."""
    people.push(owner, path)
    other = server.project(visibility="public")
    id_ = repository(owner, project, path).id
    for where in ("", "/tags", "/tags/latest"):
        method = "GET" if where else "DELETE"
        answer = owner.http.request(method, f"/projects/{other.id}/registry/repositories/{id_}{where}")
        assert answer.status_code == 404


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_only_maintainers_delete(role: str, owner: Somebody, people: People, project: Project, path: str) -> None:
    people.push(owner, path)
    member = people.somebody(project, role)
    url = f"/projects/{project.id}/registry/repositories/{repository(owner, project, path).id}"
    assert member.http.get(url.partition("/registry")[0] + "/registry/repositories").status_code == 200
    for each in (url, f"{url}/tags/latest"):
        answer = member.http.delete(each)
        assert answer.status_code == 403
        assert answer.json()["message"].startswith("403 Forbidden - you are ")


def test_empty_name_is_that_of_the_projects_own_image(people: People, server: Server) -> None:
    project = server.project()
    owner = people.somebody(project, "owner")
    people.push(owner, project.path, secrets.token_hex(3))
    (found,) = owner.gitlab.projects.get(project.id, lazy=True).repositories.list(get_all=True)
    assert (found.name, found.path) == ("", project.path)


def test_delete_in_bulk(owner: Somebody, people: People, project: Project, path: str) -> None:
    """The worked example of GitLab's documentation needs days; here it is names and numbers."""
    for name in ("dev-1", "dev-2", "dev-3", "latest", "v1"):
        people.push(owner, path, name)
    found = repository(owner, project, path)
    found.tags.delete_in_bulk(name_regex_delete="dev-.*|latest", name_regex_keep="dev-1", keep_n=1)
    assert until(lambda: [tag.name for tag in found.tags.list(get_all=True)] == ["dev-1", "dev-3", "latest", "v1"])
    with pytest.raises(gitlab.GitlabError) as refused:
        found.tags.delete_in_bulk(name_regex_delete=".*")
    assert refused.value.response_code == 400
    assert "This request has already been made. You can run this at most once an hour" in refused.value.error_message


@pytest.mark.parametrize("how", ["params", "data", "json"])
def test_bulk_by_query_form_and_json(owner: Somebody, people: People, project: Project, path: str, how: str) -> None:
    for tag in "abcd":
        people.push(owner, path, tag)
    url = f"/projects/{project.id}/registry/repositories/{repository(owner, project, path).id}/tags"
    sent = {how: {"name_regex": "a|b|c", "name_regex_keep": "b", "older_than": "1s", "keep_n": 1}}
    sleep(1.1)  # what is younger than a second stays
    assert owner.http.request("DELETE", url, **sent).status_code == 202
    assert owner.http.request("DELETE", url, **sent).status_code == 400
    assert until(lambda: owner.registry.tags(path) == ["b", "c", "d"])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "name_regex_delete says which"),
        ({"name_regex_delete": "("}, "name_regex"),
        ({"name_regex_delete": ""}, "name_regex"),
        ({"name_regex_delete": ".*", "name_regex_keep": "["}, "name_regex_keep"),
        ({"name_regex_delete": ".*", "older_than": "soon"}, "older_than"),
        ({"name_regex_delete": ".*", "keep_n": -1}, "keep_n is invalid"),
        ({"name_regex_delete": ".*", "keep_n": 10**30}, "keep_n"),
    ],
)
def test_bulk_mistakes(
    owner: Somebody, people: People, project: Project, path: str, sent: dict[str, str], said: str
) -> None:
    people.push(owner, path, "a")
    url = f"/projects/{project.id}/registry/repositories/{repository(owner, project, path).id}/tags"
    answer = owner.http.request("DELETE", url, params=sent)
    assert answer.status_code == 400
    assert said in (answer.json().get("message") or answer.json()["error"])
    assert owner.http.request("DELETE", url, params={"name_regex_delete": "b"}).status_code == 202
