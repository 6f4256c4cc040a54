"""The audit log of projects, groups and the installation (GitLab: Audit events API), and exports of it.

Pages go on from a marker: follow the Link header, which costs the same at any depth. A page of a `search` tells what it
found among so many events: it may have few or none while its Link leads on.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from wharfinger.domain import audit
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import PageInvalid
from wharfinger.domain.events.record import Recorded
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import MOST_PER_PAGE, Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Moment, Shape, in_utc

_MEDIA_TYPES: Final = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


class AuditEventShape(Shape):
    """Something that happened. `details` says by whom, where from, to what, and what the event itself tells."""

    id: int
    author_id: int
    entity_id: int | None
    entity_type: str
    event_name: str
    created_at: Moment
    details: dict[str, Any]


def wanted(
    *,
    created_after: Annotated[datetime | None, Query(description="from this moment on")] = None,
    created_before: Annotated[datetime | None, Query(description="before this moment")] = None,
    author: Annotated[str, Query(description="who, by name")] = "",
    event_name: Annotated[str, Query(description='what, as in "manifest pushed"')] = "",
    path: Annotated[str, Query(description="to what: the path of a repository, project, group or user")] = "",
    ip_address: Annotated[str, Query(description="from where")] = "",
    search: Annotated[str, Query(description="words that an event tells, or a reference, as acme/shop:v1")] = "",
) -> Wanted:
    """What is looked for."""
    return Wanted(author, event_name, path, ip_address, in_utc(created_after), in_utc(created_before), search)


Searched = Annotated[Wanted, Depends(wanted)]
Cursor = Annotated[str | None, Query(description="the marker of the last page's Link")]
Format = Annotated[Literal["jsonl", "csv"], Query(description="JSON lines, or comma-separated values")]
Placing = Callable[[Call, str], str]


def routes(prefix: str, placing: Placing) -> APIRouter:
    """The routes below projects or groups; `placing` gives the path of the place."""
    router = APIRouter(prefix=f"/{prefix}/{{id}}/audit_events", tags=["audit"])

    @router.get("", name=f"list_of_{prefix}")
    def list_events(
        call: ApiCall, key: Key, paging: Paged, search: Searched, *, cursor: Cursor = None
    ) -> list[AuditEventShape]:
        """What happened here, newest first: for maintainers of a project, owners of a group."""
        return page(call, placing(call, key), paging, search, cursor)

    @router.get("/export", name=f"export_of_{prefix}", response_class=StreamingResponse)
    def export(call: ApiCall, key: Key, search: Searched, *, format: Format = "jsonl") -> StreamingResponse:  # noqa: A002
        """All of it at once, newest first."""
        return exported(call, placing(call, key), search, format)

    return router


of_projects = routes("projects", lambda call, key: places.project(call, key).path)
of_groups = routes("groups", lambda call, key: places.group(call, key).path)
of_installation = APIRouter(prefix="/audit_events", tags=["audit"])


@of_installation.get("")
def list_everything(call: ApiCall, paging: Paged, search: Searched, *, cursor: Cursor = None) -> list[AuditEventShape]:
    """What happened anywhere, newest first, for administrators."""
    return page(call, "", paging, search, cursor)


@of_installation.get("/export", response_class=StreamingResponse)
def export_everything(call: ApiCall, search: Searched, *, format: Format = "jsonl") -> StreamingResponse:  # noqa: A002
    """All of it at once, newest first."""
    return exported(call, "", search, format)


def page(call: Call, place: str, paging: Paged, search: Wanted, cursor: str | None) -> list[AuditEventShape]:
    """A page of the log; the Link header says where the next one begins."""
    last = _number(cursor)
    limit = min(paging.per_page, MOST_PER_PAGE)
    found = audit.page(call.tools, call.caller, place, search, last=last, limit=limit)
    paging.link_next(cursor=None if found.last is None else str(found.last))
    return [shape(event) for event in found.events]


def exported(call: Call, place: str, search: Wanted, kind: str) -> StreamingResponse:
    """The log as a file that is written while it is read."""
    events = audit.export(call.tools, call.caller, place, search)
    lines = audit.as_csv(events) if kind == "csv" else audit.as_lines(events)
    headers = {"content-disposition": f'attachment; filename="audit.{kind}"'}
    return StreamingResponse(audit.in_pieces(lines), media_type=_MEDIA_TYPES[kind], headers=headers)


def shape(event: Recorded) -> AuditEventShape:
    """The event as it is shown."""
    kind = "Project" if event.project_id else "Group" if event.namespace_id else "User" if event.path else "Instance"
    return AuditEventShape(
        id=event.number,
        author_id=event.user_id or -1,
        entity_id=event.project_id or event.namespace_id,
        entity_type=kind,
        event_name=event.kind,
        created_at=event.at,
        details={
            "author_name": event.actor,
            "author_credential": event.credential,
            "ip_address": event.address,
            "target_details": event.path,
            "about": dict(event.about),
        },
    )


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise PageInvalid("the cursor is none that a page of this log gave: start with the first page")
    return int(cursor)
