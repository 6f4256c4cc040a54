"""Namespaces: groups and people's own, as what projects are put into (GitLab: Namespaces API)."""

from typing import Literal
from urllib.parse import unquote

from fastapi import APIRouter

from wharfinger.domain import access, directory, groups
from wharfinger.domain.access import Group
from wharfinger.domain.directory import Filter, Namespace
from wharfinger.rules.roles import Role
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Shape

router = APIRouter(tags=["namespaces"])


class NamespaceShape(Shape):
    """What a project is in."""

    id: int
    name: str
    path: str
    kind: Literal["group", "user"]
    full_path: str
    parent_id: int | None
    avatar_url: str | None = None
    web_url: str


@router.get("/namespaces")
def list_namespaces(call: ApiCall, paging: Paged, *, search: str = "") -> list[NamespaceShape]:
    """The groups that one belongs to."""
    access.require_known(call.caller)
    wanted = Filter(part=search, lowest=None if call.caller.admin else Role.GUEST)
    page = directory.list_groups(call.tools, call.caller, wanted, paging.window)
    return paging.answer(page, lambda group: shape(call, group))


@router.get("/namespaces/{id}")
def get(call: ApiCall, key: Key) -> NamespaceShape:
    """One namespace."""
    return shape(call, groups.find(call.tools, call.caller, unquote(key)))


def shape(call: Call, found: Namespace | Group) -> NamespaceShape:
    """The namespace as it is shown."""
    personal = found.owner_id is not None
    return NamespaceShape(
        id=found.id,
        name=found.name,
        path=found.path.rpartition("/")[2],
        kind="user" if personal else "group",
        full_path=found.path,
        parent_id=found.parent_id,
        web_url=f"{call.url}/{found.path}" if personal else f"{call.url}/groups/{found.path}",
    )
