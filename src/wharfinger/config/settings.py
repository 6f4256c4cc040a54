"""Every setting of Wharfinger, one line each.

A file (`wharfinger.toml`) says what differs from the defaults, the environment says what differs from the file:
`[server] listen` is `WHARFINGER_SERVER__LISTEN`. A *hot* setting is applied to a running server by
`wharfinger reconfigure`; the others need a restart. docs/configuration.md is made from this file.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from wharfinger.config.buckets import BucketUrl, Endpoint
from wharfinger.config.values import (
    Address,
    DatabaseUrl,
    Duration,
    Listen,
    Networks,
    Size,
    Tables,
    Url,
    address,
    duration,
    networks,
    size,
)


def _setting(default: Any, meaning: str, *, hot: bool = False, secret: bool = False, **bounds: Any) -> Any:
    return Field(default, description=meaning, json_schema_extra={"hot": hot, "secret": secret}, **bounds)


RUN: Final = "run"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting: its path (`server.listen`), meaning, default, and how it may change."""

    path: str
    meaning: str
    default: Any
    hot: bool
    secret: bool


class Section(BaseModel):
    """A table of the file. What it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Server(Section):
    """How requests come in."""

    listen: Listen = _setting(address("127.0.0.1:5050"), "Address and port to listen at; `*:5050` is every address.")
    workers: int = _setting(0, "Processes that answer requests; 0 is one per core, at most 8.", ge=0, le=256)
    tls_certificate: Path | None = _setting(None, "Certificate chain in PEM; with `tls_key`, the server speaks HTTPS.")
    tls_key: Path | None = _setting(None, "Private key of the certificate, in PEM.")
    trusted_proxies: Networks = _setting(
        networks([]), "Networks whose `Forwarded` and `X-Forwarded-*` headers are believed.", hot=True
    )
    stop_timeout: Duration = _setting(duration("30s"), "How long running transfers may go on once a stop is asked for.")
    header_timeout: Duration = _setting(duration("30s"), "How long a client may take to send its headers.")
    body_timeout: Duration = _setting(
        duration("1m"), "How long a client may pause within a body.", hot=True, ge=duration("1s")
    )
    header_limit: Size = _setting(size("64KiB"), "Most bytes of headers in one request.", hot=True, ge=4096, le=400_000)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: set both, or neither behind a proxy")
        return self


class DatabaseSection(Section):
    """Where rows are kept."""

    url: DatabaseUrl = _setting(
        "", "`postgresql://user:password@host/name`; empty is SQLite in the data folder.", secret=True
    )


class Storage(Section):
    """Where bytes are kept."""

    folder: Path | None = _setting(None, "Folder for the bytes of blobs; empty is `store` in the data folder.")
    url: BucketUrl = _setting(
        "", "Bucket for them instead: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."
    )
    endpoint: Endpoint = _setting("", "Address of the object store, where it is not the provider's own.")
    region: str = _setting("", "Region of an S3 bucket.")
    access_key: str = _setting(
        "", "S3 access key id, or the name of the Azure account; empty is what environment or the machine's role say.",
        secret=True,
    )  # fmt: skip
    secret_key: str = _setting("", "S3 secret access key, or the key of the Azure account.", secret=True)
    session_token: str = _setting(
        "", "Temporary credentials: S3 session token, Google access token or Azure SAS.", secret=True
    )
    key_file: Path | None = _setting(None, "JSON key of a Google service account.")
    ca_file: Path | None = _setting(None, "Certificates in PEM that are trusted for the endpoint besides the system's.")
    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = _setting(
        "", "Server-side encryption to ask S3 for; for Google and Azure it is a setting of the bucket."
    )
    encryption_key: str = _setting("", "Id of the KMS key for it; empty is the provider's own.")
    timeout: Duration = _setting(
        duration("30s"), "How long the object store may take for one request.", ge=duration("1s"), le=duration("10m")
    )
    retry_for: Duration = _setting(
        duration("20s"), "How long a request to it is tried again before the client is told.", le=duration("5m")
    )
    redirect: bool = _setting(
        default=True, meaning="Send clients that pull to the bucket itself, by URLs that are signed and end.", hot=True
    )
    redirect_life: Duration = _setting(
        duration("20m"), "How long such a URL is good.", hot=True, ge=duration("10s"), le=duration("7d")
    )
    stream_to: Networks = _setting(
        networks([]), "Networks of clients that get the bytes through the server even so.", hot=True
    )
    master_keys: str = _setting(
        "", "Keys that blobs are sealed with: `name hex`, separated by commas; the first seals, all open.", secret=True
    )
    master_key_file: Path | None = _setting(None, "A file with such keys, a line each, instead.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        lonely = [name for name in ("endpoint", "access_key", "key_file", "encryption") if getattr(self, name)]
        if lonely and not self.url:
            raise ValueError(f"{lonely[0]} is for a bucket: set url as well, or leave it out")
        if self.encryption_key and not self.encryption.startswith("aws:kms"):
            raise ValueError('encryption_key goes with encryption = "aws:kms" or "aws:kms:dsse"')
        if self.master_keys and self.master_key_file:
            raise ValueError("master_keys and master_key_file say the same: keep one of them")
        return self


class Registry(Section):
    """What is taken in, and how lists are paged."""

    manifest_limit: Size = _setting(size("4MiB"), "Largest manifest taken.", hot=True, ge=64 * 1024, le=64 * 1024**2)
    blob_limit: Size = _setting(0, "Largest blob taken; 0 is no limit.", hot=True)
    upload_keep: Duration = _setting(duration("7d"), "How long an upload may pause before it is forgotten.", hot=True)
    page_default: int = _setting(100, "Entries of a list where the client does not say.", hot=True, ge=1, le=10_000)
    page_limit: int = _setting(1000, "Most entries of a list, whatever the client says.", hot=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def _default_within_limit(self) -> Self:
        if self.page_default > self.page_limit:
            raise ValueError(f"page_default ({self.page_default}) is over page_limit ({self.page_limit})")
        return self


class Trash(Section):
    """What is deleted can be restored for a while."""

    keep: Duration = _setting(
        duration("7d"), "How long a deleted tag, manifest or repository can be restored; `0s` is not at all.", hot=True
    )


class Garbage(Section):
    """How what nothing needs any more is found and removed."""

    delay: Duration = _setting(
        duration("1d"),
        "What was touched is left alone for so long: longer than a push takes from its first blob to its manifest.",
        hot=True,
        ge=duration("1s"),
    )
    interval: Duration = _setting(
        duration("5s"), "How often what is due is looked at.", hot=True, ge=duration("1s"), le=duration("1d")
    )
    batch: int = _setting(200, "Rows in one transaction of it.", hot=True, ge=1, le=2_000)


class Issuer(Section):
    """Somebody else whose registry tokens are accepted."""

    issuer: str = Field(description="The `iss` claim of its tokens.", min_length=1)
    audience: str = Field(description="The `aud` claim of its tokens.", min_length=1)
    keys: dict[str, Path] = Field(description="Files with its public keys in PEM, by key id.", min_length=1)


class Tokens(Section):
    """Registry tokens: the short-lived ones that `/jwt/auth` signs."""

    life: Duration = _setting(
        duration("5m"), "How long a registry token is good; what is revoked stops working within it.", hot=True,
        ge=duration("10s"), le=duration("1d"),
    )  # fmt: skip
    issuer: str = _setting("wharfinger", "The `iss` claim of our tokens.", hot=True, min_length=1, max_length=200)
    audience: str = _setting(
        "container_registry",
        "The service's name in challenges and the `aud` claim.",
        hot=True,
        min_length=1,
        max_length=200,
    )
    key_overlap: Duration = _setting(duration("1h"), "How long a key that was rotated out still verifies.", hot=True)
    trusted_issuers: Annotated[tuple[Issuer, ...], Tables] = _setting(
        (),
        "Tables (`issuer`, `audience`, `keys`: files by key id) of others whose registry tokens count.",
        hot=True,
    )


class Access(Section):
    """Who may do what."""

    profile: Literal["default", "gitlab"] = _setting("default", "Which rights the roles carry.", hot=True)
    password_login: bool = _setting(
        default=False,
        meaning="Take account passwords for `docker login`, of accounts without a second factor.",
        hot=True,
    )


class Logins(Section):
    """How failed logins are slowed down."""

    failures: int = _setting(
        10, "Failed logins of an address or account until it must wait.", hot=True, ge=1, le=10_000
    )
    window: Duration = _setting(duration("10m"), "How long a failed login counts.", hot=True, ge=duration("1s"))


class Log(Section):
    """What the server writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Least level written; a request is `info`, or `error` from status 500 on.", hot=True
    )
    format: Literal["json", "text"] = _setting("json", "One JSON object a line, or text for people.", hot=True)


