"""What nobody types who means well, into every page and form, on both databases: never a failure of ours."""

import re
from typing import Any

import pytest

from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import projects, repositories
from wharfinger.domain.access import OPERATOR
from wharfinger.web.pages.line import Line, Who
from wharfinger.web.pages.routes import TABLE

NAMES = (
    "q", "sort", "after", "before", "act", "of", "all", "from", "to", "platform", "days", "path", "tag", "who", "what",
    "address", "since", "image", "digest", "policy", "parent", "next", "seen", "name", "username", "email", "role",
    "kind", "pattern", "push", "delete", "rule", "thing", "entry",
    "run", "token", "number", "delivery", "limit", "expires", "visibility",
    "url", "secret", "form", "subjects", "cadence", "keep_n", "older_than", "name_regex", "repositories", "message",
    "action", "person", "into", "typed", "code", "state", "compare", "part", "job", "session", "block",
    "tree", "name_regex_keep",
)  # fmt: skip
ODD = ("a\0b", "é%_'\"\\", "9" * 18, "-1", "x" * 200)
LONG = "x" * 60_000  # SQLite fails at patterns of more than 50,000 characters
LEAVING = ("/logout", "/delete", "/revoke", "/password", "/second-factor", "/sessions", "/passkeys")


class Ground:
    """A project with an image and who owns it, and an administrator."""

    def __init__(self, server: Server) -> None:
        self.place = server.project().path
        project = projects.get(server.tools, OPERATOR, self.place)
        self.owner, self.root = somebody(server, project, "owner"), somebody(server, admin=True)
        user = server.user(project, "maintainer")
        Registry(server.url, user.username, server.token(user)).push(f"{self.place}/image", image(), "v1")
        self.image = repositories.get(server.tools, OPERATOR, f"{self.place}/image").id

    def path(self, line: Line) -> str:
        path = line.path.replace("{place:place}", self.place).replace("{id}", str(self.image)).replace("{name}", "v1")
        return re.sub(r"\{[^}]*\}", "1", path)

    def visitor(self, line: Line) -> Visitor:
        return self.root if line.who is Who.ADMIN else self.owner


@pytest.fixture(scope="module")
def ground(server: Server) -> Ground:
    return Ground(server)


def lines(method: str) -> list[Any]:
    return [pytest.param(line, id=line.path) for line in TABLE if line.method == method]


@pytest.mark.parametrize("line", lines("GET"))
def test_an_address(ground: Ground, line: Line) -> None:
    visitor, path = ground.visitor(line), ground.path(line)
    for text in ODD:
        answers = [visitor.get(path, params=dict.fromkeys(NAMES, text))]
        answers += [visitor.get(path, params={name: text}) for name in NAMES[:24] if text == ODD[0]]
        for answer in answers:
            assert answer.status_code < 500, (answer.request.url, answer.text[:300])


@pytest.mark.parametrize("line", [each for each in lines("POST") if not each.values[0].path.endswith(LEAVING)])
def test_a_form(ground: Ground, line: Line) -> None:
    visitor, path = ground.visitor(line), ground.path(line)
    proof = visitor.proof()
    for text in ODD:
        fields = {**dict.fromkeys(NAMES, text), "visibility": "private", "role": "guest", "form": "cloudevents"}
        for kind in ("tag", "repository"):
            answer = visitor.client.post(path, data={**fields, "kind": kind, "proof": proof})
            assert answer.status_code < 500, (path, answer.text[:300])


@pytest.mark.parametrize("line", lines("GET"))
def test_an_endless_word(ground: Ground, line: Line) -> None:
    for name in ("q", "path", "tag"):
        answer = ground.visitor(line).get(ground.path(line), params={name: LONG})
        assert answer.status_code < 500, (answer.request.url.path, answer.text[:300])


@pytest.mark.parametrize("line", [each for each in lines("POST") if not each.values[0].path.endswith(LEAVING)])
def test_a_form_with_endless_words(ground: Ground, line: Line) -> None:
    visitor, path = ground.visitor(line), ground.path(line)
    fields = {**dict.fromkeys(("q", "path", "to", "act", "name", "message", "username"), LONG), "matching": "1"}
    answer = visitor.post(path, {**fields, "limit": f"{'9' * 14} PiB", "visibility": "private"})
    assert answer.status_code < 500, (path, answer.text[:300])
