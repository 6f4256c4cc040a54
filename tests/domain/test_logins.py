"""Signing in: what is refused in which words, and how often one may guess."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from tests.clock import Clock
from tests.domain.people import IMAGES, person, refusal, statements
from tests.in_process import build_tools, close_tools
from wharfinger.db import users as rows
from wharfinger.db.tables.people import login_failures
from wharfinger.domain import groups, logins, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import CredentialRefused, LoginsLimited, Refusal
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules import secrets
from wharfinger.rules.scopes import CredentialKind

HERE, THERE = "192.0.2.7", "198.51.100.9"
PASSWORD = "correct horse battery"
LIMIT = 4


@pytest.fixture
def policy() -> Policy:
    return Policy(password_login=True, login_failures=LIMIT, login_window=timedelta(minutes=10))


@pytest.fixture
def token(tools: Tools) -> str:
    """A token of ada, who has a password as well."""
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    return tokens.create_personal(tools, OPERATOR, "x", IMAGES, username="ada").secret


def wrong_token(number: int = 0) -> str:
    return secrets.make(CredentialKind.PERSONAL, bytes([number] * secrets.RANDOM_BYTES))


def outcome(tools: Tools, username: str, secret: str, address: str = HERE) -> str:
    """ "in", "refused" or "limited"."""
    try:
        tokens.authenticate(tools, username, secret, address)
    except CredentialRefused:
        return "refused"
    except LoginsLimited:
        return "limited"
    return "in"


def fail(tools: Tools, times: int, username: str = "ada", address: str = HERE) -> list[str]:
    return [outcome(tools, username, "wrong password", address) for _ in range(times)]


def failures(tools: Tools) -> int:
    with tools.db.read() as tx:
        return tx.scalar(select(func.count()).select_from(login_failures)) or 0


# --- words


def test_passwords_are_refused_with_the_way_to_a_token(database_url: str, clock: Clock) -> None:
    tools = build_tools(database_url, clock, Policy())
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    tried = [("ada", PASSWORD), ("ada", "wrong"), ("nobody", "wrong"), ("", "")]
    said = {
        str(refusal(lambda name=name, word=word: tokens.authenticate(tools, name, word, HERE))) for name, word in tried
    }
    assert len(said) == 1
    assert "create a personal access token with read_registry" in said.pop()
    close_tools(tools)


def test_a_mistyped_token_is_called_so(database_url: str, clock: Clock) -> None:
    tools = build_tools(database_url, clock, Policy())
    for secret in (wrong_token()[:-1], wrong_token()[:-1] + "x", "whf_pat_"):
        refused = refusal(lambda secret=secret: tokens.authenticate(tools, "ada", secret, HERE))
        assert "a character is wrong or missing" in str(refused)
    close_tools(tools)


def test_wrong_names_passwords_and_tokens_are_told_alike(tools: Tools, token: str) -> None:
    tried = [
        ("ada", "wrong password"),
        ("nobody", "wrong password"),
        ("ada", wrong_token()),
        ("a\0b", "wrong password"),
    ]
    said = {
        str(refusal(lambda name=name, word=word: tokens.authenticate(tools, name, word, HERE))) for name, word in tried
    }
    assert len(said) == 1


def test_unknown_names_cost_what_known_ones_cost(tools: Tools, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look for the user, one argon2 whatever it finds, the same counts."""
    hashed: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
        hashed.append(password_hash.rpartition("$")[0].rpartition("$")[0])  # kind and cost, without salt and hash
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    fail(tools, 1, address=THERE)
    hashed.clear()
    seen = []
    for name in ("ada", "nobody"):
        with statements(tools) as sent:
            refusal(lambda name=name: tokens.authenticate(tools, name, "wrong password", HERE))
        seen.append([statement for statement in sent if "savepoint" not in statement.lower()])
    assert seen[0] == seen[1]
    assert len(hashed) == 2
    assert len(set(hashed)) == 1
    assert hashed[0].startswith("$argon2id$")


def test_a_right_password_gives_way_to_what_is_in_the_way(tools: Tools, token: str) -> None:
    assert outcome(tools, "ada", PASSWORD) == "in"
    with tools.db.begin() as tx:
        row = rows.at(tx, "ada")
        assert row is not None
        rows.change(tx, row.id, second_factor=True)
    said = str(refusal(lambda: tokens.authenticate(tools, "ada", PASSWORD, HERE)))
    assert said == "an account with a second factor logs in with a token: create a personal access token"
    assert "second factor" not in str(refusal(lambda: tokens.authenticate(tools, "ada", "wrong password", HERE)))
    assert outcome(tools, "ada", token) == "in"


def test_bots_have_no_password(tools: Tools) -> None:
    ada = person(tools, "ada")
    groups.create(tools, ada, "acme")
    bot = tokens.create_bot(tools, ada, "acme", "x", IMAGES).token.username
    assert [outcome(tools, bot, word) for word in ("", "wrong password")] == ["refused", "refused"]


