"""The doctor: finds what is broken, says what to do, and finds nothing where all is well."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.cli.conftest import Invoke
from tests.mailbox import Mailbox, certificate, serving, text_of
from tests.serving import Server, free_port


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("make_database")("postgres")
    server = Server(tmp_path_factory.mktemp("server"), {"database": {"url": url}}).start()
    server.tools.keys.rotate()
    yield server
    server.stop()


def findings(invoke: Invoke, server: Server) -> dict[str, str]:
    """Levels by subject."""
    told = invoke("doctor", "--config", str(server.file), "--json")
    return {one["subject"]: one["level"] for one in json.loads(told.out)}


def test_where_all_is_well(served: Server, invoke: Invoke) -> None:
    told = invoke("doctor", "--config", str(served.file))
    assert told.code == 0, told.out
    lines = [line for line in told.out.splitlines() if not line.startswith("      ")]
    assert all(line.startswith("ok    ") for line in lines if "disk space:" not in line), told.out
    subjects = {line[6:].partition(":")[0] for line in lines}
    assert subjects >= {
        "settings", "server", "data folder", "disk space", "store", "secret", "database", "clock", "signing keys",
        "address", "proxy",
    }  # fmt: skip


def test_another_secret(served: Server, invoke: Invoke) -> None:
    secret = served.settings.secret_path
    right = secret.read_text()
    secret.write_text("00" * 32 + "\n")
    try:
        found = findings(invoke, served)
    finally:
        secret.write_text(right)
    assert (found["signing keys"], found["address"], found["secret"]) == ("fail", "fail", "ok")


@pytest.mark.parametrize(("text", "said"), [("zz", "cannot be read"), ("abcd", "64 hex digits")])
def test_a_broken_secret(served: Server, invoke: Invoke, text: str, said: str) -> None:
    secret = served.settings.secret_path
    right = secret.read_text()
    secret.write_text(text)
    try:
        told = invoke("doctor", "--config", str(served.file))
    finally:
        secret.write_text(right)
    assert told.code == 1
    assert f"fail  secret: {secret}: " in told.out
    assert said in told.out


def test_folders_and_secrets_open_to_others(served: Server, invoke: Invoke) -> None:
    served.settings.data.chmod(0o755)
    served.settings.secret_path.chmod(0o644)
    try:
        found = findings(invoke, served)
    finally:
        served.settings.data.chmod(0o700)
        served.settings.secret_path.chmod(0o600)
    assert (found["data folder"], found["secret"]) == ("warn", "warn")


def test_settings_that_differ_and_a_proxy_nobody_listed(served: Server, invoke: Invoke) -> None:
    text = served.file.read_text()
    served.file.write_text(f'external_url = "https://127.0.0.1:{free_port()}"\n' + text)
    try:
        told = invoke("doctor", "--config", str(served.file))
    finally:
        served.file.write_text(text)
    assert "warn  server: " in told.out
    assert "fail  address: " in told.out
    assert "warn  proxy: " in told.out
    assert "trusted_proxies" in told.out


def test_variables_that_the_server_has_and_this_shell_has_not(
    served: Server, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFINGER_GC__BATCH", "7")
    told = invoke("doctor", "--config", str(served.file)).out
    assert "process " in told and "gc.batch" in told
    assert "the server was started with other variables (WHARFINGER_GC__BATCH)" in told


def test_every_mistake_in_the_settings(invoke: Invoke, home: Path) -> None:
    (home / "wharfinger.toml").write_text("a = 1\nb = 2\n")
    told = invoke("doctor")
    assert told.code == 1
    assert told.out.count("fail  settings: wharfinger.toml:") == 2


def test_where_nothing_was_ever_started(invoke: Invoke, home: Path) -> None:
    (home / "wharfinger.toml").write_text(f'[server]\nlisten = "127.0.0.1:{free_port()}"\n')
    told = invoke("doctor")
    assert told.code == 1
    assert "wharfinger serve" in told.out
    assert "Traceback" not in told.out + told.err


def test_a_database_that_is_not_there_and_its_password(invoke: Invoke, home: Path) -> None:
    (home / "wharfinger.toml").write_text(f'[database]\nurl = "postgresql://u:canary@127.0.0.1:{free_port()}/d"\n')
    told = invoke("doctor")
    assert "fail  database: postgresql+psycopg://u:***@127.0.0.1" in told.out
    assert "canary" not in told.out + told.err


def test_mail_that_could_name_no_page(invoke: Invoke, home: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        section = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "r@example.com"\n'
        (home / "wharfinger.toml").write_text(section)
        assert "warn  mail: 127.0.0.1:" in invoke("doctor").out
        (home / "wharfinger.toml").write_text(f'external_url = "http://127.0.0.1:{port}"\n{section}')
        assert "ok    mail: 127.0.0.1:" in invoke("doctor").out
        assert mailbox.letters == []
        assert "from r@example.com to ada@example.com" in invoke("doctor", "--mail-to", "ada@example.com").out
        mailbox.unknown.add("bob@example.com")
        assert "fail  mail: " in invoke("doctor", "--mail-to", "bob@example.com").out
    [letter] = mailbox.letters
    assert letter["To"] == "ada@example.com"
    assert f"http://127.0.0.1:{port} reaches you" in text_of(letter)


def test_a_key_with_a_passphrase_and_one_that_ends_soon(invoke: Invoke, home: Path) -> None:
    _, pem = certificate(home)
    (home / "wharfinger.toml").write_text('[server]\ntls_certificate = "mail.pem"\ntls_key = "mail.pem"\n')
    told = invoke("doctor").out
    assert (
        "expires in 0 days\n      → renew it in the same files: a running server takes the new pair by itself" in told
    )
    key = ec.generate_private_key(ec.SECP256R1())
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"canary"))
    (home / "mail.pem").write_bytes(pem.encode() + sealed)
    assert "in PEM, the key without a passphrase" in invoke("doctor").out
    assert "in PEM, the key without a passphrase" in invoke("serve").err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write(served: Server, invoke: Invoke) -> None:
    served.settings.data.chmod(0o500)
    try:
        assert findings(invoke, served)["data folder"] == "fail"
    finally:
        served.settings.data.chmod(0o700)
