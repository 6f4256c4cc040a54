"""Why somebody is refused, and to whom it is told."""

from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.people import later, person, refusal, told
from wharfinger.domain import groups, members, projects, reasons, tokens
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import RepositoryUnknown, TokenUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role

PROJECT = "acme/shop"


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """A guest of the project."""
    groups.create(tools, OPERATOR, "acme")
    projects.create(tools, OPERATOR, PROJECT)
    made = person(tools, "ada")
    members.add(tools, OPERATOR, PROJECT, "ada", Role.GUEST)
    return later(tools, made)


def lacking(found: reasons.Reasons) -> dict[Action, str]:
    return {verdict.action: verdict.lacking for verdict in found.verdicts}


def test_a_member_learns_the_role_that_is_missing_and_who_gives_it(tools: Tools, ada: Caller) -> None:
    person(tools, "keeper")
    members.add(tools, OPERATOR, "acme", "keeper", Role.OWNER)
    found = reasons.explain(tools, ada, f"{PROJECT}/web")
    assert (found.project, found.role, found.grantors) == (PROJECT, Role.GUEST, ["keeper"])
    assert not lacking(found)[Action.PULL]
    assert "needs the role developer" in lacking(found)[Action.PUSH]


def test_a_token_is_told_of_its_scopes_and_its_end(tools: Tools, ada: Caller, clock: Clock) -> None:
    members.add(tools, OPERATOR, PROJECT, "ada", Role.DEVELOPER)
    ends = tools.clock() + timedelta(days=1)
    token = tokens.create_personal(tools, ada, "laptop", ["read_registry"], expires_at=ends).token
    found = reasons.explain(tools, later(tools, ada), PROJECT, token.id)
    assert not lacking(found)[Action.PULL]
    assert "write_registry" in lacking(found)[Action.PUSH]
    assert not found.useless
    clock.now += timedelta(days=2)
    assert "expired" in reasons.explain(tools, later(tools, ada), PROJECT, token.id).useless


def test_a_deploy_token_is_explained_to_who_manages_it(tools: Tools, ada: Caller) -> None:
    token = tokens.create_deploy(tools, OPERATOR, PROJECT, "cluster", ["read_registry"]).token
    members.add(tools, OPERATOR, PROJECT, "ada", Role.MAINTAINER)
    found = reasons.explain(tools, later(tools, ada), PROJECT, token.id)
    assert not lacking(found)[Action.PULL]
    assert lacking(found)[Action.DELETE]
    members.add(tools, OPERATOR, PROJECT, "ada", Role.DEVELOPER)
    with pytest.raises(TokenUnknown):
        reasons.explain(tools, later(tools, ada), PROJECT, token.id)


def test_hidden_and_absent_are_told_alike(tools: Tools, ada: Caller) -> None:
    projects.create(tools, OPERATOR, "acme/hidden")
    stranger = person(tools, "bob")
    answers = [
        told(tools, lambda path: reasons.explain(tools, stranger, path), path)
        for path in ("acme/hidden", "acme/absent", f"{PROJECT}/web")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert isinstance(refusal(lambda: reasons.explain(tools, stranger, PROJECT)), RepositoryUnknown)


def test_a_public_project_hides_its_members_from_strangers(tools: Tools, ada: Caller) -> None:
    groups.change(tools, OPERATOR, "acme", visibility=projects.Visibility.PUBLIC)
    projects.change(tools, OPERATOR, PROJECT, visibility=projects.Visibility.PUBLIC)
    members.add(tools, OPERATOR, PROJECT, "ada", Role.OWNER)
    found = reasons.explain(tools, person(tools, "bob"), PROJECT)
    assert (found.role, list(found.grantors)) == (None, [])
    assert not lacking(found)[Action.PULL]
