"""Makes what the access table names: a project of one visibility, and every credential that may be tried on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from secrets import token_bytes, token_hex
from typing import Any

from tests.serving import Server
from tests.web.oci.access_table import Credential
from tests.web.oci.registry_client import Registry
from wharfinger.domain import groups, members, projects, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Tools
from wharfinger.domain.users import User
from wharfinger.rules import secrets
from wharfinger.rules.roles import Role, Visibility
from wharfinger.rules.scopes import CredentialKind

Login = tuple[str, str]

BOTH = ("read_registry", "write_registry")
PASSWORD = "correct-horse-battery-staple"


class World:
    """A group, a project in it, another project, and people. Credentials are made when first asked for."""

    def __init__(self, server: Server, visibility: str) -> None:
        self.tools: Tools = server.tools
        seen = Visibility[visibility.upper()]
        self.group = groups.create(self.tools, OPERATOR, f"access-{token_hex(4)}", visibility=seen).path
        self.project = projects.create(self.tools, OPERATOR, f"{self.group}/project", visibility=seen).path
        other = groups.create(self.tools, OPERATOR, f"other-{token_hex(4)}").path
        self.elsewhere = projects.create(self.tools, OPERATOR, f"{other}/project").path
        self.repository = f"{self.project}/image"
        self.owner = Registry(server.url, *self.personal("owner", BOTH))
        self._made: dict[Credential, Login | None] = {}

    def login(self, credential: Credential) -> Login | None:
        """User name and secret to send; None to send nothing."""
        if credential not in self._made:
            self._made[credential] = self._make(credential)
        return self._made[credential]

    def person(self, role: str | None, *, within: str = "", **about: Any) -> User:
        """Somebody new with this role in the project (or `within` another place)."""
        user = users.create(self.tools, OPERATOR, f"person-{token_hex(6)}", admin=role == "admin", **about)
        if role is not None and role != "admin":
            members.add(self.tools, OPERATOR, within or self.project, user.username, Role[role.upper()])
        return user

    def personal(self, role: str | None, scopes: tuple[str, ...], *, within: str = "") -> Login:
        user = self.person(role, within=within)
        made = tokens.create_personal(self.tools, OPERATOR, "test", scopes, username=user.username)
        return user.username, made.secret

    def _make(self, credential: Credential) -> Login | None:
        scopes, role = tuple(credential.scopes.split()), credential.role
        makers: dict[str, Callable[[], Login | None]] = {
            "anonymous": lambda: None,
            "personal": partial(self.personal, role, scopes),
            "inherited": partial(self.personal, role, scopes, within=self.group),
            "lapsed": self._lapsed,
            "project": partial(self._bot, self.project, role, scopes),
            "group": partial(self._bot, self.group, role, scopes),
            "deploy": partial(self._deploy, credential.place, scopes),
            "job": partial(self._job, credential.place, role),
            "wrong": lambda: ("ada", secrets.make(CredentialKind.PERSONAL, token_bytes(secrets.RANDOM_BYTES))),
            "mistyped": self._mistyped,
            "expired": self._expired,
            "revoked": self._revoked,
            "blocked": self._blocked,
            "password": lambda: (self.person(role, password=PASSWORD).username, PASSWORD),
            "unknown user": lambda: ("nobody-at-all", PASSWORD),
            "empty": lambda: (self.person(role).username, ""),
        }
        return makers[credential.kind]()

    def _place(self, name: str) -> str:
        return {"project": self.project, "group": self.group, "elsewhere": self.elsewhere}[name]

    def _bot(self, path: str, role: str | None, scopes: tuple[str, ...]) -> Login:
        made = tokens.create_bot(self.tools, OPERATOR, path, "test", scopes, role=Role[str(role).upper()])
        return made.token.username, made.secret

    def _deploy(self, place: str, scopes: tuple[str, ...]) -> Login:
        made = tokens.create_deploy(self.tools, OPERATOR, self._place(place), "test", scopes)
        return made.token.username, made.secret

    def _job(self, place: str, role: str | None) -> Login:
        """A job of this place, started by somebody with this role in the project that is asked for."""
        starter, ends_at = self.person(role).username, self.tools.clock() + timedelta(hours=1)
        made = tokens.create_job(self.tools, OPERATOR, self._place(place), ends_at=ends_at, username=starter)
        return "gitlab-ci-token", made.secret

    def _lapsed(self) -> Login:
        """An owner until yesterday."""
        user, now = self.person(None), self.tools.clock()
        before = replace(self.tools, clock=lambda: now - timedelta(days=7))
        ended = now - timedelta(days=1)
        members.add(before, OPERATOR, self.project, user.username, Role.OWNER, expires_at=ended)
        made = tokens.create_personal(self.tools, OPERATOR, "test", BOTH, username=user.username)
        return user.username, made.secret

    def _mistyped(self) -> Login:
        username, secret = self.personal("owner", BOTH)
        return username, secret[:-1] + ("A" if secret[-1] != "A" else "B")

    def _expired(self) -> Login:
        user, now = self.person("owner"), self.tools.clock()
        before = replace(self.tools, clock=lambda: now - timedelta(days=7))
        ended = now - timedelta(seconds=1)
        made = tokens.create_personal(before, OPERATOR, "test", BOTH, username=user.username, expires_at=ended)
        return user.username, made.secret

    def _revoked(self) -> Login:
        user = self.person("owner")
        made = tokens.create_personal(self.tools, OPERATOR, "test", BOTH, username=user.username)
        tokens.revoke(self.tools, OPERATOR, made.token.id)
        return user.username, made.secret

    def _blocked(self) -> Login:
        username, secret = self.personal("owner", BOTH)
        users.block(self.tools, OPERATOR, username)
        return username, secret
