"""What was deleted from a project, until it is gone for good. Our own: GitLab has no trash for images."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import selection, trash
from wharfinger.domain.trash import Kind
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Moment, Shape

router = APIRouter(prefix="/projects/{id}/registry/trash", tags=["trash"])

Number = Annotated[int, Path(ge=1, le=10**18, description="of the thing in the trash")]
Before = Annotated[int | None, Query(ge=1, le=10**18, description="things with smaller numbers")]
Batch = Annotated[str | None, Query(max_length=100, description="what one act deleted, by its label")]
PerPage = Annotated[int, Query(ge=1, le=100)]


class TrashedShape(Shape):
    """A tag, manifest or repository in the trash. `path` is the repository's, `name` the tag or digest, or "".

    `tags` are those that went with a manifest; `batch` is the label of the act that deleted it and more.
    """

    id: int
    kind: Kind
    path: str
    name: str
    tags: list[str]
    deleted_by: str
    deleted_at: Moment
    expires_at: Moment
    batch: str | None


class ReturnedShape(Shape):
    """How many things are back, and how many stay: something is in their way. None where the worker goes on with it."""

    restored: int | None
    left: int | None


class Emptied(Shape):
    """So many things are gone for good."""

    removed: int


class Act(Asked):
    """What one act deleted."""

    batch: Annotated[str, Field(min_length=1, max_length=100)]


@router.get("")
def list_trash(
    call: ApiCall, key: Key, *, before: Before = None, batch: Batch = None, per_page: PerPage = 20
) -> list[TrashedShape]:
    """What lies there, newest first, for maintainers."""
    path = places.project(call, key).path
    found = trash.list_trash(call.tools, call.caller, path, before=before, limit=per_page, batch=batch)
    return [TrashedShape.model_validate(one) for one in found]


@router.post("/restore")
def restore_act(call: ApiCall, key: Key, asked: Act) -> ReturnedShape:
    """Bring back what one act deleted; the worker does it where it is much."""
    back = selection.undo(call.tools, call.caller, places.project(call, key).path, asked.batch)
    return ReturnedShape(restored=back.back if back else None, left=back.left if back else None)


@router.post("/{thing_id}/restore")
def restore(call: ApiCall, key: Key, thing_id: Number) -> TrashedShape:
    """Bring something back, with what it needs that was deleted after it."""
    return TrashedShape.model_validate(trash.restore(call.tools, call.caller, places.project(call, key).path, thing_id))


@router.delete("")
def empty(call: ApiCall, key: Key) -> Emptied:
    """Let go of everything for good."""
    return Emptied(removed=trash.empty(call.tools, call.caller, places.project(call, key).path))


@router.delete("/{thing_id}", status_code=204)
def remove(call: ApiCall, key: Key, thing_id: Number) -> None:
    """Let go of one thing for good."""
    trash.empty(call.tools, call.caller, places.project(call, key).path, thing_id)
