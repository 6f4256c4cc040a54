"""Tags of an image repository (GitLab: Container registry API)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from wharfinger.domain import images, tags
from wharfinger.domain.tags import Filter, Tag
from wharfinger.rules.paging import Marker, Window
from wharfinger.web.api.call import RegistryCall
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.repositories import Number, TagName, opened, tag_name
from wharfinger.web.api.shapes import Moment, Shape

router = APIRouter(tags=["registry"])

_SHORT = 9  # characters of a short revision


class TagShape(Shape):
    """A tag and what it points to. `revision` is the digest of the image's config; an index has none."""

    name: str
    path: str
    location: str
    revision: str | None
    short_revision: str | None
    digest: str
    media_type: str
    created_at: Moment
    published_at: Moment
    pushed_by: str
    total_size: int


@router.get("/projects/{id}/registry/repositories/{repository_id}/tags")
def list_tags(
    call: RegistryCall,
    key: Key,
    repository_id: Number,
    paging: Paged,
    *,
    sort: Annotated[Literal["asc", "desc"], Query(description="by name")] = "asc",
    last: Annotated[str | None, Query(description="with keyset: the last tag of the page before")] = None,
    name: Annotated[str, Query(description="tags whose name contains this")] = "",
) -> list[TagName]:
    """The tags of an image repository, by name."""
    repository = opened(call, key, repository_id)
    window = paging.window
    if paging.keyset and last:
        window = Window(window.limit, after=Marker(last))
    wanted = Filter(part=name, descending=sort == "desc")
    page = tags.list_tags(call.tools, call.caller, repository.path, wanted, window)
    shown = paging.answer(page, lambda tag: tag_name(call, repository.path, tag.name))
    if paging.keyset:
        paging.link_next(last=page.after.name if page.after else None)
    return shown


@router.get("/projects/{id}/registry/repositories/{repository_id}/tags/{tag_name}")
def get(call: RegistryCall, key: Key, repository_id: Number, tag_name: str) -> TagShape:
    """One tag with its digest, size and dates."""
    repository = opened(call, key, repository_id)
    return shape(call.registry, tags.get(call.tools, call.caller, repository.path, tag_name))


@router.delete("/projects/{id}/registry/repositories/{repository_id}/tags/{tag_name}")
def delete(call: RegistryCall, key: Key, repository_id: Number, tag_name: str) -> None:
    """Delete a tag; the image stays, for other tags that point to it. It can be restored for a while."""
    repository = opened(call, key, repository_id)
    images.delete_tag(call.tools, call.caller, repository.path, tag_name)


def shape(registry: str, tag: Tag) -> TagShape:
    """The tag as it is shown, on this host."""
    revision = tag.config_digest and tag.config_digest.partition(":")[2]
    return TagShape(
        name=tag.name,
        path=tag.path,
        location=f"{registry}/{tag.path}",
        revision=revision,
        short_revision=revision and revision[:_SHORT],
        digest=tag.digest,
        media_type=tag.media_type,
        created_at=tag.created_at,
        published_at=tag.published_at,
        pushed_by=tag.pushed_by,
        total_size=tag.total_size_bytes,
    )
