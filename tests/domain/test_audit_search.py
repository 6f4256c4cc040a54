"""Searching the audit log by words: what is found, and how far a search goes."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.holdings import Holdings
from tests.domain.people import person, with_token
from tests.domain.test_chain import follow
from wharfinger.db.tables.columns import Moment
from wharfinger.domain import audit, images, members
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Found, Wanted
from wharfinger.domain.audit_search import MOST_IN_A_ROW, MOST_LOOKED_UP
from wharfinger.domain.errors import NotFound, Refusal
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role

_FLOOD = text(
    """
    INSERT INTO audit (number, at, kind, actor, credential, address, namespace_id, project_id, path, about)
    WITH RECURSIVE series(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM series WHERE i < :count)
    SELECT (SELECT max(number) FROM audit) + i, :at, 'manifest pushed', 'robot', 'job token 1', '192.0.2.9',
        :namespace, :project, :path, '{"tags":["nightly"]}' FROM series
    """
).bindparams(bindparam("at", type_=Moment()))


def flood(tools: Tools, count: int, path: str, *, project: int | None = None, namespace: int | None = None) -> None:
    """Let so many events of others follow."""
    follow(tools)
    place = {"path": path, "project": project, "namespace": namespace}
    with tools.db.begin() as tx:
        tx.execute(_FLOOD, {"count": count, "at": tools.clock(), **place})


def search(tools: Tools, words: str, place: str = "") -> list[str]:
    """Kinds of what is found, oldest first."""
    follow(tools)
    return [event.kind for event in reversed(audit.page(tools, OPERATOR, place, Wanted(text=words)).events)]


def test_who_deleted_a_tag(tools: Tools, tmp_path: Path, clock: Clock) -> None:
    holdings = Holdings.make(tools, tmp_path)
    path = f"{holdings.project}/web"
    digest = holdings.image("web", "v1", [b"one"])
    holdings.image("web", "v2", [b"two"])
    holdings.image("other", "v1", [b"three"])
    clock.advance(days=3)
    images.delete_tag(tools, holdings.caller(path), path, "v1")
    assert search(tools, f"{path}:v1") == ["manifest pushed", "tags deleted"]
    assert search(tools, f"{path}:v1 DELETED") == ["tags deleted"]
    assert search(tools, f"registry.example.com/{path}:v1") == ["manifest pushed", "tags deleted"]
    assert search(tools, f"{path}@{digest}") == ["manifest pushed", "tags deleted"]
    assert search(tools, digest[:20], holdings.project) == ["manifest pushed", "tags deleted"]
    assert search(tools, '"v1" pushed', holdings.project) == ["manifest pushed", "manifest pushed"]
    assert search(tools, holdings.project) == search(tools, "", holdings.project)
    assert search(tools, f"{holdings.project}/we") == [], "a path is a whole one"
    assert search(tools, "v_", holdings.project) == []
    assert search(tools, "v%1") == []
    since = Wanted(text=f"{path}:v1", since=clock() - timedelta(days=1))
    assert [event.kind for event in audit.page(tools, OPERATOR, "", since).events] == ["tags deleted"]
    before = Wanted(text='"v1"', kind="manifest pushed", path=path, before=clock() - timedelta(days=1))
    (event,) = audit.page(tools, OPERATOR, "", before).events
    assert event.about["digest"] == digest


def test_words_are_found_in_all_that_an_event_tells(tools: Tools) -> None:
    ada = person(tools, "ada", admin=True)
    actors = Actors(tools)
    project = actors.project()
    bob = actors.user(project, "developer")
    members.add(tools, ada, project.path, bob.username, Role.REPORTER)
    for words in ("ada changed", "ADA", '"ADA"', "reporter", f"member {bob.username} reporter", f"{project.path} ada"):
        assert search(tools, words, project.path) == ["member changed"], words
    assert search(tools, "ada maintainer", project.path) == search(tools, '"ad"', project.path) == []


def test_each_sees_what_they_may(tools: Tools) -> None:
    actors = Actors(tools)
    mine, other = actors.project(), actors.project()
    maintainer = with_token(tools, actors.user(mine, "maintainer").username)
    follow(tools)
    found = audit.page(tools, maintainer, mine.path, Wanted(text="created"))
    assert {event.path for event in found.events} == {mine.path}
    assert not audit.page(tools, maintainer, mine.path, Wanted(text=other.path)).events
    with pytest.raises(NotFound):
        audit.page(tools, maintainer, other.path, Wanted(text="created"))
    with pytest.raises(Refusal):
        audit.page(tools, maintainer, "", Wanted(text="created"))


def pages(tools: Tools, place: str, wanted: Wanted, limit: int = 100) -> list[Found]:
    found, last = list[Found](), None
    while not found or last is not None:
        found.append(audit.page(tools, OPERATOR, place, wanted, last=last, limit=limit))
        last = found[-1].last
    return found


def test_a_search_tells_how_far_it_looked_and_goes_on(tools: Tools, clock: Clock) -> None:
    project = Actors(tools).project()
    clock.advance(days=1)
    flood(tools, MOST_IN_A_ROW, "busy/place")
    first, second = pages(tools, "", Wanted(text="created"))
    assert (first.events, first.looked_to) == ([], clock())
    assert project.path in {event.path for event in second.events}
    assert (second.last, second.looked_to) == (None, None)
    assert search(tools, f"{project.path} created"), "a path is found however long ago"
    full, *_ = pages(tools, "", Wanted(text="nightly"), limit=1000)
    assert (len(full.events), full.looked_to) == (1000, None)
    assert sum(len(one.events) for one in pages(tools, "", Wanted(text="nightly"), limit=1000)) == MOST_IN_A_ROW
    days = list[object]()
    exported = audit.export(tools, OPERATOR, "", Wanted(text="created"), looked=days.append)
    assert project.path in {event.path for event in exported}
    assert days == [clock()]


def test_so_it_does_in_a_place_with_many_events(tools: Tools, clock: Clock) -> None:
    project = Actors(tools).project()
    group = project.path.rpartition("/")[0]
    clock.advance(days=1)
    flood(tools, MOST_LOOKED_UP, project.path, project=project.id, namespace=project.namespace_id)
    for place in (project.path, group):
        first, second = pages(tools, place, Wanted(text="project created"))
        assert (first.events, first.looked_to) == ([], clock())
        assert [event.kind for event in second.events] == ["project created"]
    both = Wanted(text="project created", actor="operator")
    assert [[event.kind for event in one.events] for one in pages(tools, group, both)] == [["project created"]]
    assert search(tools, f"{project.path} project created") == ["project created"], "where many are at the path"
