"""People, projects and tokens for tests, made by the operations themselves, each under a name of its own."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from wharfinger.domain import access, groups, members, projects, tokens, users
from wharfinger.domain.access import OPERATOR, Caller, Grant, Group, Project
from wharfinger.domain.tools import Tools
from wharfinger.domain.users import User
from wharfinger.rules.roles import Action, Role, Visibility

REGISTRY_SCOPES = ("read_registry", "write_registry")


def fresh(what: str) -> str:
    """A name nobody has."""
    return f"{what}-{secrets.token_hex(5)}"


class Actors:
    """Makes who and where a test needs, on the database that `tools` has open."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def group(self, path: str | None = None, visibility: str = "public") -> Group:
        """A group without members; public, so that it can hold projects of any visibility."""
        return groups.create(self.tools, OPERATOR, path or fresh("group"), visibility=Visibility[visibility.upper()])

    def project(self, path: str | None = None, visibility: str = "private") -> Project:
        """A project without members, by default in a new group."""
        path = path or f"{self.group().path}/{fresh('project')}"
        return projects.create(self.tools, OPERATOR, path, visibility=Visibility[visibility.upper()])

    def user(self, project: Project | Group | None = None, role: str | None = None, *, admin: bool = False) -> User:
        """A new person; with a role, a member of the project or group."""
        made = users.create(self.tools, OPERATOR, fresh("user"), admin=admin)
        if project is not None and role is not None:
            members.add(self.tools, OPERATOR, project.path, made.username, Role[role.upper()])
        return made

    @staticmethod
    def pusher(tools: Tools, path: str) -> Caller:
        """The operator with a registry token for this repository."""
        with tools.db.read() as tx:
            place = access.open_repository(tx, OPERATOR, path, Action.PUSH)
        return replace(OPERATOR, grants={path: Grant(place.project_id, frozenset(Action))})

    def token(self, user: User, scopes: Collection[str] = REGISTRY_SCOPES, expires_at: datetime | None = None) -> str:
        """The secret of a new personal access token."""
        made = tokens.create_personal(
            self.tools, OPERATOR, fresh("token"), scopes, username=user.username, expires_at=expires_at
        )
        return made.secret
