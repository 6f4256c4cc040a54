"""Limits: who sets them, which hold, what is refused at 100 per cent and what goes on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.actors import Actors, fresh
from tests.domain.people import person
from tests.domain.shelf import IMAGE, Shelf
from wharfinger.domain import groups, images, members, projects, quotas, underway, uploads
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import ProjectUnknown, QuotaExceeded, ScopeMissing, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.domain.underway import UnderWay
from wharfinger.rules.quotas import Ceiling
from wharfinger.rules.roles import Role
from wharfinger.spec import digest as digests
from wharfinger.storage.memory import MemoryStore
from wharfinger.storage.store import StoreFailed

LAYER = b"a" * 1000


def used(tools: Tools, path: str) -> int:
    return quotas.show(tools, OPERATOR, path)[0].used_bytes


def test_a_layer_counts_once_in_every_place(tools: Tools) -> None:
    actors = Actors(tools)
    group = actors.group()
    one, other = (actors.project(f"{group.path}/{name}") for name in ("one", "other"))
    for project in (one, other):
        for name in ("app", "web"):
            Shelf(tools, name, project).image(LAYER, b"own " + project.path.encode(), tag="v1")
    own = len(b"own " + one.path.encode())
    assert used(tools, one.path) == 1000 + own
    assert used(tools, group.path) == used(tools, "") == 1000 + own + len(b"own " + other.path.encode())


def test_what_counts_is_what_tags_keep(tools: Tools) -> None:
    shelf = Shelf(tools)
    child = shelf.image(LAYER)
    assert used(tools, shelf.project) == 0, "an image without a tag"
    index = shelf.index(child)
    shelf.index(index, tag="v1")
    assert used(tools, shelf.project) == 1000, "through nested indexes"
    shelf.image(b"signature", subject=child)
    assert used(tools, shelf.project) == 1009, "what speaks about it"
    shelf.delete("v1")
    assert used(tools, shelf.project) == 0, "in the trash"
    [entry] = shelf.trash()
    shelf.restore(entry.id)
    assert used(tools, shelf.project) == 1009
    quotas.add_up(tools)
    assert used(tools, shelf.project) == 1009


def test_a_push_over_the_limit_is_refused_and_leaves_nothing(tools: Tools) -> None:
    shelf = Shelf(tools)
    shelf.image(LAYER, tag="v1")
    quotas.set_limit(tools, OPERATOR, shelf.project, 1500)
    shelf.blob(b"b" * 600)
    with pytest.raises(QuotaExceeded, match=f"the storage of {shelf.project} is full: with this it would use 1.56 KiB"):
        shelf.image(b"b" * 600, tag="v2")
    assert not shelf.has("v2")
    assert used(tools, shelf.project) == 1000
    shelf.image(b"b" * 500, tag="v2")
    assert used(tools, shelf.project) == 1500


def test_when_it_is_full_no_upload_begins_and_deleting_makes_room(tools: Tools) -> None:
    shelf = Shelf(tools)
    shelf.image(LAYER, tag="v1")
    quotas.set_limit(tools, OPERATOR, shelf.project, 1000)
    with pytest.raises(QuotaExceeded, match=r"it uses 1000 bytes of 1000 bytes.*pulling and deleting go on"):
        uploads.begin(tools, shelf.caller, shelf.path)
    with pytest.raises(QuotaExceeded):
        uploads.begin(tools, shelf.caller, shelf.other)
    assert shelf.has("v1")
    shelf.tag("v1", "again")
    shelf.delete("v1")
    shelf.delete("again")
    quotas.add_up(tools)
    shelf.image(b"another", tag="v2")


def test_mounting_takes_no_room_and_tagging_what_was_mounted_does(tools: Tools) -> None:
    shelf = Shelf(tools)
    shelf.image(LAYER, tag="v1")
    sent = shelf.blob(b"sent before it was full")
    quotas.set_limit(tools, OPERATOR, shelf.project, 1000)
    counted = digests.of(LAYER)
    for digest in (sent, counted):
        assert uploads.mount(tools, shelf.caller, shelf.other, digest, shelf.path)
    with pytest.raises(QuotaExceeded):
        shelf.put(naming(sent), "v1", shelf.other)
    assert not shelf.has("v1", shelf.other)
    shelf.put(naming(counted), "v1", shelf.other)
    assert shelf.has("v1", shelf.other)
    assert used(tools, shelf.project) == 1000


def naming(digest: str) -> dict[str, object]:
    """An image of a blob that is here."""
    named = {"mediaType": "application/octet-stream", "digest": digest, "size": 1}
    return {"schemaVersion": 2, "mediaType": IMAGE, "config": named, "layers": [named]}


def test_what_comes_back_or_moves_needs_room_too(tools: Tools) -> None:
    shelf, actors = Shelf(tools), Actors(tools)
    shelf.image(LAYER, tag="v1")
    shelf.delete("v1")
    quotas.set_limit(tools, OPERATOR, shelf.project, 500)
    [entry] = shelf.trash()
    with pytest.raises(QuotaExceeded):
        shelf.restore(entry.id)
    quotas.set_limit(tools, OPERATOR, shelf.project, None)
    shelf.restore(entry.id)
    small = actors.group()
    quotas.set_limit(tools, OPERATOR, small.path, 500)
    with pytest.raises(QuotaExceeded, match=f"the storage of {small.path} is full"):
        projects.move(tools, OPERATOR, shelf.project, small.path)
    assert used(tools, small.path) == 0


def test_limits_are_inherited(tools: Tools) -> None:
    actors = Actors(tools)
    top = actors.group()
    sub = actors.group(f"{top.path}/sub")
    project = actors.project(f"{sub.path}/shop")
    quotas.set_limit(tools, OPERATOR, top.path, 700, each=True)
    quotas.set_limit(tools, OPERATOR, "", 9000, each=True)
    found = {quota.path: quota.ceiling for quota in quotas.show(tools, OPERATOR, project.path)}
    assert found == {project.path: Ceiling(700, top.path), sub.path: None, top.path: Ceiling(9000, ""), "": None}
    with pytest.raises(QuotaExceeded):
        Shelf(tools, project=project).image(LAYER, tag="v1")
    quotas.set_limit(tools, OPERATOR, project.path, 5000)
    Shelf(tools, project=project).image(LAYER, tag="v1")


def test_owners_of_what_is_above_set_limits(tools: Tools) -> None:
    actors = Actors(tools)
    top = actors.group()
    project = actors.project(f"{top.path}/shop")
    owner, maintainer, inside = (person(tools, fresh("user")) for _ in range(3))
    members.add(tools, OPERATOR, top.path, owner.name, Role.OWNER)
    members.add(tools, OPERATOR, top.path, maintainer.name, Role.MAINTAINER)
    members.add(tools, OPERATOR, project.path, inside.name, Role.OWNER)
    assert quotas.set_limit(tools, owner, project.path, 5).limit_bytes == 5
    for caller in (maintainer, inside):
        with pytest.raises(ScopeMissing):
            quotas.set_limit(tools, caller, project.path, 50)
    for path in (top.path, ""):
        with pytest.raises(ScopeMissing, match="needs an administrator"):
            quotas.set_limit(tools, owner, path, 50)
    with pytest.raises(SettingInvalid, match="set on a group"):
        quotas.set_limit(tools, owner, project.path, 5, each=True)
    for size in (-1, quotas.LARGEST_LIMIT + 1):
        with pytest.raises(SettingInvalid, match="from zero bytes to 4096 PiB"):
            quotas.set_limit(tools, owner, project.path, size)


def test_who_may_see_what(tools: Tools) -> None:
    actors = Actors(tools)
    top = actors.group(visibility="private")
    project = actors.project(f"{top.path}/shop")
    stranger, inside, member = (person(tools, fresh("user")) for _ in range(3))
    members.add(tools, OPERATOR, project.path, inside.name, Role.DEVELOPER)
    members.add(tools, OPERATOR, top.path, member.name, Role.DEVELOPER)
    assert [quota.path for quota in quotas.show(tools, inside, project.path)] == [project.path]
    assert [quota.path for quota in quotas.show(tools, member, project.path)] == [project.path, top.path]
    assert quotas.show(tools, member, "") == []
    with pytest.raises(ProjectUnknown):
        quotas.show(tools, stranger, top.path)


def test_deleting_and_moving_places_carries_what_they_use(tools: Tools) -> None:
    actors = Actors(tools)
    source, target = actors.group(), actors.group()
    sub = actors.group(f"{source.path}/sub")
    project = actors.project(f"{sub.path}/shop")
    shelf = Shelf(tools, project=project)
    shelf.image(LAYER, tag="v1")
    groups.move(tools, OPERATOR, sub.path, target.path)
    assert (used(tools, source.path), used(tools, target.path)) == (0, 1000)
    moved = f"{target.path}/sub/shop"
    images.delete_repository(tools, OPERATOR, f"{moved}/app")
    assert used(tools, target.path) == 0
    projects.delete(tools, OPERATOR, moved, with_images=True)
    quotas.add_up(tools)
    assert used(tools, "") == 0


def test_uploads_under_way_are_counted_apart(tools: Tools) -> None:
    actors = Actors(tools)
    group = actors.group()
    one, other = (Shelf(tools, project=actors.project(f"{group.path}/{name}")) for name in ("one", "other"))
    sent = [(one, one.path, b"12345"), (one, one.other, b""), (other, other.path, b"1234567")]
    sessions = []
    for shelf, path, data in sent:
        session = uploads.begin(tools, shelf.caller, path)
        sessions.append(uploads.append(tools, shelf.caller, path, session.id, start=0, pieces=[data], digest=None))
    assert underway.get(tools, OPERATOR, one.project) == UnderWay(2, 5)
    assert underway.get(tools, OPERATOR, other.project) == UnderWay(1, 7)
    assert underway.get(tools, OPERATOR, group.path) == UnderWay(3, 12)
    whole = underway.get(tools, OPERATOR, "")
    assert whole is not None
    assert whole.count >= 3
    assert used(tools, group.path) == 0
    uploads.append(tools, one.caller, one.path, sessions[0].id, start=5, pieces=[b"6"], digest=digests.of(b"123456"))
    uploads.cancel(tools, one.caller, one.other, sessions[1].id)
    assert underway.get(tools, OPERATOR, one.project) == UnderWay(0, 0)
    stranger = person(tools, fresh("user"))
    with pytest.raises(ScopeMissing, match="looking at what all of it uses"):
        underway.get(tools, stranger, "")


def test_the_page_goes_on_while_the_store_fails(tools: Tools) -> None:
    class Broken(MemoryStore):
        def unfinished(self) -> Iterator[tuple[str, int]]:
            raise StoreFailed("the disk is on fire")

    assert underway.get(replace(tools, store=Broken()), OPERATOR, "") is None
