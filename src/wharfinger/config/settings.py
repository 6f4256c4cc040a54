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
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from wharfinger.config.sections.audit import Audit
from wharfinger.config.sections.identity import Access, Logins, Sessions, Tokens
from wharfinger.config.sections.keeping import DatabaseSection, Garbage, Quotas, Registry, Trash
from wharfinger.config.sections.mail import MailSection
from wharfinger.config.sections.oidc import Oidc
from wharfinger.config.sections.outbound import OutboundSection
from wharfinger.config.sections.section import Section, setting
from wharfinger.config.sections.server import Log, Server
from wharfinger.config.sections.storage import Storage
from wharfinger.config.values import (
    Address,
    Url,
)

RUN: Final = "run"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting: its path (`server.listen`), meaning, default, and how it may change."""

    path: str
    meaning: str
    default: Any
    hot: bool
    secret: bool
    choices: tuple[str, ...] = ()  # where only some texts can be written


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

    external_url: Url = setting(
        "", "How clients reach the server: `https://registry.example.com`; empty is the host they ask.", hot=True
    )
    data: Path = setting(Path("data"), "Folder of the embedded database, the blobs, the secret and what runs.")
    secret_file: Path | None = setting(
        None, "32 random bytes that seal keys, the same on every host; empty is `secret` in the data folder."
    )
    server: Server = Server()
    database: DatabaseSection = DatabaseSection()
    storage: Storage = Storage()
    registry: Registry = Registry()
    quotas: Quotas = Quotas()
    trash: Trash = Trash()
    gc: Garbage = Garbage()
    tokens: Tokens = Tokens()
    access: Access = Access()
    logins: Logins = Logins()
    outbound: OutboundSection = OutboundSection()
    mail: MailSection = MailSection()
    sessions: Sessions = Sessions()
    oidc: Oidc = Oidc()
    audit: Audit = Audit()
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
            choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            facts = (prefix + name, field.description or "", field.default, extra["hot"], extra["secret"])
            yield Setting(*facts, tuple(text for text in choices if text))
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
