"""Looking into the audit log: who sees what, what is found, how it is exported."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.actors import Actors, fresh
from tests.clock import Clock
from tests.domain.holdings import Holdings
from tests.domain.people import person, with_token
from tests.domain.test_chain import follow
from wharfinger.db import operation as operation_rows
from wharfinger.domain import audit, events, groups, images, members, operation, projects, tokens, trash, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import CredentialRefused, PageInvalid, Refusal, ScopeMissing
from wharfinger.domain.events.people import MemberAdded
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role, Visibility

EVERYTHING = Wanted()


def kinds(tools: Tools, caller: Caller = OPERATOR, place: str = "", wanted: Wanted = EVERYTHING) -> list[str]:
    """What is found, oldest first."""
    follow(tools)
    return [event.kind for event in reversed(audit.page(tools, caller, place, wanted, limit=1000).events)]


def newest(tools: Tools) -> events.Recorded:
    follow(tools)
    return audit.page(tools, OPERATOR, "", EVERYTHING, limit=1).events[0]


def test_every_change_is_written_down(tools: Tools) -> None:
    ada = person(tools, "ada", admin=True)
    groups.create(tools, ada, "shop", visibility=Visibility.PUBLIC)
    projects.create(tools, ada, "shop/app")
    person(tools, "bob")
    members.add(tools, ada, "shop/app", "bob", Role.DEVELOPER)
    members.add(tools, ada, "shop/app", "bob", Role.REPORTER)
    members.remove(tools, ada, "shop/app", "bob")
    made = tokens.create_deploy(tools, ada, "shop/app", "ci", ["read_registry"])
    made = tokens.rotate(tools, ada, made.token.id)
    tokens.revoke(tools, ada, made.token.id)
    tokens.create_bot(tools, ada, "shop", "bot", ["read_registry"])
    tokens.create_personal(tools, ada, "mine", ["api"])
    tokens.create_job(tools, ada, "shop/app", ends_at=tools.clock() + timedelta(hours=1))
    tokens.rotate_signing_key(tools, ada)
    users.change(tools, ada, "bob", email="bob@example.com")
    users.rename(tools, ada, "bob", "rob")
    users.block(tools, ada, "rob")
    users.unblock(tools, ada, "rob")
    users.set_password(tools, ada, "rob", "correct horse battery staple")
    users.generate_password(tools, ada, "rob")
    users.revoke_tokens(tools, ada, "rob")
    users.delete(tools, ada, "rob")
    projects.change(tools, ada, "shop/app", visibility=Visibility.PUBLIC)
    projects.rename(tools, ada, "shop/app", "web")
    groups.change(tools, ada, "shop", name="The shop")
    groups.rename(tools, ada, "shop", "store")
    groups.create(tools, ada, "attic", visibility=Visibility.PUBLIC)
    groups.move(tools, ada, "store", "attic")
    projects.move(tools, ada, "attic/store/web", "attic")
    projects.delete(tools, ada, "attic/web")
    groups.delete(tools, ada, "attic/store")
    operation.take_over(tools, ada, {"log.level": "debug"}, (), before={"log.level": "info"})
    assert kinds(tools) == [
        "user created", "group created", "project created", "user created", "member added", "member changed",
        "member removed", "token created", "token rotated", "token revoked", "token created", "token created",
        "token created", "signing key rotated", "user changed", "user renamed", "user blocked", "user unblocked",
        "password set", "password set", "tokens revoked", "user deleted", "project changed", "project moved",
        "group changed", "group moved", "group created", "group moved", "project moved", "project deleted",
        "group deleted", "settings changed",
    ]  # fmt: skip
    everybody = {event.actor for event in audit.page(tools, OPERATOR, "", EVERYTHING, limit=100).events}
    assert everybody == {"operator", "ada"}


def test_changes_tell_before_and_after(tools: Tools) -> None:
    actors = Actors(tools)
    project = actors.project()
    user = actors.user(project, "developer")
    members.add(tools, OPERATOR, project.path, user.username, Role.MAINTAINER)
    about = newest(tools).about
    assert (about["before"], about["after"]) == (
        {"role": "developer", "expires_at": None}, {"role": "maintainer", "expires_at": None})  # fmt: skip
    projects.change(tools, OPERATOR, project.path, visibility=Visibility.INTERNAL)
    assert newest(tools).about == {"before": {"visibility": "private"}, "after": {"visibility": "internal"}}
    users.change(tools, OPERATOR, user.username, admin=True)
    assert newest(tools).about == {"before": {"admin": False}, "after": {"admin": True}}


def test_settings_of_a_restart_are_told_and_secrets_are_not(tools: Tools) -> None:
    secrets = {"mail.password", "oidc.secret"}
    first = {"server.listen": "[::]:5050", "mail.password": "hunter2", "oidc.secret": ""}
    operation.take_over(tools, OPERATOR, first, secrets, before={})
    operation.take_over(tools, OPERATOR, first, secrets, before={})
    assert kinds(tools) == [], "the very first start, and one like it"
    second = {**first, "server.listen": "[::]:443", "mail.password": "hunter3", "new.setting": "5"}
    operation.take_over(tools, OPERATOR, second, secrets, before={})
    assert newest(tools).about == {
        "before": {"server.listen": "[::]:5050", "mail.password": "(secret)"},
        "after": {"server.listen": "[::]:443", "mail.password": "(another secret)"},
    }
    operation.take_over(tools, OPERATOR, {**second, "mail.password": ""}, secrets, before={})
    assert newest(tools).about["after"] == {"mail.password": "(empty)"}
    with tools.db.read() as tx:
        assert "hunter" not in str(operation_rows.settings(tx))
    with pytest.raises(ScopeMissing):
        operation.take_over(tools, person(tools, fresh("user")), first, secrets, before={})


def test_images_leave_a_trail(tools: Tools, tmp_path: Path) -> None:
    holdings = Holdings.make(tools, tmp_path)
    path = f"{holdings.project}/web"
    first, second = holdings.image("web", "v1", [b"one"]), holdings.image("web", "v1", [b"two"])
    caller = holdings.caller(path)
    images.delete_tag(tools, caller, path, "v1")
    (tag,) = trash.list_trash(tools, OPERATOR, holdings.project)
    trash.restore(tools, OPERATOR, holdings.project, tag.id)
    images.delete_manifest(tools, caller, path, second)
    images.delete_repository(tools, caller, path)
    trash.empty(tools, OPERATOR, holdings.project)
    assert kinds(tools, place=holdings.project)[1:] == [
        "manifest pushed", "manifest pushed", "tags deleted", "restored from trash", "manifest deleted",
        "repository deleted", "trash emptied",
    ]  # fmt: skip
    found = audit.page(tools, OPERATOR, "", Wanted(path=path)).events[::-1]
    assert (found[0].about["digest"], "replaced" in found[0].about) == (first, False)
    assert found[1].about["replaced"] == [first]
    assert found[2].about["tags"] == {"v1": second}
    assert (found[4].about["digest"], found[4].about["tags"]) == (second, ["v1"])


def test_an_image_has_a_chain_of_custody(tools: Tools, tmp_path: Path) -> None:
    holdings = Holdings.make(tools, tmp_path)
    path = f"{holdings.project}/web"
    first = holdings.image("web", "v1", [b"one"])
    second = holdings.image("web", "v1", [b"two"])
    subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": first, "size": 1}
    blob = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": holdings.blob(path, b"{}"), "size": 2}
    fields = {"config": blob, "layers": [blob], "subject": subject}
    holdings.manifest(path, "", fields, "application/vnd.oci.image.manifest.v1+json")
    images.delete_tag(tools, holdings.caller(path), path, "v1")
    follow(tools)

    def told(digest: str, caller: Caller = OPERATOR) -> list[str]:
        return [event.kind for event in reversed(audit.custody(tools, caller, path, digest))]

    assert told(first) == ["manifest pushed"] * 3  # itself, what took its tag, and what speaks about it
    assert told(second) == ["manifest pushed", "tags deleted"]
    assert told("sha256:" + "0" * 64) == []
    actors = Actors(tools)
    project = projects.get(tools, OPERATOR, holdings.project)
    developer, reporter = actors.user(project, "developer"), actors.user(project, "reporter")
    seen = audit.custody(tools, with_token(tools, developer.username), path, second)
    assert len(seen) == 2 and {event.address for event in seen} == {""}
    with pytest.raises(ScopeMissing, match="developer"):
        audit.custody(tools, with_token(tools, reporter.username), path, second)


def test_who_sees_what(tools: Tools) -> None:
    actors = Actors(tools)
    group = actors.group()
    inner = groups.create(tools, OPERATOR, f"{group.path}/inner", visibility=Visibility.PUBLIC)
    here, there = actors.project(f"{inner.path}/here"), actors.project()
    maintainer, developer = actors.user(here, "maintainer"), actors.user(here, "developer")
    owner, helper = actors.user(group, "owner"), actors.user(group, "maintainer")
    asking = {user.username: with_token(tools, user.username) for user in (maintainer, developer, owner, helper)}
    expected = ["project created", "member added", "member added"]
    assert kinds(tools, asking[maintainer.username], here.path) == expected
    assert kinds(tools, asking[owner.username], here.path) == expected
    whole = kinds(tools, asking[owner.username], group.path)
    assert whole == ["group created", "group created", *expected, "member added", "member added"]
    for name, place in (
        (maintainer.username, group.path), (maintainer.username, ""), (developer.username, here.path),
        (owner.username, there.path), (owner.username, ""), (helper.username, group.path),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            audit.page(tools, asking[name], place, EVERYTHING)
        with pytest.raises(Refusal):
            audit.export(tools, asking[name], place, EVERYTHING)


def test_pushes_are_found_by_the_group_of_their_project(tools: Tools, tmp_path: Path) -> None:
    holdings = Holdings.make(tools, tmp_path)
    holdings.image("web", "v1", [b"one"])
    group = holdings.project.rpartition("/")[0]
    assert kinds(tools, place=group) == ["group created", "project created", "manifest pushed"]


def test_searching(tools: Tools, clock: Clock) -> None:
    began = clock()
    ada, bob = person(tools, "ada", admin=True), person(tools, "bob", admin=True)
    clock.advance(hours=1)
    groups.create(tools, replace(ada, address="192.0.2.1"), "one")
    follow(tools)
    clock.advance(days=1)
    groups.create(tools, replace(bob, address="192.0.2.2"), "two")
    clock.advance(days=3)  # the worker was away: this event is sealed three days late
    follow(tools)
    groups.create(tools, ada, "three")

    def paths(**wanted: object) -> list[str]:
        follow(tools)
        found = audit.page(tools, OPERATOR, "", Wanted(**wanted))  # type: ignore[arg-type]
        return [event.path for event in reversed(found.events)]

    assert paths() == ["ada", "bob", "one", "two", "three"]
    assert paths(actor="ada") == ["one", "three"]
    assert paths(actor="ada", kind="group created", path="one") == ["one"]
    assert paths(kind="user created") == ["ada", "bob"]
    assert paths(address="192.0.2.2") == ["two"]
    assert paths(since=began + timedelta(days=1)) == ["two", "three"]
    assert paths(before=began + timedelta(minutes=1)) == ["ada", "bob"]
    assert paths(since=began + timedelta(hours=20), before=began + timedelta(days=2)) == ["two"]
    assert paths(since=began + timedelta(days=30)) == []
    assert paths(before=began) == []
    assert paths(actor="nobody") == []


def test_pages_go_on_from_a_number(tools: Tools) -> None:
    actors = Actors(tools)
    for _ in range(25):
        actors.group()
    follow(tools)
    seen: list[int] = []
    last: int | None = None
    for _ in range(3):
        found = audit.page(tools, OPERATOR, "", EVERYTHING, last=last, limit=10)
        seen += [event.number for event in found.events]
        last = found.last
    assert (seen, last) == (list(range(25, 0, -1)), None)
    assert [event.number for event in audit.export(tools, OPERATOR, "", EVERYTHING)] == seen
    for wrong in ({"limit": 0}, {"limit": 1001}, {"last": 0}):
        with pytest.raises(PageInvalid):
            audit.page(tools, OPERATOR, "", EVERYTHING, **wrong)


def test_a_group_with_many_below_is_one_list(tools: Tools) -> None:
    actors = Actors(tools)
    top = actors.group()
    inner = [groups.create(tools, OPERATOR, f"{top.path}/{name}", visibility=Visibility.PUBLIC) for name in "abcd"]
    below = [actors.project(f"{group.path}/app") for group in inner]
    for project in [*below, *reversed(below)]:
        actors.user(project, "developer")
    follow(tools)
    first = audit.page(tools, OPERATOR, top.path, EVERYTHING, limit=7)
    rest = audit.page(tools, OPERATOR, top.path, EVERYTHING, last=first.last)
    numbers = [event.number for event in [*first.events, *rest.events]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 1 + 4 * 2 + 8


def test_exports(tools: Tools) -> None:
    groups.create(tools, OPERATOR, "shop", name="=cmd|' /C calc'!A0")
    with tools.db.begin() as tx:
        events.put(tx, tools, OPERATOR, MemberAdded(path="=1+1", username="@x", role="owner", expires_at=None))
    follow(tools)
    lines = b"".join(audit.as_lines(audit.export(tools, OPERATOR, "", EVERYTHING))).splitlines()
    objects = [json.loads(line) for line in lines]
    assert [one["number"] for one in objects] == [2, 1]
    assert objects[1]["about"] == {"visibility": "private"}
    assert objects[1]["at"] == tools.clock().isoformat()
    table = b"".join(audit.as_csv(audit.export(tools, OPERATOR, "", EVERYTHING))).decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["number"] for row in rows] == ["2", "1"]
    assert rows[0]["path"] == "'=1+1"  # no spreadsheet runs it
    assert json.loads(rows[0]["about"]) == {"username": "@x", "role": "owner"}


def test_failed_sign_ins_are_written_down_without_what_was_typed(tools: Tools) -> None:
    person(tools, "ada")
    with pytest.raises(CredentialRefused):
        users.replace_password(tools, "ada", "a new password", current="wrong", address="192.0.2.9")
    with pytest.raises(CredentialRefused):
        users.replace_password(tools, "my secret typed here", "a new password", current="wrong", address="192.0.2.9")
    follow(tools)
    known, unknown = audit.page(tools, OPERATOR, "", Wanted(kind="sign-in failed")).events[::-1]
    assert (known.path, known.address, known.actor) == ("ada", "192.0.2.9", "")
    assert unknown.path == ""
