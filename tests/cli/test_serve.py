"""Starting a server: what a newcomer reads, and when it refuses."""

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url, text

from tests.cli.conftest import Invoke, OwnServer
from tests.serving import Server, environment, free_port, until
from wharfinger.config import running
from wharfinger.db.engine import Database


def test_a_first_start_says_how_to_begin_and_it_works_as_printed(own_server: OwnServer) -> None:
    server = own_server().start()
    assert until(lambda: "--help" in server.output())
    said = server.output()
    host = f"127.0.0.1:{server.port}"
    assert f"Wharfinger answers at http://{host}\n" in said
    password = re.search(r"one-time password  (\S+)", said)
    assert password
    assert len(password[1]) >= 16
    login, *others = re.findall(r"^  (.*docker .*)$", said, re.MULTILINE)
    assert others == [
        f"docker tag alpine:latest {host}/root/hello:latest",
        f"docker push {host}/root/hello:latest",
        f"docker pull {host}/root/hello:latest",
    ]
    make, _, use = login.partition(" | ")
    assert use == f"docker login {host} --username root --password-stdin"
    made = subprocess.run(
        make, shell=True, capture_output=True, text=True, check=True, cwd=server.folder, env=environment()
    )
    token = made.stdout.strip()
    query = {"service": "container_registry", "scope": "repository:root/hello:pull,push"}
    answer = httpx.get(f"{server.url}/jwt/auth", params=query, auth=("root", token)).json()
    begun = httpx.post(
        f"{server.url}/v2/root/hello/blobs/uploads/", headers={"Authorization": f"Bearer {answer['token']}"}
    )
    assert begun.status_code == 202
    assert password[1] not in server.log()
    server.stop()
    server.start()
    assert server.output().count("one-time password") == 1, "a second start has nothing to tell"


def test_what_it_keeps_is_for_its_owner_only(own_server: OwnServer) -> None:
    server = own_server().start()
    for path in ("data", "data/run", "data/secret", "data/run/server.json"):
        mode = (server.folder / path).stat().st_mode
        assert not mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_no_two_servers_in_one_data_folder(own_server: OwnServer, invoke: Invoke) -> None:
    server = own_server().start()
    server.change({"server": {"listen": "127.0.0.1:1"}})
    refused = invoke("serve", "--config", str(server.file))
    assert refused.code == 1
    assert "cannot listen at 127.0.0.1:1" in refused.err or "is running already" in refused.err
    server.change({"server": {"listen": f"127.0.0.1:{free_port()}"}})
    refused = invoke("serve", "--config", str(server.file))
    assert (refused.code, refused.out) == (1, "")
    assert "is running already" in refused.err


