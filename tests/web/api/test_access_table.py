"""Every route answers every credential as the access table says, and none is missing from the table."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from secrets import token_bytes
from typing import Any

import httpx
import pytest

from tests.actors import fresh
from tests.serving import Server
from tests.web.api.access_table import LEVELS, ROWS, Credential, Row, credentials, expected
from tests.web.oci.contents import Manifest, image
from tests.web.oci.registry_client import Registry
from wharfinger.domain import (
    deliveries,
    groups,
    images,
    job_scopes,
    members,
    projects,
    protection,
    repositories,
    tokens,
    trash,
    users,
    webhooks,
)
from wharfinger.domain.access import OPERATOR, Group, Project
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.rules import secrets
from wharfinger.rules.notifications import Subject
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api.application import PREFIX, routes

Made = tuple[dict[str, Any], dict[str, Any]]  # parameters of the path, and of the body

LINES = list(credentials())


def documented() -> set[tuple[str, str]]:
    paths = routes().openapi()["paths"]
    return {(method.upper(), path.removeprefix(PREFIX)) for path, methods in paths.items() for method in methods}


def test_every_route_has_a_row() -> None:
    assert documented() == set(ROWS)


class World:
    """A private group with a project, and whatever a row needs beside them. People and tokens are made once."""

    def __init__(self, server: Server) -> None:
        self.server, self.tools = server, server.tools
        self.group: Group = server.group(visibility="private")
        self.project: Project = server.project(f"{self.group.path}/project")
        self.elsewhere: Project = server.project()
        self.path = f"{self.project.path}/image"
        owner = self._person("owner")
        login = tokens.create_personal(self.tools, OPERATOR, "t", ["read_registry", "write_registry"], username=owner)
        self.registry = Registry(server.url, owner, login.secret)
        self.kept: Manifest = self.registry.push(self.path, image(), "kept")
        self.http = httpx.Client(base_url=f"{server.url}{PREFIX}", timeout=60)
        self._headers: dict[Credential, dict[str, str]] = {}

    def headers(self, who: Credential, row: Row) -> dict[str, str]:
        """What to send; a token that a request may use up is another one each time."""
        if row.needs == "the token itself":
            return self._make(who)
        if who not in self._headers:
            self._headers[who] = self._make(who)
        return self._headers[who]

    def make(self, what: str, path: str) -> Made:
        """What stands in the path of a route, and in its body."""
        noun = path.split("/")[1]
        base: dict[str, Any] = {"id": self.group.id if noun == "groups" else self.project.id}
        makers: dict[str, Callable[[str], Made]] = {
            "": lambda _: ({}, {}),
            "person": lambda _: ({"user_id": self._user().id}, {}),
            "person in the body": lambda _: ({}, {"user_id": self._user().id}),
            "new user name": lambda _: ({}, {"username": fresh("new")}),
            "new path": lambda _: ({}, {"path": fresh("group")}),
            "group": lambda _: ({"id": self.group.id}, {}),
            "empty group": lambda _: ({"id": self._group().id}, {}),
            "group in a group": lambda _: ({"id": self._group().id}, {"group_id": self.group.id}),
            "project": lambda _: ({"id": self._project().id}, {}),
            "project in a group": lambda _: ({"project_id": self._project().id}, {}),
            "new project in a group": lambda _: ({}, {"path": fresh("p"), "namespace_id": self.group.id}),
            "namespace in the body": lambda _: ({"id": self._project().id}, {"namespace": self.group.id}),
            "member": lambda noun: ({"user_id": self._member(noun)}, {}),
            "bot": lambda noun: ({"token_id": self._bot(noun, Role.GUEST).token.id}, {}),
            "deploy token": lambda noun: ({"token_id": self._deploy(noun).token.id}, {}),
            "personal token": lambda _: ({"token_id": self._personal(self._user().username, "api").token.id}, {}),
            "repository": lambda _: ({"repository_id": self._repository(self.path)}, {}),
            "new repository": lambda _: ({"repository_id": self._new_repository()}, {}),
            "repository and its name": lambda _: ({"repository_id": self._new_repository()}, {"name": fresh("named")}),
            "image": lambda _: ({"repository_id": self._repository(self.path)}, {"digest": self.kept.digest}),
            "thing in the trash": lambda _: ({"thing_id": self._trashed()}, {}),
            "webhook": lambda noun: ({"hook_id": self._webhook(noun), "trigger": "push_events"}, {}),
            "delivery": self._delivery,
            "rule": self._rule,
            "policy": lambda noun: ({"name": self._policy(noun)}, {}),
            "no policy": lambda _: ({"name": "nowhere"}, {}),
            "no run": lambda _: ({"run_id": 10**9}, {}),
            "new rule": lambda kind: (self._without_rules(), self._pattern(kind)),
            "project for jobs": lambda _: ({}, {"target_project_id": self._project().id}),
            "group for jobs": lambda _: ({}, {"target_group_id": self._group().id}),
            "let in": self._let_in,
            "tag": lambda _: ({"repository_id": self._repository(self.path), "tag_name": self._tag()}, {}),
        }
        what, _, where = what.partition(" of ")
        parameters, body = makers[what](where)
        return base | parameters, body

    def _make(self, who: Credential) -> dict[str, str]:
        match who.kind:
            case "anonymous":
                return {}
            case "wrong":
                return {"PRIVATE-TOKEN": secrets.make(CredentialKind.PERSONAL, token_bytes(secrets.RANDOM_BYTES))}
            case "deploy":
                return {"PRIVATE-TOKEN": self._deploy("projects").secret}
            case "bot":
                return {"PRIVATE-TOKEN": self._bot("groups", Role[str(who.role).upper()], who.scopes).secret}
            case "job" | "job of elsewhere":
                return {"JOB-TOKEN": self._job(who)}
        made = self._personal(self._person(who.role), who.scopes)
        if who.kind == "revoked":
            tokens.revoke(self.tools, OPERATOR, made.token.id)
        return {"Authorization": f"Bearer {made.secret}"}

    def _person(self, role: str | None) -> str:
        user = users.create(self.tools, OPERATOR, fresh("person"), admin=role == "admin")
        if role is not None and role != "admin":
            members.add(self.tools, OPERATOR, self.group.path, user.username, Role[role.upper()])
        return user.username

    def _user(self) -> Any:
        return users.create(self.tools, OPERATOR, fresh("user"))

    def _group(self) -> Group:
        return groups.create(self.tools, OPERATOR, f"{self.group.path}/{fresh('g')}")

    def _project(self) -> Project:
        return projects.create(self.tools, OPERATOR, f"{self.group.path}/{fresh('p')}")

    def _place(self, noun: str) -> str:
        return self.group.path if noun == "groups" else self.project.path

    def _member(self, noun: str) -> int:
        user = self._user()
        members.add(self.tools, OPERATOR, self._place(noun), user.username, Role.GUEST)
        return int(user.id)

    def _personal(self, username: str, scopes: str) -> tokens.NewToken:
        return tokens.create_personal(self.tools, OPERATOR, "t", scopes.split(), username=username)

    def _bot(self, noun: str, role: Role, scopes: str = "api") -> tokens.NewToken:
        return tokens.create_bot(self.tools, OPERATOR, self._place(noun), "t", scopes.split(), role=role)

    def _deploy(self, noun: str) -> tokens.NewToken:
        return tokens.create_deploy(self.tools, OPERATOR, self._place(noun), "t", ["read_registry"])

    def _job(self, who: Credential) -> str:
        place = self.elsewhere if who.kind != "job" else self.project
        ends_at = self.tools.clock() + timedelta(hours=1)
        username = self._person(who.role)
        return tokens.create_job(self.tools, OPERATOR, place.path, ends_at=ends_at, username=username).secret

    def _repository(self, path: str) -> int:
        return repositories.get(self.tools, OPERATOR, path).id

    def _new_repository(self) -> int:
        path = f"{self.project.path}/{fresh('doomed')}"
        self.registry.push(path, image(), "v1")
        return self._repository(path)

    def _webhook(self, noun: str) -> int:
        place = "" if noun == "all" else self._place(noun)
        for known in webhooks.list_webhooks(self.tools, OPERATOR, place):
            return known.id
        made, _ = webhooks.create(self.tools, OPERATOR, place, "https://hooks.invalid/x", [Subject.PUSH])
        return made.id

    def _policy(self, noun: str) -> str:
        place = "" if noun == "all" else self._place(noun)
        return policies.save(self.tools, OPERATOR, place, Terms(name="p")).terms.name

    def _delivery(self, noun: str) -> Made:
        """Of a new webhook: each can be tried by hand a few times a minute."""
        for known in webhooks.list_webhooks(self.tools, OPERATOR, self._place(noun)):
            webhooks.remove(self.tools, OPERATOR, self._place(noun), known.id)
        hook = self._webhook(noun)
        told = deliveries.test(self.tools, OPERATOR, self._place(noun), hook)
        return {"hook_id": hook, "hook_event_id": told.id}, {}

    def _pattern(self, kind: str) -> dict[str, Any]:
        """A rule that keeps nobody from anything here."""
        if kind == "tag/rules":
            return {"tag_name_pattern": fresh("never")}
        return {"repository_path_pattern": f"{self.project.path}/{fresh('never')}"}

    def _without_rules(self) -> dict[str, Any]:
        """A project has a few rules at most."""
        for kept in protection.list_rules(self.tools, OPERATOR, self.project.path):
            protection.remove(self.tools, OPERATOR, self.project.path, kept.rule.kind, kept.id)
        return {}

    def _rule(self, kind: str) -> Made:
        self._without_rules()
        owner = {"PRIVATE-TOKEN": self._personal(self._person("owner"), "api").secret}
        url = f"/projects/{self.project.id}/registry/protection/{kind}"
        made = self.http.post(url, headers=owner, json=LEVELS | self._pattern(kind))
        return {"rule_id": made.json()["id"]}, {}

    def _let_in(self, noun: str) -> Made:
        other = self._group() if noun == "groups" else self._project()
        job_scopes.allow(self.tools, OPERATOR, self.project.path, other)
        return {f"target_{noun.removesuffix('s')}_id": other.id}, {}

    def _tag(self) -> str:
        self.registry.put_manifest(self.path, "doomed", self.kept)
        return "doomed"

    def _trashed(self) -> int:
        images.delete_tag(self.tools, OPERATOR, self.path, self._tag())
        return trash.list_trash(self.tools, OPERATOR, self.project.path, limit=1)[0].id


@cache
def world_of(server: Server) -> World:
    return World(server)


@pytest.mark.parametrize(("method", "path"), ROWS, ids=[f"{method} {path}" for method, path in ROWS])
def test_row(server: Server, method: str, path: str) -> None:
    row, world = ROWS[method, path], world_of(server)
    wrong = []
    for who in LINES:
        parameters, body = world.make(row.made, path)
        url = path.format_map({name: str(value) for name, value in parameters.items()})
        sent: dict[str, Any] = {"params": body} if method == "GET" else {"json": row.body | body}
        answer = world.http.request(method, url, headers=world.headers(who, row), **sent)
        if answer.status_code != expected(method, row, who):
            wrong.append(f"{who}: {answer.status_code}, not {expected(method, row, who)}: {answer.text[:150]}")
    assert not wrong, "\n".join(wrong)


def test_a_role_of_elsewhere_does_not_count(server: Server) -> None:
    """The role in the project counts, not that of other places."""
    world = world_of(server)
    user = users.create(server.tools, OPERATOR, fresh("dev"))
    members.add(server.tools, OPERATOR, world.project.path, user.username, Role.DEVELOPER)
    members.add(server.tools, OPERATOR, world.elsewhere.path, user.username, Role.OWNER)
    secret = world._personal(user.username, "api").secret
    url = f"/projects/{world.project.id}/registry/repositories/{world._repository(world.path)}/tags/{world._tag()}"
    assert world.http.delete(url, headers={"PRIVATE-TOKEN": secret}).status_code == 403


FOREIGN = [line for line, row in ROWS.items() if line[1].startswith(("/projects/{id}/", "/groups/{id}/")) and row.made]


@pytest.mark.parametrize(("method", "path"), FOREIGN, ids=[f"{method} {path}" for method, path in FOREIGN])
def test_what_belongs_to_others_is_not_found_in_ones_own(server: Server, method: str, path: str) -> None:
    """A tenant names their own project or group, which they own, and numbers of another tenant behind it."""
    row, world = ROWS[method, path], world_of(server)
    tenant = tenant_of(server)
    parameters, body = world.make(row.made, path)
    if not parameters.keys() - {"id", "name", "run_id"} and not {"group_id", "namespace"} & body.keys():
        pytest.skip("names nothing but its own place")
    if "namespace" in body or "group_id" in body:
        own: Any = tenant.make(row.made, path)[0]["id"]
    else:
        own = tenant.group.id if path.startswith("/groups") else tenant.project.id
    url = path.format_map({**{name: str(value) for name, value in parameters.items()}, "id": str(own)})
    sent: dict[str, Any] = {"params": body} if method == "GET" else {"json": row.body | body}
    answer = tenant.http.request(method, url, headers=tenant.headers(Credential("personal", "owner"), row), **sent)
    assert answer.status_code == 404, answer.text
    assert world.group.path not in answer.text


@cache
def tenant_of(server: Server) -> World:
    return World(server)
