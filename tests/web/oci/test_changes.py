"""What changes while clients hold tokens: memberships, projects, groups and credentials, seen through the registry.

A registry token lives for minutes and carries project ids, never only names: it opens nothing that its project is not.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.serving import Server
from tests.web.oci.conftest import Place, client_of, fresh, settle
from tests.web.oci.contents import absent_digest, blob, digest_of, image
from tests.web.oci.registry_client import Registry, octets, refused
from wharfinger.domain import groups, members, projects, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import Role, Visibility


@pytest.fixture
def place(server: Server) -> Place:
    """A project of the test's own: each one changes it."""
    return settle(server, "private")


@pytest.fixture
def other(server: Server) -> Place:
    return settle(server, "private")


# How each action shows: a request that needs it, and what it gets where it is allowed.
PROBES = {
    "pull": ("GET", "tags/list", 200),
    "push": ("POST", "blobs/uploads/", 202),
    "delete": ("DELETE", f"blobs/{absent_digest()}", 404),
}


def granted(registry: Registry, path: str) -> set[str]:
    """What can be done in a repository that is there, with the token that the token service gives now."""
    answer = registry.ask_token(f"repository:{path}:pull,push,delete")
    assert answer.status_code == 200, answer.text
    token, allowed = str(answer.json()["token"]), set()
    for action, (method, rest, status) in PROBES.items():
        found = registry.send(method, f"/v2/{path}/{rest}", token=token)
        if found.status_code == status and "NAME_UNKNOWN" not in found.text:
            allowed.add(action)
    return allowed


# --- credentials


def test_a_revoked_token_gets_no_more(server: Server, place: Place) -> None:
    user = server.user(project=place.project, role="developer")
    made = tokens.create_personal(server.tools, OPERATOR, "laptop", ("read_registry",), username=user.username)
    registry = Registry(server.url, user.username, made.secret)
    assert registry.ask_token().status_code == 200
    tokens.revoke(server.tools, OPERATOR, made.token.id)
    assert "revoked" in refused(registry.ask_token(), 401, "UNAUTHORIZED")


def test_a_rotated_token_gets_no_more_and_its_successor_does(server: Server, place: Place) -> None:
    user = server.user(project=place.project, role="guest")
    made = tokens.create_personal(server.tools, OPERATOR, "laptop", ("read_registry",), username=user.username)
    successor = tokens.rotate(server.tools, OPERATOR, made.token.id)
    refused(Registry(server.url, user.username, made.secret).ask_token(), 401, "UNAUTHORIZED")
    assert Registry(server.url, user.username, successor.secret).ask_token().status_code == 200


def test_a_token_ends_at_its_time(server: Server, place: Place) -> None:
    user = server.user(project=place.project, role="guest")
    ends_at = datetime.now(UTC) + timedelta(seconds=1.5)
    registry = Registry(server.url, user.username, server.token(user, expires_at=ends_at))
    assert registry.ask_token().status_code == 200
    time.sleep(max(0.0, (ends_at - datetime.now(UTC)).total_seconds()) + 0.01)
    assert "expired" in refused(registry.ask_token(), 401, "UNAUTHORIZED")


def test_a_blocked_person_gets_no_more(server: Server, place: Place) -> None:
    user = server.user(project=place.project, role="guest")
    registry = client_of(server, user)
    assert registry.ask_token().status_code == 200
    users.block(server.tools, OPERATOR, user.username)
    assert "blocked" in refused(registry.ask_token(), 401, "UNAUTHORIZED")
    users.unblock(server.tools, OPERATOR, user.username)
    assert registry.ask_token().status_code == 200


