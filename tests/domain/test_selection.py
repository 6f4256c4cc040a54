"""Many tags deleted as one act, and brought back as one."""

import pytest

from tests.clock import Clock
from tests.domain.gallery import Gallery
from tests.domain.people import person, refusal
from wharfinger.domain import members, protection, push, selection, tags
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import Denied, NotFound, RepositoryProtected, TrashedUnknown
from wharfinger.domain.paging import FIRST
from wharfinger.domain.selection import Wanted
from wharfinger.domain.tags import Filter
from wharfinger.domain.tools import Tools
from wharfinger.jobs import labour
from wharfinger.rules.paging import Window
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role

MANY = selection.AT_ONCE + 200


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    made = Gallery(tools)
    for name in ("1.0", "1.1", "2.0", "main"):
        made.container({"os": "linux"}, name.encode(), tag=name)
    return made


@pytest.fixture
def maintainer(gallery: Gallery) -> Caller:
    return gallery.member(Role.MAINTAINER)


def names(gallery: Gallery) -> list[str]:
    return [tag.name for tag in tags.list_tags(gallery.tools, OPERATOR, gallery.path, Filter(), FIRST).items]


def total(gallery: Gallery) -> int:
    return tags.list_tags(gallery.tools, OPERATOR, gallery.path, Filter(), Window(counted=True)).total or 0


def many(gallery: Gallery) -> None:
    """More tags than are deleted at once, of one image."""
    digest = gallery.container({"os": "linux"}, b"many", tag="many-0000")
    found = gallery.tools.lookup.by_digest(gallery.path, digest)
    assert found is not None
    for at in range(1, MANY, 100):
        push.manifest(
            gallery.tools, gallery.caller, gallery.path, digest=digest, media_type=found.media_type, body=found.body,
            tags=[f"many-{number:04}" for number in range(at, min(at + 100, MANY))],
        )  # fmt: skip


def test_what_would_go_is_told_exactly(gallery: Gallery, maintainer: Caller) -> None:
    one = selection.look(gallery.tools, maintainer, gallery.path, Wanted(("1.0", "gone", "é")))
    assert (one.count, one.first, one.kept_count) == (1, ("1.0",), 0)
    matching = selection.look(gallery.tools, maintainer, gallery.path, Wanted(part="1."))
    assert (matching.count, matching.first) == (2, ("1.0", "1.1"))
    assert matching.size_bytes == 2 * one.size_bytes
    assert selection.look(gallery.tools, maintainer, gallery.path, Wanted()).count == 4


def test_a_few_are_deleted_at_once_and_brought_back(gallery: Gallery, maintainer: Caller) -> None:
    act = selection.delete(gallery.tools, maintainer, gallery.path, Wanted(("1.0", "2.0", "gone")))
    assert (act.count, act.running, names(gallery)) == (2, False, ["1.1", "main"])
    told = selection.progress(gallery.tools, maintainer, gallery.project, act.batch)
    assert (told.count, told.running) == (2, False)
    back = selection.undo(gallery.tools, maintainer, gallery.project, act.batch)
    assert back is not None
    assert (back.back, back.left, len(names(gallery))) == (2, 0, 4)
    assert isinstance(
        refusal(lambda: selection.undo(gallery.tools, maintainer, gallery.project, act.batch)), TrashedUnknown
    )


def test_all_that_match_a_filter(gallery: Gallery, maintainer: Caller) -> None:
    selection.delete(gallery.tools, maintainer, gallery.path, Wanted(part="1."))
    assert names(gallery) == ["2.0", "main"]


def test_many_are_left_to_the_worker(gallery: Gallery, maintainer: Caller, clock: Clock) -> None:
    many(gallery)
    act = selection.delete(gallery.tools, maintainer, gallery.path, Wanted(part="many"))
    assert (act.count, act.running, total(gallery)) == (MANY, True, MANY + 4)
    clock.advance(seconds=1)
    gallery.container({"os": "linux"}, b"later", tag="many-later")
    labour.do_all(gallery.tools)
    assert names(gallery) == ["1.0", "1.1", "2.0", "main", "many-later"], "what came after the question stays"
    told = selection.progress(gallery.tools, maintainer, gallery.project, act.batch)
    assert (told.count, told.running) == (MANY, False)
    assert selection.undo(gallery.tools, maintainer, gallery.project, act.batch) is None
    assert selection.progress(gallery.tools, maintainer, gallery.project, act.batch).running
    labour.do_all(gallery.tools)
    assert total(gallery) == MANY + 5


def test_what_rules_keep_stays_and_is_told(gallery: Gallery, maintainer: Caller) -> None:
    for rule in (Rule(Kind.TAG, "^1.0$", delete=Level.OWNER), Rule(Kind.IMMUTABLE, "^main$")):
        protection.add(gallery.tools, OPERATOR, gallery.project, rule)
    selected = selection.look(gallery.tools, maintainer, gallery.path, Wanted())
    assert selected.first == ("1.1", "2.0")
    assert selected.kept == (("1.0", "protected"), ("main", "immutable"))
    selection.delete(gallery.tools, maintainer, gallery.path, Wanted())
    assert names(gallery) == ["1.0", "main"]


def test_a_repository_that_is_kept_is_refused_whole(gallery: Gallery, maintainer: Caller) -> None:
    protection.add(gallery.tools, OPERATOR, gallery.project, Rule(Kind.REPOSITORY, gallery.path, delete=Level.OWNER))
    refused = refusal(lambda: selection.look(gallery.tools, maintainer, gallery.path, Wanted()))
    assert isinstance(refused, RepositoryProtected)


def test_who_may_not(gallery: Gallery, maintainer: Caller) -> None:
    tools, reader, stranger = gallery.tools, gallery.reader, person(gallery.tools, "stranger")
    act = selection.delete(tools, maintainer, gallery.path, Wanted(("1.0",)))
    for caller, kind in ((reader, Denied), (stranger, NotFound)):
        assert isinstance(refusal(lambda: selection.look(tools, caller, gallery.path, Wanted())), kind)  # noqa: B023
        assert isinstance(refusal(lambda: selection.delete(tools, caller, gallery.path, Wanted())), kind)  # noqa: B023
        assert isinstance(refusal(lambda: selection.progress(tools, caller, gallery.project, act.batch)), kind)  # noqa: B023
        assert isinstance(refusal(lambda: selection.undo(tools, caller, gallery.project, act.batch)), kind)  # noqa: B023
    assert len(names(gallery)) == 3


def test_who_lost_the_right_meanwhile(gallery: Gallery, maintainer: Caller) -> None:
    many(gallery)
    selection.delete(gallery.tools, maintainer, gallery.path, Wanted(part="many"))
    members.remove(gallery.tools, OPERATOR, gallery.project, maintainer.name)
    labour.do_all(gallery.tools)
    assert total(gallery) == MANY + 4
