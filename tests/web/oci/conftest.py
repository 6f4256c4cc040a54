"""A project for each test file, and one client for each role in it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.web.oci.registry_client import Registry


@dataclass(frozen=True)
class Place:
    """A private project and people with their clients: three members by role, and one who is none."""

    project: Any
    maintainer: Registry
    developer: Registry
    guest: Registry
    stranger: Registry

    @property
    def path(self) -> str:
        return str(self.project.path)


@pytest.fixture(scope="module")
def place(server: Any) -> Place:
    return settle(server, "private")


@pytest.fixture(scope="module")
def elsewhere(server: Any) -> Place:
    """Another private project, of other people."""
    return settle(server, "private")


@pytest.fixture(scope="module")
def open_place(server: Any) -> Place:
    """A public project."""
    return settle(server, "public")


@pytest.fixture(scope="module")
def inner_place(server: Any) -> Place:
    """An internal project: open to all who signed in."""
    return settle(server, "internal")


@pytest.fixture
def registry(place: Place) -> Registry:
    """A client that may do everything in `place`."""
    return place.maintainer


@pytest.fixture(scope="module")
def anonymous(server: Any) -> Registry:
    """A client without a credential."""
    return Registry(server.url)


@pytest.fixture
def repository(place: Place) -> str:
    """A repository of `place` that does not exist yet."""
    return fresh(place)


def fresh(place: Place) -> str:
    """The path of a repository that does not exist yet."""
    return f"{place.path}/image-{secrets.token_hex(5)}"


def settle(server: Any, visibility: str) -> Place:
    """Make a project and its people."""
    project = server.project(visibility=visibility)

    def client(role: str | None) -> Registry:
        return client_of(server, server.user(project=project, role=role))

    return Place(project, client("maintainer"), client("developer"), client("guest"), client(None))


def client_of(server: Any, user: Any, scopes: tuple[str, ...] = ("read_registry", "write_registry")) -> Registry:
    """A client that signs in with a new personal token of `user`."""
    return Registry(server.url, user.username, server.token(user, scopes))


Client = Callable[..., Registry]


@pytest.fixture(scope="module")
def client_for(server: Any) -> Client:
    """Make a client for a new user: `client_for(place, "developer", ("read_registry",))`."""

    def make(place: Place, role: str | None, scopes: tuple[str, ...] = ("read_registry", "write_registry")) -> Registry:
        return client_of(server, server.user(project=place.project, role=role), scopes)

    return make
