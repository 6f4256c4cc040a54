"""No secret in the audit log, in what webhooks are told, or in a log: canaries of every kind are made and sought."""

import base64
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network

import pyotp
import pytest
from sqlalchemy import text

from tests.actors import Actors
from tests.domain.people import person
from tests.domain.shelf import Shelf
from tests.receiver import Receiver, listening
from wharfinger.clients.http import Limits, Outbound
from wharfinger.domain import operation, second_factors, sessions, tokens, users, webhooks
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.sessions import Browser, NewSession
from wharfinger.domain.tools import Tools
from wharfinger.domain.webhooks import Changes
from wharfinger.jobs import labour, worker
from wharfinger.rules.notifications import Subject

PASSWORD = "correct horse battery canary"
HERE = Browser("192.0.2.7", "Firefox/1.0")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


@pytest.fixture
def reaching(tools: Tools) -> Tools:
    """A registry that may ask the loopback."""
    return replace(tools, outbound=Outbound((ip_network("127.0.0.0/8"),), Limits(seconds=10)))


def test_no_secret_is_told_anywhere(reaching: Tools, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tools, actors = reaching, Actors(reaching)
    project = actors.project()
    ada = person(tools, "ada", admin=True)
    hook, secret = webhooks.create(tools, OPERATOR, "", f"{receiver.url}/path-canary-1?key=canary-2", list(Subject))
    canaries = [PASSWORD, secret, secret.removeprefix("whsec_"), "path-canary-1", "canary-2"]
    canaries += of_tokens(tools, ada, project.path)
    canaries += of_people(tools)
    webhooks.change(tools, OPERATOR, "", hook.id, Changes(secret="another webhook canary"))
    operation.take_over(tools, OPERATOR, {"mail.password": "mail canary"}, {"mail.password"}, before={})
    operation.take_over(tools, OPERATOR, {"mail.password": "second mail canary"}, {"mail.password"}, before={})
    canaries += ["another webhook canary", "mail canary", tools.secret.hex(), base64.b64encode(tools.secret).decode()]
    Shelf(tools, project=project).image(b"a layer", tag="v1")
    told = everything(tools, ["events"])
    busy = 1
    while busy:
        busy = worker.follow(tools) + labour.do_all(tools)
    bodies = [request.body.decode() for request in receiver.received]
    tables = ["events", "audit", "jobs", "webhook_deliveries", "settings_in_force"]
    told += everything(tools, tables) + "".join(bodies) + caplog.text
    assert bodies
    for event in (
        "second factor added",
        "recovery code used",
        "recovery codes made",
        "webhook changed",
        "token created",
    ):
        assert event in told
    assert not [canary for canary in canaries if canary in told]


def of_tokens(tools: Tools, ada: Caller, project: str) -> list[str]:
    deploy = tokens.create_deploy(tools, ada, project, "x", ["read_registry"])
    made = [
        tokens.create_personal(tools, ada, "one", ["api"]).secret,
        tokens.create_bot(tools, ada, project, "two", ["api"]).secret,
        deploy.secret,
        tokens.rotate(tools, ada, deploy.token.id).secret,
    ]
    with pytest.raises(CredentialRefused):
        tokens.authenticate(tools, "ada", made[0] + "x", "192.0.2.1")
    return made


def of_people(tools: Tools) -> list[str]:
    """A person who signs in, adds a second factor, loses the phone, and mistypes everything once."""
    users.create(tools, OPERATOR, "bob", password=PASSWORD)
    wrong = "canary in the wrong field"
    for name, typed in (("bob", wrong), (wrong, PASSWORD)):
        with pytest.raises(CredentialRefused):
            sessions.sign_in(tools, name, typed, HERE)
    first = sessions.sign_in(tools, "bob", PASSWORD, HERE)
    bob = caller(tools, first)
    enrolment = second_factors.begin(tools, bob)
    code = pyotp.TOTP(enrolment.secret).at(tools.clock())
    codes = second_factors.confirm(tools, bob, code)
    second = sessions.sign_in(tools, "bob", PASSWORD, HERE)
    with pytest.raises(CredentialRefused):
        second_factors.show(tools, second.session, wrong, HERE)
    third = second_factors.show(tools, second.session, codes[0], HERE)
    more = second_factors.new_codes(tools, caller(tools, third), PASSWORD)
    generated = users.generate_password(tools, OPERATOR, "bob")
    return [wrong, first.secret, second.secret, third.secret, enrolment.secret, *codes, *more, generated]


def caller(tools: Tools, made: NewSession) -> Caller:
    found = sessions.find(tools, made.secret, HERE.address)
    assert found is not None
    return found.caller


def everything(tools: Tools, tables: Sequence[str]) -> str:
    with tools.db.read() as tx:
        return "\n".join(str(row) for table in tables for row in tx.execute(text(f"SELECT * FROM {table}")))
