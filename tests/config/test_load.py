"""Settings from a file and the environment, and everything that is wrong with them at once."""

import os
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from wharfinger.config.load import SettingsRefused, find_file, load
from wharfinger.config.reference import markdown
from wharfinger.config.settings import Settings, leaves, variable
from wharfinger.config.values import Address

GOOGLE_KEY = "projects/shop-1/locations/europe-west1/keyRings/ring/cryptoKeys/images"


def refused(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The problems of a settings file, with the file called `f`."""
    file = folder / "f"
    file.write_text(text)
    with pytest.raises(SettingsRefused) as caught:
        load(file, environ or {})
    return [str(problem).replace(str(file), "f") for problem in caught.value.problems]


def test_without_a_file_everything_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert settings.listen == Address("127.0.0.1", 5050)
    assert settings.address == "http://127.0.0.1:5050"
    assert (settings.data, settings.store) == (tmp_path / "data", tmp_path / "data/store")
    assert settings.secret_path == tmp_path / "data/secret"
    assert settings.tokens.life == timedelta(minutes=5)


def test_a_file_says_what_differs_and_variables_stand_above_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('[server]\nlisten = "[::1]:80"\nworkers = 3\n[tokens]\nlife = "1m"\n')
    settings = load(tmp_path / "f", {"WHARFINGER_SERVER__WORKERS": "5", "WHARFINGER_LOG__FORMAT": "text", "HOME": "/"})
    assert settings.server.listen == Address("::1", 80)
    assert settings.server.workers == 5
    assert settings.tokens.life == timedelta(minutes=1)
    assert settings.log.format == "text"


def test_lists_and_tables_in_variables(tmp_path: Path) -> None:
    settings = load(
        None,
        {
            "WHARFINGER_SERVER__TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "WHARFINGER_TOKENS__TRUSTED_ISSUERS": '[{"issuer": "i", "audience": "a", "keys": {"k": "/k.pem"}}]',
        },
    )
    assert settings.server.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.tokens.trusted_issuers[0].keys == {"k": Path("/k.pem")}


def test_relative_paths_start_where_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(tmp_path)
    file = Path("etc/f")
    file.write_text(
        'secret_file = "s"\n[storage]\nfolder = "/mnt"\n'
        '[[tokens.trusted_issuers]]\nissuer = "i"\naudience = "a"\nkeys = { k = "k.pem" }\n'
    )
    settings = load(file, {"WHARFINGER_SERVER__TLS_KEY": "key", "WHARFINGER_SERVER__TLS_CERTIFICATE": "/c"})
    assert settings.secret_file == tmp_path / "etc/s"
    assert settings.data == tmp_path / "etc/data"
    assert settings.store == Path("/mnt")
    assert settings.tokens.trusted_issuers[0].keys["k"] == tmp_path / "etc/k.pem"
    assert settings.server.tls_key == tmp_path / "key"
    assert settings.scheme == "https"


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = """
external_ur = "http://x"
listen = "1.2.3.4:5"
[server]
listn = "x"
workers = "many"
stop_timeout = 5
trusted_proxies = [
  "10.0.0.1/8",
]
[databse]
url = "x"
[database]
url = "mysql://u:canary@h/x"
[registry]
page_default = 0
zebra = 1
[[tokens.trusted_issuers]]
issuer = "x"
aud = "y"
keys = { a = "b" }
[log]
level = "loud"
"""
    found = refused(tmp_path, text, {"WHARFINGER_LOGINS__FAILURES": "-1", "WHARFINGER_LOGINS__WINDOV": "1s"})
    assert found == [
        "WHARFINGER_LOGINS__FAILURES: [logins] failures = '-1': it should be greater than or equal to 1",
        "WHARFINGER_LOGINS__WINDOV: [logins] has no windov; did you mean window?",
        "f:2: the top level has no external_ur; did you mean external_url?",
        "f:3: the top level has no listen; it belongs in [server]",
        "f:5: [server] has no listn; did you mean listen?",
        "f:6: [server] workers = 'many': it should be a valid integer, unable to parse string as an integer",
        'f:7: [server] stop_timeout: 5 is no duration: write number and unit, as in "30s", "5m", "1h30m" or "7d"',
        "f:8: [server] trusted_proxies: '10.0.0.1/8' is no network: 10.0.0.1/8 has host bits set; "
        'write an address or a CIDR, as in "10.0.0.0/8"',
        "f:11: the top level has no databse; did you mean database?",
        'f:14: [database] url: it should be like "postgresql://user:password@host/name", or empty for SQLite',
        "f:16: [registry] page_default = 0: it should be greater than or equal to 1",
        "f:17: [registry] has no zebra; it has manifest_limit, blob_limit, upload_keep, immutable_versions, "
        "page_default, page_limit",
        "f:18: [tokens.trusted_issuers] lacks audience",
        "f:20: [tokens.trusted_issuers] has no aud; it has issuer, audience, keys",
        "f:23: [log] level = 'loud': it should be 'debug', 'info', 'warning' or 'error'",
    ]
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\ntls_key = "k"', "f:1: [server]: tls_certificate and tls_key go together"),
        ("[registry]\npage_default = 5\npage_limit = 4", "f:1: [registry]: page_default (5) is over page_limit (4)"),
        ('[mail]\nhost = "smtp.example.com:25"', "f:2: [mail] host: it should be a name or an address alone"),
        (
            '[mail]\nhost = "smtp://smtp.example.com"',
            "f:2: [mail] host: it should be a name or an address alone",
        ),
        ("server = 5", "f:1: [server] is a table of settings: write each on a line of its own below [server]"),
        ('[gc]\ndelay = "0s"', "f:2: [gc] delay = 0s: it should be greater than or equal to 1 second"),
        ('[tokens]\nlife = "2d"', "f:2: [tokens] life = 2d: it should be less than or equal to 1 day"),
        ("[database]\nurl = 5", "f:2: [database] url: it should be like"),
        ("[server]\nlisten.host = 1", "f:2: [server] listen:"),
        ('"server"."workers" = -1', "f:1: [server] workers = -1"),
        ('[tokens]\nissuer = """\nlife = x\n"""\nlife = 5', "f:5: [tokens] life"),
        ('[tokens]\nlife = "1s"', "f:2: [tokens] life"),
    ],
)
def test_where_a_mistake_stands(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = refused(tmp_path, text)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"WHARFINGER_SEVER__LISTEN": "x"}, "the top level has no sever; did you mean server?"),
        ({"WHARFINGER_TOKENS__TRUSTED_ISSUERS": "[x"}, "[tokens] trusted_issuers: it should be a list of tables"),
        ({"WHARFINGER_DATABASE__URL": "x"}, "[database] url: it should be like"),
    ],
)
def test_mistakes_in_variables(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    (problem,) = refused(tmp_path, "", environ)
    assert problem.startswith(f"{next(iter(environ))}: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[server", "is not TOML"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"\xff\xfe", "is not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "f"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsRefused, match=said):
        load(file, {})


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_file(None, {}) in (None, Path("/etc/wharfinger/wharfinger.toml"))
    Path("wharfinger.toml").touch()
    assert find_file(None, {}) == Path("wharfinger.toml")
    assert find_file(None, {"WHARFINGER_CONFIG": "/b"}) == Path("/b")
    assert find_file(Path("/a"), {"WHARFINGER_CONFIG": "/b"}) == Path("/a")


@pytest.mark.parametrize(("owner", "mode"), [(4242, 0o600), (0, 0o602), (0, 0o666)])
def test_a_file_that_others_may_have_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, mode: int
) -> None:
    """In a folder that one merely stands in: it would say where passwords go, and whose database this is."""
    monkeypatch.chdir(tmp_path)
    file = Path("wharfinger.toml")
    file.touch()
    file.chmod(mode)
    if owner and os.geteuid():
        pytest.skip("only root can give a file away")
    if owner:
        os.chown(file, owner, -1)
    with pytest.raises(SettingsRefused, match="name it"):
        find_file(None, {})
    assert find_file(file, {}) == file
    assert find_file(None, {"WHARFINGER_CONFIG": "wharfinger.toml"}) == file


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ({"URL": "gs://b1", "ENCRYPTION": "AES256"}, "encryption is asked of S3 alone"),
        ({"URL": "az://b1", "ENCRYPTION": "aws:kms"}, "encryption is asked of S3 alone"),
        ({"URL": "az://b1", "ENCRYPTION_KEY": "key"}, "a setting of the storage account"),
        ({"URL": "gs://b1", "ENCRYPTION_KEY": "key"}, "projects/PROJECT/locations/PLACE"),
        ({"URL": "gs://b1", "ENCRYPTION_KEY": f"{GOOGLE_KEY}/cryptoKeyVersions/1"}, "no version of it"),
        ({"URL": "s3://b1", "ENCRYPTION_KEY": "key"}, "encryption_key goes with encryption"),
        ({"URL": "s3://b1", "ENCRYPTION": "AES256", "ENCRYPTION_KEY": "key"}, "encryption_key goes with encryption"),
    ],
)
def test_encryption_that_the_provider_would_not_follow_is_refused(storage: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsRefused, match=words):
        load(None, {f"WHARFINGER_STORAGE__{name}": value for name, value in storage.items()})


def test_a_key_of_ones_own_is_taken_for_google() -> None:
    known = {"WHARFINGER_STORAGE__URL": "gs://b1", "WHARFINGER_STORAGE__ENCRYPTION_KEY": GOOGLE_KEY}
    assert load(None, known).storage.encryption_key == GOOGLE_KEY


def test_settings_survive_being_written_down(tmp_path: Path) -> None:
    settings = load(
        None,
        {
            "WHARFINGER_SERVER__TRUSTED_PROXIES": "10.0.0.0/8",
            "WHARFINGER_REGISTRY__BLOB_LIMIT": "1500",
            "WHARFINGER_TOKENS__LIFE": "90s",
            "WHARFINGER_TOKENS__TRUSTED_ISSUERS": '[{"issuer": "i", "audience": "a", "keys": {"k": "/k.pem"}}]',
            "WHARFINGER_SERVER__LISTEN": "[::1]:5050",
        },
    )
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_every_setting_has_a_meaning_and_a_variable_of_its_own() -> None:
    assert all(setting.meaning.endswith(".") for setting in leaves().values())
    assert len({variable(path) for path in leaves()}) == len(leaves())
    secret = {path for path, setting in leaves().items() if setting.secret}
    names = ("access_key", "secret_key", "session_token", "master_keys")
    stores = {f"{store}.{name}" for store in ("storage", "storage.other") for name in names}
    assert secret == {"database.url", "mail.password", "oidc.client_secret", *stores}


def test_the_page_about_settings_is_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert page.read_text() == markdown(), "run: python -m wharfinger.config.reference > docs/configuration.md"
