"""Whose jobs are let into a project (GitLab: CI/CD job token scope API)."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from wharfinger.domain import job_scopes
from wharfinger.domain.job_scopes import Allowed
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Shape

router = APIRouter(prefix="/projects/{id}/job_token_scope", tags=["job tokens"])

Number = Annotated[int, Path(ge=1, le=10**18, description="of the project or group that is on the list")]
Target = Annotated[int, Field(ge=1, le=10**18)]


class ScopeShape(Shape):
    """`inbound_enabled`: jobs of other projects are let in from the allowlists alone."""

    inbound_enabled: bool
    outbound_enabled: bool = False


class AllowedProject(Shape):
    """A project whose jobs are let in."""

    id: int
    name: str
    path_with_namespace: str
    web_url: str


class AllowedGroup(Shape):
    """A group whose jobs are let in, with all in it."""

    id: int
    name: str
    full_path: str
    web_url: str


class ProjectAdded(Shape):
    """What was put on the list of which project."""

    source_project_id: int
    target_project_id: int


class GroupAdded(Shape):
    """The same of a group."""

    source_project_id: int
    target_group_id: int


class Limit(Asked):
    """Whether the allowlists are to hold."""

    enabled: bool


class NewProject(Asked):
    """Whose jobs are to be let in."""

    target_project_id: Target


class NewGroup(Asked):
    """The same of a group."""

    target_group_id: Target


@router.get("")
def get(call: ApiCall, key: Key) -> ScopeShape:
    """Whether the allowlists hold, for maintainers."""
    return ScopeShape(inbound_enabled=job_scopes.limited(call.tools, call.caller, places.project(call, key).path))


@router.patch("", status_code=204)
def change(call: ApiCall, key: Key, asked: Limit) -> None:
    """Let in the jobs of the allowlists alone, or again of everybody who may pull here."""
    job_scopes.limit(call.tools, call.caller, places.project(call, key).path, on=asked.enabled)


@router.get("/allowlist")
def list_projects(call: ApiCall, key: Key, paging: Paged) -> list[AllowedProject]:
    """The projects whose jobs are let in, the project itself first."""
    found = job_scopes.list_allowed(call.tools, call.caller, places.project(call, key).path)
    return paging.part(found, lambda one: _project(call, one))


@router.post("/allowlist", status_code=201)
def add_project(call: ApiCall, key: Key, asked: NewProject) -> ProjectAdded:
    """Let in the jobs of a project."""
    project = places.project(call, key)
    other = places.project(call, str(asked.target_project_id))
    job_scopes.allow(call.tools, call.caller, project.path, other)
    return ProjectAdded(source_project_id=project.id, target_project_id=other.id)


@router.delete("/allowlist/{target_project_id}", status_code=204)
def remove_project(call: ApiCall, key: Key, target_project_id: Number) -> None:
    """Let in the jobs of a project no longer."""
    job_scopes.forbid(call.tools, call.caller, places.project(call, key).path, target_project_id)


@router.get("/groups_allowlist")
def list_groups(call: ApiCall, key: Key, paging: Paged) -> list[AllowedGroup]:
    """The groups whose jobs are let in."""
    found = job_scopes.list_allowed(call.tools, call.caller, places.project(call, key).path, groups=True)
    return paging.part(found, lambda one: _group(call, one))


@router.post("/groups_allowlist", status_code=201)
def add_group(call: ApiCall, key: Key, asked: NewGroup) -> GroupAdded:
    """Let in the jobs of a group, with all in it."""
    project = places.project(call, key)
    other = places.group(call, str(asked.target_group_id))
    job_scopes.allow(call.tools, call.caller, project.path, other)
    return GroupAdded(source_project_id=project.id, target_group_id=other.id)


@router.delete("/groups_allowlist/{target_group_id}", status_code=204)
def remove_group(call: ApiCall, key: Key, target_group_id: Number) -> None:
    """Let in the jobs of a group no longer."""
    job_scopes.forbid(call.tools, call.caller, places.project(call, key).path, target_group_id, group=True)


def _project(call: Call, one: Allowed) -> AllowedProject:
    return AllowedProject(id=one.id, name=one.name, path_with_namespace=one.path, web_url=f"{call.url}/{one.path}")


def _group(call: Call, one: Allowed) -> AllowedGroup:
    return AllowedGroup(id=one.id, name=one.name, full_path=one.path, web_url=f"{call.url}/groups/{one.path}")
