"""Rules of protection: who may make them, and what stands in the way where no registry token is asked."""

from contextlib import suppress
from threading import Barrier, Thread

import pytest

from tests.domain.people import person
from tests.domain.shelf import Shelf
from wharfinger.domain import access, audit, images, members, projects, protection, trash
from wharfinger.domain.access import OPERATOR, Caller, Grant
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import (
    ManifestProtected,
    ProjectUnknown,
    Refusal,
    RepositoryProtected,
    RulesExhausted,
    RuleTaken,
    RuleUnknown,
    ScopeMissing,
    SettingInvalid,
    TagImmutable,
    TagProtected,
)
from wharfinger.domain.protection import Kept
from wharfinger.domain.tools import Tools
from wharfinger.jobs import worker
from wharfinger.rules.protection import MOST_RULES, Kind, Level, Rule
from wharfinger.rules.roles import Action, Role
from wharfinger.rules.scopes import CredentialKind


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def member(shelf: Shelf, role: Role | None) -> Caller:
    caller = person(shelf.tools, f"{(role.name if role else 'no').lower()}-one")
    if role is not None:
        members.add(shelf.tools, OPERATOR, shelf.project, caller.name, role)
    return caller


def protect(shelf: Shelf, kind: Kind, pattern: str, push: Level | None = None, delete: Level | None = None) -> Kept:
    return protection.add(shelf.tools, OPERATOR, shelf.project, Rule(kind, pattern, push, delete))


def test_made_changed_removed(shelf: Shelf) -> None:
    made = protect(shelf, Kind.TAG, "^v", push=Level.OWNER)
    changed = protection.change(
        shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id, push=None, delete=Level.MAINTAINER
    )
    assert changed.rule == Rule(Kind.TAG, "^v", None, Level.MAINTAINER)
    assert protection.list_rules(shelf.tools, OPERATOR, shelf.project) == [changed]
    with pytest.raises(SettingInvalid, match="lowest level"):
        protection.change(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id, delete=None)
    with pytest.raises(RuleUnknown):
        protection.change(shelf.tools, OPERATOR, shelf.project, Kind.REPOSITORY, made.id, delete=Level.OWNER)
    protection.remove(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id)
    assert protection.list_rules(shelf.tools, OPERATOR, shelf.project) == []
    with pytest.raises(RuleUnknown):
        protection.remove(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id)


def test_every_change_is_written_down(shelf: Shelf) -> None:
    made = protect(shelf, Kind.TAG, "^v", push=Level.OWNER)
    protection.change(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id, pattern="^w")
    protection.remove(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id)
    worker.follow(shelf.tools)
    found = audit.page(shelf.tools, OPERATOR, shelf.project, Wanted(), limit=10).events
    changes = [(one.about.get("before"), one.about.get("after")) for one in found if "protection" in one.kind]
    assert [(bool(before), bool(after)) for before, after in changes] == [(True, False), (True, True), (False, True)]
    assert changes[1][1] == {"kind": "tag", "pattern": "^w", "push": "owner", "delete": None}


def test_an_immutable_rule_does_not_change(shelf: Shelf) -> None:
    made = protect(shelf, Kind.IMMUTABLE, "^v")
    with pytest.raises(SettingInvalid, match="make another"):
        protection.change(shelf.tools, OPERATOR, shelf.project, Kind.IMMUTABLE, made.id, pattern="^w")


def test_the_same_pattern_twice(shelf: Shelf) -> None:
    protect(shelf, Kind.TAG, "^v", push=Level.OWNER)
    other = protect(shelf, Kind.TAG, "^w", push=Level.OWNER)
    protect(shelf, Kind.IMMUTABLE, "^v")
    with pytest.raises(RuleTaken):
        protect(shelf, Kind.TAG, "^v", delete=Level.OWNER)
    with pytest.raises(RuleTaken):
        protection.change(shelf.tools, OPERATOR, shelf.project, Kind.TAG, other.id, pattern="^v")


def test_how_many(shelf: Shelf) -> None:
    for number in range(MOST_RULES):
        protect(shelf, Kind.TAG if number % 2 else Kind.IMMUTABLE, f"^v{number}", *[Level.OWNER] * (number % 2))
    with pytest.raises(RulesExhausted):
        protect(shelf, Kind.IMMUTABLE, "one more")
    protect(shelf, Kind.REPOSITORY, f"{shelf.project}*", push=Level.OWNER)


