"""What a restart changes is in the audit log, like what a running server takes over."""

import json
from typing import Any

from sqlalchemy import select

from tests.cli.conftest import OwnServer
from tests.serving import Server
from wharfinger.db.tables.audit import audit
from wharfinger.db.tables.work import events


def changed(server: Server) -> list[dict[str, Any]]:
    """What was written down of settings, sealed yet or not."""
    with server.tools.db.read() as tx:
        tables = ((audit, audit.c.number), (events, events.c.id))
        wanted = [select(each.c.about).where(each.c.kind == "settings changed").order_by(key) for each, key in tables]
        return [json.loads(about) for statement in wanted for about in tx.scalars(statement)]


def test_settings_that_a_restart_applies_are_written_down(own_server: OwnServer) -> None:
    server = own_server({"server": {"workers": 1}}).start()
    assert changed(server) == []
    server.stop()
    server.change(
        {
            "server": {"workers": 2},
            "mail": {"host": "mail.example.com", "sender": "a@example.com", "password": "canary of the mail"},
        }
    )
    server.start()
    (told,) = changed(server)
    assert (told["before"]["server.workers"], told["after"]["server.workers"]) == ("1", "2")
    assert (told["before"]["mail.password"], told["after"]["mail.password"]) == ("(empty)", "(another secret)")
    server.change({"log": {"level": "debug"}})
    assert server.command("reconfigure").returncode == 0
    assert changed(server)[1:] == [{"before": {"log.level": "info"}, "after": {"log.level": "debug"}}]
