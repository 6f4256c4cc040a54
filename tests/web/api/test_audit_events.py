"""The audit log by python-gitlab and plain HTTP."""

import csv
import io
import json
from typing import Any

import pytest

from tests.serving import Server, until
from tests.web.api.conftest import People, Somebody
from wharfinger.domain import chain, groups, members
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules.roles import Role


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def maintainer(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer")


def sealed(server: Server) -> None:
    """Until the worker has put everything into the log."""
    assert until(lambda: not chain.anything_waits(server.tools))


def test_what_happened_is_listed(server: Server, people: People, project: Project, maintainer: Somebody) -> None:
    pushed = people.push(maintainer, f"{project.path}/web", "v1")
    sealed(server)
    found: Any = maintainer.gitlab.projects.get(project.id).audit_events.list(get_all=True)
    assert [one.event_name for one in found] == ["manifest pushed", "member added", "project created"]
    event = found[0]
    assert (event.author_id, event.entity_id, event.entity_type) == (maintainer.user.id, project.id, "Project")
    assert event.details["author_name"] == maintainer.user.username
    assert event.details["author_credential"].startswith("personal ")
    assert event.details["ip_address"] == "127.0.0.1"
    assert event.details["about"]["digest"] == pushed.digest


def test_pages_are_linked(server: Server, people: People) -> None:
    place = server.project()
    maintainer = people.somebody(place, "maintainer")
    for _ in range(7):
        server.user(place, "guest")
    sealed(server)
    events = f"/projects/{place.id}/audit_events"
    answer = maintainer.http.get(events, params={"per_page": 4})
    numbers = [event["id"] for event in answer.json()]
    while "next" in answer.links:
        answer = maintainer.http.get(answer.links["next"]["url"])
        numbers += [event["id"] for event in answer.json()]
    assert len(numbers) == 9
    assert numbers == sorted(numbers, reverse=True)
    mine: Any = maintainer.gitlab.projects.get(place.id)
    assert [one.id for one in mine.audit_events.list(get_all=True, per_page=2)] == numbers
    assert maintainer.http.get(events, params={"cursor": "x"}).status_code == 400


def test_changes_by_the_api_say_from_where(server: Server, people: People, project: Project) -> None:
    owner = people.somebody(groups.get(server.tools, OPERATOR, project.path.rpartition("/")[0]), "owner")
    somebody = server.user()
    owner.gitlab.projects.get(project.id).members.create({"user_id": somebody.id, "access_level": 30})
    sealed(server)
    answer = owner.http.get(f"/projects/{project.id}/audit_events", params={"author": owner.user.username})
    (event,) = answer.json()
    assert (event["event_name"], event["details"]["ip_address"]) == ("member added", "127.0.0.1")
    assert event["details"]["about"]["username"] == somebody.username


@pytest.mark.parametrize(("search", "count"), [
    ({"event_name": "member added"}, 2), ({"author": "nobody"}, 0), ({"created_before": "2020-01-01T00:00:00Z"}, 0),
    ({"created_after": "2020-01-01T00:00:00Z", "event_name": "project created"}, 1), ({"ip_address": "192.0.2.1"}, 0),
    ({"search": "member GUEST"}, 1), ({"search": '"project created"'}, 1), ({"search": "other/place"}, 0),
])  # fmt: skip
def test_searching(server: Server, people: People, search: dict[str, str], count: int) -> None:
    place = server.project()
    maintainer = people.somebody(place, "maintainer")
    server.user(place, "guest")
    sealed(server)
    assert len(maintainer.http.get(f"/projects/{place.id}/audit_events", params=search).json()) == count


def test_exports(server: Server, maintainer: Somebody, project: Project) -> None:
    members.add(server.tools, OPERATOR, project.path, server.user().username, Role.GUEST)
    sealed(server)
    export = f"/projects/{project.id}/audit_events/export"
    lines = maintainer.http.get(export)
    assert lines.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    events = [json.loads(line) for line in lines.text.splitlines()]
    assert events[-1]["kind"] == "project created"
    table = maintainer.http.get(export, params={"format": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert [int(row["number"]) for row in csv.DictReader(io.StringIO(table.text))] == [one["number"] for one in events]


def test_custody(server: Server, people: People, project: Project, maintainer: Somebody) -> None:
    first = people.push(maintainer, f"{project.path}/custody", "v1")
    people.push(maintainer, f"{project.path}/custody", "v1")
    sealed(server)
    repositories = maintainer.http.get(f"/projects/{project.id}/registry/repositories").json()
    number = next(one["id"] for one in repositories if one["name"] == "custody")
    path = f"/projects/{project.id}/registry/repositories/{number}/custody"
    found = maintainer.http.get(path, params={"digest": first.digest}).json()
    assert [one["event_name"] for one in found["events"]] == ["manifest pushed", "manifest pushed"]
    assert found["events"][0]["details"]["about"]["replaced"] == [first.digest]
    (push,) = found["pushes"]
    assert (push["author_name"], push["tags"], push["ip_address"]) == (maintainer.user.username, ["v1"], "127.0.0.1")
    assert (found["digest"], found["stated"], found["pull_count"]) == (first.digest, [], 0)
    reporter = people.somebody(project, "reporter")
    assert reporter.http.get(path, params={"digest": first.digest}).status_code == 403


def test_who_may(people: People, admin: Somebody, maintainer: Somebody, project: Project) -> None:
    developer, stranger = people.somebody(project, "developer"), people.somebody()
    for path in (f"/projects/{project.id}/audit_events", f"/projects/{project.id}/audit_events/export"):
        assert developer.http.get(path).status_code == 403
        assert stranger.http.get(path).status_code == 404
    for path in ("/audit_events", "/audit_events/export"):
        assert maintainer.http.get(path).status_code == 403
        assert admin.http.get(path, params={"created_before": "2020-01-01T00:00:00Z"}).status_code == 200
    group = project.path.rpartition("/")[0].replace("/", "%2F")
    assert maintainer.http.get(f"/groups/{group}/audit_events").status_code == 403
    assert len(admin.http.get(f"/groups/{group}/audit_events").json()) > 1
