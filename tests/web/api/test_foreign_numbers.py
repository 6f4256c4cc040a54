"""Numbers of things in one project lead nowhere under the path of another, even for who may do everything in that."""

import re

import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from wharfinger.domain import protection, repositories, tokens, webhooks
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.domain.cleanup import policies, runs
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.rules.notifications import Subject
from wharfinger.rules.protection import Kind, Level, Rule


@pytest.fixture(scope="module")
def theirs(server: Server, people: People) -> dict[str, int]:
    """What there is in a project of others, by kind: its number."""
    tools, place = server.tools, server.project()
    people.push(people.somebody(place, "maintainer"), f"{place.path}/image", "v1")
    policies.save(tools, OPERATOR, place.path, Terms(enabled=True))
    repository = Rule(Kind.REPOSITORY, f"{place.path}/x", Level.OWNER)
    return {
        "token": tokens.create_bot(tools, OPERATOR, place.path, "bot", ["api"]).token.id,
        "deploy": tokens.create_deploy(tools, OPERATOR, place.path, "d", ["read_registry"]).token.id,
        "hook": webhooks.create(tools, OPERATOR, place.path, "https://hooks.invalid/", [Subject.PUSH])[0].id,
        "tag": protection.add(tools, OPERATOR, place.path, Rule(Kind.TAG, "^v", Level.OWNER)).id,
        "immutable": protection.add(tools, OPERATOR, place.path, Rule(Kind.IMMUTABLE, "^w")).id,
        "repository rule": protection.add(tools, OPERATOR, place.path, repository).id,
        "image": repositories.get(tools, OPERATOR, f"{place.path}/image").id,
        "run": runs.run_now(tools, OPERATOR, place.path, "default").id,
    }


@pytest.fixture(scope="module")
def mine(server: Server) -> Project:
    return server.project()


@pytest.fixture(scope="module")
def owner(people: People, mine: Project) -> Somebody:
    return people.somebody(mine, "owner")


@pytest.mark.parametrize(
    ("kind", "path", "methods"),
    [
        ("token", "access_tokens/{}", "GET DELETE"),
        ("token", "access_tokens/{}/rotate", "POST"),
        ("token", "deploy_tokens/{}", "GET DELETE"),
        ("deploy", "deploy_tokens/{}", "GET DELETE"),
        ("deploy", "access_tokens/{}/rotate", "POST"),
        ("hook", "hooks/{}", "GET PUT DELETE"),
        ("hook", "hooks/{}/events", "GET"),
        ("hook", "hooks/{}/test/push_events", "POST"),
        ("hook", "hooks/{}/events/1/resend", "POST"),
        ("tag", "registry/protection/tag/rules/{}", "PATCH DELETE"),
        ("immutable", "registry/protection/tag/rules/{}", "PATCH DELETE"),
        ("repository rule", "registry/protection/repository/rules/{}", "PATCH DELETE"),
        ("repository rule", "registry/protection/rules/{}", "PATCH DELETE"),
        ("image", "registry/repositories/{}", "PUT DELETE"),
        ("image", "registry/repositories/{}/tags", "GET"),
        ("image", "registry/repositories/{}/tags/v1", "GET DELETE"),
        ("image", "registry/repositories/{}/custody?digest=sha256:0", "GET"),
        ("run", "cleanup/runs/{}", "GET"),
        ("run", "cleanup/runs/{}/stop", "POST"),
        ("run", "cleanup/runs/{}/restore", "POST"),
    ],
)
def test_numbers_of_others(
    owner: Somebody, theirs: dict[str, int], mine: Project, kind: str, path: str, methods: str
) -> None:
    """The answer is that for a number that nothing has."""
    for method in methods.split():
        answers = [
            owner.http.request(
                method,
                f"/projects/{mine.id}/{path.format(number)}",
                **({"json": {"name": "x"}} if method in ("PUT", "PATCH", "POST") else {}),  # type: ignore[arg-type]
            )
            for number in (theirs[kind], 10**15)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], (method, answers[0].text)
        told = [re.sub(r" \d+\b", " N", answer.text) for answer in answers]
        assert told[0] == told[1]


@pytest.mark.parametrize("path", ["personal_access_tokens/{}", "personal_access_tokens/{}/rotate"])
def test_a_token_of_others(owner: Somebody, theirs: dict[str, int], path: str) -> None:
    method = "POST" if path.endswith("rotate") else "DELETE"
    for kind in ("token", "deploy"):
        assert owner.http.request(method, f"/{path.format(theirs[kind])}").status_code == 404