class Settings(BaseSettings):
    """All of it. Made by `config.load`, never from the process environment by itself."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        env_prefix="WHARFINGER_",
        env_nested_delimiter="__",
        enable_decoding=False,  # our types read "10.0.0.0/8, ::1" themselves, and say which variable is wrong
    )

    external_url: Url = _setting(
        "", "How clients reach the server: `https://registry.example.com`; empty is the host they ask.", hot=True
    )
    data: Path = _setting(Path("data"), "Folder of the embedded database, the blobs, the secret and what runs.")
    secret_file: Path | None = _setting(
        None, "32 random bytes that seal keys, the same on every host; empty is `secret` in the data folder."
    )
    server: Server = Server()
    database: DatabaseSection = DatabaseSection()
    storage: Storage = Storage()
    registry: Registry = Registry()
    trash: Trash = Trash()
    gc: Garbage = Garbage()
    tokens: Tokens = Tokens()
    access: Access = Access()
    logins: Logins = Logins()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library passes it by name
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: `config.load` reads file and environment itself, to say where a mistake stands."""
        return (init_settings,)

    @property
    def listen(self) -> Address:
        """Where the server listens."""
        return self.server.listen

    @property
    def address(self) -> str:
        """The URL that people and clients use: `external_url`, or where the server listens."""
        return self.external_url or self.local_address

    @property
    def local_address(self) -> str:
        """The URL of the place the server listens at, for clients on this machine."""
        host = "127.0.0.1" if self.listen.host == "0.0.0.0" else self.listen.host  # noqa: S104 - compared, not bound
        return f"{self.scheme}://{Address('::1' if host == '::' else host, self.listen.port)}"

    @property
    def scheme(self) -> str:
        """What the server itself speaks: `https` with a certificate of its own."""
        return "https" if self.server.tls_certificate else "http"

    @property
    def run(self) -> Path:
        """The folder that says what runs: settings in force, process ids, metrics."""
        return self.data / RUN

    @property
    def secret_path(self) -> Path:
        """Where the installation's secret is."""
        return self.secret_file or self.data / "secret"

    @property
    def store(self) -> Path:
        """Where the bytes are."""
        return self.storage.folder or self.data / "store"

    def texts(self) -> dict[str, str]:
        """Every setting as it would be written, by its path; what is secret too."""
        return {path: _text(value) for path, value in _flat(self.model_dump(mode="json"))}


@cache
def leaves() -> dict[str, Setting]:
    """Every setting by its path, in the order of the sections."""
    return {setting.path: setting for setting in _described(Settings, "")}


def variable(path: str) -> str:
    """The environment variable of a setting: `server.listen` → `WHARFINGER_SERVER__LISTEN`."""
    return "WHARFINGER_" + path.replace(".", "__").upper()


def _described(section: type[BaseModel], prefix: str) -> Iterator[Setting]:
    nested = {}
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            nested[name] = field.annotation
        else:
            extra: Any = field.json_schema_extra or {"hot": True, "secret": False}
            yield Setting(prefix + name, field.description or "", field.default, extra["hot"], extra["secret"])
    for name, inner in nested.items():
        yield from _described(inner, f"{prefix}{name}.")


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        path = prefix + name
        if path in leaves():
            yield path, value
        else:
            yield from _flat(value, f"{path}.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
