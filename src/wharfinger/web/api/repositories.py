"""Image repositories of a project, of a group, or by number (GitLab: Container registry API)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import renaming, repositories, tags
from wharfinger.domain.errors import RepositoryUnknown, ScopeMissing
from wharfinger.domain.repositories import Filter, Repository, Status
from wharfinger.rules.paging import Window
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call, RegistryCall
from wharfinger.web.api.paging import MOST_PER_PAGE, Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Moment, Shape

router = APIRouter(tags=["registry"])

Number = Annotated[int, Path(ge=1, le=10**18, description="the repository's number")]
WithTags = Annotated[bool, Query(description="with its tags, the first hundred by name")]
WithCount = Annotated[bool, Query(description="with the number of its tags")]


class TagName(Shape):
    """A tag in a listing."""

    name: str
    path: str
    location: str


class RepositoryShape(Shape):
    """An image repository. `size` is that of the blobs that its tags reach, each once."""

    id: int
    name: str
    path: str
    project_id: int
    location: str
    created_at: Moment
    cleanup_policy_started_at: Moment | None
    status: Status | None
    delete_api_path: str | None = None
    tags_count: int | None = None
    tags: list[TagName] | None = None
    size: int | None = None


class NewName(Asked):
    """Where an image repository goes: its name below a project, "" for the image at the project's own path."""

    name: str
    project_id: int | None = Field(None, ge=1, le=10**18, description="another project; none: it stays in its own")


@router.get("/projects/{id}/registry/repositories", response_model_exclude_unset=True)
def list_of_project(
    call: RegistryCall, key: Key, paging: Paged, *, tags: WithTags = False, tags_count: WithCount = False
) -> list[RepositoryShape]:
    """The image repositories of a project."""
    wanted = Filter(project=places.project(call, key).path, counted=tags_count)
    page = repositories.list_repositories(call.tools, call.caller, wanted, paging.window)
    return paging.answer(page, lambda one: shape(call, one, with_tags=tags, with_count=tags_count))


@router.get("/groups/{id}/registry/repositories", response_model_exclude_unset=True)
def list_of_group(call: ApiCall, key: Key, paging: Paged) -> list[RepositoryShape]:
    """The image repositories of a group and all below it, as far as the caller may read them."""
    wanted = Filter(group=places.group(call, key).path)
    page = repositories.list_repositories(call.tools, call.caller, wanted, paging.window)
    return paging.answer(page, lambda one: shape(call, one))


@router.get("/registry/repositories/{repository_id}", response_model_exclude_unset=True)
def get(
    call: RegistryCall,
    repository_id: Number,
    *,
    tags: WithTags = False,
    tags_count: WithCount = False,
    size: Annotated[bool, Query(description="with its size in bytes")] = False,
) -> RepositoryShape:
    """One image repository."""
    found = repositories.by_id(call.tools, call.caller, repository_id, Filter(sized=size, counted=tags_count))
    _require_own(call, found)
    return shape(call, found, with_tags=tags, with_count=tags_count)


@router.delete("/projects/{id}/registry/repositories/{repository_id}", status_code=202)
def delete(call: RegistryCall, key: Key, repository_id: Number) -> None:
    """Have an image repository deleted, soon; it can be restored from the trash for a while."""
    repositories.delete(call.tools, call.caller, opened(call, key, repository_id).path)


@router.put("/projects/{id}/registry/repositories/{repository_id}", response_model_exclude_unset=True)
def rename(call: ApiCall, key: Key, repository_id: Number, asked: NewName) -> RepositoryShape:
    """Give an image repository another name, here or in another project (Wharfinger's own).

    The images move along. In the same project its old name goes on to lead to them, for pulling, until somebody pushes
    there.
    """
    found = opened(call, key, repository_id)
    project = places.project(call, key if asked.project_id is None else str(asked.project_id))
    to = f"{project.path}/{asked.name}" if asked.name else project.path
    path = renaming.rename(call.tools, call.caller, found.path, to)
    return shape(call, repositories.get(call.tools, call.caller, path))


def opened(call: Call, key: str, number: int) -> Repository:
    """The repository of this number in the project that is named. Raises RepositoryUnknown."""
    project = places.project(call, key)
    found = repositories.by_id(call.tools, call.caller, number)
    if found.project_id != project.id:
        raise RepositoryUnknown(f"no image repository {number} in this project: list those that there are")
    return found


def shape(call: Call, one: Repository, *, with_tags: bool = False, with_count: bool = False) -> RepositoryShape:
    """The repository as it is shown to the caller."""
    more: dict[str, Any] = {}
    if with_count:
        more["tags_count"] = one.tags_count
    if with_tags:
        found = tags.list_tags(call.tools, call.caller, one.path, window=Window(MOST_PER_PAGE))
        more["tags"] = [tag_name(call, one.path, tag.name) for tag in found.items]
    if one.size_bytes is not None:
        more["size"] = one.size_bytes
    if repositories.deletable(call.tools, call.caller, one):
        more["delete_api_path"] = f"{call.url}/api/v4/projects/{one.project_id}/registry/repositories/{one.id}"
    return RepositoryShape(
        id=one.id,
        name=one.name,
        path=one.path,
        project_id=one.project_id,
        location=f"{call.registry}/{one.path}",
        created_at=one.created_at,
        cleanup_policy_started_at=one.cleaned_at,
        status=one.status,
        **more,
    )


def tag_name(call: Call, repository: str, name: str) -> TagName:
    """A tag as a listing has it."""
    path = f"{repository}:{name}"
    return TagName(name=name, path=path, location=f"{call.registry}/{path}")


def _require_own(call: Call, found: Repository) -> None:
    if call.caller.kind is CredentialKind.JOB and found.project_id != call.caller.project_id:
        raise ScopeMissing("a job token is good for its own project only: use an access token here")
