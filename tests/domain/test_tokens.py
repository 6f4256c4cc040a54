"""Access tokens: what each kind opens, how long it lives, who may make and end it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.clock import Clock
from tests.domain.people import ADDRESS, EVERYTHING, IMAGES, may, opened, person, refusal, registry, with_token
from wharfinger.db.tables.people import credentials
from wharfinger.db.tables.people import users as user_table
from wharfinger.domain import grants, groups, members, projects, tokens, users
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller
from wharfinger.domain.errors import (
    CredentialRefused,
    ScopeMissing,
    SettingInvalid,
    SignInNeeded,
    TokenUnknown,
    UserUnknown,
)
from wharfinger.domain.tokens import NewToken
from wharfinger.domain.tools import Tools
from wharfinger.rules import secrets
from wharfinger.rules.grants import Request
from wharfinger.rules.roles import Action, Profile, Role
from wharfinger.rules.scopes import CredentialKind

READ = {Action.PULL}
WRITE = {Action.PULL, Action.PUSH}
CHANGE = WRITE | {Action.DELETE}
ALL = set(Action)


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """Owns acme with acme/shop, acme/side and acme/back/tool, and other/thing."""
    caller = person(tools, "ada")
    for path in ("acme", "acme/back", "other"):
        groups.create(tools, caller, path)
    for path in ("acme/shop", "acme/side", "acme/back/tool", "other/thing"):
        projects.create(tools, caller, path)
    return caller


def sign_in(tools: Tools, made: NewToken, username: str = "any") -> Caller:
    return tokens.authenticate(tools, username, made.secret, ADDRESS)


def lets_in(tools: Tools, made: NewToken, username: str = "any") -> bool:
    try:
        return sign_in(tools, made, username).credential_id == made.token.id
    except CredentialRefused:
        return False


# --- personal


@pytest.mark.parametrize(
    ("scopes", "rights"),
    [
        (("api",), ALL),
        (("read_api",), READ),
        (("read_registry",), READ),
        (("read_registry", "write_registry"), CHANGE),
        (("write_registry",), {Action.DELETE}),
        (("read_user", "write_repository"), set()),
    ],
)
def test_scopes_narrow_what_the_role_allows(
    tools: Tools, ada: Caller, scopes: tuple[str, ...], rights: set[Action]
) -> None:
    assert may(tools, with_token(tools, "ada", *scopes), "acme/shop/web") == rights


def test_any_user_name_goes_with_a_personal_token(tools: Tools, ada: Caller) -> None:
    made = tokens.create_personal(tools, ada, "laptop", IMAGES)
    for username in ("ada", "", "oauth2", "x\0y"):
        caller = tokens.authenticate(tools, username, made.secret, ADDRESS)
        assert (caller.kind, caller.name, caller.user_id) == (CredentialKind.PERSONAL, "ada", ada.user_id)


def test_a_secret_is_kept_as_its_hash_only(tools: Tools, ada: Caller) -> None:
    made = tokens.create_personal(tools, ada, "laptop", IMAGES)
    assert secrets.check(made.secret) is CredentialKind.PERSONAL
    with tools.db.read() as tx:
        [row] = tx.execute(select(credentials)).all()
    assert made.secret not in str(row)
    assert row.secret_hash == secrets.hash(made.secret)
    assert made.secret not in str(made.token)


def test_tokens_for_others_are_for_administrators(tools: Tools, ada: Caller) -> None:
    person(tools, "bob")
    for name in ("bob", "nobody"):
        refused = refusal(lambda name=name: tokens.create_personal(tools, ada, "x", IMAGES, username=name))
        assert isinstance(refused, UserUnknown)
        refused = refusal(lambda name=name: tokens.list_personal(tools, ada, username=name))
        assert isinstance(refused, UserUnknown)
    assert tokens.create_personal(tools, ada, "x", IMAGES, username="ada").token.username == "ada"
    assert tokens.create_personal(tools, OPERATOR, "x", IMAGES, username="bob").token.username == "bob"
    assert "for which user" in str(refusal(lambda: tokens.create_personal(tools, OPERATOR, "x", IMAGES)))


def test_what_a_token_can_be(tools: Tools, ada: Caller, clock: Clock) -> None:
    for work in (
        lambda: tokens.create_personal(tools, ada, "x", []),
        lambda: tokens.create_personal(tools, ada, "x", ["read_registry", "root"]),
        lambda: tokens.create_personal(tools, ada, "", IMAGES),
        lambda: tokens.create_personal(tools, ada, "x\ny", IMAGES),
        lambda: tokens.create_personal(tools, ada, "x" * 256, IMAGES),
        lambda: tokens.create_personal(tools, ada, "x", IMAGES, expires_at=clock()),
        lambda: tokens.create_deploy(tools, ada, "acme", "x", ["api"]),
        lambda: tokens.create_deploy(tools, ada, "acme", "x", ["read_registry"], username="a:b"),
        lambda: tokens.create_deploy(tools, ada, "acme", "x", ["read_registry"], username="a\0"),
        lambda: tokens.create_job(tools, ada, "acme/shop", ends_at=clock()),
        lambda: tokens.create_bot(tools, ada, "ada", "x", IMAGES),
        lambda: tokens.create_deploy(tools, ada, "ada", "x", IMAGES),
    ):
        assert isinstance(refusal(work), SettingInvalid)
    assert tokens.list_personal(tools, ada) == []


# --- projects and groups


def test_a_project_token_is_a_bot_in_one_project(tools: Tools, ada: Caller) -> None:
    made = tokens.create_bot(tools, ada, "acme/shop", "ci", EVERYTHING, role=Role.DEVELOPER)
    caller = sign_in(tools, made)
    assert (made.token.kind, made.token.role, made.token.place) == (CredentialKind.PROJECT, Role.DEVELOPER, "acme/shop")
    assert caller.name.startswith(f"project_{caller.project_id}_bot_")
    assert may(tools, caller, "acme/shop/web") == WRITE
    assert may(tools, caller, "acme/side") == set()


def test_a_group_token_is_a_bot_in_all_of_a_group(tools: Tools, ada: Caller) -> None:
    caller = sign_in(tools, tokens.create_bot(tools, ada, "acme", "ci", EVERYTHING))
    assert caller.kind is CredentialKind.GROUP
    assert [may(tools, caller, path) for path in ("acme/shop", "acme/back/tool", "other/thing")] == [ALL, ALL, set()]


def test_a_revoked_bot_is_no_member_any_more(tools: Tools, ada: Caller) -> None:
    made = tokens.create_bot(tools, ada, "acme/shop", "ci", EVERYTHING)
    caller = sign_in(tools, made)
    tokens.revoke(tools, ada, made.token.id)
    assert may(tools, caller, "acme/shop") == set()
    assert not lets_in(tools, made)
    assert members.list_members(tools, ada, "acme/shop", inherited=False) == []


def test_bots_go_with_their_place(tools: Tools, ada: Caller) -> None:
    for path in ("acme/shop", "other"):
        tokens.create_bot(tools, ada, path, "ci", EVERYTHING)
    projects.delete(tools, ada, "acme/shop")
    projects.delete(tools, ada, "other/thing")
    groups.delete(tools, ada, "other")
    with tools.db.read() as tx:
        assert list(tx.scalars(select(user_table.c.username))) == ["ada"]
        assert tx.execute(select(credentials)).all() == []


def test_nobody_makes_a_bot_above_themselves(tools: Tools, ada: Caller) -> None:
    bob = person(tools, "bob")
    members.add(tools, ada, "acme/shop", "bob", Role.MAINTAINER)
    above = refusal(lambda: tokens.create_bot(tools, bob, "acme/shop", "x", EVERYTHING, role=Role.OWNER))
    assert "needs the role owner" in str(above)
    owners = tokens.create_bot(tools, ada, "acme/shop", "x", EVERYTHING, role=Role.OWNER)
    assert isinstance(refusal(lambda: tokens.rotate(tools, bob, owners.token.id)), ScopeMissing)
    assert lets_in(tools, owners)
    assert tokens.create_bot(tools, bob, "acme/shop", "x", EVERYTHING).token.role is Role.MAINTAINER


def test_machines_make_no_tokens_that_outlive_them(tools: Tools, ada: Caller, clock: Clock) -> None:
    bot = sign_in(tools, tokens.create_bot(tools, ada, "acme/shop", "x", EVERYTHING))
    job = sign_in(
        tools, tokens.create_job(tools, ada, "acme/shop", ends_at=clock() + timedelta(hours=1)), "gitlab-ci-token"
    )
    for caller in (bot, job):
        for work in (
            lambda caller=caller: tokens.create_personal(tools, caller, "x", IMAGES),
            lambda caller=caller: tokens.create_bot(tools, caller, "acme/shop", "x", IMAGES),
            lambda caller=caller: tokens.create_job(tools, caller, "acme/shop", ends_at=clock() + timedelta(hours=2)),
            lambda caller=caller: groups.create(tools, caller, "mine"),
        ):
            assert isinstance(refusal(work), ScopeMissing)


def test_the_profile_of_gitlab_lets_a_token_be_outlived(tools: Tools, ada: Caller, clock: Clock) -> None:
    tomorrow, later = clock() + timedelta(days=1), clock() + timedelta(days=90)
    by_token = sign_in(tools, tokens.create_personal(tools, ada, "script", {"api"}, expires_at=tomorrow))
    as_gitlab = replace(tools, policy=replace(tools.policy, profile=Profile.GITLAB))

    def deploy(tools: Tools, **asked: datetime) -> NewToken:
        return tokens.create_deploy(tools, by_token, "acme/shop", "cluster", {"read_registry"}, **asked)

    assert deploy(tools).token.expires_at == tomorrow
    assert isinstance(refusal(lambda: deploy(tools, expires_at=later)), ScopeMissing)
    assert deploy(as_gitlab).token.expires_at is None
    assert deploy(as_gitlab, expires_at=later).token.expires_at == later
    assert by_token.token_id is not None
    assert tokens.rotate(as_gitlab, by_token, by_token.token_id, expires_at=later).token.expires_at == later


def test_a_jobs_token_says_what_it_was_made_for(tools: Tools, ada: Caller, clock: Clock) -> None:
    ends, origin = clock() + timedelta(hours=1), {"commit": "c" * 40, "pipeline": "812", "job": "4711"}
    made = tokens.create_job(tools, ada, "acme/shop", ends_at=ends, origin=origin)
    caller = sign_in(tools, made, "gitlab-ci-token")
    assert caller.origin == origin
    issued = grants.issue(
        tools, caller, tools.policy.audience, [Request("repository", "acme/shop", frozenset({Action.PUSH}))]
    )
    assert grants.verify(tools, issued.token)[0].origin == origin
    wrong = refusal(lambda: tokens.create_job(tools, ada, "acme/shop", ends_at=ends, origin={"mood": "good"}))
    assert isinstance(wrong, SettingInvalid)


# --- deploy tokens


def test_a_deploy_token_of_a_project_opens_that_one(tools: Tools, ada: Caller) -> None:
    made = tokens.create_deploy(tools, ada, "acme/shop", "k8s", IMAGES)
    assert made.token.username == f"wharfinger+deploy-token-{made.token.id}"
    caller = sign_in(tools, made, made.token.username)
    assert (caller.kind, caller.user_id) == (CredentialKind.DEPLOY, None)
    assert [may(tools, caller, path) for path in ("acme/shop/web", "acme/side", "acme/back/tool")] == [
        WRITE,
        set(),
        set(),
    ]
    reader = tokens.create_deploy(tools, ada, "acme/shop", "k8s", ["read_registry"], username="puller")
    assert may(tools, sign_in(tools, reader, "puller"), "acme/shop/web") == READ


def test_a_deploy_token_of_a_group_opens_all_below_it(tools: Tools, ada: Caller) -> None:
    made = tokens.create_deploy(tools, ada, "acme", "k8s", IMAGES, username="k8s")
    caller = sign_in(tools, made, "k8s")
    assert [may(tools, caller, path) for path in ("acme/shop", "acme/back/tool", "other/thing")] == [
        WRITE,
        WRITE,
        set(),
    ]
    groups.rename(tools, ada, "acme", "corp")
    assert may(tools, caller, "corp/back/tool") == WRITE
    projects.move(tools, ada, "corp/shop", "other")
    assert may(tools, caller, "other/shop") == set()


def test_a_deploy_token_logs_in_under_its_own_name(tools: Tools, ada: Caller) -> None:
    made = tokens.create_deploy(tools, ada, "acme", "k8s", IMAGES, username="k8s")
    assert "with the user name k8s" in str(refusal(lambda: sign_in(tools, made, "ada")))
    assert lets_in(tools, made, "k8s")


# --- jobs


def test_a_job_pulls_where_its_user_may_and_pushes_at_home(tools: Tools, ada: Caller, clock: Clock) -> None:
    bob = person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.DEVELOPER)
    made = tokens.create_job(tools, bob, "acme/shop", ends_at=clock() + timedelta(hours=1))
    for name in ("gitlab-ci-token", "wharfinger-ci-token"):
        job = sign_in(tools, made, name)
        assert (job.kind, job.name) == (CredentialKind.JOB, "bob")
        assert may(tools, job, "acme/shop/web") == WRITE
        assert may(tools, job, "acme/side") == READ
        assert may(tools, job, "other/thing") == set()
    assert "gitlab-ci-token" in str(refusal(lambda: sign_in(tools, made, "bob")))
    owners = tokens.create_job(tools, ada, "acme/shop", ends_at=clock() + timedelta(hours=1))
    job = sign_in(tools, owners, "gitlab-ci-token")
    assert [may(tools, job, path) for path in ("acme/shop", "acme/side")] == [CHANGE, READ]


def test_a_job_is_over_when_it_ends_or_is_ended(tools: Tools, ada: Caller, clock: Clock) -> None:
    ends_at = clock() + timedelta(hours=1)
    made, ended = (tokens.create_job(tools, ada, "acme/shop", ends_at=ends_at) for _ in range(2))
    tokens.revoke(tools, ada, ended.token.id)
    assert not lets_in(tools, ended, "gitlab-ci-token")
    clock.advance(minutes=59)
    assert lets_in(tools, made, "gitlab-ci-token")
    clock.advance(minutes=1)
    refused = refusal(lambda: sign_in(tools, made, "gitlab-ci-token"))
    assert "the job of this token expired on 2026-03-01 13:00 UTC" in str(refused)
    assert isinstance(refusal(lambda: tokens.rotate(tools, ada, made.token.id)), SettingInvalid)


def test_the_job_of_an_administrator_is_no_administrator(tools: Tools, ada: Caller, clock: Clock) -> None:
    root = person(tools, "root", admin=True)
    made = tokens.create_job(tools, root, "acme/shop", ends_at=clock() + timedelta(hours=1))
    job = sign_in(tools, made, "gitlab-ci-token")
    assert [may(tools, job, path) for path in ("acme/shop", "acme/side")] == [set(), set()]
    for_ada = tokens.create_job(tools, root, "acme/shop", ends_at=clock() + timedelta(hours=1), username="ada")
    assert sign_in(tools, for_ada, "gitlab-ci-token").name == "ada"


# --- life


def test_an_expired_token_lets_nobody_in(tools: Tools, ada: Caller, clock: Clock) -> None:
    made = tokens.create_personal(tools, ada, "x", IMAGES, expires_at=clock() + timedelta(days=1))
    clock.advance(days=1, seconds=-1)
    assert lets_in(tools, made)
    clock.advance(seconds=1)
    assert "expired on 2026-03-02" in str(refusal(lambda: sign_in(tools, made)))


def test_a_revoked_token_lets_nobody_in(tools: Tools, ada: Caller) -> None:
    made, other = (tokens.create_personal(tools, ada, "x", EVERYTHING) for _ in range(2))
    tokens.revoke(tools, ada, made.token.id)
    tokens.revoke(tools, ada, made.token.id)
    assert "revoked on" in str(refusal(lambda: sign_in(tools, made)))
    assert lets_in(tools, other)
    users.revoke_tokens(tools, ada, "ada")
    assert not lets_in(tools, other)


def test_a_token_may_revoke_itself(tools: Tools, ada: Caller) -> None:
    made, other = (tokens.create_personal(tools, ada, "x", ["read_registry"]) for _ in range(2))
    caller = sign_in(tools, made)
    assert isinstance(refusal(lambda: tokens.revoke(tools, caller, other.token.id)), ScopeMissing)
    in_registry = registry(tools, caller)
    assert isinstance(refusal(lambda: tokens.revoke(tools, in_registry, made.token.id)), SignInNeeded)
    tokens.revoke(tools, caller, made.token.id)
    assert [lets_in(tools, made), lets_in(tools, other)] == [False, True]


def test_rotation_replaces_the_secret_and_keeps_the_rest(tools: Tools, ada: Caller, clock: Clock) -> None:
    life = timedelta(days=30)
    olds = [
        tokens.create_personal(tools, ada, "mine", IMAGES, expires_at=clock() + life),
        tokens.create_bot(tools, ada, "acme/shop", "bot", IMAGES, role=Role.DEVELOPER, expires_at=clock() + life),
        tokens.create_deploy(tools, ada, "acme", "deploy", IMAGES, expires_at=clock() + life),
    ]
    clock.advance(days=20)
    for old in olds:
        new = tokens.rotate(tools, ada, old.token.id)
        username = old.token.username
        assert not lets_in(tools, old, username)
        assert lets_in(tools, new, username)
        assert new.token.expires_at == clock() + life
        same = ("kind", "name", "username", "place", "role", "scopes")
        assert [getattr(new.token, name) for name in same] == [getattr(old.token, name) for name in same]
        assert opened(tools, sign_in(tools, new, username), "acme/shop", Action.PUSH) is not None
        assert "revoked already" in str(refusal(lambda old=old: tokens.rotate(tools, ada, old.token.id)))
    until = clock() + timedelta(days=1)
    lasting = tokens.create_personal(tools, ada, "x", IMAGES)
    lasting = tokens.rotate(tools, ada, lasting.token.id)
    assert lasting.token.expires_at is None
    assert tokens.rotate(tools, ada, lasting.token.id, expires_at=until).token.expires_at == until


def test_tokens_of_others_are_unknown(tools: Tools, ada: Caller) -> None:
    bob = person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.MAINTAINER)
    made = {
        "personal": tokens.create_personal(tools, ada, "x", IMAGES),
        "of the group": tokens.create_bot(tools, ada, "acme", "x", IMAGES, role=Role.GUEST),
        "elsewhere": tokens.create_deploy(tools, ada, "other", "x", IMAGES),
    }
    numbers = [one.token.id for one in made.values()] + [999]
    for number in numbers:
        for work in (tokens.revoke, tokens.rotate):
            refused = refusal(lambda number=number, work=work: work(tools, bob, number))
            assert isinstance(refused, TokenUnknown)
            assert str(number) in str(refused)
    mine = tokens.create_deploy(tools, ada, "acme/shop", "x", IMAGES)
    tokens.revoke(tools, bob, mine.token.id)
    for one in made.values():
        tokens.revoke(tools, OPERATOR, one.token.id)
    assert isinstance(refusal(lambda: tokens.revoke(tools, ANONYMOUS, numbers[0])), SignInNeeded)


def test_tokens_are_listed_newest_first(tools: Tools, ada: Caller, clock: Clock) -> None:
    first = tokens.create_personal(tools, ada, "first", IMAGES)
    second = tokens.create_personal(tools, ada, "second", IMAGES)
    tokens.create_job(tools, ada, "acme/shop", ends_at=clock() + timedelta(hours=1))
    bot = tokens.create_bot(tools, ada, "acme/shop", "bot", IMAGES)
    deploy = tokens.create_deploy(tools, ada, "acme/shop", "deploy", IMAGES)
    tokens.create_deploy(tools, ada, "acme", "of the group", IMAGES)
    assert [token.id for token in tokens.list_personal(tools, ada)][1:] == [second.token.id, first.token.id]
    assert tokens.list_personal(tools, ada)[0].kind is CredentialKind.JOB
    assert tokens.list_of_place(tools, ada, "acme/shop") == [deploy.token, bot.token]
    assert [token.name for token in tokens.list_of_place(tools, ada, "acme")] == ["of the group"]


# --- last use


def test_the_last_use_is_written_later(tools: Tools, ada: Caller, clock: Clock) -> None:
    made = tokens.create_personal(tools, ada, "x", IMAGES)
    sign_in(tools, made)
    first = clock()
    assert tokens.list_personal(tools, ada)[0].last_used_at is None
    tools.uses.flush(tools.db)
    assert tokens.list_personal(tools, ada)[0].last_used_at == first
    clock.advance(minutes=3)
    sign_in(tools, made)
    tools.uses.flush(tools.db)
    assert tokens.list_personal(tools, ada)[0].last_used_at == clock()
    tools.uses.note(tools.db, made.token.id, first)  # an earlier use, heard of late
    tools.uses.flush(tools.db)
    assert tokens.list_personal(tools, ada)[0].last_used_at == clock()