@pytest.mark.parametrize(
    ("role", "reads", "protects", "fixes"),
    [
        (None, False, False, False),
        (Role.REPORTER, False, False, False),
        (Role.DEVELOPER, True, False, False),
        (Role.MAINTAINER, True, True, False),
        (Role.OWNER, True, True, True),
    ],
)
def test_who_may(shelf: Shelf, role: Role | None, reads: bool, protects: bool, fixes: bool) -> None:
    caller = member(shelf, role)

    def may(rule: Rule | None = None) -> bool:
        try:
            if rule is None:
                protection.list_rules(shelf.tools, caller, shelf.project)
            else:
                protection.add(shelf.tools, caller, shelf.project, rule)
        except (ScopeMissing, ProjectUnknown):
            return False
        return True

    assert may() is reads
    assert may(Rule(Kind.TAG, "^v", push=Level.OWNER)) is protects
    assert may(Rule(Kind.IMMUTABLE, "^v")) is fixes


def test_a_pattern_moves_with_its_project(shelf: Shelf) -> None:
    protect(shelf, Kind.REPOSITORY, f"{shelf.project}/app*", push=Level.OWNER)
    renamed = projects.rename(shelf.tools, OPERATOR, shelf.project, "renamed").path
    (kept,) = protection.list_rules(shelf.tools, OPERATOR, renamed)
    assert kept.rule.pattern == f"{renamed}/app*"


def test_deleting_a_repository(shelf: Shelf) -> None:
    shelf.image(tag="v1")
    made = protect(shelf, Kind.IMMUTABLE, "^v")
    owner = member(shelf, Role.OWNER)
    with pytest.raises(TagImmutable):
        images.delete_repository(shelf.tools, owner, shelf.path)
    protection.remove(shelf.tools, owner, shelf.project, Kind.IMMUTABLE, made.id)
    made = protect(shelf, Kind.REPOSITORY, shelf.path, delete=Level.ADMIN)
    with pytest.raises(RepositoryProtected, match="needs an administrator"):
        images.delete_repository(shelf.tools, owner, shelf.path)
    images.delete_repository(shelf.tools, OPERATOR, shelf.path)


def test_a_manifest_with_a_protected_tag(shelf: Shelf) -> None:
    digest = shelf.image(tag="v1")
    protect(shelf, Kind.TAG, "^v", delete=Level.OWNER)
    with pytest.raises(ManifestProtected, match="the tag v1 is protected"):
        shelf.delete(digest)
    untagged = shelf.image(b"another")
    shelf.delete(untagged)


@pytest.mark.parametrize("what", ["v1", "manifest", "repository"])
def test_what_comes_back_from_the_trash_is_pushed(shelf: Shelf, what: str) -> None:
    digest = shelf.image(tag="v1")
    if what == "repository":
        images.delete_repository(shelf.tools, OPERATOR, shelf.path)
    else:
        shelf.delete("v1" if what == "v1" else digest)
    made = protect(shelf, Kind.TAG, "^v", push=Level.OWNER)
    maintainer, (entry,) = member(shelf, Role.MAINTAINER), shelf.trash()
    with pytest.raises(TagProtected, match="pushing needs an owner"):
        trash.restore(shelf.tools, maintainer, shelf.project, entry.id)
    protection.remove(shelf.tools, OPERATOR, shelf.project, Kind.TAG, made.id)
    trash.restore(shelf.tools, maintainer, shelf.project, entry.id)
    assert shelf.has("v1")


def test_rules_that_somebody_elses_token_brings(shelf: Shelf) -> None:
    with shelf.tools.db.read() as tx:
        project = access.open_project(tx, OPERATOR, shelf.project, Action.PULL).id
    rules = (
        Rule(Kind.TAG, "^v", push=Level.ADMIN),
        Rule(Kind.TAG, "^v", delete=Level.ADMIN),
        Rule(Kind.IMMUTABLE, "^s"),
    )
    grants = {shelf.path: Grant(project, frozenset(Action), rules)}
    shelf.image(tag="v1")
    shelf.image(tag="s1")
    shelf.caller = Caller(CredentialKind.REGISTRY, "their ci", grants=grants)
    shelf.image(b"fine", tag="main")
    with pytest.raises(TagProtected):
        shelf.image(b"more", tag="v1")
    with pytest.raises(TagImmutable):
        shelf.image(b"more", tag="s1")
    with pytest.raises(TagProtected):
        shelf.delete("v1")


def test_two_create_an_immutable_tag_at_once(shelf: Shelf) -> None:
    protect(shelf, Kind.IMMUTABLE, ".*")
    for number in range(10):
        tag, start, made = f"race-{number}", Barrier(2), list[str]()

        def push(data: bytes, tag: str = tag, start: Barrier = start, made: list[str] = made) -> None:
            shelf.blob(data)
            start.wait()
            with suppress(Refusal):
                made.append(shelf.image(data, tag=tag))

        racers = [Thread(target=push, args=(f"{tag} {side}".encode(),)) for side in "ab"]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        found = shelf.tools.lookup.by_tag(shelf.path, tag)
        assert found is not None
        assert [found.digest] == made
