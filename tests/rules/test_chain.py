"""Links over events: what is hashed, and how each way of tampering is told."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from wharfinger.rules import chain
from wharfinger.rules.chain import Entry, Seal, Tail

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(number: int, **changes: object) -> Entry:
    made = Entry(number, NOON, "manifest pushed", "ada", 3, "personal 17", "192.0.2.1", 5, 7, "group/app", '{"a":1}')
    return replace(made, **changes)  # type: ignore[arg-type]


ENTRIES = [entry(1), entry(2), entry(3)]
FIRST = chain.link(Tail(), ENTRIES, NOON)
TAIL = Tail(1, 3, FIRST.hash, FIRST.at)
SECOND = chain.link(TAIL, [entry(4)], NOON)


def test_hashes_are_what_the_text_says() -> None:
    """Anybody can compute them: this is the recipe, written down once more."""
    fields = '[1,"2026-03-01T12:00:00+00:00","manifest pushed","ada",3,"personal 17","192.0.2.1",5,7,"group/app",'
    own = sha256((fields + r'"{\"a\":1}"]').encode()).hexdigest()
    assert entry(1).hash().hex() == own
    made = chain.link(Tail(), [entry(1)], NOON)
    assert made.hash == sha256(f'[1,"2026-03-01T12:00:00+00:00","",1,1,["{own}"]]'.encode()).hexdigest()
    assert made.checks == bytes.fromhex(own)[:8]


def test_whole_links_are_whole() -> None:
    assert (FIRST.number, FIRST.first, FIRST.last, FIRST.at) == (1, 1, 3, NOON)
    assert (SECOND.number, SECOND.first, SECOND.last) == (2, 4, 4)
    assert chain.broken(Tail(), FIRST, ENTRIES) == ""
    assert chain.broken(TAIL, SECOND, [entry(4)]) == ""


CHANGED = {
    "a field": (Tail(), FIRST, [entry(1), entry(2, actor="eve"), entry(3)], 'event 2, sealed .* it is now .* by eve'),
    "a field emptied": (Tail(), FIRST, [entry(1), entry(2, actor=""), entry(3)], "by nobody"),
    "an event gone": (Tail(), FIRST, [entry(1), entry(3)], "event 2, sealed on 2026-03-01 12:00:00 UTC, is missing"),
    "an event more": (TAIL, replace(SECOND, last=5), [entry(4), entry(5)], "event 5 is in the log and was never"),
    "a link gone": (Tail(), SECOND, [entry(4)], "after link 0 with event 0 comes link 2 with event 4: what was"),
    "events gone with their numbers": (Tail(1, 2, FIRST.hash), SECOND, [entry(4)], "after link 1 with event 2"),
    "another link before": (replace(TAIL, hash="0" * 64), SECOND, [entry(4)], "does not continue link 1"),
    "its moment": (TAIL, replace(SECOND, at=NOON + timedelta(1)), [entry(4)], "link 2, sealed .*, was changed"),
    "its hash": (TAIL, replace(SECOND, hash="0" * 64), [entry(4)], "link 2, sealed .*, was changed"),
    "its checks": (TAIL, replace(SECOND, checks=b"0" * 8), [entry(4)], "event 4, sealed .*, was changed"),
}  # fmt: skip


@pytest.mark.parametrize(("tail", "seal", "entries", "says"), CHANGED.values(), ids=CHANGED)
def test_what_was_done_is_told(tail: Tail, seal: Seal, entries: list[Entry], says: str) -> None:
    assert re.search(says, chain.broken(tail, seal, entries))


@pytest.mark.parametrize("field", ["at", "kind", "actor", "user_id", "credential", "address", "namespace_id",
                                   "project_id", "path", "about"])  # fmt: skip
def test_every_field_counts(field: str) -> None:
    other = {"at": NOON + timedelta(microseconds=1), "user_id": None, "namespace_id": 6, "project_id": 8}
    assert entry(1, **{field: other.get(field, "x")}).hash() != entry(1).hash()


def test_links_never_go_back_in_time() -> None:
    later = Tail(1, 3, FIRST.hash, NOON + timedelta(hours=2))
    assert chain.link(later, [entry(4)], NOON).at == NOON + timedelta(hours=2)
    ahead = entry(4, at=NOON + timedelta(hours=3))
    assert chain.link(later, [ahead], NOON).at == ahead.at


@pytest.mark.parametrize(("month", "keep", "goes"), [
    ("2026-01", 1, True), ("2026-02", 1, False), ("2026-03", 1, False), ("2025-03", 12, False), ("2025-02", 12, True),
    ("2024-12", 0, False), ("2025-12", 2, True), ("0001-01", 30, True),
])  # fmt: skip
def test_whole_months_go(month: str, keep: int, goes: bool) -> None:
    assert chain.droppable(month, NOON, keep) is goes


def test_a_month_is_that_of_the_link() -> None:
    assert chain.month(NOON) == "2026-03"


def test_digests_an_event_is_about() -> None:
    assert chain.digests({"digest": "a", "subject": "b", "replaced": ["c"], "tags": {"v1": "d"}}) == set("abcd")
    assert chain.digests({"digest": "a", "tags": ["v1"], "subject": None}) == {"a"}
    assert chain.digests({}) == set()


def test_marks_are_numbers_a_database_holds() -> None:
    marks = {chain.mark(f"sha256:{number}") for number in range(1000)}
    assert len(marks) == 1000
    assert all(0 <= mark < 2**63 for mark in marks)
