"""Who may: the one door to every project, group and repository.

Rights come from two places. A registry token carries its own: the project ids and actions it was issued for
(`Caller.grants`). Any other caller is measured against the database at the moment it signed in: the highest role of
its memberships that are not over, the visibility of the place, and the scopes of its credential.

To one who may not read a place, it does not exist: absent and hidden are told in the same words, after the same
queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import access as rows
from wharfinger.domain.errors import GroupUnknown, ProjectUnknown, RepositoryUnknown, ScopeMissing, SignInNeeded
from wharfinger.rules import grants, paths, scopes
from wharfinger.rules.grants import Standing
from wharfinger.rules.protection import Rule
from wharfinger.rules.roles import Action, Profile, RegistryAccess, Role, Visibility
from wharfinger.rules.scopes import CredentialKind

CATALOG_SCOPE: Final = "registry:catalog:*"
STATISTICS_SCOPE: Final = "registry:statistics:*"

_LONGEST_ASKED: Final = 1_000  # no path, name or digest is as long, and SQLite fails at patterns of 50,000 characters
_PEOPLE: Final = frozenset(
    {CredentialKind.PERSONAL, CredentialKind.PASSWORD, CredentialKind.SESSION, CredentialKind.OPERATOR}
)
_ASKED: Final[Mapping[Action, str]] = {Action.PULL: "pull", Action.PUSH: "pull,push", Action.DELETE: "delete"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a registry token allows on one project; or on a group, to read of what is in it (then `project_id` is 0)."""

    project_id: int
    actions: frozenset[Action]
    rules: tuple[Rule, ...] = ()  # of protection, as somebody else's token service says them
    group_id: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, how they showed it, and what that credential is good for.

    `grants` and `refused` (sentences, by action) are by repository path and come from a registry token: `refused` has
    an empty entry for a path that does not exist for the caller. `namespace_id` and `project_id` are what a project,
    group, deploy or job token is bound to. `at` is when the caller signed in: memberships over by then do not count.
    `address` is where the request came from, `origin` which commit and job the credential is for: for the record.
    """

    kind: CredentialKind
    name: str
    user_id: int | None = None
    admin: bool = False
    credential_id: int | None = None
    scopes: frozenset[str] = frozenset()
    namespace_id: int | None = None
    project_id: int | None = None
    grants: Mapping[str, Grant] | None = None
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lists_catalog: bool = False
    reads_statistics: bool = False
    profile: Profile = Profile.DEFAULT
    at: datetime | None = None
    address: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def session_id(self) -> int | None:
        """The browser's session, where the caller comes with one."""
        return self.credential_id if self.kind is CredentialKind.SESSION else None

    @property
    def token_id(self) -> int | None:
        """The access token that the caller itself came with; sessions are numbered apart from tokens."""
        return None if self.kind is CredentialKind.SESSION or self.grants is not None else self.credential_id


