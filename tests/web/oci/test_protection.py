"""Protected and immutable tags and repositories: every verb against every kind of rule, with real tokens."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from joserfc import jws

from tests.serving import Server
from tests.web.oci.conftest import client_of
from tests.web.oci.contents import OCI_CONFIG, OCI_IMAGE, Manifest, blob, descriptor, image, index, manifest_of
from tests.web.oci.registry_client import Registry, refused
from wharfinger.domain import protection
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Level, Rule

WHO = ("developer", "maintainer", "owner", "admin")
LEVELS = {"developer": 0, "maintainer": Level.MAINTAINER, "owner": Level.OWNER, "admin": Level.ADMIN}


@dataclass
class World:
    """A project with a client for each role, and a way to give it rules."""

    server: Any
    project: Any
    clients: dict[str, Registry]

    def __getitem__(self, role: str) -> Registry:
        return self.clients[role]

    @property
    def admin(self) -> Registry:
        return self.clients["admin"]

    @property
    def image(self) -> str:
        return f"{self.project.path}/image"

    def rule(self, kind: Kind, pattern: str, push: Level | None = None, delete: Level | None = None) -> None:
        protection.add(self.server.tools, OPERATOR, self.project.path, Rule(kind, pattern, push, delete))

    def lift(self) -> None:
        """Remove all rules."""
        for kept in protection.list_rules(self.server.tools, OPERATOR, self.project.path):
            protection.remove(self.server.tools, OPERATOR, self.project.path, kept.rule.kind, kept.id)


@pytest.fixture(scope="module")
def clients(server: Any) -> tuple[Any, dict[str, Registry]]:
    project = server.project()
    members = {role: server.user(project=project, role=role) for role in WHO if role != "admin"}
    people = {**members, "admin": server.user(admin=True)}
    return project, {role: client_of(server, person) for role, person in people.items()}


@pytest.fixture
def world(server: Any, clients: tuple[Any, dict[str, Registry]]) -> Iterator[World]:
    made = World(server, *clients)
    yield made
    made.lift()


def put(client: Registry, path: str, tag: str, manifest: Manifest) -> httpx.Response:
    for data in manifest.blobs:
        client.upload(path, data)
    return client.put_manifest(path, tag, manifest)


def by_tag(world: World, client: Registry, tag: str) -> httpx.Response:
    return put(client, world.image, tag, image())


def by_several_tags(world: World, client: Registry, tag: str) -> httpx.Response:
    pushed = image()
    for data in pushed.blobs:
        client.upload(world.image, data)
    return client.put_manifest(world.image, pushed.digest, pushed, tags=["harmless", tag])


def delete_tag(world: World, client: Registry, tag: str) -> httpx.Response:
    return client.delete(f"/v2/{world.image}/manifests/{tag}")


def delete_digest(world: World, client: Registry, tag: str) -> httpx.Response:
    digest = client.head(f"/v2/{world.image}/manifests/{tag}").headers["docker-content-digest"]
    return client.delete(f"/v2/{world.image}/manifests/{digest}")


PUSHES = [by_tag, by_several_tags]
DELETES = [delete_tag, delete_digest]


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name.lower())
@pytest.mark.parametrize("verb", PUSHES, ids=lambda verb: verb.__name__)
def test_who_pushes_a_protected_tag(world: World, verb: Callable[..., httpx.Response], level: Level) -> None:
    world.rule(Kind.TAG, "^v", push=level)
    for role in WHO:
        answer = verb(world, world[role], "v1")
        if LEVELS[role] >= level:
            assert answer.status_code == 201, f"{role}: {answer.text}"
        else:
            assert "the tag v1 is protected, pushing needs" in refused(answer, 403, "DENIED")
        assert by_tag(world, world[role], "main").status_code == 201


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name.lower())
@pytest.mark.parametrize("verb", DELETES, ids=lambda verb: verb.__name__)
def test_who_deletes_a_protected_tag(world: World, verb: Callable[..., httpx.Response], level: Level) -> None:
    world.rule(Kind.TAG, "^v", delete=level)
    for role in ("maintainer", "owner", "admin"):
        assert by_tag(world, world["developer"], "v1").status_code == 201
        answer = verb(world, world[role], "v1")
        if LEVELS[role] >= level:
            assert answer.status_code == 202, f"{role}: {answer.text}"
        else:
            assert "the tag v1 is protected, deleting needs" in refused(answer, 403, "DENIED")
            assert world[role].head(f"/v2/{world.image}/manifests/v1").status_code == 200


@pytest.mark.parametrize("role", WHO)
def test_what_is_immutable(world: World, role: str) -> None:
    tag, client, pushed = f"stable-{role}", world[role], image()
    world.rule(Kind.IMMUTABLE, "^stable-")
    assert put(client, world.image, tag, pushed).status_code == 201
    assert put(client, world.image, tag, pushed).status_code == 201, "the same again is fine"
    for verb in PUSHES:
        assert f"the tag {tag} is immutable" in refused(verb(world, client, tag), 403, "DENIED")
    for verb in DELETES if role != "developer" else []:
        assert f"the tag {tag} is immutable" in refused(verb(world, client, tag), 403, "DENIED")
    assert client.head(f"/v2/{world.image}/manifests/{tag}").headers["docker-content-digest"] == pushed.digest


def test_which_rule_it_was_is_told_to_programs(world: World) -> None:
    pushed = world.admin.push(world.image, image(), "told-1", "fixed-1")
    world.rule(Kind.TAG, "^told", push=Level.ADMIN, delete=Level.ADMIN)
    world.rule(Kind.IMMUTABLE, "^fixed")
    owner = world["owner"]
    answers = {
        "PROTECTED_TAG": by_tag(world, owner, "told-1"),
        "IMMUTABLE_TAG": by_tag(world, owner, "fixed-1"),
        "PROTECTED_MANIFEST": owner.delete(f"/v2/{world.image}/manifests/{pushed.digest}"),
    }
    assert {name: answer.json()["errors"][0]["detail"]["reason"] for name, answer in answers.items()} == {
        name: name for name in answers
    }


def test_nothing_of_a_refused_push_stays(world: World) -> None:
    world.rule(Kind.TAG, "^v", push=Level.OWNER)
    pushed = image()
    for data in pushed.blobs:
        world["developer"].upload(world.image, data)
    refused(world["developer"].put_manifest(world.image, pushed.digest, pushed, tags=["fresh", "v7"]), 403, "DENIED")
    assert world["developer"].head(f"/v2/{world.image}/manifests/fresh").status_code == 404
    assert world["developer"].head(f"/v2/{world.image}/manifests/{pushed.digest}").status_code == 404


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name.lower())
def test_a_protected_repository(world: World, level: Level) -> None:
    pushed = world.admin.push(world.image, image(), "main")
    world.rule(Kind.REPOSITORY, f"{world.project.path}/im*", push=level, delete=level)
    for role in WHO:
        client = Registry(world.server.url, world[role].username, world[role].secret)
        started = client.post(f"/v2/{world.image}/blobs/uploads/")
        mounted = client.post(
            f"/v2/{world.image}/blobs/uploads/",
            params={"mount": pushed.facts["config"]["digest"], "from": world.image},
        )
        placed = client.put_manifest(world.image, "main", pushed)
        if LEVELS[role] >= level:
            assert [started.status_code, mounted.status_code, placed.status_code] == [202, 201, 201]
        else:
            for answer in (started, mounted, placed):
                assert "is protected, pushing needs" in refused(answer, 403, "DENIED")
        if Level.MAINTAINER <= LEVELS[role] < level:
            for verb in DELETES:
                assert "is protected, deleting needs" in refused(verb(world, client, "main"), 403, "DENIED")
        assert client.post(f"/v2/{world.project.path}/other/blobs/uploads/").status_code == 202


def test_a_rule_counts_for_tokens_that_are_older(world: World) -> None:
    """The token in the client's hand was issued before there was a rule."""
    client = world["developer"]
    assert by_tag(world, client, "v9").status_code == 201
    world.rule(Kind.TAG, "^v9$", push=Level.MAINTAINER)
    assert "protected" in refused(by_tag(world, client, "v9"), 403, "DENIED")
    world.rule(Kind.REPOSITORY, f"{world.project.path}*", push=Level.MAINTAINER)
    assert "protected" in refused(client.post(f"/v2/{world.image}/blobs/uploads/"), 403, "DENIED")
    world.lift()
    assert by_tag(world, client, "v9").status_code == 201


