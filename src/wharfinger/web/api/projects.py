"""Projects: made, changed, moved, with what they say of their registry (GitLab: Projects API)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import directory, groups, projects, quotas
from wharfinger.domain import places as domain_places
from wharfinger.domain.access import Project
from wharfinger.domain.directory import Filter, Listed, Sort
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.roles import RegistryAccess, Role
from wharfinger.web.api import elsewhere, places, shapes
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.cleanup import (
    ExpirationChanges,
    ExpirationPolicy,
    check_expiration_policy,
    expiration_policy,
    save_expiration_policy,
)
from wharfinger.web.api.namespaces import NamespaceShape
from wharfinger.web.api.namespaces import shape as namespace_shape
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import AccessLevel, Asked, Moment, Shape, Statistics, VisibilityWord, WithStatistics

router = APIRouter(tags=["projects"])

OrderBy = Literal["id", "name", "path", "created_at", "updated_at", "last_activity_at"]
Order = Literal["asc", "desc"]
Number = Annotated[int, Path(ge=1, le=10**18)]
_NO_PATH: Final = re.compile(r"[^a-z0-9_]+")


class Level(Shape):
    """A role, as a number."""

    access_level: AccessLevel


class Permissions(Shape):
    """The caller's role, wherever it comes from."""

    project_access: Level | None
    group_access: Level | None = None


class Simple(Shape):
    """A project in short."""

    id: int
    description: str | None = None
    name: str
    name_with_namespace: str
    path: str
    path_with_namespace: str
    created_at: Moment
    default_branch: str | None = None
    topics: tuple[str, ...] = ()
    web_url: str
    avatar_url: str | None = None
    last_activity_at: Moment
    visibility: VisibilityWord
    namespace: NamespaceShape


class ProjectShape(elsewhere.OfProject, Simple):  # what is named last comes first in JSON
    """A project."""

    statistics: Statistics | None = None
    updated_at: Moment
    archived: bool = False
    container_registry_enabled: bool
    container_registry_access_level: RegistryAccess
    container_registry_image_prefix: str
    container_expiration_policy: ExpirationPolicy | None = None
    permissions: Permissions


class Registry(Asked):
    """Who is to see a project's images."""

    container_registry_access_level: RegistryAccess | None = None
    container_registry_enabled: bool | None = Field(None, description="deprecated: enabled, or disabled")

    @property
    def registry_access(self) -> RegistryAccess | None:
        """The level, or what the deprecated switch means."""
        if self.container_registry_access_level is not None or self.container_registry_enabled is None:
            return self.container_registry_access_level
        return RegistryAccess.ENABLED if self.container_registry_enabled else RegistryAccess.DISABLED


class NewProject(Registry):
    """A project to be made, in a group or, without one, in one's own namespace. One of name and path is needed."""

    name: str | None = None
    path: str | None = None
    namespace_id: int | None = Field(None, ge=1, le=10**18)
    visibility: VisibilityWord = "private"
    description: str | None = None
    container_expiration_policy_attributes: ExpirationChanges | None = None


class ProjectChanges(Registry):
    """What is to be different."""

    name: str | None = None
    path: str | None = None
    visibility: VisibilityWord | None = None
    description: str | None = None
    container_expiration_policy_attributes: ExpirationChanges | None = None


class Transfer(Asked):
    """Where a project goes."""

    namespace: str | int = Field(description="number or path of a group or personal namespace")


@router.get("/projects")
def list_projects(
    call: ApiCall,
    paging: Paged,
    *,
    search: str = "",
    owned: bool = False,
    membership: bool = False,
    min_access_level: AccessLevel | None = None,
    visibility: VisibilityWord | None = None,
    order_by: OrderBy = "created_at",
    sort: Order = "desc",
    last_activity_after: Annotated[datetime | None, Query(description="active later than this")] = None,
    last_activity_before: Annotated[datetime | None, Query(description="active before this")] = None,
    simple: Annotated[bool, Query(description="in short")] = False,
    statistics: WithStatistics = False,
) -> list[ProjectShape | Simple]:
    """Projects that one may read."""
    wanted = Filter(
        part=search,
        lowest=_lowest(owned=owned, membership=membership, level=min_access_level),
        visibility=None if visibility is None else shapes.visibility(visibility),
        active_after=shapes.in_utc(last_activity_after),
        active_before=shapes.in_utc(last_activity_before),
        sort=Sort(order_by),
        descending=sort == "desc",
    )
    return _answer(call, paging, wanted, simple=simple, statistics=statistics)


