"""Wharfinger under measurement: as it ships, authentication on, with one developer who has an access token."""

import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from bench import seed
from bench.servers import Server
from bench.wire import Wire
from wharfinger.db.engine import sqlite_url

_SETTINGS = """data = "{data}"

[server]
listen = "127.0.0.1:{port}"
"""


class Wharfinger(Server):
    """`wharfinger serve` on SQLite, or the database at a URL, and a local folder; all else is the default."""

    name = "wharfinger"
    ready = "/-/ready"

    def __init__(self, scratch: Path, database: str = "", *, more: str = "") -> None:
        """`more` stands at the end of its settings file."""
        self._database, self._more = database, more
        super().__init__(scratch)

    def prepare(self) -> Sequence[str]:
        data, written = self.folder / "data", self.folder / "wharfinger.toml"
        data.mkdir(mode=0o700)
        written.write_text(_SETTINGS.format(data=data, port=self.port) + self._more)
        if self._database:
            with written.open("a") as file:
                file.write(f"\n[database]\nurl = {json.dumps(self._database)}\n")
        self.url = self._database or sqlite_url(data)
        self.secret = seed.actor(self.url)
        return [sys.executable, "-m", "wharfinger", "serve", "--config", str(written)]

    @property
    def basic(self) -> str:
        """The developer's credential as an Authorization header."""
        return "Basic " + base64.b64encode(f"{seed.DEVELOPER}:{self.secret}".encode()).decode()

    def token_target(self, *scopes: str) -> str:
        """Where the token service gives out a token for these scopes."""
        return "/jwt/auth?" + urlencode([("service", "container_registry"), *(("scope", scope) for scope in scopes)])

    def authorization(self, *scopes: str) -> str:
        """A registry token, fresh from the token service."""
        wire = Wire(self.port, self.basic)
        answer = wire.ask("GET", self.token_target(*scopes), expect=200)
        wire.close()
        return f"Bearer {json.loads(answer.body)['token']}"
