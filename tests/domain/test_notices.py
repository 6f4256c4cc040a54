"""Owners hear once when storage fills up, again when that happens again; a mail server that was away gets it later."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.actors import Actors, fresh
from tests.clock import Clock
from tests.domain.shelf import Shelf
from tests.mailbox import Mailbox, serving, text_of
from wharfinger.clients.mail import Mail, Security
from wharfinger.domain import breakdown, images, members, notices, queue, quotas, users
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.tools import Tools
from wharfinger.jobs import labour, worker
from wharfinger.rules.roles import Role


class Office:
    """A project with an owner who reads mail."""

    def __init__(self, tools: Tools, port: int, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        mail = Mail("127.0.0.1", port, Security.NONE, sender="registry@example.com")
        policy = replace(tools.policy, external_url="https://registry.example.com")
        self.tools = replace(tools, mail=mail, policy=policy)
        actors = Actors(self.tools)
        self.group = actors.group()
        self.project = actors.project(f"{self.group.path}/shop")
        self.owner = self.person("owner@example.com")
        members.add(self.tools, OPERATOR, self.group.path, self.owner, Role.OWNER)
        self.shelf = Shelf(self.tools, project=self.project)

    def person(self, email: str | None) -> str:
        return users.create(self.tools, OPERATOR, fresh("user"), email=email).username

    def push(self, size: int, tag: str) -> None:
        self.shelf.image(tag.encode() * (size // len(tag)), tag=tag)
        self.settle()

    def settle(self) -> None:
        quotas.add_up(self.tools)
        worker.follow(self.tools)
        labour.do_all(self.tools)

    def subjects(self) -> list[str]:
        found = [str(letter["subject"]) for letter in self.mailbox.letters]
        self.mailbox.letters.clear()
        return found


@pytest.fixture
def office(tools: Tools) -> Iterator[Office]:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        yield Office(tools, port, mailbox)


def test_each_threshold_is_told_once_and_again_after_falling_back(office: Office) -> None:
    path = office.project.path
    quotas.set_limit(office.tools, OPERATOR, path, 1000)
    office.push(600, "a")
    assert office.subjects() == []
    office.push(120, "b")
    assert office.subjects() == [f"The storage of {path} is 70% full"]
    office.push(60, "c")
    assert office.subjects() == []
    office.push(180, "d")
    assert office.subjects() == [f"The storage of {path} is 95% full"]
    office.push(40, "e")
    assert office.subjects() == [f"Action required: the storage of {path} is full, pushes are refused"]
    office.shelf.delete("a")
    office.settle()
    assert office.subjects() == []
    office.push(400, "f")
    assert office.subjects() == [f"The storage of {path} is 70% full"]


def test_what_the_mail_says(office: Office, clock: Clock) -> None:
    path = office.project.path
    for day in range(4):
        office.push(100 * 1024, f"v{day}")
        breakdown.take_samples(office.tools)
        clock.advance(hours=24)
    quotas.set_limit(office.tools, OPERATOR, path, 500 * 1024)
    office.settle()
    [letter] = office.mailbox.letters
    assert letter["to"] == "owner@example.com"
    said = text_of(letter)
    assert f"{path} uses 400 KiB of 500 KiB (80%)." in " ".join(said.split())
    assert "it is full in about 1 day." in " ".join(said.split()) or "in about 2 days" in said
    assert f"{path}/app: 400 KiB" in said
    assert f"https://registry.example.com/{path}/-/usage" in said


def test_what_the_mail_about_a_group_says(office: Office, clock: Clock) -> None:
    """What is large, what cleanup would free in each project, and when it is full: as for a project."""
    tools, group = office.tools, office.group.path
    other = Actors(tools).project(f"{group}/other")
    Shelf(tools, project=other).image(b"other" * 10_240, tag="v1")
    for day in range(4):
        office.push(100 * 1024, f"v{day}")
        breakdown.take_samples(tools)
        clock.advance(hours=24)
    for place in ("", group):
        quotas.set_limit(tools, OPERATOR, place, 500 * 1024)
    policies.save(tools, OPERATOR, office.project.path, Terms(enabled=True, keep_n=1, older_than=None))
    administrator = users.create(tools, OPERATOR, fresh("admin"), admin=True, email="admin@example.com")
    office.settle()
    said = {str(letter["to"]): " ".join(text_of(letter).split()) for letter in office.mailbox.letters}
    assert administrator.email in said
    for text, name in ((said["owner@example.com"], group), (said["admin@example.com"], "This registry")):
        assert f"{name} uses 450 KiB of 500 KiB (90%)." in text
        assert "it is full in about 1 day." in text or "in about 2 days" in text
        assert f"The largest in it: {office.project.path}: 400 KiB {other.path}: 50 KiB" in text
        assert f"in each of the largest projects by itself: {office.project.path}: 300 KiB" in text


def test_who_is_told(office: Office) -> None:
    tools, path = office.tools, office.project.path
    inside, blocked, silent = office.person("in@example.com"), office.person("out@example.com"), office.person(None)
    with tools.db.read() as tx:
        assert len(notices.holders(tx, tools, path)) == 1, "the owner of the group, where the project has none"
    for name in (inside, blocked, silent):
        members.add(tools, OPERATOR, path, name, Role.OWNER)
    users.block(tools, OPERATOR, blocked)
    quotas.set_limit(tools, OPERATOR, path, 100)
    office.push(90, "a")
    assert [letter["to"] for letter in office.mailbox.letters] == ["in@example.com"]
    with tools.db.read() as tx:
        assert notices.holders(tx, tools, "") == []
    admin = users.create(tools, OPERATOR, fresh("admin"), admin=True, email="admin@example.com")
    with tools.db.read() as tx:
        assert notices.holders(tx, tools, "") == notices.holders(tx, tools, "nowhere") == [admin.id]


def test_a_mail_server_that_was_away_gets_it_later(office: Office, clock: Clock) -> None:
    office.mailbox.unknown.add("owner@example.com")
    quotas.set_limit(office.tools, OPERATOR, office.project.path, 100)
    office.push(90, "a")
    assert office.subjects() == []
    office.mailbox.unknown.clear()
    clock.advance(hours=1)
    office.settle()
    assert office.subjects() == [f"The storage of {office.project.path} is 85% full"]


def test_without_a_mail_server_nothing_is_queued(tools: Tools) -> None:
    shelf = Shelf(tools)
    quotas.set_limit(tools, OPERATOR, shelf.project, 10)
    shelf.image(b"123456789", tag="v1")
    quotas.add_up(tools)
    worker.follow(tools)
    labour.do_all(tools)
    assert queue.list_jobs(tools, OPERATOR) == []


def test_breakdown(office: Office) -> None:
    tools, shelf = office.tools, office.shelf
    other: Project = Actors(tools).project(f"{office.group.path}/other")
    Shelf(tools, project=other).image(b"shared" * 100, tag="v1")
    shelf.image(b"shared" * 100, b"own" * 10, tag="v1")
    shelf.image(b"gone" * 50, tag="old")
    shelf.image(b"loose" * 7)
    shelf.delete("old")
    found = breakdown.get(tools, OPERATOR, office.project.path)
    assert (found.quota.used_bytes, found.alone_bytes, found.whole) == (630, 30, office.group.path)
    assert (found.trash_things, found.trash_bytes) == (1, 200)
    assert found.untagged_bytes == 235
    assert [(large.path, large.used_bytes) for large in found.largest] == [(shelf.path, 630)]
    group = breakdown.get(tools, OPERATOR, office.group.path)
    assert (group.quota.used_bytes, group.alone_bytes, group.whole) == (630, 630, "")
    assert {large.path: large.used_bytes for large in group.largest} == {office.project.path: 630, other.path: 600}
    images.delete_repository(tools, OPERATOR, shelf.path)
    found = breakdown.get(tools, OPERATOR, office.project.path)
    assert (found.quota.used_bytes, found.trash_things, found.trash_bytes) == (0, 2, 865)


def test_the_mail_says_what_cleanup_would_free(office: Office, clock: Clock) -> None:
    office.push(500, "old")
    clock.advance(hours=24 * 40)
    office.push(300, "new")
    terms = Terms(enabled=True, keep_n=1, older_than="30d")
    policies.save(office.tools, OPERATOR, office.project.path, terms)
    quotas.set_limit(office.tools, OPERATOR, office.project.path, 1000)
    office.settle()
    [letter] = office.mailbox.letters
    assert "run its cleanup, which would free 498 bytes" in " ".join(text_of(letter).split())
