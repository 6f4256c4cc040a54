"""Credentials as their owners may see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import CredentialKind


@dataclass(frozen=True, slots=True)
class Token:
    """A credential as its owner may see it: all but the secret.

    `username` is whom it acts for, for a deploy token the name it logs in with; `place` the path of the project or
    group it is bound to; `role` that of the bot of a project or group token.
    """

    id: int
    user_id: int | None
    kind: CredentialKind
    name: str
    username: str
    place: str | None
    role: Role | None
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    description: str = ""

    def good(self, now: datetime) -> bool:
        """Is it neither revoked nor expired?"""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made and its secret, which nobody can be shown again."""

    token: Token
    secret: str


def shown(row: Row[Any]) -> Token:
    """The credential in a row, as its owner may see it."""
    kind = CredentialKind(row.kind)
    return Token(
        id=row.id,
        user_id=row.user_id,
        kind=kind,
        name=row.name,
        username=row.username if kind is CredentialKind.DEPLOY else row.owner,
        place=row.place,
        role=None if row.role is None else Role(row.role),
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        description=row.description,
    )
