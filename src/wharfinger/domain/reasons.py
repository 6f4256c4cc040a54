"""Why somebody is refused: the decision of `rules.grants` on one project, told in full to who may know it.

It is asked for oneself, or for a token that one may manage. To one who may not see the project, and where there is
none, the answer is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import members as member_rows
from wharfinger.domain import access, logins, tokens
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.errors import RepositoryUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants
from wharfinger.rules.roles import Action, Role, Visibility
from wharfinger.rules.scopes import CredentialKind

_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an action is allowed, and if not, what is missing."""

    action: Action
    lacking: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """How one stands to a project: for every action, why not.

    `useless` says why the token lets nobody in at all; `grantors` are those who can give roles, told to members only.
    """

    project: str
    visibility: Visibility
    role: Role | None
    kind: CredentialKind
    scopes: frozenset[str]
    useless: str
    verdicts: Sequence[Verdict]
    grantors: Sequence[str]


def explain(tools: Tools, caller: Caller, path: str, token: int | None = None) -> Reasons:
    """What the caller, or the holder of a token that the caller manages, may do where an image path leads.

    Raises RepositoryUnknown, in the same words where the project is hidden; TokenUnknown.
    """
    access.require_person(caller, "asking for reasons")
    unknown = RepositoryUnknown(
        f"there is no project for {path}, or none that you may see: check the name, and ask a maintainer "
        "of the project to make you a member"
    )
    with tools.db.read() as tx:
        asking, useless = caller, ""
        if token is not None:
            asking, useless = logins.holder(tools, tokens.managed(tx, caller, token))
        found, seen = access.standing(tx, asking, path), access.standing(tx, caller, path)
        if found is None or seen is None or not _knows(seen[1]):
            raise unknown
        project, standing, _ = found
        verdicts = [Verdict(action, grants.lacking(action, standing)) for action in Action]
        names = _grantors(tx, tools, project) if seen[0].role is not None else []
    return Reasons(
        project.path, project.visibility, standing.role, asking.kind, asking.scopes, useless, verdicts, names
    )


def _knows(standing: grants.Standing) -> bool:
    decision = grants.decide({Action.PULL}, standing)
    return bool(decision.granted or decision.refused)


def _grantors(tx: Connection, tools: Tools, project: Project) -> list[str]:
    """People who can give roles in the project, by user name."""
    now = tools.clock()
    found = member_rows.reaching(tx, project.path, project.id)
    able = {
        row.username
        for row in found
        if row.role >= Role.MAINTAINER and not row.bot and (row.expires_at is None or row.expires_at > now)
    }
    return sorted(able)[:_MOST_NAMES]
