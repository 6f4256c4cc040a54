"""Deleting in bulk takes what a policy of the same terms would take, once an hour in each repository."""

from dataclasses import replace

import pytest

from tests.clock import Clock
from tests.domain.people import person
from tests.domain.shelf import Shelf
from tests.rules.test_cleanup import DAY, EXAMPLE, NOW, OPEN, doomed, tag
from wharfinger.domain import members, protection
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import once, policies, preview, runs
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import AskedLately, RepositoryUnknown, ScopeMissing, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.jobs.labour import do_all
from wharfinger.rules.cleanup import verdicts
from wharfinger.rules.protection import Guard, Kind, Level, Rule
from wharfinger.rules.roles import Role

ASKED = {
    "the documented example": Terms(keep_n=1, older_than="7d", name_regex_keep="production-.*"),
    "by name alone": Terms(keep_n=None, older_than=None, name_regex="dev-.*"),
    "all but a few": Terms(keep_n=3, older_than=None),
    "by age alone": Terms(keep_n=None, older_than="5d", name_regex="v.*"),
    "what is kept wins": Terms(keep_n=None, older_than=None, name_regex="production-.*", name_regex_keep=".*"),
}


@pytest.fixture
def shelf(tools: Tools, clock: Clock) -> Shelf:
    """The tags of the documented example, pushed when it says."""
    shelf = Shelf(tools)
    for name, age in sorted(EXAMPLE.items(), key=lambda each: -each[1]):
        clock.now = NOW - age * DAY
        shelf.image(f"only in {name}".encode(), tag=name)
    clock.now = NOW
    return shelf


def left(shelf: Shelf) -> set[str]:
    found = shelf.tools.lookup.repository(shelf.path)
    return set() if found is None else set(shelf.tools.lookup.tags(found.id, "", 1000))


@pytest.mark.parametrize("way", ["in bulk", "by policy"])
@pytest.mark.parametrize("terms", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("protected", [False, True])
def test_it_takes_what_the_rule_says(shelf: Shelf, terms: Terms, way: str, protected: bool) -> None:
    rules = [Rule(Kind.TAG, "v4[23]$", delete=Level.OWNER)] if protected else []
    for rule in rules:
        protection.add(shelf.tools, OPERATOR, shelf.project, rule)
    tags = [tag(name, age, manifest=number) for number, (name, age) in enumerate(EXAMPLE.items())]
    guard = Guard(rules).at(shelf.path) if rules else OPEN
    going = doomed(verdicts(tags, [terms.policy()], guard, NOW))
    if way == "in bulk":
        (found,) = preview.of_repository(shelf.tools, OPERATOR, shelf.path, terms).repositories
        assert {tag.name for tag in found.doomed} == going
        once.ask(shelf.tools, OPERATOR, shelf.path, terms)
    else:
        policies.save(shelf.tools, OPERATOR, shelf.project, replace(terms, enabled=True))
        runs.run_now(shelf.tools, OPERATOR, shelf.project)
    do_all(shelf.tools)
    assert left(shelf) == EXAMPLE.keys() - going


def test_policies_keep_nothing_from_it(shelf: Shelf) -> None:
    """What somebody asks for once is not held up by what a policy would keep."""
    policies.save(shelf.tools, OPERATOR, shelf.project, Terms(enabled=True, name_regex_keep=".*"))
    once.ask(shelf.tools, OPERATOR, shelf.path, ASKED["by name alone"])
    do_all(shelf.tools)
    assert {name for name in left(shelf) if name.startswith("dev-")} == set()


def test_once_an_hour_in_each_repository(shelf: Shelf, clock: Clock) -> None:
    terms = ASKED["by name alone"]
    with pytest.raises(SettingInvalid):
        once.ask(shelf.tools, OPERATOR, shelf.path, replace(terms, name_regex="("))
    once.ask(shelf.tools, OPERATOR, shelf.path, terms)
    clock.advance(minutes=59, seconds=59)
    with pytest.raises(AskedLately):
        once.ask(shelf.tools, OPERATOR, shelf.path, ASKED["by age alone"])
    shelf.image(b"elsewhere", tag="v1", path=shelf.other)
    once.ask(shelf.tools, OPERATOR, shelf.other, terms)
    clock.advance(seconds=1)
    once.ask(shelf.tools, OPERATOR, shelf.path, terms)


def test_looking_changes_nothing_and_is_for_who_may_delete(shelf: Shelf) -> None:
    """Policies keep nothing from it, and an hour need not pass."""
    policies.save(shelf.tools, OPERATOR, shelf.project, Terms(enabled=True, name_regex_keep=".*"))
    terms = ASKED["by name alone"]
    once.ask(shelf.tools, OPERATOR, shelf.path, terms)
    found = preview.of_repository(shelf.tools, OPERATOR, shelf.path, terms)
    assert found.goes == len([name for name in EXAMPLE if name.startswith("dev-")])
    assert found.tags == len(EXAMPLE)
    assert left(shelf) == EXAMPLE.keys()
    with pytest.raises(SettingInvalid):
        preview.of_repository(shelf.tools, OPERATOR, shelf.path, replace(terms, name_regex="("))
    bob = person(shelf.tools, "bob")
    with pytest.raises(RepositoryUnknown):
        preview.of_repository(shelf.tools, bob, shelf.path, terms)
    members.add(shelf.tools, OPERATOR, shelf.project, "bob", Role.DEVELOPER)
    with pytest.raises(ScopeMissing):
        preview.of_repository(shelf.tools, bob, shelf.path, terms)