@router.get("/groups/{id}/projects")
def list_of_group(
    call: ApiCall,
    key: Key,
    paging: Paged,
    *,
    search: str = "",
    owned: bool = False,
    min_access_level: AccessLevel | None = None,
    visibility: VisibilityWord | None = None,
    include_subgroups: bool = False,
    order_by: OrderBy = "created_at",
    sort: Order = "desc",
    simple: Annotated[bool, Query(description="in short")] = False,
    statistics: WithStatistics = False,
) -> list[ProjectShape | Simple]:
    """The projects of a group."""
    wanted = Filter(
        places.group(call, key).path,
        deep=include_subgroups,
        part=search,
        lowest=_lowest(owned=owned, membership=False, level=min_access_level),
        visibility=None if visibility is None else shapes.visibility(visibility),
        sort=Sort(order_by),
        descending=sort == "desc",
    )
    return _answer(call, paging, wanted, simple=simple, statistics=statistics)


@router.get("/users/{user_id}/projects")
def list_of_user(
    call: ApiCall,
    user_id: Annotated[str, Path(description="the person's number or user name")],
    paging: Paged,
    *,
    order_by: OrderBy = "created_at",
    sort: Order = "desc",
    statistics: WithStatistics = False,
) -> list[ProjectShape | Simple]:
    """The projects in a person's own namespace, as far as one may read them."""
    number = domain_places.number(user_id)
    username = user_id if number is None else directory.user_by_id(call.tools, call.caller, number).username
    namespace = groups.find(call.tools, call.caller, username)
    wanted = Filter(namespace.path, sort=Sort(order_by), descending=sort == "desc")
    return _answer(call, paging, wanted, statistics=statistics)


@router.post("/projects", status_code=201)
def create(call: ApiCall, asked: NewProject) -> ProjectShape:
    """Make a project."""
    path = asked.path or _NO_PATH.sub("-", (asked.name or "").lower()).strip("-")
    if not path:
        raise SettingInvalid("a project needs a path, or a name to make one of: send it")
    policy = asked.container_expiration_policy_attributes
    if policy is not None:
        check_expiration_policy(policy)
    parent = call.caller.name
    if asked.namespace_id is not None:
        parent = groups.find(call.tools, call.caller, str(asked.namespace_id)).path
    made = projects.create(
        call.tools,
        call.caller,
        f"{parent}/{path}",
        visibility=shapes.visibility(asked.visibility),
        name=asked.name,
        registry_access=asked.registry_access or RegistryAccess.ENABLED,
        description=asked.description or "",
    )
    if policy is not None:
        save_expiration_policy(call, made.path, policy)
    return _with_policy(call, shape(call, directory.describe(call.tools, call.caller, made)), made)


@router.get("/projects/{id}")
def get(call: ApiCall, key: Key, *, statistics: WithStatistics = False) -> ProjectShape:
    """One project."""
    project = places.project(call, key)
    listed = directory.describe(call.tools, call.caller, project)
    used = _used(call, [listed]) if statistics else {}
    return _with_policy(call, shape(call, listed, used), project)


