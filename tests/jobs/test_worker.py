"""Periodic work: done when due, by one of many, and again at its next time when it failed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from tests.actors import Actors
from tests.clock import Clock
from tests.in_process import build_tools, close_tools
from wharfinger.db.tables.people import credentials, login_failures, signing_keys, users
from wharfinger.domain import tokens
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Policy, Tools
from wharfinger.jobs.schedule import DUTIES, Duty
from wharfinger.jobs.worker import run, run_due

HOUR = timedelta(hours=1)


def counting(done: list[str], name: str = "count") -> Duty:
    def work(_tools: Tools) -> int:
        done.append(name)
        return 1

    return Duty(name, HOUR, work)


def test_a_duty_is_done_when_due_and_not_before(tools: Tools, clock: Clock) -> None:
    done: list[str] = []
    duty = counting(done)
    assert run_due(tools, [duty]) == ["count"]
    clock.advance(minutes=59)
    assert run_due(tools, [duty]) == []
    clock.advance(minutes=1)
    assert run_due(tools, [duty]) == ["count"]
    assert done == ["count", "count"]


def test_a_duty_by_a_clock_that_was_ahead_is_due(tools: Tools, clock: Clock) -> None:
    """Else nothing would be collected until the wrong hour has come."""
    done: list[str] = []
    duty = counting(done)
    clock.advance(days=300)
    assert run_due(tools, [duty]) == ["count"]
    clock.advance(seconds=-50)
    assert run_due(tools, [duty]) == [], "the clocks of two hosts may be so far apart"
    clock.advance(days=-300)
    assert run_due(tools, [duty]) == ["count"]
    assert run_due(tools, [duty]) == []
    clock.advance(hours=1)
    assert run_due(tools, [duty]) == ["count"]


def test_of_many_workers_one_does_it(database_url: str, clock: Clock) -> None:
    done: list[str] = []
    workers = [build_tools(database_url, clock, Policy()) for _ in range(4)]
    with ThreadPoolExecutor(16) as threads:
        for _ in range(5):
            list(threads.map(lambda number: run_due(workers[number % 4], [counting(done)]), range(16)))
            clock.advance(hours=1)
    assert len(done) == 5
    for one in workers:
        close_tools(one)


def test_one_that_fails_stops_no_other_and_comes_again(tools: Tools, clock: Clock, caplog: Any) -> None:
    done: list[str] = []

    def fail(_tools: Tools) -> int:
        raise RuntimeError("no")

    duties = [Duty("break", HOUR, fail), counting(done)]
    assert run_due(tools, duties) == ["count"]
    assert "could not break" in caplog.text
    clock.advance(hours=1)
    run_due(tools, duties)
    assert caplog.text.count("could not break") == 2


def test_it_runs_until_it_is_told_to_stop(tools: Tools) -> None:
    stop, asked = threading.Event(), list[int]()

    def current() -> Tools:
        asked.append(1)
        if len(asked) == 3:
            stop.set()
        return tools

    run(current, stop, pause_seconds=0.001)
    assert len(asked) == 3


def rows(tools: Tools, table: Any) -> int:
    with tools.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_the_schedule_clears_away_what_nobody_needs(tools: Tools, clock: Clock) -> None:
    actors = Actors(tools)
    user, project = actors.user(), actors.project()
    actors.token(user)
    actors.token(user, expires_at=clock.now + timedelta(days=1))
    bot = tokens.create_bot(tools, OPERATOR, project.path, "ci", ["read_registry"])
    tokens.revoke(tools, OPERATOR, bot.token.id)
    tools.store.begin("0" * 32)
    tools.keys.rotate()
    tools.keys.rotate()
    with tools.db.begin() as tx:
        tx.execute(insert(login_failures).values(key="account ada", failed_at=clock.now))
    before = [rows(tools, table) for table in (credentials, users, signing_keys, login_failures)]
    assert before == [3, 2, 2, 1]
    assert run_due(tools) == [duty.name for duty in DUTIES]
    assert [rows(tools, table) for table in (credentials, users, signing_keys, login_failures)] == before
    clock.advance(days=92)
    assert run_due(tools) == [duty.name for duty in DUTIES]
    assert [rows(tools, table) for table in (credentials, users, signing_keys, login_failures)] == [1, 1, 1, 0]


def test_an_ended_job_token_goes_after_a_day(tools: Tools, clock: Clock) -> None:
    actors = Actors(tools)
    project = actors.project()
    user = actors.user(project, "developer")
    ends = clock.now + timedelta(hours=1)
    tokens.create_job(tools, OPERATOR, project.path, ends_at=ends, username=user.username)
    clock.advance(hours=24)
    run_due(tools)
    assert rows(tools, credentials) == 1
    clock.advance(hours=26)
    run_due(tools)
    assert rows(tools, credentials) == 0


@pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: duty.name)
def test_a_duty_may_run_any_number_of_times(tools: Tools, duty: Duty) -> None:
    assert [duty.run(tools) for _ in range(3)] == [0, 0, 0]