def test_an_address_in_use_is_said(invoke: Invoke, home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (home / "wharfinger.toml").write_text(f'[server]\nlisten = "127.0.0.1:{other.getsockname()[1]}"\n')
        refused = invoke("serve")
    assert refused.code == 1
    assert "Address already in use" in refused.err
    assert not (home / "data").exists()


def test_wrong_settings_are_said_and_nothing_starts(invoke: Invoke, home: Path) -> None:
    (home / "wharfinger.toml").write_text('[server]\nlisten = "here"\nworker = 1\n')
    refused = invoke("serve")
    assert refused.code == 1
    assert "wharfinger.toml:2: [server] listen" in refused.err
    assert "wharfinger.toml:3: [server] has no worker; did you mean workers?" in refused.err
    assert not (home / "data").exists()


def test_a_postgresql_that_is_empty_is_left_to_its_operator(
    request: pytest.FixtureRequest, own_server: OwnServer, invoke: Invoke
) -> None:
    url = request.getfixturevalue("postgres").create("empty")
    server = own_server({"database": {"url": url}})
    refused = invoke("serve", "--config", str(server.file))
    assert refused.code == 1
    assert "has no tables of Wharfinger yet: if it is the right one, `wharfinger migrate` makes them" in refused.err
    assert invoke("user", "list", "--config", str(server.file)).err == refused.err
    server.start("--migrate")
    assert server.stop() == 0
    assert "nothing to do" in invoke("migrate", "--config", str(server.file)).out


@pytest.mark.parametrize(
    ("at", "what"), [("0001", "is behind this version"), ("9999", "is of a newer version of Wharfinger")]
)
def test_a_database_of_another_version(
    at: str, what: str, request: pytest.FixtureRequest, own_server: OwnServer, invoke: Invoke
) -> None:
    url = request.getfixturevalue("make_database")("postgres")
    db = Database.open(url)
    with db.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": at})
    db.close()
    server = own_server({"database": {"url": url}})
    for command in ("serve", "doctor"):
        refused = invoke(command, "--config", str(server.file))
        assert refused.code == 1
        assert what in refused.out + refused.err


def test_a_user_who_owns_nothing(request: pytest.FixtureRequest, own_server: OwnServer, invoke: Invoke) -> None:
    cluster = request.getfixturevalue("postgres")
    url = cluster.create("of_somebody_else")
    db = Database.open(url)
    with db.begin() as tx:
        tx.execute(text("CREATE ROLE lodger LOGIN"))
    db.close()
    server = own_server({"database": {"url": make_url(url).set(username="lodger").render_as_string()}})
    refused = invoke("migrate", "--config", str(server.file))
    assert "permission denied for schema public; make the user of [database] url the owner" in refused.err
    assert refused.err.count("\n") == 1


def test_migrating_by_hand(request: pytest.FixtureRequest, own_server: OwnServer, invoke: Invoke) -> None:
    server = own_server({"database": {"url": request.getfixturevalue("postgres").create("by_hand")}})
    done = invoke("migrate", "--config", str(server.file))
    assert (done.code, done.out.startswith("The database went from revision none to ")) == (0, True)
    assert invoke("user", "list", "--config", str(server.file)).code == 0


def test_a_database_that_is_not_there(own_server: OwnServer, invoke: Invoke) -> None:
    server = own_server({"database": {"url": f"postgresql://u:canary@127.0.0.1:{free_port()}/d"}})
    refused = invoke("serve", "--config", str(server.file))
    assert refused.code == 1
    assert refused.err.startswith("wharfinger: the database cannot be reached: ")
    assert "Connection refused; check that it runs, and host, name, user and password in [database] url" in refused.err
    assert refused.err.count("\n") == 1
    assert "canary" not in refused.err


def test_two_servers_share_one_database_and_one_store(request: pytest.FixtureRequest, own_server: OwnServer) -> None:
    """Several hosts: each with a data folder of its own, one secret, one PostgreSQL, one store."""
    url = request.getfixturevalue("make_database")("postgres")
    first = own_server({"database": {"url": url}}).start()
    second = own_server({"database": {"url": url}, "storage": {"folder": str(first.settings.store)}})
    refused = second.command("serve")
    assert refused.returncode == 1
    assert "put the secret back that the database was used with, the same on every host" in refused.stderr
    second.table["secret_file"] = str(first.settings.secret_path)
    second.change({})
    second.start()
    project = first.project()
    user = second.user(project, "developer")
    basic = (user.username, second.token(user))
    query = {"service": "container_registry", "scope": f"repository:{project.path}:pull,push"}
    token = httpx.get(f"{first.url}/jwt/auth", params=query, auth=basic).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    begun = httpx.post(f"{first.url}/v2/{project.path}/blobs/uploads/", headers=headers)
    path = httpx.URL(begun.headers["location"]).raw_path.decode()
    sent = httpx.patch(f"{second.url}{path}", headers=headers, content=b"hello ")
    assert sent.status_code == 202
    path = httpx.URL(sent.headers["location"]).raw_path.decode()
    digest = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
    done = httpx.put(f"{first.url}{path}", params={"digest": digest}, headers=headers, content=b"world")
    assert done.status_code == 201
    found = httpx.get(f"{second.url}/v2/{project.path}/blobs/{digest}", headers=headers)
    assert found.content == b"hello world"


def certify(certificate: Path, key: Path) -> None:
    """A new certificate of its own for 127.0.0.1, each file put in place at once."""
    fresh = {path: path.with_suffix(".new") for path in (certificate, key)}
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", str(fresh[key]), "-out", str(fresh[certificate]), "-days", "30",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    for path, new in fresh.items():
        new.replace(path)


@pytest.fixture
def encrypted(own_server: OwnServer, tmp_path: Path) -> Server:
    """A server that speaks TLS, with `c.pem` and `k.pem` of the test's folder."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certify(certificate, key)
    server = own_server({"server": {"tls_certificate": str(certificate), "tls_key": str(key)}})
    server.url = server.url.replace("http://", "https://")
    return server.start()


def served_certificate(server: Server) -> str:
    return ssl.get_server_certificate(("127.0.0.1", server.port))


def test_https_with_its_own_certificate(encrypted: Server, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=tmp_path / "c.pem")
    challenge = httpx.get(f"{encrypted.url}/v2/", verify=trusted).headers["www-authenticate"]
    assert f'realm="{encrypted.url}/jwt/auth"' in challenge
    told = encrypted.command("doctor")
    assert "certificate: " in told.stdout


def test_encrypted_it_is_http_1_whatever_else_a_client_speaks(encrypted: Server, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=tmp_path / "c.pem")
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", encrypted.port), timeout=30) as line,
        trusted.wrap_socket(line, server_hostname="127.0.0.1") as inner,
    ):
        assert inner.selected_alpn_protocol() in (None, "http/1.1")
        inner.sendall(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert inner.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_renewed_certificate_is_served_and_no_upload_is_cut(encrypted: Server, tmp_path: Path) -> None:
    """The upload begins with the one from before, and goes on while others get the new one already."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    client, before = pushing(encrypted, certificate), certificate.read_text()
    begun = client.post("")

    def body() -> Iterator[bytes]:
        yield b"hello "
        certify(certificate, key)
        assert until(lambda: served_certificate(encrypted) != before, 60)
        yield b"world"

    sent = client.patch(encrypted.url + begun.headers["location"], content=body())
    assert (sent.status_code, sent.headers.get("range")) == (202, "0-10"), sent.text
    after = certificate.read_text()
    assert until(lambda: all(served_certificate(encrypted) == after for _ in range(20)), 60)


def test_a_certificate_without_its_key_leaves_the_one_from_before(encrypted: Server, tmp_path: Path) -> None:
    certificate, other = tmp_path / "c.pem", tmp_path / "other.pem"
    before = certificate.read_text()
    certify(certificate, other)
    assert until(lambda: "put a certificate and its own key there" in encrypted.log())
    assert served_certificate(encrypted) == before
    replace_a_process(encrypted)
    assert {served_certificate(encrypted) for _ in range(20)} == {before}, "a process that is new has it as well"
    other.replace(tmp_path / "k.pem")
    assert until(lambda: served_certificate(encrypted) == certificate.read_text(), 60)


def test_a_certificate_that_cannot_be_served_is_refused(own_server: OwnServer, invoke: Invoke, tmp_path: Path) -> None:
    certify(tmp_path / "c.pem", tmp_path / "other.pem")
    certify(tmp_path / "other.pem", tmp_path / "k.pem")
    paths = {"tls_certificate": str(tmp_path / "c.pem"), "tls_key": str(tmp_path / "k.pem")}
    refused = invoke("serve", "--config", str(own_server({"server": paths}).file))
    assert refused.code == 1
    assert "k.pem cannot be served" in refused.err
    assert "put a certificate and its own key there" in refused.err


def replace_a_process(server: Server) -> None:
    """One web process dies, and another takes its place."""
    described = running.read(server.settings.run)
    assert described is not None

    def pids() -> set[int]:
        return {one.pid for one in running.acknowledged(described) if one.role == "web"}

    before = pids()
    os.kill(victim := min(before), signal.SIGKILL)
    assert until(lambda: len(pids() - {victim}) == len(before), 30)


def pushing(server: Server, trusted: Path) -> httpx.Client:
    """A client that may upload to a project's own repository."""
    project = server.project()
    user = server.user(project, "developer")
    verify = ssl.create_default_context(cafile=trusted)
    query = {"service": "container_registry", "scope": f"repository:{project.path}:pull,push"}
    basic = (user.username, server.token(user))
    token = httpx.get(f"{server.url}/jwt/auth", params=query, auth=basic, verify=verify).json()["token"]
    uploads = f"{server.url}/v2/{project.path}/blobs/uploads/"
    return httpx.Client(base_url=uploads, headers={"Authorization": f"Bearer {token}"}, verify=verify)


def test_without_the_periodic_work(own_server: OwnServer) -> None:
    server = own_server({"log": {"format": "text"}}).start("--no-worker")
    assert json.loads(server.command("status", "--json").stdout)["worker_pids"] == ""
    assert until(lambda: " GET /-/nothing 404 " in server.log() or not httpx.get(f"{server.url}/-/nothing"))
