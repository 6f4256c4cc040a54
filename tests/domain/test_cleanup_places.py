"""What a policy of a group or of the instance would do, project by project, saved or not."""

from dataclasses import replace

import pytest

from tests.actors import Actors
from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.domain import members
from wharfinger.domain.access import OPERATOR, Group
from wharfinger.domain.cleanup import policies, preview
from wharfinger.domain.cleanup.policies import INSTANCE
from wharfinger.domain.cleanup.preview import Share
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import ScopeMissing, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role

ALL = Terms(keep_n=None, older_than=None)


@pytest.fixture
def group(tools: Tools) -> Group:
    return Actors(tools).group()


def project(tools: Tools, group: Group, name: str, *tags: str) -> Shelf:
    shelf = Shelf(tools, project=Actors(tools).project(f"{group.path}/{name}"))
    for tag in tags:
        shelf.image(tag.encode(), tag=tag)
    return shelf


def seen(tools: Tools, place: str, terms: Terms | None = ALL) -> dict[str, Share]:
    return {one.path: one for one in preview.of_place(tools, OPERATOR, place, terms).projects}


def test_what_a_new_policy_of_a_group_would_take(tools: Tools, group: Group) -> None:
    first, second = project(tools, group, "one", "a", "b"), project(tools, group, "two", "a", "latest")
    project(tools, group, "empty")
    own = project(tools, group, "own", "a")
    policies.save(tools, OPERATOR, own.project, Terms(enabled=True, name_regex="nothing"))
    found = seen(tools, group.path)
    assert list(found) == [first.project, second.project, own.project], "those with images"
    assert (found[first.project].goes, found[first.project].tags, found[first.project].size_bytes) == (2, 2, 1)
    assert (found[second.project].goes, found[second.project].tags) == (1, 2)
    assert (found[own.project].holds, found[own.project].goes) == (False, 0)
    enforced = seen(tools, group.path, replace(ALL, enforced=True))
    assert (enforced[own.project].holds, enforced[own.project].goes) == (True, 1)
    assert policies.list_policies(tools, OPERATOR, group.path) == []


def test_it_stands_in_place_of_the_saved_one(tools: Tools, group: Group) -> None:
    shelf = project(tools, group, "one", "dev", "prod")
    policies.save(tools, OPERATOR, group.path, replace(ALL, enabled=True, name_regex_keep="prod"))
    assert seen(tools, group.path)[shelf.project].goes == 2
    assert seen(tools, group.path, replace(ALL, name="second"))[shelf.project].goes == 1, "beside it"
    assert seen(tools, group.path, None)[shelf.project].goes == 1, "as it is"


def test_the_nearest_place_gives_what_is_not_enforced(tools: Tools, group: Group) -> None:
    shelf = project(tools, group, "one", "a")
    policies.save(tools, OPERATOR, group.path, replace(ALL, enabled=True, name_regex="nothing"))
    found = seen(tools, INSTANCE)
    assert not found[shelf.project].holds
    assert seen(tools, INSTANCE, replace(ALL, enforced=True))[shelf.project].goes == 1


def test_a_page_at_a_time(tools: Tools, group: Group) -> None:
    made = [project(tools, group, f"p{number}", "a").project for number in range(3)]
    first = preview.of_place(tools, OPERATOR, group.path, ALL, limit=2)
    assert [one.path for one in first.projects] == made[:2]
    rest = preview.of_place(tools, OPERATOR, group.path, ALL, limit=2, after=first.after or 0)
    assert ([one.path for one in rest.projects], rest.after) == (made[2:], None)


@pytest.mark.parametrize(("role", "looks"), [(Role.REPORTER, False), (Role.DEVELOPER, True)])
def test_who_may(tools: Tools, group: Group, role: Role, looks: bool) -> None:
    caller = person(tools, "somebody")
    members.add(tools, OPERATOR, group.path, "somebody", role)
    try:
        preview.of_place(tools, caller, group.path, ALL)
        assert looks
    except ScopeMissing:
        assert not looks
    with pytest.raises(ScopeMissing):
        preview.of_place(tools, caller, INSTANCE, ALL)


def test_what_cannot_be_said(tools: Tools, group: Group) -> None:
    with pytest.raises(SettingInvalid):
        seen(tools, group.path, replace(ALL, name_regex="("))
    with pytest.raises(SettingInvalid, match="for a group or for the instance"):
        seen(tools, project(tools, group, "one").project)
