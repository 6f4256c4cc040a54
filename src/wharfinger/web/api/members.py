"""Members of projects and groups (GitLab: Members API)."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import directory, members
from wharfinger.domain.access import Group, Project
from wharfinger.domain.errors import Conflict, MemberUnknown, SettingInvalid
from wharfinger.domain.members import Member
from wharfinger.rules.roles import Role
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import AccessLevel, Asked, Moment, day, midnight
from wharfinger.web.api.users import UserShape

UserId = Annotated[int, Path(ge=1, le=10**18, description="the person's number")]
Part = Annotated[str, Query(description="part of a name or user name")]


class MemberShape(UserShape):
    """A member and the role."""

    access_level: AccessLevel
    expires_at: date | None
    created_at: Moment
    membership_state: str = "active"


class NewMember(Asked):
    """Who becomes a member, by number or user name, with which role and until when."""

    user_id: int | None = Field(None, ge=1, le=10**18)
    username: str | None = None
    access_level: AccessLevel
    expires_at: date | None = None


class MemberChanges(Asked):
    """The role and end that a member is to have."""

    access_level: AccessLevel
    expires_at: date | None = None


class AlreadyMember(Conflict):
    """Somebody is a member here already."""


Opening = Callable[[Call, str], Project | Group]


def routes(noun: str, opening: Opening) -> APIRouter:
    """The routes below projects or groups."""
    router = APIRouter(prefix=f"/{noun}/{{id}}/members", tags=["members"])

    @router.get("", name=f"list_of_{noun}")
    def list_direct(call: ApiCall, key: Key, paging: Paged, *, query: Part = "") -> list[MemberShape]:
        """Those who are members of this very place."""
        return paging.part(_named(_members(call, opening, key, inherited=False), query), lambda one: _shape(call, one))

    @router.get("/all", name=f"list_all_of_{noun}")
    def list_all(call: ApiCall, key: Key, paging: Paged, *, query: Part = "") -> list[MemberShape]:
        """The same and those of the groups above, each with the highest role."""
        return paging.part(_named(_highest(call, opening, key), query), lambda one: _shape(call, one))

    @router.get("/all/{user_id}", name=f"get_any_of_{noun}")
    def get_any(call: ApiCall, key: Key, user_id: UserId) -> MemberShape:
        """A member of this place or of a group above."""
        return _shape(call, _one(_highest(call, opening, key), user_id))

    @router.get("/{user_id}", name=f"get_of_{noun}")
    def get(call: ApiCall, key: Key, user_id: UserId) -> MemberShape:
        """A member of this very place."""
        return _shape(call, _one(_members(call, opening, key, inherited=False), user_id))

    @router.post("", status_code=201, name=f"add_to_{noun}")
    def add(call: ApiCall, key: Key, asked: NewMember) -> MemberShape:
        """Make somebody a member: owners of a group, maintainers of a project, up to their own role."""
        place = opening(call, key)
        members.require_managing(call.tools, call.caller, place.path)
        username = _username(call, asked)
        if any(one.username == username for one in _members(call, opening, key, inherited=False)):
            raise AlreadyMember("Member already exists: change the role instead")
        return _put(call, place.path, username, asked.access_level, asked.expires_at)

    @router.put("/{user_id}", name=f"change_in_{noun}")
    def change(call: ApiCall, key: Key, user_id: UserId, asked: MemberChanges) -> MemberShape:
        """Change role and end of a member."""
        known = _one(_members(call, opening, key, inherited=False), user_id)
        expires_at = asked.expires_at if "expires_at" in asked.model_fields_set else day(known.expires_at)
        return _put(call, opening(call, key).path, known.username, asked.access_level, expires_at)

    @router.delete("/{user_id}", status_code=204, name=f"remove_from_{noun}")
    def remove(call: ApiCall, key: Key, user_id: UserId) -> None:
        """End a membership of this very place; members may leave by themselves."""
        known = _one(_members(call, opening, key, inherited=False), user_id)
        members.remove(call.tools, call.caller, opening(call, key).path, known.username)

    return router


of_projects = routes("projects", places.project)
of_groups = routes("groups", places.group)


def _members(call: Call, opening: Opening, key: str, *, inherited: bool) -> list[Member]:
    """Those of a place; one who has several memberships of it and above comes with the highest first."""
    return members.list_members(call.tools, call.caller, opening(call, key).path, inherited=inherited)


def _highest(call: Call, opening: Opening, key: str) -> list[Member]:
    found: dict[int, Member] = {}
    for one in _members(call, opening, key, inherited=True):
        found.setdefault(one.user_id, one)
    return list(found.values())


def _named(found: list[Member], part: str) -> list[Member]:
    return [one for one in found if part.lower() in one.username or part.lower() in one.name.lower()]


def _one(found: list[Member], user_id: int) -> Member:
    for one in found:
        if one.user_id == user_id:
            return one
    raise MemberUnknown(f"the user {user_id} is no member here: list the members to see who is")


def _username(call: Call, asked: NewMember) -> str:
    if (asked.user_id is None) == (asked.username is None):
        raise SettingInvalid("user_id or username says who becomes a member: send one of them")
    return asked.username or directory.username(call.tools, asked.user_id or 0)


def _put(call: Call, path: str, username: str, level: Role, expires_at: date | None) -> MemberShape:
    members.add(call.tools, call.caller, path, username, level, expires_at=midnight(expires_at))
    found = members.list_members(call.tools, call.caller, path, inherited=False)
    return _shape(call, next(one for one in found if one.username == username))


def _shape(call: Call, one: Member) -> MemberShape:
    return MemberShape(
        id=one.user_id,
        username=one.username,
        name=one.name,
        state="blocked" if one.blocked else "active",
        web_url=f"{call.url}/{one.username}",
        access_level=one.role,
        expires_at=day(one.expires_at),
        created_at=one.created_at,
    )
