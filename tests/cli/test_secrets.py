"""No secret in any log, table or message: canaries are sent through everything and looked for afterwards."""

import base64
import json

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tests.cli.conftest import Invoke, OwnServer
from tests.cli.transfers import Transfers
from wharfinger.db.tables.people import users
from wharfinger.domain.tools import Tools


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_clients_send_in_secret_is_nowhere(own_server: OwnServer, invoke: Invoke, form: str) -> None:
    server = own_server({"log": {"format": form, "level": "debug"}}).start()
    transfers = Transfers(server)
    transfers.push(b"data")
    secrets = [transfers.basic[1], transfers.headers["Authorization"].removeprefix("Bearer ")]
    canary = "canary-5be1"
    basic = base64.b64encode(f"somebody:{canary}".encode()).decode()
    for headers in (
        {"Authorization": f"Basic {basic}"},
        {"Authorization": f"Bearer {canary}"},
        {"Authorization": f"{canary} x"},
        {"Cookie": f"session={canary}"},
        {"PRIVATE-TOKEN": canary},
    ):
        httpx.get(f"{server.url}/v2/", headers=headers)
        httpx.get(f"{server.url}/jwt/auth", params={"service": "container_registry", "token": canary}, headers=headers)
        httpx.put(f"{server.url}/v2/{transfers.path}/manifests/x?sig={canary}", headers=headers, content=canary)
    form_data = {"grant_type": "password", "service": "container_registry", "username": "a", "password": canary}
    httpx.post(f"{server.url}/jwt/auth", data=form_data)
    invoke("user", "create", "ada", "--password", "--config", str(server.file), stdin=f"{canary}-long-enough\n")
    password = json.loads(invoke("user", "create", "bob", "--json", "--config", str(server.file)).out)
    secrets += [canary, basic, password["one_time_password"]]
    metrics = httpx.get(f"{server.url}/-/metrics").text
    server.stop()
    told = server.log() + metrics
    assert "GET" in told
    assert [secret for secret in secrets if secret in told] == []
    assert server.settings.secret_path.read_text().strip() not in told


def test_commands_take_no_secret_as_an_argument(own_server: OwnServer, invoke: Invoke) -> None:
    config = ("--config", str(own_server().file))
    assert invoke("user", "create", "ada", "--password", "canary", *config).code == 2
    assert invoke("user", "password", "ada", "canary", *config).code == 2


def test_a_refused_file_with_a_password(own_server: OwnServer, invoke: Invoke) -> None:
    server = own_server({"database": {"url": "mysql://u:canary@h/d"}})
    for command in ("serve", "doctor", "reconfigure", "status", "migrate"):
        told = invoke(command, "--config", str(server.file))
        assert told.code == 1
        assert "canary" not in told.out + told.err


def test_an_error_of_the_database_does_not_repeat_what_was_sent_to_it(tools: Tools) -> None:
    """Hashes of tokens and passwords are parameters; such errors end up in the log."""
    row = {"username": "canary", "name": None, "created_at": tools.clock()}
    with pytest.raises(IntegrityError) as refused, tools.db.begin() as tx:
        tx.execute(insert(users).values(row))
    assert "canary" not in str(refused.value).partition("[SQL")[2]