def test_a_deploy_token_logs_in_under_its_own_name(server: Server, place: Place) -> None:
    made = tokens.create_deploy(server.tools, OPERATOR, place.path, "robot", ("read_registry", "write_registry"))
    username = str(made.token.username)
    repository = fresh(place)
    pushed = Registry(server.url, username, made.secret).push(repository, image(0), "v1")
    assert place.guest.get(f"/v2/{repository}/manifests/v1").content == pushed.body
    assert username in refused(Registry(server.url, "somebody", made.secret).ask_token(), 401, "UNAUTHORIZED")
    refused(Registry(server.url, username, made.secret).delete(f"/v2/{repository}/manifests/v1"), 403, "DENIED")


def test_a_job_pushes_to_its_own_project_only(server: Server, place: Place, other: Place) -> None:
    user = server.user(project=place.project, role="developer")
    members.add(server.tools, OPERATOR, other.path, user.username, Role.DEVELOPER)
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    made = tokens.create_job(server.tools, OPERATOR, place.path, ends_at=ends_at, username=user.username)
    job = Registry(server.url, "gitlab-ci-token", made.secret)
    job.push(fresh(place), image(0), "v1")
    theirs = fresh(other)
    pushed = other.developer.push(theirs, image(0), "v1")
    assert job.get(f"/v2/{theirs}/manifests/v1").content == pushed.body
    message = refused(job.put_manifest(theirs, "v2", pushed), 403, "DENIED")
    assert "own project" in message


# --- memberships


def test_a_new_role_counts_for_the_next_token(server: Server, place: Place) -> None:
    repository = fresh(place)
    place.maintainer.push(repository, image(0), "v1")
    user = server.user()
    registry = client_of(server, user)
    assert granted(registry, repository) == set()
    expected: list[tuple[Role, set[str]]] = [
        (Role.GUEST, {"pull"}),
        (Role.DEVELOPER, {"pull", "push"}),
        (Role.MAINTAINER, {"pull", "push", "delete"}),
        (Role.REPORTER, {"pull"}),
    ]
    for role, allowed in expected:
        members.add(server.tools, OPERATOR, place.path, user.username, role)
        assert granted(registry, repository) == allowed
    members.remove(server.tools, OPERATOR, place.path, user.username)
    assert granted(registry, repository) == set()


def test_roles_come_down_the_groups(server: Server) -> None:
    top = server.group()
    below = groups.create(server.tools, OPERATOR, f"{top.path}/team", visibility=Visibility.PRIVATE)
    project = server.project(path=f"{below.path}/shop", visibility="private")
    registry = client_of(server, server.user(project=top, role="developer"))
    registry.push(f"{project.path}/image", image(0), "v1")
    assert granted(registry, f"{project.path}/image") == {"pull", "push"}


def test_visibility_opens_and_closes(server: Server, anonymous: Registry) -> None:
    project = server.project(visibility="private")
    owner = client_of(server, server.user(project=project, role="owner"))
    path = f"/v2/{project.path}/image/manifests/v1"
    pushed = owner.push(f"{project.path}/image", image(0), "v1")
    assert Registry(server.url).get(path).status_code == 401
    projects.change(server.tools, OPERATOR, project.path, visibility=Visibility.PUBLIC)
    assert Registry(server.url).get(path).content == pushed.body
    projects.change(server.tools, OPERATOR, project.path, visibility=Visibility.PRIVATE)
    assert Registry(server.url).get(path).status_code == 401


# --- places


def moved(server: Server, place: Place, how: str) -> str:
    """Rename or move the project or its group; returns the project's new path."""
    group, _, last = place.path.rpartition("/")
    match how:
        case "rename project":
            return str(projects.rename(server.tools, OPERATOR, place.path, "renamed").path)
        case "move project":
            return str(projects.move(server.tools, OPERATOR, place.path, server.group().path).path)
        case "rename group":
            return f"{groups.rename(server.tools, OPERATOR, group, f'{group}-renamed').path}/{last}"
    return f"{groups.move(server.tools, OPERATOR, group, server.group().path).path}/{last}"


