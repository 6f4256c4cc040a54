"""People with python-gitlab clients, and images pushed for them."""

from dataclasses import dataclass
from typing import Any

import gitlab
import httpx
import pytest

from tests.serving import Server
from tests.web.oci.contents import Manifest, image
from tests.web.oci.registry_client import Registry
from wharfinger.domain.access import Group, Project
from wharfinger.domain.users import User

EVERYTHING = ("api",)


@dataclass(frozen=True)
class Somebody:
    """A person with a token: a python-gitlab client, one for plain HTTP, and one for images."""

    user: User
    token: str
    gitlab: gitlab.Gitlab
    http: httpx.Client
    registry: Registry


class People:
    """Makes people and what they hold, on one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def somebody(
        self,
        place: Project | Group | None = None,
        role: str | None = None,
        *,
        scopes: Any = EVERYTHING,
        admin: bool = False,
    ) -> Somebody:
        """A new person; with a role, a member of the place."""
        user = self.server.user(place, role, admin=admin)
        return self.with_token(user, self.server.token(user, scopes))

    def with_token(self, user: User, token: str) -> Somebody:
        """The same person with another token."""
        http = httpx.Client(base_url=f"{self.server.url}/api/v4", headers={"PRIVATE-TOKEN": token}, timeout=60)
        client = gitlab.Gitlab(self.server.url, private_token=token)
        return Somebody(user, token, client, http, Registry(self.server.url, user.username, token))

    def push(self, who: Somebody, path: str, *tags: str) -> Manifest:
        """Push an image under these tags."""
        return who.registry.push(path, image(), *(tags or ("latest",)))


@pytest.fixture(scope="session")
def people(server: Server) -> People:
    return People(server)


@pytest.fixture(scope="session")
def nobody(server: Server) -> httpx.Client:
    """No credential at all."""
    return httpx.Client(base_url=f"{server.url}/api/v4", timeout=60)


@pytest.fixture(scope="session")
def admin(people: People) -> Somebody:
    return people.somebody(admin=True)
