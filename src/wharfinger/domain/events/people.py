"""What happens to people and to what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """There is a person with the user name `path`."""

    kind = "user created"

    admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRenamed(Event):
    """A person whose user name was `before` has the user name `path`."""

    kind = "user renamed"

    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """Facts about a person changed."""

    kind = "user changed"

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBlocked(Event):
    """Nothing of this person's is let in any more."""

    kind = "user blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnblocked(Event):
    """A blocked person is let in again."""

    kind = "user unblocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(Event):
    """The person is gone, with tokens and memberships."""

    kind = "user deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet(Event):
    """The person has another password; a generated one has to be replaced at the next sign-in."""

    kind = "password set"

    generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in with a browser: by password, or by an identity provider's name."""

    kind = "signed in"

    way: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """The person ended so many sessions of browsers, by signing out or from the list of them."""

    kind = "sessions ended"

    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """Somebody gave a wrong password or token; `path` is the user name if there is such a user, else "".

    What was typed is not kept: people type passwords into the wrong field.
    """

    kind = "sign-in failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdded(Event):
    """A person became a member of the group or project at `path`."""

    kind = "member added"

    username: str
    role: str
    expires_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    """A member of the group or project at `path` has another role or end."""

    kind = "member changed"

    username: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Event):
    """A person is no longer a member of the group or project at `path`."""

    kind = "member removed"

    username: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorAdded(Event):
    """The person signs in with a second factor from now on."""

    kind = "second factor added"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRemoved(Event):
    """The person signs in without a second factor from now on."""

    kind = "second factor removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Event):
    """The person has new recovery codes, and the old ones are good for nothing."""

    kind = "recovery codes made"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConnected(Event):
    """Who signs in at this issuer with a certain account there is the person from now on."""

    kind = "identity connected"

    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDisconnected(Event):
    """No account at this issuer signs in as the person any more."""

    kind = "identity disconnected"

    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """A recovery code stood in for the second factor; so many are left."""

    kind = "recovery code used"

    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAdded(Event):
    """The person can sign in with a device's key, which they call `name`, from now on."""

    kind = "passkey added"

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRemoved(Event):
    """A passkey of the person's is good for nothing any more."""

    kind = "passkey removed"

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUsed(Event):
    """The person showed a passkey while signing in."""

    kind = "passkey used"

    name: str
