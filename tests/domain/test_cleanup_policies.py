"""Which cleanup policies hold in a project, who may change them, and when they run next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import person
from wharfinger.domain import members
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.policies import INSTANCE, MOST_POLICIES
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import ProjectUnknown, RulesExhausted, RuleUnknown, ScopeMissing, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role

ON = Terms(enabled=True)


@pytest.fixture
def project(tools: Tools) -> Project:
    actors = Actors(tools)
    actors.group("acme")
    actors.group("acme/web")
    return actors.project("acme/web/shop")


def holding(tools: Tools, project: Project) -> list[tuple[str, str]]:
    found = policies.list_policies(tools, OPERATOR, project.path)
    return [(one.place, one.terms.name) for one in found if one.holds]


def save(tools: Tools, place: str, **fields: object) -> None:
    policies.save(tools, OPERATOR, place, replace(ON, **fields))


def test_saved_read_changed_removed(tools: Tools, clock: Clock, project: Project) -> None:
    assert policies.get(tools, OPERATOR, project.path) is None
    terms = replace(ON, keep_n=5, older_than=None, name_regex="dev-.*", repositories=("web", "cache*"), by_use=True)
    saved = policies.save(tools, OPERATOR, project.path, terms)
    found = policies.get(tools, OPERATOR, project.path)
    assert found is not None
    assert (found.id, found.place, found.terms, found.holds) == (saved.id, project.path, terms, True)
    assert found.next_run_at == clock.now + timedelta(days=1)
    clock.advance(hours=5)
    policies.save(tools, OPERATOR, project.path, replace(terms, cadence="7d"))
    again = policies.get(tools, OPERATOR, project.path)
    assert again is not None
    assert (again.id, again.next_run_at) == (saved.id, clock.now + timedelta(days=7)), "every save resets it"
    policies.save(tools, OPERATOR, project.path, replace(terms, enabled=False))
    off = policies.get(tools, OPERATOR, project.path)
    assert off is not None
    assert (off.next_run_at, off.holds) == (None, False)
    policies.remove(tools, OPERATOR, project.path, "default")
    assert policies.list_policies(tools, OPERATOR, project.path) == []
    with pytest.raises(RuleUnknown):
        policies.remove(tools, OPERATOR, project.path, "default")


def test_what_is_inherited(tools: Tools, project: Project) -> None:
    save(tools, INSTANCE, name="floor", enforced=True)
    save(tools, INSTANCE, name="usual")
    assert holding(tools, project) == [("", "floor"), ("", "usual")]
    save(tools, "acme", name="acme")
    assert holding(tools, project) == [("acme", "acme"), ("", "floor")], "the nearest place that has any gives all"
    save(tools, "acme/web", name="web", enforced=True)
    assert holding(tools, project) == [("acme/web", "web"), ("acme", "acme"), ("", "floor")]
    save(tools, project.path)
    assert holding(tools, project) == [(project.path, "default"), ("acme/web", "web"), ("", "floor")]
    save(tools, project.path, enabled=False)
    assert holding(tools, project) == [("acme/web", "web"), ("", "floor")], "one that is off replaces the others, too"
    ranks = [one.rank for one in policies.list_policies(tools, OPERATOR, project.path)]
    assert ranks == sorted(ranks)


def test_how_many(tools: Tools, project: Project) -> None:
    for number in range(MOST_POLICIES):
        save(tools, project.path, name=f"p{number}")
    save(tools, project.path, name="p3")
    with pytest.raises(RulesExhausted):
        save(tools, project.path, name="one-more")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name_regex": "("}, "name_regex: the pattern '\\(' is no RE2 expression"),
        ({"name_regex": ""}, "name_regex: a pattern cannot be empty"),
        ({"name_regex_keep": "[z-a]"}, "name_regex_keep: "),
        ({"older_than": "soon"}, "older_than: the duration 'soon' is not understood"),
        ({"keep_pulled": "x"}, "keep_pulled: "),
        ({"cadence": "1min"}, "once an hour at most"),
        ({"keep_n": 0}, "keep_n: "),
        ({"repositories": ()}, "1 to 20 patterns"),
        ({"repositories": ("\n",)}, "repositories: "),
        ({"name": "Not So"}, "lower-case"),
        ({"enforced": True}, "enforced: only"),
    ],
)
def test_what_no_policy_can_say(tools: Tools, project: Project, fields: dict[str, object], why: str) -> None:
    with pytest.raises(SettingInvalid, match=why):
        save(tools, project.path, **fields)


@pytest.mark.parametrize(
    ("role", "reads", "changes"),
    [(None, False, False), (Role.REPORTER, False, False), (Role.DEVELOPER, True, False), (Role.MAINTAINER, True, True)],
)
def test_who_may(tools: Tools, project: Project, role: Role | None, reads: bool, changes: bool) -> None:
    caller = person(tools, "somebody")
    if role is not None:
        members.add(tools, OPERATOR, project.path, "somebody", role)

    def may(work: object) -> bool:
        try:
            work()  # type: ignore[operator]
        except (ScopeMissing, ProjectUnknown):
            return False
        return True

    assert may(lambda: policies.list_policies(tools, caller, project.path)) is reads
    assert may(lambda: policies.save(tools, caller, project.path, ON)) is changes
    assert may(lambda: policies.remove(tools, caller, project.path, "default")) is changes
    with pytest.raises(ScopeMissing, match="administrator"):
        policies.save(tools, caller, INSTANCE, ON)