# --- counts


def test_an_address_is_stopped_after_so_many_failures(tools: Tools, token: str, clock: Clock) -> None:
    assert fail(tools, LIMIT) == ["refused"] * LIMIT
    assert outcome(tools, "ada", PASSWORD) == "limited"
    assert outcome(tools, "eve", "wrong password") == "limited"
    refused = refusal(lambda: tokens.authenticate(tools, "ada", PASSWORD, HERE))
    assert isinstance(refused, LoginsLimited)
    assert refused.retry_after == timedelta(minutes=10)
    clock.advance(minutes=10)
    assert outcome(tools, "ada", PASSWORD) == "in"


def test_an_account_is_stopped_whatever_the_addresses(tools: Tools, token: str) -> None:
    for number in range(LIMIT):
        assert fail(tools, 1, address=f"203.0.113.{number}") == ["refused"]
    assert outcome(tools, "ada", PASSWORD, THERE) == "limited"
    assert fail(tools, 1, "nobody", THERE) == ["refused"]


def test_a_right_token_is_never_stopped(tools: Tools, token: str) -> None:
    """Neither by a stranger's guesses at the account, nor by a neighbour's broken script."""
    fail(tools, LIMIT)
    assert [outcome(tools, "ada", token, address) for address in (HERE, THERE)] == ["in", "in"]


def test_wrong_tokens_count_for_the_address_alone(tools: Tools, token: str) -> None:
    tried = [outcome(tools, "ada", wrong_token(number)) for number in range(LIMIT + 1)]
    assert tried == ["refused"] * LIMIT + ["limited"]
    assert outcome(tools, "ada", PASSWORD, THERE) == "in"


def test_tokens_that_are_over_do_not_count(tools: Tools, token: str) -> None:
    """They are no guesses, and a pipeline with an old token tries it often."""
    [made] = tokens.list_personal(tools, OPERATOR, username="ada")
    tokens.revoke(tools, OPERATOR, made.id)
    assert [outcome(tools, "ada", token) for _ in range(LIMIT + 1)] == ["refused"] * (LIMIT + 1)
    assert failures(tools) == 0


def test_success_clears_no_count(tools: Tools, token: str) -> None:
    """Else one's own account would buy guesses at others'."""
    users.create(tools, OPERATOR, "eve", password=PASSWORD)
    tried = []
    for _ in range(LIMIT):
        tried += [*fail(tools, 1), outcome(tools, "eve", PASSWORD)]
    assert tried == ["refused", "in"] * (LIMIT - 1) + ["refused", "limited"]


def test_one_who_is_stopped_writes_nothing(tools: Tools, token: str, clock: Clock) -> None:
    fail(tools, LIMIT)
    count = failures(tools)
    assert fail(tools, 3) == ["limited"] * 3
    assert outcome(tools, "ada", wrong_token()) == "limited"
    assert failures(tools) == count
    clock.advance(hours=1)
    assert fail(tools, 1, "bob", THERE) == ["refused"]
    assert failures(tools) == 2  # what is too old to count is let go


def test_counts_hold_for_all_processes(tools: Tools, token: str, clock: Clock) -> None:
    other = build_tools(tools.db.url, clock, tools.policy)
    fail(tools, LIMIT // 2)
    fail(other, LIMIT - LIMIT // 2)
    assert [outcome(one, "ada", PASSWORD) for one in (tools, other)] == ["limited", "limited"]
    close_tools(other)


def test_guesses_at_once_overshoot_by_a_few_at_most(tools: Tools, token: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        tried = list(threads.map(lambda _: fail(tools, 1)[0], range(32)))
    assert LIMIT <= tried.count("refused") <= LIMIT + 3
    assert tried.count("limited") == 32 - tried.count("refused")


def test_ones_own_password_cannot_be_guessed_either(tools: Tools, token: str) -> None:
    ada = tokens.authenticate(
        tools, "ada", tokens.create_personal(tools, OPERATOR, "x", ["api"], username="ada").secret, HERE
    )

    def kinds(count: int) -> list[type[Refusal]]:
        return [
            type(refusal(lambda: users.set_password(tools, ada, "ada", "something new", current="wrong")))
            for _ in range(count)
        ]

    assert kinds(LIMIT + 1) == [CredentialRefused] * LIMIT + [LoginsLimited]


def test_what_is_stored_of_a_failure_tells_nobody_what_was_typed(tools: Tools, token: str) -> None:
    outcome(tools, "my password in the wrong field", "wrong password")
    with tools.db.read() as tx:
        keys = list(tx.scalars(select(login_failures.c.key)))
    assert len(keys) == 2
    assert not [key for key in keys if "password" in key]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix", False),
        ("x" * 64, "x" * 6000, True),
    ],
)
def test_addresses_that_one_machine_has_are_one(one: str, other: str, same: bool) -> None:
    assert (logins.of_address(one) == logins.of_address(other)) is same
