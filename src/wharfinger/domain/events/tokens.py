"""What happens to tokens. `path` is the group or project a token is bound to, or the person it acts for."""

from collections.abc import Sequence
from dataclasses import dataclass

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated(Event):
    """There is a new token; who acts by it is `username`."""

    kind = "token created"

    token: int
    token_kind: str
    name: str
    username: str
    scopes: Sequence[str]
    role: str | None
    expires_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRotated(TokenCreated):
    """A new token took the place of the token with the number `replaces`."""

    kind = "token rotated"

    replaces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A token is good for nothing any more."""

    kind = "token revoked"

    token: int
    token_kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRevoked(Event):
    """All tokens of a person are good for nothing any more."""

    kind = "tokens revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRotated(Event):
    """Registry tokens are signed with the key `kid` from now on; with `at_once`, those of older keys count no more."""

    kind = "signing key rotated"

    kid: str
    at_once: bool
