"""Members of projects and groups: direct and inherited, with roles and ends."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from tests.web.api.test_users import status


@pytest.fixture
def owner(people: People, server: Server) -> Somebody:
    """Somebody who owns a group with a project in it."""
    return people.somebody(server.group(visibility="private"), "owner")


def test_life_of_a_member(owner: Somebody, people: People) -> None:
    (group,) = owner.gitlab.groups.list(owned=True)
    project = owner.gitlab.projects.create({"name": "p", "namespace_id": group.id})
    bea, cleo = people.somebody(), people.somebody()
    end = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    added = project.members.create({"user_id": bea.user.id, "access_level": 30, "expires_at": end})
    assert (added.id, added.username, added.access_level, added.expires_at) == (bea.user.id, bea.user.username, 30, end)
    group.members.create({"username": cleo.user.username, "access_level": 20})
    assert {one.id for one in project.members.list()} == {bea.user.id}
    assert {one.id: one.access_level for one in project.members_all.list()} == {
        bea.user.id: 30, cleo.user.id: 20, owner.user.id: 50,
    }  # fmt: skip
    assert project.members_all.get(cleo.user.id).access_level == 20
    assert status(project.members.get, cleo.user.id) == 404
    member = project.members.get(bea.user.id)
    member.access_level = 40
    member.save()
    assert (project.members.get(bea.user.id).access_level, project.members.get(bea.user.id).expires_at) == (40, end)
    owner.http.put(f"/projects/{project.id}/members/{bea.user.id}", json={"access_level": 40, "expires_at": None})
    assert project.members.get(bea.user.id).expires_at is None
    assert [one.id for one in project.members_all.list(query=cleo.user.username.upper())] == [cleo.user.id]
    member.delete()
    assert project.members.list() == []
    assert status(member.delete) == 404


def test_highest_role_counts(owner: Somebody, people: People) -> None:
    (group,) = owner.gitlab.groups.list(owned=True)
    project = owner.gitlab.projects.create({"name": "p", "namespace_id": group.id})
    bea = people.somebody()
    group.members.create({"user_id": bea.user.id, "access_level": 40})
    project.members.create({"user_id": bea.user.id, "access_level": 10})
    (found,) = [one for one in project.members_all.list() if one.id == bea.user.id]
    assert (found.access_level, project.members.get(bea.user.id).access_level) == (40, 10)


def test_mistakes(owner: Somebody, people: People, server: Server) -> None:
    (group,) = owner.gitlab.groups.list(owned=True)
    bea = people.somebody()
    url = f"/groups/{group.id}/members"
    assert owner.http.post(url, json={"user_id": bea.user.id}).json() == {"error": "access_level is missing"}
    assert owner.http.post(url, json={"user_id": bea.user.id, "access_level": 35}).status_code == 400
    assert owner.http.post(url, json={"access_level": 30}).status_code == 400
    assert owner.http.post(url, json={"user_id": 10**9, "access_level": 30}).status_code == 404
    past = {"user_id": bea.user.id, "access_level": 30, "expires_at": "2020-01-01"}
    assert owner.http.post(url, json=past).status_code == 400
    form = {"user_id": str(bea.user.id), "access_level": "30"}
    assert owner.http.post(url, data=form).status_code == 201
    assert owner.http.post(url, data=form).json()["message"].startswith("409 Conflict - Member already exists")
    last = owner.http.delete(f"{url}/{owner.user.id}")
    assert (last.status_code, "last owner" in last.json()["message"]) == (400, True)


def test_who_may(owner: Somebody, people: People, server: Server) -> None:
    (group,) = owner.gitlab.groups.list(owned=True)
    project = owner.gitlab.projects.create({"name": "p", "namespace_id": group.id})
    developer, maintainer, other = people.somebody(), people.somebody(), people.somebody()
    project.members.create({"user_id": developer.user.id, "access_level": 30})
    project.members.create({"user_id": maintainer.user.id, "access_level": 40})
    url = f"/projects/{project.id}/members"
    for who, expected in ((developer, 403), (other, 404)):
        assert who.http.post(url, json={"user_id": other.user.id, "access_level": 10}).status_code == expected
        assert who.http.put(f"{url}/{maintainer.user.id}", json={"access_level": 10}).status_code == expected
        assert who.http.delete(f"{url}/{maintainer.user.id}").status_code == expected
    assert maintainer.http.post(url, json={"user_id": other.user.id, "access_level": 50}).status_code == 403
    assert maintainer.http.post(url, json={"user_id": other.user.id, "access_level": 40}).status_code == 201
    assert developer.http.delete(f"{url}/{developer.user.id}").status_code == 204  # one may leave


def test_who_may_not_add_members_learns_of_nobody(owner: Somebody, people: People) -> None:
    (group,) = owner.gitlab.groups.list(owned=True)
    project = owner.gitlab.projects.create({"name": "p", "namespace_id": group.id})
    reader, bea = people.somebody(), people.somebody()
    project.members.create({"user_id": reader.user.id, "access_level": 20})
    url = f"/projects/{project.id}/members"
    answers = [
        reader.http.post(url, json={"user_id": number, "access_level": 20}) for number in (bea.user.id, 999_999_999)
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(403, answers[0].json())] * 2