@pytest.mark.parametrize("how", ["rename project", "move project", "rename group", "move group"])
def test_images_go_along_and_the_old_path_still_leads_there(server: Server, place: Place, how: str) -> None:
    pushed = place.developer.push(f"{place.path}/image", image(), "v1")
    new, old = moved(server, place, how), place.path
    for path in (new, old):
        assert place.guest.get(f"/v2/{path}/image/manifests/v1").content == pushed.body
        assert place.guest.get(f"/v2/{path}/image/blobs/{digest_of(pushed.blobs[1])}").content == pushed.blobs[1]
        assert place.guest.tags(f"{path}/image") == ["v1"]
    later = place.developer.push(f"{old}/image", image(), "v2")
    assert place.guest.get(f"/v2/{new}/image/manifests/v2").content == later.body
    place.developer.push(f"{old}/another", image(), "v3")
    assert place.guest.tags(f"{new}/another") == ["v3"]
    listed = place.guest.get("/v2/_catalog").json()["repositories"]
    assert f"{new}/image" in listed
    assert f"{old}/image" not in listed


def test_an_old_path_belongs_to_who_takes_it(server: Server, place: Place, other: Place) -> None:
    """Then it leads to the new project only, and no token for the old one opens the new one."""
    place.developer.push(f"{place.path}/image", image(), "v1")
    old = place.path
    token = place.developer.token(f"repository:{old}/image:pull,push")
    projects.rename(server.tools, OPERATOR, old, "renamed")
    assert place.developer.get(f"/v2/{old}/image/tags/list", token=token).json()["tags"] == ["v1"]
    taken = server.project(path=old, visibility="private")
    newcomer = client_of(server, server.user(project=taken, role="owner"))
    secret = newcomer.push(f"{old}/image", image(), "secret")
    for path in (f"/v2/{old}/image/manifests/secret", f"/v2/{old}/image/tags/list"):
        answer = place.developer.get(path, token=token)
        assert answer.status_code == 404, answer.text
    assert place.developer.put_manifest(f"{old}/image", "mine", secret, token=token).status_code == 404
    assert place.developer.post(f"/v2/{old}/image/blobs/uploads/", token=token).status_code == 404
    assert newcomer.tags(f"{old}/image") == ["secret"]


def test_a_project_made_again_is_another_one(server: Server, place: Place) -> None:
    """A token for a project that was deleted opens nothing in the next one of its name."""
    place.developer.push(f"{place.path}/image", image(), "v1")
    token = place.developer.token(f"repository:{place.path}/image:pull,push")
    upload = place.developer.start(f"{place.path}/image")
    projects.delete(server.tools, OPERATOR, place.path, with_images=True)
    answer = place.developer.get(f"/v2/{place.path}/image/manifests/v1", token=token)
    refused(answer, 404, "NAME_UNKNOWN")
    again = server.project(path=place.path, visibility="private")
    owner = client_of(server, server.user(project=again, role="owner"))
    owner.push(f"{place.path}/image", image(), "new")
    refused(place.developer.get(f"/v2/{place.path}/image/manifests/new", token=token), 404, "NAME_UNKNOWN")
    assert place.developer.put_manifest(f"{place.path}/image", "mine", image(0), token=token).status_code == 404
    assert owner.patch(upload, content=b"x", headers=octets()).status_code == 404, "nor do uploads live on"
    assert owner.tags(f"{place.path}/image") == ["new"]


def test_an_upload_survives_a_rename(server: Server, place: Place) -> None:
    """A push that was under way is not lost: its session is good under the path it began with."""
    data, repository = blob(1000), f"{place.path}/image"
    upload = place.developer.start(repository)
    assert place.developer.patch(upload, content=data[:500], headers=octets()).status_code == 202
    projects.rename(server.tools, OPERATOR, place.path, "renamed")
    assert place.developer.patch(upload, content=data[500:], headers=octets()).status_code == 202
    done: Any = place.developer.put(upload, params={"digest": digest_of(data)})
    assert done.status_code == 201, done.text
    assert place.developer.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data
