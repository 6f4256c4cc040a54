"""Why somebody is refused: every hurdle between them and one image, told in full to who may know it.

It is asked for oneself, for a token that one may manage, or, by maintainers of the project and administrators, for
another person. To one who may not see the project, and where there is none, the answer is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import logins as login_rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, hurdles, logins, overviews, search, tokens
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.errors import GroupUnknown, RepositoryUnknown, ScopeMissing, UserUnknown
from wharfinger.domain.hurdles import Hurdle, Matter
from wharfinger.domain.overviews import Wanted
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants
from wharfinger.rules.lockout import retry_after
from wharfinger.rules.roles import Action, RegistryAccess, Role, Visibility
from wharfinger.rules.scopes import CredentialKind

ACTIONS: Final = (Action.PULL, Action.PUSH, Action.DELETE, Action.ADMINISTER)
_FEW: Final = 5


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what it is about: an image path and maybe a tag; a token, by id; another person, by user name."""

    path: str
    tag: str = ""
    token: int | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an action is allowed, and all that stands in its way; what holds for some tags only is `partly`."""

    action: Action
    hurdles: tuple[Hurdle, ...] = ()

    @property
    def allowed(self) -> bool:
        """Is nothing in the way, but for some tags, or that nothing is there?"""
        return all(hurdle.partly or hurdle.what is hurdles.What.ABSENT for hurdle in self.hurdles)


@dataclass(frozen=True, slots=True)
class Reasons:
    """How somebody stands to a project: for every action, why not.

    `who` is the person's user name, "" for oneself. `useless` says why token or account lets nobody in at all;
    `grantors` are those who can give roles. People and rules are told to members only.
    """

    project: str
    visibility: Visibility
    who: str
    role: Role | None
    kind: CredentialKind
    scopes: frozenset[str]
    useless: str
    verdicts: Sequence[Verdict]
    grantors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long logins are refused after too many failures: from one's address, and to one's account by password."""

    address: timedelta | None = None
    account: timedelta | None = None


def explain(tools: Tools, caller: Caller, about: About) -> Reasons:
    """What the caller, or whom it is about, may do where an image path leads.

    Raises RepositoryUnknown, in the same words where the project is hidden; TokenUnknown, UserUnknown, ScopeMissing.
    """
    access.require_person(caller, "asking for reasons")
    unknown = RepositoryUnknown(
        f"there is no project for {about.path}, or none that you may see: check the name, and ask a maintainer "
        "of the project to make you a member"
    )
    with tools.db.read() as tx:
        seen = access.standing(tx, caller, about.path)
        if seen is None or not _knows(seen[1]):
            raise unknown
        asking, useless = _asking(tx, tools, caller, about, seen[0])
        found = access.standing(tx, asking, about.path)
        if found is None:
            raise unknown
        project, standing, path = found
        matter = Matter(tools, asking, project, standing, path, about.tag)
        verdicts = [Verdict(action, hurdles.between(tx, matter, action)) for action in ACTIONS]
        names = hurdles.holding(tx, tools, project.path, project.id, Role.MAINTAINER)
    if seen[0].role is None:
        verdicts, names = [_to_strangers(verdict) for verdict in verdicts], ()
    return Reasons(
        project=project.path,
        visibility=project.visibility,
        who=about.person if about.person != caller.name else "",
        role=standing.role,
        kind=asking.kind,
        scopes=asking.scopes,
        useless=useless,
        verdicts=verdicts,
        grantors=names,
    )


def near(tools: Tools, caller: Caller, path: str) -> list[str]:
    """Paths that may have been meant where nothing is at this one: only such as the caller may see."""
    *above, last = path.split("/")
    found = search.find(tools, caller, last, limit=_FEW)
    meant = [image.path for image in found.images] + [project.path for project in found.projects]
    for end in range(len(above), 0, -1):
        try:
            listed = overviews.list_projects(tools, caller, Wanted(within="/".join(above[:end])))
        except GroupUnknown:
            continue
        meant += [one.project.path for one in listed.items[:_FEW]]
        break
    return list(dict.fromkeys(meant))[: 2 * _FEW]


def waits(tools: Tools, caller: Caller) -> Waits:
    """Whether the caller's own address and account are shut out by failed logins now."""
    access.require_person(caller, "asking for reasons")
    policy, now = tools.policy, tools.clock()

    def wait(key: str) -> timedelta | None:
        failures = login_rows.latest(tx, key, now - policy.login_window, policy.login_failures)
        return retry_after(failures, policy.login_failures, policy.login_window, now)

    with tools.db.read() as tx:
        return Waits(wait(logins.of_address(caller.address)), wait(logins.of_account(caller.name)))


def _asking(tx: Connection, tools: Tools, caller: Caller, about: About, seen: Project) -> tuple[Caller, str]:
    """Who it is about, and why they are not let in at all, "" if they are."""
    if about.token is not None:
        return logins.holder(tools, tokens.managed(tx, caller, about.token))
    if about.person in ("", caller.name):
        return caller, ""
    if not caller.admin and (seen.role is None or seen.role < Role.MAINTAINER):
        raise ScopeMissing(
            f"asking for somebody else is for maintainers of {seen.path}: ask one of them, or let {about.person} ask"
        )
    user = user_rows.at(tx, access.askable(about.person))
    if user is None or user.bot:
        raise UserUnknown(f"no user {about.person}: check the name")
    blocked = f"the account {user.username} is blocked: ask an administrator" if user.blocked and caller.admin else ""
    return logins.by_name(tools, user), blocked


def _to_strangers(verdict: Verdict) -> Verdict:
    """Who is no member hears what is missing, and neither names nor rules."""
    kept = [hurdle for hurdle in verdict.hurdles if hurdle.what in _TOLD_TO_ALL]
    return replace(verdict, hurdles=tuple(replace(hurdle, people=(), page="") for hurdle in kept))


_TOLD_TO_ALL: Final = (hurdles.What.REGISTRY, hurdles.What.ROLE, hurdles.What.SCOPE, hurdles.What.ABSENT)


def _knows(standing: grants.Standing) -> bool:
    """Of the project, that is: its images may be for members alone, or be switched off."""
    decision = grants.decide({Action.PULL}, replace(standing, registry=RegistryAccess.ENABLED))
    return bool(decision.granted or decision.refused)
