"""Runs of cleanup take what the preview said, go on where they stopped, tell of trouble, and can be taken back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.crashes import Crash, CrashingDatabase, Fuse
from tests.domain.people import person, with_token
from tests.domain.shelf import Shelf
from tests.mailbox import Mailbox, serving, text_of
from wharfinger.clients.mail import Mail, Security
from wharfinger.db.engine import Database
from wharfinger.domain import audit, images, members, protection, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.cleanup import history, once, policies, preview, removal, runs
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.cleanup.policies import INSTANCE
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import AskedLately, Refusal, RuleUnknown, RunUnfinished, ScopeMissing
from wharfinger.domain.tools import Tools
from wharfinger.jobs import worker
from wharfinger.jobs.labour import do_all
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role

ON = Terms(enabled=True, keep_n=1, older_than=None)


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def fill(shelf: Shelf, clock: Clock, *names: str) -> None:
    for name in names:
        shelf.image(f"only in {name}".encode(), tag=name)
        clock.advance(days=1)


def tags(shelf: Shelf, path: str = "") -> list[str]:
    repository = shelf.tools.lookup.repository(path or shelf.path)
    return [] if repository is None else shelf.tools.lookup.tags(repository.id, "", 1000)


def save(shelf: Shelf, terms: Terms = ON, **fields: object) -> None:
    policies.save(shelf.tools, OPERATOR, shelf.project, replace(terms, **fields))


def ran(shelf: Shelf) -> Run:
    """A run from beginning to end."""
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    do_all(shelf.tools)
    return seen(shelf, started.id)


def seen(shelf: Shelf, number: int) -> Run:
    return history.get(shelf.tools, OPERATOR, shelf.project, number)


def all_runs(shelf: Shelf) -> list[Run]:
    return history.list_runs(shelf.tools, OPERATOR, shelf.project)


def told(shelf: Shelf, kind: str) -> list[Mapping[str, Any]]:
    while worker.follow(shelf.tools):
        pass
    found = audit.page(shelf.tools, OPERATOR, shelf.project, Wanted(), limit=1000).events
    return [event.about for event in reversed(found) if event.kind == kind]


def test_a_run_takes_what_the_preview_said(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "latest")
    said = preview.of_terms(shelf.tools, OPERATOR, shelf.project, ON)
    save(shelf)
    run = ran(shelf)
    assert tags(shelf) == ["c", "latest"]
    assert (run.state, run.tags_planned, run.tags_removed, run.size_bytes) == (State.DONE, 2, 2, said.size_bytes)
    assert (said.goes, said.size_bytes) == (2, len(b"only in a" + b"only in b"))
    assert [one.id for one in all_runs(shelf)] == [run.id]
    (done,) = told(shelf, "cleanup ran")
    assert (done["tags_count"], done["size_bytes"]) == (2, said.size_bytes)


def test_what_it_said_is_freed(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "latest")
    save(shelf)
    run, freed = ran(shelf), 0
    for _ in range(20):
        freed += shelf.collect().bytes
        clock.advance(days=1)
    assert freed == run.size_bytes > 0


def test_taken_back_as_one_act(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b", "c", "latest")
    save(shelf)
    run = ran(shelf)
    clock.advance(days=3)
    shelf.collect()
    back = history.restore(shelf.tools, OPERATOR, shelf.project, run.id)
    assert (back.back, back.left, back.switched_off) == (2, 0, True)
    assert tags(shelf) == ["a", "b", "c", "latest"]
    assert shelf.has("a")
    off = policies.get(shelf.tools, OPERATOR, shelf.project)
    assert off is not None
    assert (off.terms.enabled, off.next_run_at) == (False, None)
    assert seen(shelf, run.id).restored_at == clock.now
    assert len(told(shelf, "cleanup restored")) == 1
    again = preview.of_terms(shelf.tools, OPERATOR, shelf.project, ON)
    assert [tag.name for place in again.repositories for tag in place.doomed] == ["b", "a"], "they are as old as before"


def test_images_that_no_tag_leads_to_go_and_come_back(shelf: Shelf, clock: Clock) -> None:
    loose = shelf.image(b"loose")
    clock.advance(days=2)
    fill(shelf, clock, "latest")
    save(shelf, untagged=True, older_than="1d")
    run = ran(shelf)
    assert (run.manifests_removed, run.tags_removed, run.size_bytes) == (1, 0, 5)
    assert not shelf.has(loose)
    history.restore(shelf.tools, OPERATOR, shelf.project, run.id)
    assert shelf.has(loose)


@pytest.mark.parametrize("step", range(40))
def test_killed_at_every_call(shelf: Shelf, clock: Clock, step: int) -> None:
    """Cut short before, in or after any transaction, it ends as if nothing had been, and counts the same."""
    fill(shelf, clock, *(f"t{number}" for number in range(5)))
    shelf.image(b"other", tag="x", path=shelf.other)
    save(shelf)
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    fuse = Fuse()
    fragile = replace(shelf.tools, db=cast(Database, CrashingDatabase(shelf.tools.db, fuse)))
    fuse.left = step
    with suppress(Crash):
        removal.carry_on(fragile, {"run": started.id}, at_once=2)
    do_all(shelf.tools)
    run = seen(shelf, started.id)
    assert tags(shelf) == ["t4"]
    assert tags(shelf, shelf.other) == ["x"]
    assert (run.state, run.tags_planned, run.tags_removed) == (State.DONE, 4, 4)
    assert run.size_bytes == 4 * len("only in t0")
    assert len(told(shelf, "cleanup ran")) == 1
    assert told(shelf, "cleanup failed") == []


def test_what_changes_meanwhile_stays(shelf: Shelf, clock: Clock) -> None:
    """Between looking and removing, one tag is pushed again and one is protected."""
    fill(shelf, clock, "a", "b", "c", "d")
    save(shelf)
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    fuse = Fuse()
    fragile = replace(shelf.tools, db=cast(Database, CrashingDatabase(shelf.tools.db, fuse)))
    fuse.left = 6  # it has begun and looked, and removes nothing yet
    with suppress(Crash):
        removal.carry_on(fragile, {"run": started.id})
    assert seen(shelf, started.id).tags_planned == 3
    assert tags(shelf) == ["a", "b", "c", "d"]
    clock.advance(hours=1)
    shelf.image(b"again", tag="a")
    protection.add(shelf.tools, OPERATOR, shelf.project, Rule(Kind.TAG, "b", delete=Level.OWNER))
    do_all(shelf.tools)
    assert tags(shelf) == ["a", "b"], "a is the newest now, b is protected"
    assert seen(shelf, started.id).state is State.DONE


def test_a_run_that_fails_is_told_once_and_goes_on(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    broken = replace(shelf.tools, db=cast(Database, Broken(shelf.tools.db)))
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            removal.carry_on(broken, {"run": started.id})
    assert (seen(shelf, started.id).state, seen(shelf, started.id).error) == (State.FAILING, "OSError: no room")
    (failed,) = told(shelf, "cleanup failed")
    assert (failed["policy"], failed["error"], failed["given_up"]) == ("default", "OSError: no room", False)
    policy = policies.get(shelf.tools, OPERATOR, shelf.project)
    assert policy is not None
    assert policy.terms.enabled, "it is never switched off for that"
    with pytest.raises(RunUnfinished):
        history.restore(shelf.tools, OPERATOR, shelf.project, started.id)
    with pytest.raises(RunUnfinished):
        runs.run_now(shelf.tools, OPERATOR, shelf.project)
    do_all(shelf.tools)
    assert seen(shelf, started.id).state is State.DONE
    assert tags(shelf) == ["b"]


def test_maintainers_get_a_mail_when_it_fails(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    maintainer = users.create(shelf.tools, OPERATOR, "maintainer", email="maintainer@example.com")
    members.add(shelf.tools, OPERATOR, shelf.project, maintainer.username, Role.MAINTAINER)
    save(shelf)
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    mailbox = Mailbox()
    with serving(mailbox) as port:
        tools = replace(shelf.tools, mail=Mail("127.0.0.1", port, Security.NONE, sender="registry@example.com"))
        with pytest.raises(OSError, match="no room"):
            removal.carry_on(replace(tools, db=cast(Database, Broken(tools.db))), {"run": started.id})
        while worker.follow(tools):
            pass
        do_all(tools)
    (letter,) = mailbox.letters
    assert (letter["to"], letter["subject"]) == (
        "maintainer@example.com", f"Cleanup of {shelf.project} does not finish"
    )  # fmt: skip
    assert f"The cleanup policy default of {shelf.project}: OSError: no room." in text_of(letter)
    assert "/-/cleanup" in text_of(letter)


class Broken:
    """A database that is read no more."""

    def __init__(self, real: Database) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def read(self) -> Any:
        raise OSError("no room")


def test_a_run_that_never_ends_is_given_up(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    started = runs.run_now(shelf.tools, OPERATOR, shelf.project)
    assert runs.give_up(shelf.tools) == 0
    clock.advance(hours=26)
    assert runs.give_up(shelf.tools) == 1
    assert seen(shelf, started.id).state is State.FAILED
    assert [failed["given_up"] for failed in told(shelf, "cleanup failed")] == [True]
    do_all(shelf.tools)
    assert tags(shelf) == ["a", "b"], "what was given up is not done later"


def test_when_it_is_due(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf, cadence="7d")
    saved_at = clock.now
    assert runs.start_due(shelf.tools) == 0
    clock.advance(days=7)
    assert runs.start_due(shelf.tools) == 1
    assert runs.start_due(shelf.tools) == 0
    do_all(shelf.tools)
    (run,) = all_runs(shelf)
    assert (run.state, run.due_at, run.started_by) == (
        State.DONE,
        saved_at + timedelta(days=7),
        "cleanup policy default",
    )
    policy = policies.get(shelf.tools, OPERATOR, shelf.project)
    assert policy is not None
    assert policy.next_run_at == saved_at + timedelta(days=14)
    assert tags(shelf) == ["b"]


def test_the_next_one_waits_for_the_one_before_and_says_so(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    runs.run_now(shelf.tools, OPERATOR, shelf.project)
    with shelf.tools.db.begin() as tx:  # nobody does it
        tx.exec_driver_sql("UPDATE jobs SET due_at = NULL")
    clock.advance(days=1)
    runs.start_due(shelf.tools)
    do_all(shelf.tools)
    assert len(all_runs(shelf)) == 1
    (failed,) = told(shelf, "cleanup failed")
    assert "has not finished" in failed["error"]


def test_a_policy_of_the_instance_runs_where_it_holds(shelf: Shelf, clock: Clock) -> None:
    own, empty = Shelf(shelf.tools), Actors(shelf.tools).project()
    for each in (shelf, own):
        fill(each, clock, "a", "b")
    save(own, name_regex="nothing")
    policies.save(shelf.tools, OPERATOR, INSTANCE, ON)
    clock.advance(days=2)
    runs.start_due(shelf.tools)
    do_all(shelf.tools)
    assert tags(shelf) == ["b"]
    assert tags(own) == ["a", "b"]
    assert history.list_runs(shelf.tools, OPERATOR, empty.path) == []
    (run,) = all_runs(shelf)
    back = history.restore(shelf.tools, OPERATOR, shelf.project, run.id)
    assert (back.back, back.switched_off) == (1, False)


def test_deleting_in_bulk(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "v1", "v2", "v3", "main", "latest")
    protection.add(shelf.tools, OPERATOR, shelf.project, Rule(Kind.IMMUTABLE, "v2"))
    terms = Terms(keep_n=1, older_than=None, name_regex="v.*|latest")
    maintainer = person(shelf.tools, "maintainer")
    members.add(shelf.tools, OPERATOR, shelf.project, "maintainer", Role.MAINTAINER)
    number = once.ask(shelf.tools, maintainer, shelf.path, terms)
    with pytest.raises(AskedLately, match="at most once an hour"):
        once.ask(shelf.tools, maintainer, shelf.path, terms)
    do_all(shelf.tools)
    assert tags(shelf) == ["latest", "main", "v2", "v3"]
    assert (seen(shelf, number).policy_id, seen(shelf, number).tags_removed) == (None, 1)
    clock.advance(hours=1)
    once.ask(shelf.tools, maintainer, shelf.path, terms)
    history.restore(shelf.tools, OPERATOR, shelf.project, number)
    assert "v1" in tags(shelf)


def test_who_asked_for_it_is_written_down(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    person(shelf.tools, "maintainer")
    members.add(shelf.tools, OPERATOR, shelf.project, "maintainer", Role.MAINTAINER)
    asking = replace(with_token(shelf.tools, "maintainer"), address="192.0.2.7")
    number = runs.run_now(shelf.tools, asking, shelf.project).id
    once.ask(shelf.tools, asking, shelf.path, replace(ON, name_regex="a.*"))
    do_all(shelf.tools)
    while worker.follow(shelf.tools):
        pass
    once_, policy = audit.page(shelf.tools, OPERATOR, shelf.project, Wanted(kind="cleanup asked for")).events
    assert {(one.actor, one.user_id, one.address) for one in (once_, policy)} == {
        ("maintainer", asking.user_id, "192.0.2.7")
    }
    assert policy.about == {"run_id": number, "policy": "default"}
    assert (once_.path, once_.about["terms"]["name_regex"]) == (shelf.path, "a.*")
    assert ["policy" in done for done in told(shelf, "cleanup ran")] == [True, False], "a bulk deletion is of none"


@pytest.mark.parametrize(("role", "looks"), [(Role.REPORTER, False), (Role.DEVELOPER, True)])
def test_who_may_not(shelf: Shelf, clock: Clock, role: Role, looks: bool) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    run = ran(shelf)
    caller = person(shelf.tools, "somebody")
    members.add(shelf.tools, OPERATOR, shelf.project, "somebody", role)

    def refused(work: Any) -> bool:
        try:
            work()
        except ScopeMissing:
            return True
        return False

    assert refused(lambda: runs.run_now(shelf.tools, caller, shelf.project))
    assert refused(lambda: history.restore(shelf.tools, caller, shelf.project, run.id))
    assert refused(lambda: once.ask(shelf.tools, caller, shelf.path, ON))
    assert refused(lambda: history.list_runs(shelf.tools, caller, shelf.project)) is not looks
    assert refused(lambda: preview.of_terms(shelf.tools, caller, shelf.project, ON)) is not looks
    assert tags(shelf) == ["b"]


def test_what_is_not_there(shelf: Shelf) -> None:
    with pytest.raises(RuleUnknown):
        runs.run_now(shelf.tools, OPERATOR, shelf.project, "none")
    with pytest.raises(RuleUnknown):
        seen(shelf, 10**9)


def test_a_project_that_goes_takes_its_runs_along(shelf: Shelf, clock: Clock) -> None:
    fill(shelf, clock, "a", "b")
    save(shelf)
    runs.run_now(shelf.tools, OPERATOR, shelf.project)
    images.delete_repository(shelf.tools, OPERATOR, shelf.path)
    with suppress(Refusal):
        do_all(shelf.tools)
    assert all_runs(shelf)[0].state is State.DONE