@router.put("/projects/{id}")
def change(call: ApiCall, key: Key, asked: ProjectChanges) -> ProjectShape:
    """Change a project's name, path, visibility and more, for its maintainers. Old paths redirect."""
    project = places.project(call, key)
    changed = projects.change(
        call.tools,
        call.caller,
        project.path,
        visibility=None if asked.visibility is None else shapes.visibility(asked.visibility),
        name=asked.name,
        registry_access=asked.registry_access,
        description=asked.description,
    )
    if asked.path is not None and asked.path != project.path.rpartition("/")[2]:
        changed = projects.rename(call.tools, call.caller, project.path, asked.path)
    if asked.container_expiration_policy_attributes is not None:
        save_expiration_policy(call, changed.path, asked.container_expiration_policy_attributes)
    return _with_policy(call, shape(call, directory.describe(call.tools, call.caller, changed)), changed)


@router.delete("/projects/{id}", status_code=202)
def delete(call: ApiCall, key: Key) -> None:
    """Delete a project with all its images, for its owners. There is no way back."""
    projects.delete(call.tools, call.caller, places.project(call, key).path, with_images=True)


@router.put("/projects/{id}/transfer")
def transfer(call: ApiCall, key: Key, asked: Transfer) -> ProjectShape:
    """Move a project with its images into another group, for its owners. The old path redirects."""
    project = places.project(call, key)
    into = groups.find(call.tools, call.caller, str(asked.namespace)).path
    return _moved(call, project.path, into)


@router.post("/groups/{id}/projects/{project_id}", status_code=201)
def transfer_into(call: ApiCall, key: Key, project_id: Annotated[str, Path()]) -> ProjectShape:
    """The same, asked for at the group."""
    group = places.group(call, key)
    return _moved(call, projects.find(call.tools, call.caller, unquote(project_id)).path, group.path)


def shape(call: Call, listed: Listed, used: Mapping[int, int] = MappingProxyType({})) -> ProjectShape:
    """The project as it is shown, with its statistics if `used`, bytes by id, has it."""
    project, role = listed.project, listed.project.role
    return ProjectShape(
        **short(call, listed).model_dump(),
        container_registry_enabled=project.registry_access is not RegistryAccess.DISABLED,
        container_registry_access_level=project.registry_access,
        container_registry_image_prefix=f"{call.registry}/{project.path}",
        statistics=Statistics.of(used.get(project.id)),
        updated_at=listed.changed_at,
        permissions=Permissions(project_access=None if role is None else Level(access_level=role)),
    )


def _with_policy(call: Call, shown: ProjectShape, project: Project) -> ProjectShape:
    """With its cleanup policy, which lists of projects leave out."""
    return shown.model_copy(update={"container_expiration_policy": expiration_policy(call, project)})


def short(call: Call, listed: Listed) -> Simple:
    """The project in short."""
    project = listed.project
    return Simple(
        id=project.id,
        description=project.description,
        name=project.name,
        name_with_namespace=f"{listed.namespace.name} / {project.name}",
        path=project.path.rpartition("/")[2],
        path_with_namespace=project.path,
        created_at=project.created_at,
        web_url=f"{call.url}/{project.path}",
        last_activity_at=listed.active_at,
        visibility=shapes.word(project.visibility),
        namespace=namespace_shape(call, listed.namespace),
    )


def _moved(call: Call, project: str, into: str) -> ProjectShape:
    moved = projects.move(call.tools, call.caller, project, into)
    return shape(call, directory.describe(call.tools, call.caller, moved))


def _answer(
    call: Call, paging: Paged, wanted: Filter, *, simple: bool = False, statistics: bool = False
) -> list[ProjectShape | Simple]:
    page = directory.list_projects(call.tools, call.caller, wanted, paging.window)
    used = _used(call, page.items) if statistics else {}
    return paging.answer(page, lambda listed: short(call, listed) if simple else shape(call, listed, used))


def _used(call: Call, listed: Sequence[Listed]) -> dict[int, int]:
    """By id: what those of these projects store whose reporter the caller is at least."""
    told = [one.project.id for one in listed if (one.project.role or 0) >= Role.REPORTER]
    return quotas.of_projects(call.tools, told)


def _lowest(*, owned: bool, membership: bool, level: Role | None) -> Role | None:
    asked = [Role.OWNER] * owned + [Role.GUEST] * membership + ([] if level is None else [level])
    return max(asked, default=None)
