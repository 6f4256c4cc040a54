"""Tags of an image repository (GitLab: Container registry API)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from wharfinger.domain import images, tags
from wharfinger.domain.cleanup import once
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import SettingInvalid
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


@router.delete("/projects/{id}/registry/repositories/{repository_id}/tags", status_code=202)
def delete_in_bulk(
    call: RegistryCall,
    key: Key,
    repository_id: Number,
    *,
    name_regex_delete: Annotated[str | None, Query(description="names to delete (RE2), matched whole")] = None,
    name_regex: Annotated[str | None, Query(description="the same, as it was called before")] = None,
    name_regex_keep: Annotated[str, Query(description="names to keep (RE2), matched whole")] = "",
    keep_n: Annotated[int | None, Query(ge=0, description="how many of the newest stay")] = None,
    older_than: Annotated[str | None, Query(description="what is younger stays, as in 7d, 1month")] = None,
) -> None:
    """Have many tags deleted, soon; once an hour at most. `latest` and what is protected stay."""
    pattern = name_regex_delete or name_regex
    if pattern is None:
        raise SettingInvalid("name_regex_delete says which tags go: send it, .* is all of them")
    wanted = Terms(name_regex=pattern, name_regex_keep=name_regex_keep, keep_n=keep_n or None, older_than=older_than)
    once.ask(call.tools, call.caller, opened(call, key, repository_id).path, wanted)


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
