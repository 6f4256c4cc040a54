"""A run of cleanup that is stopped: nothing more goes, and what went is told exactly and can be brought back."""

from contextlib import suppress
from dataclasses import replace
from typing import cast

import pytest

from tests.clock import Clock
from tests.domain.crashes import Crash, CrashingDatabase, Fuse
from tests.domain.people import person
from tests.domain.shelf import Shelf
from tests.domain.test_cleanup_runs import fill, ran, save, seen, tags, told
from wharfinger.db.engine import Database
from wharfinger.domain import members
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import history, policies, removal, runs
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.errors import RuleUnknown, RunFinished, ScopeMissing
from wharfinger.domain.tools import Tools
from wharfinger.jobs.labour import do_all
from wharfinger.rules.roles import Role

_CALLS = 3  # before a transaction, before its commit, after it


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def begun(shelf: Shelf, transactions: int) -> Run:
    """A run that has got so far, two tags in a transaction: it is taken up, planned, and removes."""
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    fuse = Fuse()
    fuse.left = _CALLS * transactions
    with suppress(Crash):
        removal.carry_on(
            replace(shelf.tools, db=cast(Database, CrashingDatabase(shelf.tools.db, fuse))),
            {"run": started.id},
            at_once=2,
        )
    return started


def stop(shelf: Shelf, run: Run) -> Run:
    return runs.stop(shelf.tools, OPERATOR, shelf.project, run.id)


def test_stopped_half_way(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "d", "latest")
    save(shelf)
    run = begun(shelf, 3)
    assert tags(shelf) == ["c", "d", "latest"]
    ended = stop(shelf, run)
    assert (ended.state, ended.tags_planned, ended.tags_removed) == (State.STOPPED, 3, 2)
    assert ended.size_bytes == len(b"only in a" + b"only in b")
    assert ended.finished_at == clock.now
    do_all(shelf.tools)
    assert tags(shelf) == ["c", "d", "latest"], "nothing more goes"
    assert seen(shelf, run.id) == ended
    (event,) = told(shelf, "cleanup stopped")
    assert (event["tags_count"], event["size_bytes"]) == (2, ended.size_bytes)
    assert told(shelf, "cleanup ran") == []
    policy = policies.get(shelf.tools, OPERATOR, shelf.project)
    assert policy is not None
    assert policy.terms.enabled
    back = history.restore(shelf.tools, OPERATOR, shelf.project, run.id)
    assert (back.back, back.left) == (2, 0)
    assert tags(shelf) == ["a", "b", "c", "d", "latest"]


def test_bytes_of_what_went_and_not_of_what_was_planned(shelf: Shelf, clock: Clock) -> None:
    """What those that stay share is not freed, and what hangs from those that went is."""
    for name in "abcd":
        digest = shelf.image(b"base", f"only in {name}".encode(), tag=name)
        shelf.image(f"sbom of {name}".encode(), subject=digest)
        shelf.image(f"signature of {name}".encode(), tag=f"{digest.replace(':', '-')}.sig")
        clock.advance(days=1)
    save(shelf, keep_n=None)
    ended = stop(shelf, begun(shelf, 3))
    assert (ended.tags_planned, ended.tags_removed) == (4, 2)
    assert ended.size_bytes == sum(len(f"only in {name}sbom of {name}signature of {name}") for name in "ab")


def test_untagged_images_of_a_stopped_run(shelf: Shelf, clock: Clock) -> None:
    shelf.index(shelf.image(b"amd"), shelf.image(b"arm"))
    clock.advance(days=2)
    fill(shelf, clock, "latest")
    save(shelf, untagged=True, older_than="1d")
    ended = stop(shelf, begun(shelf, 3))
    assert (ended.state, ended.manifests_removed, ended.size_bytes) == (State.STOPPED, 1, len(b"amdarm"))


def test_before_it_began(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    run = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    assert (stop(shelf, run).tags_planned, stop_error(shelf, run)) == (None, "ended already")
    do_all(shelf.tools)
    assert tags(shelf) == ["a", "b"]
    assert seen(shelf, run.id).state is State.STOPPED
    clock.advance(seconds=1)
    assert ran(shelf).state is State.DONE, "the next one may begin"


def stop_error(shelf: Shelf, run: Run) -> str:
    with pytest.raises(RunFinished) as refusal:
        stop(shelf, run)
    return "ended already" if "ended already" in str(refusal.value) else str(refusal.value)


def test_who_may(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    run = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    developer = person(shelf.tools, "developer")
    members.add(shelf.tools, OPERATOR, shelf.project, "developer", Role.DEVELOPER)
    with pytest.raises(ScopeMissing):
        runs.stop(shelf.tools, developer, shelf.project, run.id)
    with pytest.raises(RuleUnknown):
        runs.stop(shelf.tools, OPERATOR, Shelf(shelf.tools).project, run.id)


def test_what_went_is_not_what_was_planned(shelf: Shelf, clock: Clock) -> None:
    """A tag that moved meanwhile stays, and its bytes are not told as freed."""
    fill(shelf, clock, "a", "b", "longer")
    save(shelf)
    run = begun(shelf, 2)
    shelf.image(b"again", tag="a")
    do_all(shelf.tools)
    done = seen(shelf, run.id)
    assert (done.state, done.tags_planned, done.tags_removed) == (State.DONE, 2, 2)
    assert tags(shelf) == ["a"]
    assert done.size_bytes == len(b"only in b" + b"only in longer")
