"""Numbers of things in one project lead nowhere on the pages of another, even for who owns both."""

from collections.abc import Mapping

import pytest

from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import members, protection, repositories, selection, tokens, trash, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import once, policies, runs
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.selection import Wanted
from wharfinger.rules.notifications import Subject
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role

Ids = Mapping[str, int | str]


@pytest.fixture(scope="module")
def here(server: Server) -> Ids:
    """A project with an image of its own."""
    place = server.project()
    pushed(server, f"{place.path}/image", "v1")
    found = repositories.get(server.tools, OPERATOR, f"{place.path}/image")
    return {"path": place.path, "image": found.id}


def pushed(server: Server, path: str, *tags: str) -> None:
    project = path.rpartition("/")[0]
    who = server.user()
    members.add(server.tools, OPERATOR, project, who.username, Role.MAINTAINER)
    for tag in tags:
        Registry(server.url, who.username, server.token(who)).push(path, image(), tag)


@pytest.fixture(scope="module")
def elsewhere(server: Server) -> Ids:
    """What there is in another project, by kind: its number."""
    tools, path = server.tools, server.project().path
    pushed(server, f"{path}/image", "v1", "v2")
    policies.save(tools, OPERATOR, path, Terms(enabled=True))
    act = selection.delete(tools, OPERATOR, f"{path}/image", Wanted(("v2",)))
    asked = Terms(keep_n=None, older_than=None, name_regex="none")
    return {
        "path": path,
        "image": repositories.get(tools, OPERATOR, f"{path}/image").id,
        "bot": tokens.create_bot(tools, OPERATOR, path, "bot", ["api"]).token.id,
        "deploy": tokens.create_deploy(tools, OPERATOR, path, "d", ["read_registry"]).token.id,
        "hook": webhooks.create(tools, OPERATOR, path, "https://hooks.invalid/", [Subject.PUSH])[0].id,
        "rule": protection.add(tools, OPERATOR, path, Rule(Kind.TAG, "^v", Level.OWNER)).id,
        "run": runs.run_now(tools, OPERATOR, path, "default").id,
        "once": once.ask(tools, OPERATOR, f"{path}/image", asked),
        "act": act.batch,
        "thing": trash.list_trash(tools, OPERATOR, path)[0].id,
    }


@pytest.fixture(scope="module")
def owner(server: Server, here: Ids, elsewhere: Ids) -> Visitor:
    """Of both."""
    visitor = somebody(server)
    for ids in (here, elsewhere):
        members.add(server.tools, OPERATOR, str(ids["path"]), visitor.username, Role.OWNER)
    return visitor


FORMS: Mapping[str, Mapping[str, str]] = {
    "tokens/rotate": {"token": "{bot}"},
    "tokens/revoke": {"token": "{bot}", "typed": "bot"},
    "tokens/revoke ": {"token": "{deploy}", "typed": "d"},
    "webhooks/{hook}": {"url": "https://other.invalid/", "form": "cloudevents", "subjects": "push"},
    "webhooks/{hook}/test": {},
    "webhooks/{hook}/enable": {},
    "webhooks/{hook}/delete": {"typed": "Webhook {hook}"},
    "protection/change": {"kind": "tag", "rule": "{rule}", "pattern": "^w", "push": "owner"},
    "protection/remove": {"kind": "tag", "rule": "{rule}", "typed": "^v"},
    "cleanup/stop": {"run": "{run}"},
    "cleanup/restore": {"run": "{once}"},
    "registry/{image}/delete": {"typed": "{path}/image"},
    "registry/{image}/rename": {"to": "{path}/other"},
    "registry/{image}/rename/preview": {"to": "{path}/other"},
    "registry/{image}/tags/choose": {"tag": "v1"},
    "registry/{image}/tags/delete": {"tag": "v1"},
    "registry/{image}/bulk/preview": {"name_regex": ".*"},
    "registry/{image}/bulk/delete": {"name_regex": ".*", "typed": "{path}/image"},
    "registry/{mine}/bulk/undo": {"run": "{once}"},
    "registry/{mine}/tags/undo": {"act": "{act}"},
    "registry/undo": {"act": "{act}"},
    "trash/restore": {"thing": "{thing}"},
    "trash/restore ": {"act": "{act}"},
    "trash/empty": {"thing": "{thing}", "typed": "{path}/image:v2"},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form(owner: Visitor, here: Ids, elsewhere: Ids, form: str) -> None:
    known = {**elsewhere, "mine": here["image"]}
    fields = {name: value.format(**known) for name, value in FORMS[form].items()}
    answer = owner.post(f"/{here['path']}/-/{form.strip().format(**known)}", fields)
    asks_for_a_name = 422 if form == "protection/remove" else 404  # and no name is that of a rule which is not there
    assert answer.status_code == asks_for_a_name, answer.headers.get("location")


@pytest.mark.parametrize(
    "page",
    [
        "webhooks/{hook}",
        "registry/{image}",
        "registry/{image}/rename",
        "registry/{image}/bulk",
        "registry/{mine}/bulk?run={once}",
        "registry/{image}/size",
        "registry/{image}/tags/v1",
        "registry/{image}/compare",
    ],
)
def test_a_page(owner: Visitor, here: Ids, elsewhere: Ids, page: str) -> None:
    found = owner.get(f"/{here['path']}/-/{page.format(**elsewhere, mine=here['image'])}")
    assert found.status_code == 404


def test_tokens_of_a_place_are_not_ones_own(owner: Visitor, elsewhere: Ids) -> None:
    for fields in ({"token": elsewhere["bot"], "typed": "bot"}, {"token": elsewhere["deploy"], "typed": "d"}):
        for form in ("rotate", "revoke"):
            assert owner.post(f"/profile/tokens/{form}", fields).status_code == 404


def test_tokens_of_others_are_not_an_administrators_own(server: Server) -> None:
    root, other = somebody(server, admin=True), server.user()
    made = tokens.create_personal(server.tools, OPERATOR, "theirs", ["api"], username=other.username).token
    for form in ("rotate", "revoke"):
        assert root.post(f"/profile/tokens/{form}", {"token": made.id, "typed": "theirs"}).status_code == 404
    assert tokens.get(server.tools, OPERATOR, made.id).revoked_at is None
