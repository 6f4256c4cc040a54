"""A visitor without a browser: follows no redirect, and sees every header."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from tests.serving import Server
from tests.web.pages.people import PASSWORD, with_password

_PROOF = re.compile(r'name="proof" value="([^"]+)"')


class Visitor:
    """Keeps cookies as a browser does. `username` is empty for who is not signed in."""

    def __init__(self, server: Server, username: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.server, self.username = server, username
        self.client = httpx.Client(base_url=server.url, headers=dict(headers or {}), timeout=60)
        if username:
            self.sign_in()

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for a page."""
        return self.client.get(path, **more)

    def proof(self, path: str = "") -> str:
        """What forms of this visitor carry."""
        found = _PROOF.search(self.get(path or ("/profile" if self.username else "/login")).text)
        assert found is not None
        return found[1]

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form as the page would."""
        return self.client.post(path, data={"proof": self.proof(), **(fields or {})}, **more)

    def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        """By user name and password."""
        fields = {"proof": self.proof("/login"), "username": self.username, "password": password}
        return self.client.post("/login", data=fields)

    @property
    def session(self) -> str:
        """What the session's cookie holds."""
        return str(self.client.cookies.get("wharfinger") or "")


def somebody(server: Server, project: object = None, role: str | None = None, *, admin: bool = False) -> Visitor:
    """A new person, signed in."""
    return Visitor(server, with_password(server, project, role, admin=admin))
