"""Webhooks by python-gitlab; and one served, from a real push to a real receiver."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gitlab
import pytest

from tests.conftest import MakeDatabase
from tests.receiver import Receiver, Reply, listening
from tests.serving import Server, until
from tests.web.api.conftest import People, Somebody
from wharfinger.domain import groups
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules import notifications

URL = "https://hooks.example.com/in"


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def maintainer(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer")


def test_life_of_a_webhook(maintainer: Somebody, project: Project) -> None:
    mine = maintainer.gitlab.projects.get(project.id)
    made: Any = mine.hooks.create({"url": URL, "image_push_events": True, "token": "a secret of my own", "name": "ci"})
    assert (made.url, made.name, made.token, made.payload_format) == (URL, "ci", "a secret of my own", "cloudevents")
    assert (made.image_push_events, made.image_delete_events, made.alert_status) == (True, False, "executable")
    (listed,) = mine.hooks.list()
    assert (listed.id, listed.project_id) == (made.id, project.id)
    assert not hasattr(listed, "token")
    listed.image_delete_events = True
    listed.payload_format = "envelope"
    listed.save()
    found: Any = mine.hooks.get(made.id)
    assert (found.image_push_events, found.image_delete_events, found.payload_format) == (True, True, "envelope")
    mine.hooks.delete(made.id)
    assert mine.hooks.list() == []
    with pytest.raises(gitlab.exceptions.GitlabGetError):
        mine.hooks.get(made.id)


def test_what_is_not_said_is_made(maintainer: Somebody, project: Project) -> None:
    made: Any = maintainer.gitlab.projects.get(project.id).hooks.create({"url": URL})
    assert made.token.startswith("whsec_")
    assert (made.image_push_events, made.image_delete_events, made.image_pull_events) == (True, True, False)
    answer = maintainer.http.post(f"/projects/{project.id}/hooks", json={"url": URL, "image_push_events": False})
    assert answer.status_code == 400
    assert "told of something" in answer.json()["message"]


def test_a_test_says_how_it_went(maintainer: Somebody, project: Project) -> None:
    hooks = f"/projects/{project.id}/hooks"
    made = maintainer.http.post(hooks, json={"url": "http://localhost:1/"}).json()
    outcome = maintainer.http.post(f"{hooks}/{made['id']}/test/push_events")
    assert (outcome.status_code, outcome.json()["state"]) == (201, "given up")
    assert "[outbound] allow" in outcome.json()["response_body"]
    (event,) = maintainer.http.get(f"{hooks}/{made['id']}/events").json()
    assert event["id"] == outcome.json()["id"]
    again = maintainer.http.post(f"{hooks}/{made['id']}/events/{event['id']}/resend")
    assert (again.status_code, again.json()["request_data"]) == (201, event["request_data"])
    assert len(maintainer.http.get(f"{hooks}/{made['id']}/events").json()) == 2


def test_groups_and_the_installation(people: People, admin: Somebody, project: Project, server: Server) -> None:
    group = groups.get(server.tools, OPERATOR, project.path.rpartition("/")[0])
    owner = people.somebody(group, "owner")
    made: Any = owner.gitlab.groups.get(group.id).hooks.create({"url": URL})
    assert made.group_id == group.id
    made.delete()
    system: Any = admin.gitlab.hooks.create({"url": URL})
    assert [one.id for one in admin.gitlab.hooks.list(get_all=True)].count(system.id) == 1
    assert admin.http.post(f"/hooks/{system.id}").json()["trigger"] == "webhook tested"
    assert admin.http.put(f"/hooks/{system.id}", json={"name": "all"}).json()["name"] == "all"
    tried = [one["trigger"] for one in admin.http.get(f"/hooks/{system.id}/events").json()]
    assert tried.count("webhook tested") == 1  # what others did a moment ago may be told of as well
    system.delete()
    assert admin.http.get(f"/hooks/{system.id}").status_code == 404
    assert owner.http.get("/hooks").status_code == 403
    assert owner.http.post("/hooks", json={"url": URL}).status_code == 403


def test_who_may(people: People, project: Project, maintainer: Somebody) -> None:
    made: Any = maintainer.gitlab.projects.get(project.id).hooks.create({"url": URL})
    developer, stranger = people.somebody(project, "developer"), people.somebody()
    reader = people.with_token(maintainer.user, people.server.token(maintainer.user, ["read_api"]))
    for path in ("", f"/{made.id}", f"/{made.id}/events"):
        hooks = f"/projects/{project.id}/hooks{path}"
        assert developer.http.get(hooks).status_code == 403
        assert stranger.http.get(hooks).status_code == 404
    for method, path in (
        ("POST", ""), ("PUT", f"/{made.id}"), ("DELETE", f"/{made.id}"), ("POST", f"/{made.id}/test/push_events"),
        ("POST", f"/{made.id}/events/1/resend"),
    ):  # fmt: skip
        asked = {"json": {"url": URL}} if method != "DELETE" else {}
        hooks = f"/projects/{project.id}/hooks{path}"
        assert developer.http.request(method, hooks, **asked).status_code == 403  # type: ignore[arg-type]
        assert stranger.http.request(method, hooks, **asked).status_code == 404  # type: ignore[arg-type]
        assert reader.http.request(method, hooks, **asked).status_code == 403  # type: ignore[arg-type]


def test_numbers_of_others_lead_nowhere(people: People, server: Server, maintainer: Somebody, project: Project) -> None:
    other = server.project()
    theirs: Any = people.somebody(other, "maintainer").gitlab.projects.get(other.id).hooks.create({"url": URL})
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/test/x"), ("GET", "/events")):
        answer = maintainer.http.request(method, f"/projects/{project.id}/hooks/{theirs.id}{path}")
        assert answer.status_code == 404


@pytest.fixture(params=["sqlite", "postgres"])
def telling(
    request: pytest.FixtureRequest, tmp_path: Path, make_database: MakeDatabase
) -> Iterator[tuple[Server, Receiver]]:
    """A server that may ask the loopback, and somebody who listens there."""
    url = "" if request.param == "sqlite" else make_database("postgres")
    settings: dict[str, dict[str, Any]] = {"database": {"url": url}, "outbound": {"allow": ["127.0.0.0/8"]}}
    made = Server(tmp_path, settings).start()
    with listening() as receiver:
        yield made, receiver
    made.stop()


def test_a_push_reaches_a_receiver(telling: tuple[Server, Receiver]) -> None:
    """Black box: push by HTTP, told within seconds by the worker, tried again after an error, signed."""
    server, receiver = telling
    people, project = People(server), server.project()
    maintainer = people.somebody(project, "maintainer")
    answers = iter([500])
    receiver.answer = lambda _: Reply(next(answers, 200))
    hook: Any = maintainer.gitlab.projects.get(project.id).hooks.create({"url": f"{receiver.url}/in"})
    people.push(maintainer, f"{project.path}/web", "v1")
    assert until(lambda: len(receiver.received) == 2, 40)
    first, second = receiver.received
    assert first.body == second.body
    event = json.loads(second.body)
    assert (event["type"], event["subject"]) == ("wharfinger.manifest.pushed", f"{project.path}/web")
    assert (event["data"]["actor"], event["data"]["tags"]) == (maintainer.user.username, ["v1"])
    id_, at = second.headers["webhook-id"], int(second.headers["webhook-timestamp"])
    assert second.headers["webhook-signature"] == notifications.signature(hook.token, id_, at, second.body)
    events = f"/projects/{project.id}/hooks/{hook.id}/events"
    assert until(lambda: maintainer.http.get(events).json()[0]["state"] == "delivered")
