"""The chain over the audit log: sealing, tampering by somebody who has the database, dropping months."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.people import person
from tests.in_process import build_tools, close_tools
from wharfinger.domain import audit, chain, events, groups
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import ScopeMissing
from wharfinger.domain.tools import Tools
from wharfinger.jobs import worker

TRIGGERS = {
    "audit": ["audit_no_update", "audit_no_delete"],
    "audit_seals": ["audit_seals_no_update", "audit_seals_no_delete"],
    "audit_anchors": ["audit_anchors_no_update", "audit_anchors_no_delete"],
}


def follow(tools: Tools) -> None:
    while worker.follow(tools):
        pass


def happen(tools: Tools, *, times: int = 1, links: int = 1) -> None:
    """Let links over so many events each be made."""
    for _ in range(links):
        for _ in range(times):
            Actors(tools).group()
        follow(tools)


def tamper(tools: Tools, *statements: str) -> None:
    """Do as somebody does who owns the database: triggers do not stop them."""
    with tools.db.begin() as tx:
        for table, names in TRIGGERS.items():
            for name in names:
                tx.execute(text(f"DROP TRIGGER {name}" + (f" ON {table}" if tools.db.dialect != "sqlite" else "")))
        for statement in statements:
            tx.execute(text(statement))


def test_what_happens_is_sealed_in_order(tools: Tools) -> None:
    happen(tools, times=3, links=4)
    verdict = chain.verify(tools, OPERATOR)
    assert (verdict.broken, verdict.links, verdict.events) == ("", 4, 12)
    assert (verdict.state.seal, verdict.state.event, verdict.state.waiting) == (4, 12, 0)
    assert [event.number for event in audit.page(tools, OPERATOR, "", Wanted()).events] == list(range(12, 0, -1))


def test_what_waits_is_told(tools: Tools) -> None:
    Actors(tools).group()
    assert chain.state(tools, OPERATOR).waiting == 1
    assert chain.verify(tools, OPERATOR).state.waiting == 1


CHANGES: dict[str, tuple[list[str], str]] = {
    "an actor": (["UPDATE audit SET actor = 'eve' WHERE number = 5"], "event 5, sealed .* by eve"),
    "an event removed": (["DELETE FROM audit WHERE number = 5"], "event 5, .* is missing"),
    "an event more": (
        ["INSERT INTO audit SELECT 10, at, kind, actor, user_id, credential, address, namespace_id, project_id, path, "
         "about FROM audit WHERE number = 9"], "event 10 is in the log and was never sealed"),
    "two events swapped": (
        ["UPDATE audit SET path = (SELECT path FROM audit WHERE number = 6) WHERE number = 5"], "event 5, .* changed"),
    "a link removed": (["DELETE FROM audit_seals WHERE number = 2"], "after link 1 with event 3 comes link 3"),
    "a link with its events": (
        ["DELETE FROM audit_seals WHERE number = 2", "DELETE FROM audit WHERE number BETWEEN 4 AND 6"],
        "after link 1 with event 3 comes link 3 with event 7"),
    "a link's keyed hash": (["UPDATE audit_seals SET mac = 'x' WHERE number = 2"], "link 2 was not made by this"),
    "an anchor made up": (
        ["INSERT INTO audit_anchors SELECT '2020-01', at, 1, 2, 1, 6, hash, mac FROM audit_seals WHERE number = 2",
         "DELETE FROM audit_seals WHERE number <= 2", "DELETE FROM audit WHERE number <= 6"],
        "dropped month 2020-01 was not written by this installation"),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "says"), CHANGES.values(), ids=CHANGES)
def test_tampering_shows(tools: Tools, statements: list[str], says: str) -> None:
    happen(tools, times=3, links=3)
    tamper(tools, *statements)
    found = chain.verify(tools, OPERATOR).broken
    assert re.search(says, found), found


def test_a_chain_made_anew_without_the_secret_shows(tools: Tools) -> None:
    happen(tools, times=3, links=2)
    tamper(tools, "UPDATE audit SET actor = 'eve' WHERE number = 2", "DELETE FROM audit_seals")
    forger = replace(tools, secret=bytes(32))
    with tools.db.begin() as tx:
        tx.execute(text(
            "INSERT INTO events (at, kind, actor, user_id, credential, address, namespace_id, project_id, path, about) "
            "SELECT at, kind, actor, user_id, credential, address, namespace_id, project_id, path, about FROM audit"
        ))  # fmt: skip
        tx.execute(text("DELETE FROM audit"))
        tx.execute(text("DELETE FROM audit_digests"))
    follow(forger)
    assert "without its secret" in chain.verify(tools, OPERATOR).broken


def test_an_end_that_is_cut_off_shows_by_a_hash_that_was_noted(tools: Tools) -> None:
    happen(tools, times=3, links=2)
    noted = chain.state(tools, OPERATOR)
    assert chain.verify(tools, OPERATOR, known=(noted.seal, noted.hash)).broken == ""
    assert "another hash" in chain.verify(tools, OPERATOR, known=(noted.seal, "0" * 64)).broken
    tamper(tools, "DELETE FROM audit_seals WHERE number = 2", "DELETE FROM audit WHERE number > 3")
    assert chain.verify(tools, OPERATOR).broken == ""
    assert "link 2, whose hash was noted, is gone" in chain.verify(tools, OPERATOR, known=(2, noted.hash)).broken


@pytest.mark.parametrize("statement", [
    "UPDATE audit SET actor = 'eve'", "DELETE FROM audit WHERE number = 1", "UPDATE audit_seals SET hash = ''",
    "DELETE FROM audit_seals",
])  # fmt: skip
def test_rows_of_the_log_neither_change_nor_go(tools: Tools, statement: str) -> None:
    happen(tools)
    with pytest.raises(Exception, match="audit log"), tools.db.begin() as tx:
        tx.execute(text(statement))
    assert chain.verify(tools, OPERATOR).broken == ""


def test_postgres_refuses_to_empty_the_tables(tools: Tools) -> None:
    if tools.db.dialect == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(Exception, match="audit log"), tools.db.begin() as tx:
        tx.execute(text("TRUNCATE audit"))


def test_old_months_go_behind_an_anchor(tools: Tools, clock: Clock) -> None:
    tools = replace(tools, policy=replace(tools.policy, audit_keep_months=1))
    for _ in range(4):  # March to June
        happen(tools, times=2, links=2)
        clock.advance(days=31)
    assert chain.drop_old(tools) == 12  # it is July: June is kept, and what waits for its seal
    follow(tools)
    verdict = chain.verify(tools, OPERATOR)
    assert (verdict.broken, verdict.state.dropped) == ("", ("2026-03", "2026-04", "2026-05"))
    found = audit.page(tools, OPERATOR, "", Wanted()).events
    assert [event.number for event in found] == list(range(19, 12, -1))
    dropped = [event.about["month"] for event in found if event.kind == "audit month dropped"]
    assert dropped == ["2026-05", "2026-04", "2026-03"]
    assert chain.drop_old(tools) == 0
    with tools.db.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM audit_digests")) == 0
        assert tx.scalar(text("SELECT min(number) FROM audit_seals")) == 7


def test_dropping_that_was_ended_goes_on(tools: Tools, clock: Clock) -> None:
    """The anchor is there and its events are as well: nobody sees them any more, and the chain holds."""
    tools = replace(tools, policy=replace(tools.policy, audit_keep_months=1))
    happen(tools, times=2, links=2)
    clock.advance(days=70)
    happen(tools)
    chain._anchor(tools, "2026-03")
    assert chain.verify(tools, OPERATOR).broken == ""
    assert [event.number for event in audit.page(tools, OPERATOR, "", Wanted()).events] == [5]
    assert chain.drop_old(tools) == 4
    assert chain.verify(tools, OPERATOR).broken == ""


def test_an_anchor_that_is_gone_shows(tools: Tools, clock: Clock) -> None:
    tools = replace(tools, policy=replace(tools.policy, audit_keep_months=1))
    for _ in range(3):
        happen(tools)
        clock.advance(days=31)
    chain.drop_old(tools)
    tamper(tools, "DELETE FROM audit_anchors WHERE month = '2026-03'")
    assert "a month before 2026-04 is gone" in chain.verify(tools, OPERATOR).broken


def test_workers_seal_one_after_the_other(tools: Tools, database_url: str, clock: Clock) -> None:
    workers = [build_tools(database_url, clock, tools.policy) for _ in range(3)]
    actors = [Actors(one) for one in workers]

    def work(number: int) -> None:
        for _ in range(5):
            actors[number].group()
            follow(workers[number])

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, range(3)))
    follow(tools)
    verdict = chain.verify(tools, OPERATOR)
    assert (verdict.broken, verdict.events) == ("", 15)
    for one in workers:
        close_tools(one)


@pytest.mark.parametrize("look", [chain.state, chain.verify])
def test_the_chain_is_for_administrators(tools: Tools, look: Callable[..., object]) -> None:
    with pytest.raises(ScopeMissing, match="administrator"):
        look(tools, person(tools, "ada"))


def test_an_event_is_read_by_its_number(tools: Tools) -> None:
    group = groups.create(tools, OPERATOR, "shop")
    follow(tools)
    event = events.read(tools, 1)
    assert event is not None
    assert (event.kind, event.path, event.namespace_id) == ("group created", "shop", group.id)
