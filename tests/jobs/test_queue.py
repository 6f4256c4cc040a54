"""Jobs: done once they are committed, by one worker at a time, tried again with pauses, given up in the end."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.holdings import Holdings
from tests.in_process import build_tools, close_tools
from wharfinger.domain import events, queue
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import JobUnknown, ScopeMissing
from wharfinger.domain.events import ManifestPushed, Recorded
from wharfinger.domain.tools import Policy, Tools
from wharfinger.jobs import labour
from wharfinger.jobs.reactions import Reaction, by_kind
from wharfinger.jobs.tasks import Task
from wharfinger.rules.scopes import CredentialKind


class Noted:
    """A task that writes down what it was asked, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.failures = failures

    def __call__(self, _tools: Tools, about: Mapping[str, Any]) -> None:
        self.asked.append(about)
        if len(self.asked) <= self.failures:
            raise RuntimeError("no luck")


def put(tools: Tools, number: int, **more: Any) -> None:
    with tools.db.begin() as tx:
        queue.put(tx, tools, "note", {"number": number}, **more)


def test_a_job_is_done_once(tools: Tools) -> None:
    noted = Noted()
    put(tools, 1)
    put(tools, 2)
    assert labour.do_all(tools, [Task("note", noted)]) == 2
    assert noted.asked == [{"number": 1}, {"number": 2}]
    assert labour.do_all(tools, [Task("note", noted)]) == 0


def test_what_was_rolled_back_was_never_asked_for(tools: Tools) -> None:
    with pytest.raises(ZeroDivisionError), tools.db.begin() as tx:
        queue.put(tx, tools, "note", {"number": 1})
        raise ZeroDivisionError
    assert queue.list_jobs(tools, OPERATOR) == []


def test_jobs_with_one_key_are_one(tools: Tools) -> None:
    put(tools, 1, key="same")
    put(tools, 2, key="same")
    assert [job.about for job in queue.list_jobs(tools, OPERATOR)] == [{"number": 1}]


def test_a_job_waits_for_its_moment(tools: Tools, clock: Clock) -> None:
    noted = Noted()
    put(tools, 1, at=clock.now + timedelta(hours=1))
    assert labour.do_all(tools, [Task("note", noted)]) == 0
    clock.advance(hours=1)
    assert labour.do_all(tools, [Task("note", noted)]) == 1


def test_a_failed_job_is_tried_again_with_pauses(tools: Tools, clock: Clock) -> None:
    noted = Noted(failures=2)
    tasks = [Task("note", noted)]
    put(tools, 1)
    for pause in (5, 10):
        assert labour.do_all(tools, tasks) == 1
        assert queue.list_jobs(tools, OPERATOR)[0].error == "RuntimeError: no luck"
        clock.advance(seconds=pause - 1)
        assert labour.do_all(tools, tasks) == 0
        clock.advance(seconds=1)
    assert labour.do_all(tools, tasks) == 1
    assert queue.list_jobs(tools, OPERATOR) == []


def test_a_hopeless_job_is_given_up_and_can_be_tried_again(tools: Tools, clock: Clock) -> None:
    noted = Noted(failures=10**6)
    tasks = [Task("note", noted, patience=timedelta(minutes=1))]
    put(tools, 1)
    for _ in range(20):
        labour.do_all(tools, tasks)
        clock.advance(minutes=2)
    (job,) = queue.list_jobs(tools, OPERATOR)
    assert job.due_at is None
    tried = len(noted.asked)
    queue.again(tools, OPERATOR, job.id)
    assert labour.do_all(tools, tasks) == 1
    assert len(noted.asked) == tried + 1
    queue.forget(tools, OPERATOR, job.id)
    with pytest.raises(JobUnknown):
        queue.again(tools, OPERATOR, job.id)


def test_the_job_of_a_dead_worker_is_taken_over(tools: Tools, clock: Clock) -> None:
    put(tools, 1)
    dead = queue.take(tools, "dead")
    assert dead is not None
    assert queue.take(tools, "alive") is None
    clock.advance(minutes=1)
    assert queue.hold(tools, dead, "dead")
    clock.advance(seconds=119)
    assert queue.take(tools, "alive") is None
    clock.advance(seconds=1)
    assert queue.take(tools, "alive") == dead.__class__(
        **{**{name: getattr(dead, name) for name in dead.__slots__}, "tries": 2, "held_until": clock.now + queue.HOLD}
    )
    assert not queue.hold(tools, dead, "dead")
    queue.done(tools, dead, "dead")
    assert len(queue.list_jobs(tools, OPERATOR)) == 1


def test_many_workers_do_each_job_once(database_url: str, clock: Clock) -> None:
    workers, noted = [build_tools(database_url, clock, Policy()) for _ in range(3)], Noted()
    for number in range(30):
        put(workers[0], number)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: labour.do_all(workers[number % 3], [Task("note", noted)]), range(6)))
    assert sorted(about["number"] for about in noted.asked) == list(range(30))
    for one in workers:
        close_tools(one)


def test_only_administrators_look_at_jobs(tools: Tools) -> None:
    somebody = Actors(tools).user()
    with pytest.raises(ScopeMissing, match="needs an administrator"):
        queue.list_jobs(tools, Caller(CredentialKind.PASSWORD, somebody.username, user_id=somebody.id))


def test_a_push_is_an_event_that_reactions_follow(tools: Tools, tmp_path: Any) -> None:
    holdings, seen = Holdings.make(tools, tmp_path), list[Recorded]()
    digest = holdings.image("web", "v1", [b"layer"])
    reaction = Reaction("look", (ManifestPushed,), lambda _tools, event: seen.append(event))
    assert queue.follow(tools, by_kind((reaction,))) == 3  # the group and the project before it
    assert queue.follow(tools, by_kind((reaction,))) == 0
    assert labour.do_all(tools, [Task("look", reaction.run)]) == 1
    (event,) = seen
    assert (event.kind, event.path, event.actor) == ("manifest pushed", f"{holdings.project}/web", "operator")
    assert event.about["digest"] == digest
    assert event.about["tags"] == ["v1"]
    assert events.read(tools, event.number + 1) is None
