"""Looking through everybody's tokens: who may, what is found, in which order, page by page."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.clock import Clock
from tests.domain.people import person, refusal, statements, with_token
from wharfinger.domain import groups, token_search, tokens
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller
from wharfinger.domain.errors import PageInvalid, ScopeMissing, SignInNeeded
from wharfinger.domain.token_search import Wanted
from wharfinger.domain.tools import Tools
from wharfinger.rules.paging import Marker, Window
from wharfinger.rules.scopes import CredentialKind

PERSONAL, DEPLOY = CredentialKind.PERSONAL, CredentialKind.DEPLOY


def made(tools: Tools, username: str, *names: str, days: int | None = None) -> Sequence[int]:
    ends = None if days is None else tools.clock() + timedelta(days=days)
    return [
        tokens.create_personal(tools, OPERATOR, name, ["api"], username=username, expires_at=ends).token.id
        for name in names
    ]


def names(tools: Tools, caller: Caller, wanted: Wanted) -> list[str]:
    return [one.name for one in token_search.page(tools, caller, wanted).items]


def test_they_are_found_by_name_and_by_whose_they_are(tools: Tools) -> None:
    root, _, bob = person(tools, "root", admin=True), person(tools, "ada"), person(tools, "bob")
    made(tools, "ada", "Laptop", "50%")
    made(tools, "bob", "lap_top", "Größe")
    for part, narrow, wide in (
        ("LAPTOP", ["Laptop"], ["Laptop"]),
        ("_", ["lap_top"], ["lap_top"]),
        ("%", ["50%"], ["50%"]),
        ("größe", ["Größe"], ["Größe"]),
        ("Ada", [], ["50%", "Laptop"]),
        ("\x00", [], []),
        ("", ["Größe", "lap_top", "50%", "Laptop"], ["Größe", "lap_top", "50%", "Laptop"]),
    ):
        assert names(tools, root, Wanted(PERSONAL, part=part)) == narrow
        assert names(tools, root, Wanted(PERSONAL, part=part, wide=True)) == wide
    assert names(tools, root, Wanted(PERSONAL, bob.user_id, part="l")) == ["lap_top"]


def test_deploy_tokens_are_found_by_the_name_they_log_in_with_and_by_place(tools: Tools) -> None:
    root = person(tools, "root", admin=True)
    groups.create(tools, OPERATOR, "acme")
    tokens.create_deploy(tools, OPERATOR, "acme", "one", ["read_registry"], username="cluster")
    made(tools, "root", "acme")
    for part in ("CLUST", "cme", "on"):
        assert names(tools, root, Wanted(DEPLOY, part=part, wide=True)) == ["one"]
    assert names(tools, root, Wanted(DEPLOY, part="acme")) == []


def test_they_are_told_by_how_they_stand(tools: Tools, clock: Clock) -> None:
    root = person(tools, "root", admin=True)
    made(tools, "root", "short", "both", days=1)
    made(tools, "root", "good", "gone")
    for one in token_search.page(tools, root, Wanted(PERSONAL)).items:
        if one.name in ("both", "gone"):
            tokens.revoke(tools, root, one.id)
    clock.advance(days=1)
    for good, revoked, found in (
        (None, None, ["gone", "good", "both", "short"]),
        (True, None, ["good"]),
        (False, None, ["gone", "both", "short"]),
        (False, False, ["short"]),
        (None, True, ["gone", "both"]),
        (None, False, ["good", "short"]),
        (True, True, []),
    ):
        assert names(tools, root, Wanted(PERSONAL, good=good, revoked=revoked)) == found


def test_pages_go_on_from_a_marker_or_a_number(tools: Tools) -> None:
    root = person(tools, "root", admin=True)
    made(tools, "root", *(f"token {number}" for number in range(5)))
    wanted = Wanted(PERSONAL)
    first = token_search.page(tools, root, wanted, Window(limit=2, counted=True))
    assert ([one.name for one in first.items], first.total) == (["token 4", "token 3"], 5)
    made(tools, "root", "newer")
    second = token_search.page(tools, root, wanted, Window(limit=2, after=first.after))
    assert [one.name for one in second.items] == ["token 2", "token 1"]
    assert token_search.page(tools, root, wanted, Window(limit=2, after=second.after)).after is None
    by_number = token_search.page(tools, root, wanted, Window(limit=2, offset=4, counted=True))
    assert ([one.name for one in by_number.items], by_number.total) == (["token 1", "token 0"], 6)
    wrong = Window(after=Marker("personal", "x"))
    assert isinstance(refusal(lambda: token_search.page(tools, root, wanted, wrong)), PageInvalid)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", [PERSONAL, DEPLOY])
def test_a_page_is_read_by_an_index_however_many_there_are(tools: Tools, kind: CredentialKind) -> None:
    """Asked of SQLite alone: PostgreSQL decides by how much is there."""
    root = person(tools, "root", admin=True)
    for marker in (None, Marker(str(kind), 9)):
        with statements(tools) as seen:
            token_search.page(tools, root, Wanted(kind, good=True), Window(50, after=marker))
        (asked,) = [one for one in seen if "FROM credentials" in one]
        with tools.db.read() as tx:
            plan = [row.detail for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (None,) * asked.count("?"))]
        assert "ix_credentials_kind_id" in plan[0]
        assert not [step for step in plan if "TEMP B-TREE" in step]


def test_others_look_at_their_own_alone(tools: Tools) -> None:
    ada, bob = person(tools, "ada"), person(tools, "bob")
    made(tools, "ada", "own")
    assert names(tools, ada, Wanted(PERSONAL, ada.user_id)) == ["own"]
    for caller, whose in ((bob, ada.user_id), (ada, None)):
        refused = refusal(lambda caller=caller, whose=whose: token_search.page(tools, caller, Wanted(PERSONAL, whose)))
        assert isinstance(refused, ScopeMissing)
        assert "needs an administrator" in str(refused)
    pulling = with_token(tools, "ada", "read_registry")
    assert isinstance(refusal(lambda: names(tools, pulling, Wanted(PERSONAL, ada.user_id))), ScopeMissing)
    assert isinstance(refusal(lambda: names(tools, ANONYMOUS, Wanted(PERSONAL))), SignInNeeded)
