"""The audit log and webhooks as an operator has them."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Invoke
from tests.receiver import Reply, listening
from wharfinger.app import compose
from wharfinger.config.load import load
from wharfinger.domain.tools import Tools
from wharfinger.jobs import worker


@pytest.fixture
def acme(invoke: Invoke) -> None:
    """A group and a project."""
    assert invoke("group", "create", "acme").code == 0
    assert invoke("project", "create", "acme/shop").code == 0


def tools(home: Path) -> Tools:
    return compose.open_tools(load(None, {"WHARFINGER_DATA": str(home / "data")}))


def sealed(home: Path) -> None:
    """What the worker does."""
    opened = tools(home)
    while worker.follow(opened):
        pass
    compose.close(opened)


@pytest.mark.usefixtures("acme")
def test_listing_and_exporting(invoke: Invoke, home: Path) -> None:
    sealed(home)
    found = json.loads(invoke("audit", "list", "--json").out)
    assert [(one["number"], one["what"], one["path"], one["who"]) for one in found] == [
        (2, "project created", "acme/shop", "operator"), (1, "group created", "acme", "operator")]  # fmt: skip
    assert "project created" in invoke("audit", "list", "acme/shop").out
    assert invoke("audit", "list", "--who", "nobody").err == "Nothing like that happened.\n"
    assert "is no time" in invoke("audit", "list", "--since", "yesterday").err
    assert json.loads(invoke("audit", "list", "--since", "2020-01-01", "--what", "group created", "--json").out)
    (found,) = json.loads(invoke("audit", "list", "--search", "acme/shop CREATED", "--json").out)
    assert found["what"] == "project created"
    assert invoke("audit", "list", "--search", "acme/shop nothing").err == "Nothing like that happened.\n"
    assert len(invoke("audit", "export", "--search", "operator group").out.splitlines()) == 1
    lines = invoke("audit", "export", "acme").out.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [2, 1]
    table = invoke("audit", "export", "--format", "csv").out
    assert [row["kind"] for row in csv.DictReader(io.StringIO(table))] == ["project created", "group created"]


@pytest.mark.usefixtures("acme")
def test_verifying(invoke: Invoke, home: Path) -> None:
    assert json.loads(invoke("audit", "status", "--json").out)["wait_for_their_seal"] == 2
    sealed(home)
    ran = invoke("audit", "verify")
    assert (ran.code, "Nothing was changed, removed or slipped in." in ran.out) == (0, True)
    status = json.loads(invoke("audit", "status", "--json").out)
    known = f"{status['link']}:{status['hash']}"
    assert invoke("audit", "verify", "--known", known).code == 0
    assert "64 hex digits" in invoke("audit", "verify", "--known", "nonsense").err
    opened = tools(home)
    with opened.db.begin() as tx:
        tx.execute(text("DROP TRIGGER audit_no_update"))
        tx.execute(text("UPDATE audit SET actor = 'eve' WHERE number = 2"))
    compose.close(opened)
    ran = invoke("audit", "verify")
    assert (ran.code, ran.out) == (1, "")
    assert "event 2, sealed on" in ran.err
    assert "by eve" in ran.err
    assert json.loads(invoke("audit", "verify", "--json").out)["broken"].startswith("event 2")


@pytest.mark.usefixtures("acme")
def test_webhooks(invoke: Invoke, home: Path) -> None:
    (home / "wharfinger.toml").write_text('[outbound]\nallow = ["127.0.0.0/8"]\n')
    with listening() as receiver:
        added = invoke("webhook", "add", f"{receiver.url}/in", "--of", "acme/shop", "--on", "push", "--name", "ci")
        assert added.out.startswith("whsec_")
        assert "Webhook 1 is told of push." in added.err
        own = invoke("webhook", "add", receiver.url, "--secret", stdin="a secret of my own\n")
        assert own.out == "a secret of my own\n"
        (listed,) = json.loads(invoke("webhook", "list", "--of", "acme/shop", "--json").out)
        assert (listed["number"], listed["told_of"], listed["state"]) == (1, "push", "works")
        assert invoke("webhook", "test", "1").out.startswith("It arrived: 200")
        receiver.answer = lambda _: Reply(500, body=b"no")
        ran = invoke("webhook", "redeliver", "1", "1")
        assert (ran.code, ran.err) == (1, "wharfinger: it did not arrive: 500, no\n")
        log = json.loads(invoke("webhook", "deliveries", "1", "--json").out)
        assert [(one["number"], one["state"], one["status"]) for one in log] == [
            (2, "given up", 500),
            (1, "delivered", 200),
        ]
        assert len(receiver.received) == 2
    assert invoke("webhook", "enable", "1").code == 0
    assert invoke("webhook", "remove", "1").out == "Webhook 1 is removed.\n"
    assert "no webhook 1" in invoke("webhook", "test", "1").err
    assert "No webhooks of acme/shop" in invoke("webhook", "list", "--of", "acme/shop").err
