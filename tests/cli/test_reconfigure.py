"""Changing the settings of a running server, and seeing what it runs with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Invoke
from tests.cli.transfers import Transfers
from tests.serving import Server, environment, free_port, until
from wharfinger.config import running

DATA = os.urandom(8 * 1024 * 1024)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def as_before(served: Server) -> Iterator[None]:
    """Every test finds the server as it was started."""
    table = deepcopy(served.table)
    yield
    served.table = table
    served.change({})
    assert served.command("reconfigure").returncode == 0


def life(server: Server) -> int:
    """How many seconds the server's tokens are good for, by every process the same."""
    query = {"service": "container_registry"}
    answers = {httpx.get(f"{server.url}/jwt/auth", params=query).json()["expires_in"] for _ in range(20)}
    (seconds,) = answers
    return int(seconds)


def test_a_store_that_lacks_what_was_pushed_is_refused(served: Server, invoke: Invoke, tmp_path: Path) -> None:
    folder = served.settings.store
    Transfers(served).push(DATA)
    served.change({"storage": {"folder": str(tmp_path)}})
    refused = invoke("reconfigure", "--config", str(served.file))
    assert refused.code == 1
    assert f"are not in {tmp_path}" in refused.err
    assert "or name the store from before in [storage.other]" in refused.err
    told = invoke("doctor", "--config", str(served.file))
    assert "ok    blobs: " not in told.out
    assert "fail  blobs: the bytes of sha256:" in told.out
    served.change({"storage": {"folder": str(tmp_path), "other": {"folder": str(folder)}}})
    assert invoke("reconfigure", "--config", str(served.file)).code == 0
    assert "ok    blobs: " in invoke("doctor", "--config", str(served.file)).out


def test_hot_settings_are_applied_without_dropping_a_transfer(served: Server, invoke: Invoke) -> None:
    transfers = Transfers(served)
    digest = transfers.push(DATA)
    upload, download = transfers.slow_upload(DATA[::-1]), transfers.slow_download(digest)
    upload.send(1_000_000)
    before = running.read(served.settings.run)
    served.change({"tokens": {"life": "77s"}, "registry": {"page_limit": 500}})
    done = invoke("reconfigure", "--config", str(served.file))
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Applied to the running server:\n  registry.page_limit: 1000 → 500\n  tokens.life: 5m → 1m17s\n"
    )
    assert life(served) == 77
    assert download.finish() == DATA
    assert upload.finish() == 201
    after = running.read(served.settings.run)
    assert before is not None
    assert after is not None
    assert {one.generation for one in running.acknowledged(after)} == {before.generation + 1}
    assert {one.pid for one in running.acknowledged(after)} == {one.pid for one in running.acknowledged(before)}


def test_a_refused_file_changes_nothing(served: Server, invoke: Invoke) -> None:
    served.file.write_text(served.file.read_text() + '\n[tokens]\nlife = "soon"\nlive = 5\n')
    done = invoke("reconfigure", "--config", str(served.file))
    assert (done.code, done.out) == (1, "")
    assert "the server goes on as it is" in done.err
    assert "[tokens] life: 'soon' is no duration" in done.err
    assert "did you mean life?" in done.err
    assert life(served) == 300


def test_keys_that_cannot_be_read_are_refused_before_anything_changes(served: Server, invoke: Invoke) -> None:
    issuer = '[[tokens.trusted_issuers]]\nissuer = "ci"\naudience = "a"\nkeys = { k = "missing.pem" }\n'
    served.file.write_text(served.file.read_text() + '\n[tokens]\nlife = "60s"\n' + issuer)
    done = invoke("reconfigure", "--config", str(served.file))
    assert done.code == 1
    assert "missing.pem" in done.err
    assert life(served) == 300


def test_what_needs_a_restart_is_left_and_said(served: Server, invoke: Invoke) -> None:
    served.change({"server": {"workers": 1, "header_limit": "8KiB"}, "database": {"url": "postgresql://u:canary@h/d"}})
    done = invoke("reconfigure", "--config", str(served.file))
    assert done.code == 0, done.err
    assert "Applied to the running server:\n  server.header_limit: 64KiB → 8KiB" in done.out
    assert "Needs a restart, and was left as it is:\n  server.workers: 2 → 1\n  database.url: (empty)" in done.out
    assert "canary" not in done.out
    long = httpx.get(f"{served.url}/v2/", headers={"X-Long": "x" * 9000})
    assert (long.status_code, httpx.get(f"{served.url}/-/ready").status_code) == (431, 200)
    told = invoke("status", "--config", str(served.file), "--json")
    assert [one["setting"] for one in json.loads(told.out)["differs"]] == ["server.workers", "database.url"]
    assert "canary" not in told.out


def test_nothing_changed(served: Server, invoke: Invoke) -> None:
    assert invoke("reconfigure", "--config", str(served.file)).out.startswith("Nothing changed")


def test_status_tells_what_runs_and_what_the_file_would_change(served: Server, invoke: Invoke) -> None:
    plain = invoke("status", "--config", str(served.file))
    assert plain.code == 0
    assert "What runs is what the settings on disk say." in plain.out
    served.change({"access": {"profile": "gitlab"}})
    told = json.loads(invoke("status", "--config", str(served.file), "--json").out)
    assert told["differs"] == [{"setting": "access.profile", "runs": "default", "file": "gitlab", "hot": True}]
    assert served.process is not None
    assert (told["server_pid"], told["answers"]) == (served.process.pid, "ready")
    assert len(told["web_pids"].split()) == 2
    assert told["listens_at"] == f"127.0.0.1:{served.port}"
    assert told["schema"].endswith("the newest")
    assert "access.profile: default → gitlab" in invoke("status", "--config", str(served.file)).out
    served.file.write_text("nonsense = 1\n" + served.file.read_text())
    assert "would be refused" not in plain.out
    broken = invoke("status", "--config", str(served.file))
    assert "nonsense" in broken.out + broken.err


def test_the_variables_of_the_server_count_not_those_of_the_shell(
    served: Server, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFINGER_TOKENS__LIFE", "99s")
    assert invoke("reconfigure", "--config", str(served.file)).out.startswith("Nothing changed")
    assert life(served) == 300


@pytest.mark.parametrize("command", ["status", "reconfigure"])
def test_without_a_server(invoke: Invoke, command: str) -> None:
    done = invoke(command)
    assert (done.code, done.out) == (1, "")
    assert "no server runs with the data folder" in done.err


def test_a_file_that_was_written_after_the_start(tmp_path: Path) -> None:
    port = free_port()
    given = environment() | {"WHARFINGER_SERVER__LISTEN": f"127.0.0.1:{port}", "WHARFINGER_SERVER__WORKERS": "1"}
    command = [sys.executable, "-m", "wharfinger"]

    def said(*words: str) -> str:
        return subprocess.run(
            [*command, *words], cwd=tmp_path, env=environment(), check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([*command, "serve"], cwd=tmp_path, env=given, stdout=log, stderr=log)
    try:
        assert until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 60), (tmp_path / "log").read_text()
        (tmp_path / "wharfinger.toml").write_text('[tokens]\nlife = "77s"\n')
        assert "  tokens.life: 5m → 1m17s" in said("status")
        assert said("reconfigure") == "Applied to the running server:\n  tokens.life: 5m → 1m17s\n"
        told = said("status")
        assert re.search(rf"settings file +{re.escape(str(tmp_path / 'wharfinger.toml'))}\n", told)
        assert "What runs is what the settings on disk say." in told
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