def test_what_the_token_says(world: World) -> None:
    world.rule(Kind.TAG, "^v", push=Level.MAINTAINER, delete=Level.OWNER)
    world.rule(Kind.IMMUTABLE, "^stable")
    world.rule(Kind.REPOSITORY, f"{world.project.path}/secret", push=Level.OWNER)
    assert meta(world, "developer", "image") == ({"push": ["^v"]}, ["^stable"], ["pull", "push"])
    assert meta(world, "maintainer", "image") == (
        {"delete": ["^v"], "push": []},
        ["^stable"],
        ["delete", "pull", "push"],
    )
    assert meta(world, "admin", "image") == ({"delete": [], "push": []}, ["^stable"], ["delete", "pull", "push"])
    assert meta(world, "maintainer", "secret")[2] == ["delete", "pull"]


def meta(world: World, role: str, name: str) -> tuple[Any, Any, Any]:
    """Denied and immutable patterns, and the actions, of a token for everything."""
    token = world[role].token(f"repository:{world.project.path}/{name}:*")
    (entry,) = json.loads(jws.extract_compact(token.encode()).payload)["access"]
    found = entry["meta"]
    return found.get("tag_deny_access_patterns"), found.get("tag_immutable_patterns"), entry["actions"]


def signature(*signatures: bytes) -> Manifest:
    """What cosign keeps under a tag named after the image: a layer for each signature."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(signatures[-1], OCI_CONFIG),
        "layers": [descriptor(each, "application/vnd.dev.cosign.simplesigning.v1+json") for each in signatures],
    }
    return manifest_of(body, OCI_IMAGE, blobs=signatures)


def test_signatures_beside_an_immutable_image_grow(world: World) -> None:
    world.rule(Kind.IMMUTABLE, ".*")
    client = world["developer"]
    signed = client.push(world.image, image(), f"stable-{token_hex(4)}")
    tag, first, second = f"{signed.digest.replace(':', '-')}.sig", blob(), blob()
    assert put(client, world.image, tag, signature(first)).status_code == 201
    assert put(client, world.image, tag, signature(first, second)).status_code == 201
    assert f"the tag {tag} is immutable" in refused(put(client, world.image, tag, signature(second)), 403, "DENIED")
    refused(world["owner"].delete(f"/v2/{world.image}/manifests/{tag}"), 403, "DENIED")


def test_fallback_index_of_referrers_grows(world: World) -> None:
    world.rule(Kind.IMMUTABLE, ".*")
    client = world["developer"]
    signed, first, second = (client.push(world.image, image()) for _ in range(3))
    tag = signed.digest.replace(":", "-")
    for children in ((first,), (first, second)):
        assert client.put_manifest(world.image, tag, index(*children)).status_code == 201
    refused(client.put_manifest(world.image, tag, index(second)), 403, "DENIED")


def test_the_switch_for_versions(tmp_path: Path) -> None:
    server = Server(tmp_path, {"registry": {"immutable_versions": True}}).start()
    try:
        project = server.project()
        client = client_of(server, server.user(project=project, role="owner"))
        path = f"{project.path}/image"
        assert put(client, path, "v1.2.3", image()).status_code == 201
        assert "v1.2.3 is immutable" in refused(put(client, path, "v1.2.3", image()), 403, "DENIED")
        for _ in range(2):
            assert put(client, path, "v1.2", image()).status_code == 201
        refused(client.delete(f"/v2/{path}/manifests/v1.2.3"), 403, "DENIED")
    finally:
        server.stop()