ANONYMOUS: Final = Caller(CredentialKind.ANONYMOUS, "")
OPERATOR: Final = Caller(CredentialKind.OPERATOR, "operator", admin=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A repository: the project it is in, its name below the project ("" at the project's own path), its full path."""

    project_id: int
    project_path: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Tree:
    """All that is at a path and below it. Of a `group` it is what may be pulled there: look by `domain/sight`."""

    path: str
    group: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its opener sees it; `role` is the opener's own, None for one who is no member.

    `registry_access` is who sees its images: maintainers set it by `projects.change`, and it holds wherever images are
    opened or listed (`open_repository`, `open_registry`, `domain/sight`). The project itself is seen as before.
    """

    id: int
    path: str
    name: str
    namespace_id: int
    visibility: Visibility
    role: Role | None
    created_at: datetime
    registry_access: RegistryAccess = RegistryAccess.ENABLED
    description: str = ""
    barred: bool = False  # to the job that opens it (domain/job_scopes.py)

    @property
    def shows_images(self) -> bool:
        """May its opener be told how many images there are, and how large: where they are hidden, members alone."""
        return self.role is not None or self.registry_access is RegistryAccess.ENABLED


@dataclass(frozen=True, slots=True)
class Group:
    """A group, or a personal namespace (then `owner_id` is its user), as its opener sees it."""

    id: int
    path: str
    name: str
    parent_id: int | None
    owner_id: int | None
    visibility: Visibility
    role: Role | None
    created_at: datetime
    description: str = ""


def granted(caller: Caller, path: str, action: Action) -> int:
    """The id of the project that a registry token opens for this; asks no database.

    Raises SignInNeeded if the token was never asked to (or nobody signed in), RepositoryUnknown if it was and the
    caller may not even read, ScopeMissing if the caller may read and not do this.
    """
    grant = (caller.grants or {}).get(path)
    if grant is not None and action in grant.actions:
        return grant.project_id
    reasons = caller.refused.get(path)
    if reasons is None or caller.kind is CredentialKind.ANONYMOUS:
        raise _sign_in(path, action)
    if grant is None and not reasons:
        raise _no_repository(path, action)
    if action in reasons:
        raise ScopeMissing(reasons[action])
    raise _sign_in(path, action)


def scope_for(path: str, action: Action) -> str:
    """What to ask the token service for, to be able to do this in a repository."""
    return f"repository:{path}:{_ASKED.get(action, '*')}"


def require_catalog(caller: Caller) -> None:
    """Let through a registry token that was asked for the catalog, and any caller that needs none."""
    if not caller.lists_catalog and (caller.grants is not None or caller.kind is CredentialKind.ANONYMOUS):
        raise SignInNeeded(
            "listing repositories needs a token for it: log in, and ask the token service for " + CATALOG_SCOPE,
            CATALOG_SCOPE,
            "insufficient_scope",
        )


def require_statistics(caller: Caller) -> None:
    """Let through a registry token that was asked for the registry's statistics, which administrators get."""
    if not caller.reads_statistics:
        raise SignInNeeded(
            "statistics of the registry are for administrators: log in as one, and ask the token service for "
            + STATISTICS_SCOPE,
            STATISTICS_SCOPE,
            "insufficient_scope",
        )


def open_tree(tx: Connection, caller: Caller, path: str) -> Tree:
    """Where the path of an image or group leads, to read all that is at it and below; a token says so as `<path>/*`.

    Raises what `open_repository` raises.
    """
    grant = (caller.grants or {}).get(path + grants.TREE)
    if grant is None or grant.group_id is None:
        return Tree(_open(tx, caller, path, Action.PULL, path + grants.TREE).path)
    row = rows.namespace_at(tx, askable(path), user=caller.user_id, now=caller.at)
    if row is None or row.id != grant.group_id:
        raise _no_repository(path, Action.PULL)
    return Tree(row.path, group=True)


def open_repository(tx: Connection, caller: Caller, path: str, action: Action) -> Place:
    """Where an image path leads: the longest existing project, present or former, and the name below it.

    Raises what `granted` raises for a registry token, and what `open_project` raises for others.
    """
    return _open(tx, caller, path, action, path)


def _open(tx: Connection, caller: Caller, path: str, action: Action, named: str) -> Place:
    """`named` is what a registry token has to name."""
    allowed = granted(caller, named, action) if caller.grants is not None else None
    row = _project_row(tx, caller, paths.candidates(path))
    if row is None or (allowed is not None and row.id != allowed):
        raise _no_repository(path, action)
    found = project(caller, row, bound=bool(row.bound), barred=bool(row.barred))
    if allowed is None:
        _require(caller, _standing(caller, found, images=True), action, _no_repository(path, action))
    elif found.registry_access is RegistryAccess.DISABLED:
        raise ScopeMissing(grants.lacking(action, _standing(caller, found, images=True)))
    name = path[len(row.found) + 1 :]
    return Place(row.id, row.path, name, f"{row.path}/{name}" if name else row.path)


def open_project(tx: Connection, caller: Caller, path: str, action: Action) -> Project:
    """The project at this path, present or former, if the caller may do this there.

    Raises ProjectUnknown if there is none or the caller may not read it, ScopeMissing (SignInNeeded to nobody in
    particular) if the caller may read it and not do this.
    """
    return _open_project(tx, caller, path, action, images=False)


def open_registry(tx: Connection, caller: Caller, path: str, action: Action) -> Project:
    """The same for the project's images as a whole, which can be hidden or switched off where the project is not."""
    return _open_project(tx, caller, path, action, images=True)


def _open_project(tx: Connection, caller: Caller, path: str, action: Action, *, images: bool) -> Project:
    unknown = ProjectUnknown(f"no project {path}, or none you may read: check the path, and that you are a member")
    row = _project_row(tx, caller, [path])
    if row is None:
        raise unknown
    found = project(caller, row, bound=bool(row.bound), barred=bool(row.barred))
    _require(caller, _standing(caller, found, images=images), action, unknown)
    return found


def project(caller: Caller, row: Row[Any], *, bound: bool = False, barred: bool = False) -> Project:
    """The project in a row of `projects` with the caller's role; a deploy token is a developer where it is bound to."""
    role = _known_role(row.role)
    if caller.kind is CredentialKind.DEPLOY:
        role = Role.DEVELOPER if bound else None
    if caller.admin:
        role = Role.OWNER
    facts = (row.id, row.path, row.name, row.namespace_id, Visibility(row.visibility), role, row.created_at)
    shut = barred and caller.kind is CredentialKind.JOB
    return Project(*facts, RegistryAccess(row.registry_access), row.description, shut)


def open_group(tx: Connection, caller: Caller, path: str, action: Action) -> Group:
    """The group or personal namespace at this path, present or former; PULL is to see it. Raises GroupUnknown."""
    unknown = GroupUnknown(f"no group {path}, or none you may see: check the path, and that you are a member")
    row = rows.namespace_at(tx, askable(path), user=caller.user_id, now=caller.at)
    if row is None:
        raise unknown
    found = group(caller, row)
    _require(caller, _standing(caller, found), action, unknown)
    return found


def group(caller: Caller, row: Row[Any]) -> Group:
    """The group in a row of `namespaces` with the caller's role."""
    role = Role.OWNER if caller.admin else _known_role(row.role)
    facts = (row.id, row.path, row.name, row.parent_id, row.owner_id, Visibility(row.visibility), role, row.created_at)
    return Group(*facts, description=row.description)


def open_place(tx: Connection, caller: Caller, path: str, action: Action) -> Project | Group:
    """The group or project at this path, whichever it is. Raises what `open_project` raises."""
    try:
        return open_project(tx, caller, path, action)
    except ProjectUnknown as neither:
        try:
            return open_group(tx, caller, path, action)
        except GroupUnknown:
            sentence = f"no group or project {path}, or none you may see: check the path, and that you are a member"
            raise ProjectUnknown(sentence) from neither


def askable(text: str) -> str:
    """The text, if it can be a path or user name; else one that nothing has, for databases refuse some texts."""
    return text if len(text) <= _LONGEST_ASKED and text.isascii() and text.isprintable() else "?"


def standing(tx: Connection, caller: Caller, path: str) -> tuple[Project, Standing, str] | None:
    """The project an image path leads to, how the caller stands to it, and the path without detours; None if none.

    The path may be that of a tree (`rules.grants.TREE`).
    """
    row = _project_row(tx, caller, paths.candidates(path.removesuffix(grants.TREE)))
    if row is None:
        return None
    found = project(caller, row, bound=bool(row.bound), barred=bool(row.barred))
    return found, _standing(caller, found, images=True), found.path + path[len(row.found) :]


def require_account(caller: Caller) -> None:
    """Let through who signed in with a credential that may change settings at all."""
    _refuse_registry_token(caller)
    if sentence := scopes.lacking(caller.kind, caller.scopes, Action.ADMINISTER):
        if caller.kind is CredentialKind.ANONYMOUS:
            raise SignInNeeded(sentence)
        raise ScopeMissing(sentence)


def require_known(caller: Caller) -> None:
    """Let through who signed in, whatever the credential is good for."""
    if caller.kind is CredentialKind.ANONYMOUS:
        raise SignInNeeded("this is for those who signed in: send an access token")


def require_admin(caller: Caller, doing: str) -> None:
    """Let administrators through whose credential may change settings; `doing` completes "… needs an administrator"."""
    require_account(caller)
    if not caller.admin:
        raise ScopeMissing(f"{doing} needs an administrator: ask one")


def require_reading(caller: Caller) -> None:
    """Let through who may read at all; what they see is another question."""
    _refuse_registry_token(caller)
    if sentence := scopes.lacking(caller.kind, caller.scopes, Action.PULL):
        raise ScopeMissing(sentence)


def require_person(caller: Caller, doing: str) -> None:
    """Let people and operators through: what is for everybody with an account is not for tokens of projects or jobs."""
    require_account(caller)
    if caller.kind not in _PEOPLE:
        raise ScopeMissing(f"{doing} is nothing a {caller.kind} token is for: use a personal access token")


def require_role(place: Project | Group, role: Role, doing: str) -> None:
    """Let through who has this role at least in a place that is open already."""
    if place.role is None or place.role < role:
        raise ScopeMissing(f"{doing} needs the role {role.name.lower()} in {place.path}: ask an owner")


def _require(caller: Caller, standing: Standing, action: Action, unknown: Exception) -> None:
    _refuse_registry_token(caller)
    decision = grants.decide({action}, standing)
    if action in decision.granted:
        return
    if not decision.refused:
        raise unknown
    if caller.kind is CredentialKind.ANONYMOUS and standing.registry is not RegistryAccess.DISABLED:
        raise SignInNeeded(decision.refused[action])
    raise ScopeMissing(decision.refused[action])


def _refuse_registry_token(caller: Caller) -> None:
    """A registry token opens images, by `granted`, and nothing else."""
    if caller.grants is not None:
        raise SignInNeeded("a registry token is good for images only: sign in with an access token")


def _standing(caller: Caller, place: Project | Group, *, images: bool = False) -> Standing:
    """`images`: towards the images of a project, and not the project itself, which all of its members see."""
    own = caller.kind is not CredentialKind.JOB or (isinstance(place, Project) and place.id == caller.project_id)
    registry = place.registry_access if images and isinstance(place, Project) else RegistryAccess.ENABLED
    profile = caller.profile if images else Profile.DEFAULT
    barred = isinstance(place, Project) and place.barred
    seen = (place.role, place.visibility, place.path, profile, own, registry, barred)
    return Standing(caller.kind, caller.scopes, *seen)


def _project_row(tx: Connection, caller: Caller, candidates: list[str]) -> Row[Any] | None:
    bound = (caller.namespace_id, caller.project_id)
    return rows.project_at(tx, [askable(path) for path in candidates], user=caller.user_id, bound=bound, now=caller.at)


def _known_role(value: int | None) -> Role | None:
    return None if value is None else Role(value)


def _sign_in(path: str, action: Action) -> SignInNeeded:
    sentence = f"{scopes.DOING[action]} in {path} needs a token for it: log in with an access token"
    return SignInNeeded(sentence, scope_for(path, action), "insufficient_scope")


def _no_repository(path: str, action: Action) -> RepositoryUnknown:
    """The same whether nothing is there or it is hidden."""
    check = paths.CHECK_PUSHED if action is Action.PUSH else "check the name, and that you are a member"
    return RepositoryUnknown(f"no repository {path}, or none you may read: {check}")
