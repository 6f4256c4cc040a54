"""Groups, what is in them, and moving them (GitLab: Groups API)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from wharfinger.domain import directory, groups, quotas
from wharfinger.domain.access import Group
from wharfinger.domain.directory import Filter, Sort
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.roles import Role
from wharfinger.web.api import elsewhere, places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import (
    AccessLevel,
    Asked,
    Moment,
    Shape,
    Statistics,
    VisibilityWord,
    WithStatistics,
    visibility,
    word,
)

router = APIRouter(tags=["groups"])

OrderBy = Literal["name", "path", "id", "created_at"]
Order = Literal["asc", "desc"]
Owned = Annotated[bool, Query(description="where one is owner")]


class Simple(Shape):
    """A group in short."""

    id: int
    web_url: str
    name: str
    path: str
    description: str = ""
    visibility: VisibilityWord
    full_name: str
    full_path: str
    parent_id: int | None
    avatar_url: str | None = None
    created_at: Moment


class GroupShape(elsewhere.OfGroup, Simple):  # what is named last comes first in JSON
    """A group."""

    statistics: Statistics | None = None


class NewGroup(Asked):
    """A group to be made, at the top or in a parent."""

    name: str
    path: str
    parent_id: int | None = Field(None, ge=1, le=10**18)
    visibility: VisibilityWord = "private"
    description: str | None = None


class GroupChanges(Asked):
    """What is to be different."""

    name: str | None = None
    path: str | None = None
    visibility: VisibilityWord | None = None
    description: str | None = None


class Transfer(Asked):
    """Where a group goes."""

    group_id: int | None = Field(None, ge=1, le=10**18, description="the new parent; none: the top")


@router.get("/groups")
def list_groups(
    call: ApiCall,
    paging: Paged,
    *,
    search: str = "",
    owned: Owned = False,
    min_access_level: AccessLevel | None = None,
    top_level_only: bool = False,
    order_by: OrderBy = "name",
    sort: Order = "asc",
    statistics: WithStatistics = False,
) -> list[GroupShape]:
    """Groups that one may see."""
    lowest = Role.OWNER if owned else min_access_level
    wanted = Filter(part=search, lowest=lowest, top=top_level_only, sort=Sort(order_by), descending=sort == "desc")
    return _answer(call, paging, wanted, statistics=statistics)


@router.post("/groups", status_code=201)
def create(call: ApiCall, asked: NewGroup) -> GroupShape:
    """Make a group; who makes it owns it."""
    parent = places.group(call, str(asked.parent_id)).path if asked.parent_id else ""
    path = f"{parent}/{asked.path}".lstrip("/")
    seen, text = visibility(asked.visibility), asked.description or ""
    return shape(call, groups.create(call.tools, call.caller, path, visibility=seen, name=asked.name, description=text))


@router.get("/groups/{id}")
def get(call: ApiCall, key: Key, *, statistics: WithStatistics = False) -> GroupShape:
    """One group."""
    group = places.group(call, key)
    return shape(call, group, _used(call, [group]) if statistics else {})


@router.put("/groups/{id}")
def change(call: ApiCall, key: Key, asked: GroupChanges) -> GroupShape:
    """Change a group's name, path or visibility, for its owners. Old paths redirect."""
    group = places.group(call, key)
    seen = None if asked.visibility is None else visibility(asked.visibility)
    changed = groups.change(
        call.tools, call.caller, group.path, visibility=seen, name=asked.name, description=asked.description
    )
    if asked.path is not None and asked.path != group.path.rpartition("/")[2]:
        changed = groups.rename(call.tools, call.caller, group.path, asked.path)
    return shape(call, changed)


@router.delete("/groups/{id}", status_code=202)
def delete(call: ApiCall, key: Key) -> None:
    """Delete a group that holds nothing any more, for its owners."""
    groups.delete(call.tools, call.caller, places.group(call, key).path)


@router.get("/groups/{id}/subgroups")
def list_subgroups(
    call: ApiCall, key: Key, paging: Paged, *, search: str = "", order_by: OrderBy = "name", sort: Order = "asc"
) -> list[GroupShape]:
    """The groups right in a group."""
    group = places.group(call, key).path
    return _answer(call, paging, Filter(group, part=search, sort=Sort(order_by), descending=sort == "desc"))


@router.get("/groups/{id}/descendant_groups")
def list_descendants(
    call: ApiCall, key: Key, paging: Paged, *, search: str = "", order_by: OrderBy = "name", sort: Order = "asc"
) -> list[GroupShape]:
    """The groups in a group, at any depth."""
    group = places.group(call, key).path
    wanted = Filter(group, deep=True, part=search, sort=Sort(order_by), descending=sort == "desc")
    return _answer(call, paging, wanted)


@router.post("/groups/{id}/transfer", status_code=201)
def transfer(call: ApiCall, key: Key, asked: Transfer) -> GroupShape:
    """Move a group with all below it into another one or to the top, for its owners. Old paths redirect."""
    group = places.group(call, key)
    into = "" if asked.group_id is None else places.group(call, str(asked.group_id)).path
    if into == group.path:
        raise SettingInvalid("a group cannot be moved into itself: choose another parent")
    return shape(call, groups.move(call.tools, call.caller, group.path, into))


def shape(call: Call, group: Group, used: Mapping[int, int] = MappingProxyType({})) -> GroupShape:
    """The group as it is shown, with its statistics if `used`, bytes by id, has it."""
    return GroupShape(
        id=group.id,
        web_url=f"{call.url}/groups/{group.path}",
        name=group.name,
        path=group.path.rpartition("/")[2],
        description=group.description,
        visibility=word(group.visibility),
        full_name=" / ".join([*group.path.split("/")[:-1], group.name]),
        full_path=group.path,
        parent_id=group.parent_id,
        created_at=group.created_at,
        statistics=Statistics.of(used.get(group.id)),
    )


def _answer(call: Call, paging: Paged, wanted: Filter, *, statistics: bool = False) -> list[GroupShape]:
    page = directory.list_groups(call.tools, call.caller, wanted, paging.window)
    used = _used(call, page.items) if statistics else {}
    return paging.answer(page, lambda group: shape(call, group, used))


def _used(call: Call, groups: Sequence[Group]) -> dict[int, int]:
    """By id: what those of these groups store, with all below, whose reporter the caller is at least."""
    return quotas.of_groups(call.tools, [group.id for group in groups if (group.role or 0) >= Role.REPORTER])
