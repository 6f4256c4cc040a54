"""Whose jobs are let into a project."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.domain.people import ADDRESS, may, person, push, refusal, registry
from wharfinger.domain import groups, images, job_scopes, members, projects, tokens
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import ProjectUnknown, RulesExhausted, RuleTaken, RuleUnknown, ScopeMissing
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role, Visibility

TARGET, SOURCE = "acme/base", "acme/apps/shop"


@pytest.fixture
def job(tools: Tools) -> Caller:
    """A job of SOURCE, started by a developer of both projects; TARGET has an image."""
    for group in ("acme", "acme/apps"):
        groups.create(tools, OPERATOR, group, visibility=Visibility.PUBLIC)
    for project in (TARGET, SOURCE):
        projects.create(tools, OPERATOR, project)
    push(tools, f"{TARGET}/os")
    person(tools, "ada")
    members.add(tools, OPERATOR, "acme", "ada", Role.DEVELOPER)
    ends = tools.clock() + timedelta(hours=1)
    made = tokens.create_job(tools, OPERATOR, SOURCE, ends_at=ends, username="ada")
    return tokens.authenticate(tools, "gitlab-ci-token", made.secret, ADDRESS)


def seen(tools: Tools, job: Caller) -> list[str]:
    """What the job's catalog shows."""
    asking = registry(tools, job, "registry:catalog:*")
    return images.list_repositories(tools, asking, last="", limit=10).names


def test_without_a_limit_a_job_pulls_as_its_person_may(tools: Tools, job: Caller) -> None:
    assert not job_scopes.limited(tools, OPERATOR, TARGET)
    assert may(tools, job, f"{TARGET}/os") == {Action.PULL}
    assert seen(tools, job) == [f"{TARGET}/os"]


def test_a_limited_project_lets_in_its_own_jobs_and_those_on_its_list(tools: Tools, job: Caller) -> None:
    job_scopes.limit(tools, OPERATOR, TARGET, on=True)
    assert may(tools, job, f"{TARGET}/os") == set()
    assert seen(tools, job) == []
    refused = registry(tools, job, f"repository:{TARGET}/os:pull").refused[f"{TARGET}/os"]
    assert "a maintainer of it can put your project on its allowlist" in refused["pull"]
    assert isinstance(refusal(lambda: projects.get(tools, job, TARGET)), ScopeMissing)
    own = replace(job, project_id=projects.get(tools, OPERATOR, TARGET).id)
    assert may(tools, own, f"{TARGET}/os") == {Action.PULL, Action.PUSH}
    for other in (projects.get(tools, OPERATOR, SOURCE), groups.get(tools, OPERATOR, "acme/apps")):
        job_scopes.allow(tools, OPERATOR, TARGET, other)
        assert may(tools, job, f"{TARGET}/os") == {Action.PULL}
        assert seen(tools, job) == [f"{TARGET}/os"]
        job_scopes.forbid(tools, OPERATOR, TARGET, other.id, group=other.path == "acme/apps")
        assert may(tools, job, f"{TARGET}/os") == set()
    job_scopes.allow(tools, OPERATOR, TARGET, projects.create(tools, OPERATOR, "acme/apps/other"))
    assert may(tools, job, f"{TARGET}/os") == set(), "another project is let in"
    job_scopes.limit(tools, OPERATOR, TARGET, on=False)
    assert may(tools, job, f"{TARGET}/os") == {Action.PULL}


def test_people_are_not_limited_and_what_is_open_stays_open_to_jobs(tools: Tools, job: Caller) -> None:
    job_scopes.limit(tools, OPERATOR, TARGET, on=True)
    ada = tokens.create_personal(tools, OPERATOR, "t", ["read_registry"], username="ada")
    assert may(tools, tokens.authenticate(tools, "ada", ada.secret, ADDRESS), f"{TARGET}/os") == {Action.PULL}
    projects.change(tools, OPERATOR, TARGET, visibility=Visibility.INTERNAL)
    assert may(tools, job, f"{TARGET}/os") == {Action.PULL}
    assert seen(tools, job) == [f"{TARGET}/os"]


def test_the_list_is_for_maintainers_and_has_an_end(tools: Tools, job: Caller) -> None:
    source, apps = projects.get(tools, OPERATOR, SOURCE), groups.get(tools, OPERATOR, "acme/apps")
    job_scopes.allow(tools, OPERATOR, TARGET, source)
    job_scopes.allow(tools, OPERATOR, TARGET, apps)
    listed = job_scopes.list_allowed(tools, OPERATOR, TARGET)
    assert [one.path for one in listed] == [TARGET, SOURCE]
    assert [one.path for one in job_scopes.list_allowed(tools, OPERATOR, TARGET, groups=True)] == ["acme/apps"]
    for other in (source, apps, projects.get(tools, OPERATOR, TARGET)):
        with pytest.raises(RuleTaken):
            job_scopes.allow(tools, OPERATOR, TARGET, other)
    with pytest.raises(RuleUnknown):
        job_scopes.forbid(tools, OPERATOR, TARGET, 10**9)
    developer, stranger = person(tools, "bo"), person(tools, "eve")
    members.add(tools, OPERATOR, TARGET, "bo", Role.DEVELOPER)
    assert isinstance(refusal(lambda: job_scopes.list_allowed(tools, developer, TARGET)), ScopeMissing)
    assert isinstance(refusal(lambda: job_scopes.limit(tools, stranger, TARGET, on=True)), ProjectUnknown)
    for number in range(job_scopes.MOST_ALLOWED - 2):
        job_scopes.allow(tools, OPERATOR, TARGET, groups.create(tools, OPERATOR, f"acme/g{number}"))
    with pytest.raises(RulesExhausted):
        job_scopes.allow(tools, OPERATOR, TARGET, groups.create(tools, OPERATOR, "acme/more"))
    projects.delete(tools, OPERATOR, SOURCE)
    assert [one.path for one in job_scopes.list_allowed(tools, OPERATOR, TARGET)] == [TARGET]
