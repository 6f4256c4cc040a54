"""Members: who has which role in a group or project, and for how long.

A membership of a group counts for everything below it, and the highest of all that reach a place wins. Owners manage
the members of groups, maintainers those of projects; nobody gives a role above their own. A person's own namespace has
no members but that person: share its projects instead.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import members as rows
from wharfinger.db import users as user_rows
from wharfinger.domain import access, events, places
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import MemberUnknown, ScopeMissing, SettingInvalid, UserUnknown
from wharfinger.domain.events.people import MemberAdded, MemberChanged, MemberRemoved
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role


@dataclass(frozen=True, slots=True)
class Member:
    """One membership. `source` is the path of the place it is one of: this one, or a group above."""

    user_id: int
    username: str
    name: str
    bot: bool
    blocked: bool
    role: Role
    expires_at: datetime | None
    created_at: datetime
    source: str


def add(
    tools: Tools, caller: Caller, path: str, username: str, role: Role, *, expires_at: datetime | None = None
) -> None:
    """Make a person a member of the group or project at this path, or change role and end of a member.

    Raises UserUnknown, SettingInvalid for an end that is over, ScopeMissing for a role above the caller's own.
    """
    now = tools.clock()
    if expires_at is not None and expires_at <= now:
        raise SettingInvalid(f"the membership would end on {expires_at:%Y-%m-%d %H:%M}, which is over: choose later")
    with places.changing(tools) as tx:
        place = _managed(tx, caller, path)
        user = _person(tx, username)
        access.require_role(place, role, f"giving the role {role.name.lower()}")
        where = _where(place)
        known = rows.of_user(tx, user.id, **where)
        if known is not None:
            _require_above(place, Role(known.role))
        if role is not Role.OWNER or expires_at is not None:
            _require_other_owner(tx, place, user, now)
        rows.put(tx, user.id, role=role, expires_at=expires_at, now=now, **where)
        events.put(tx, tools, caller, _put(place, user, known, role, expires_at))


def require_managing(tools: Tools, caller: Caller, path: str) -> None:
    """For what is asked before `add`: others are not to learn from it who is here. Raises what `add` raises to them."""
    with tools.db.read() as tx:
        _managed(tx, caller, path)


def remove(tools: Tools, caller: Caller, path: str, username: str) -> None:
    """End a membership of this very place; members may leave by themselves. Raises MemberUnknown."""
    access.require_account(caller)
    with places.changing(tools) as tx:  # one after the other: the last two owners may leave at once
        user = user_rows.at(tx, access.askable(username))
        leaving = user is not None and user.id == caller.user_id
        place = access.open_place(tx, caller, path, Action.PULL) if leaving else _managed(tx, caller, path)
        known = None if user is None else rows.of_user(tx, user.id, **_where(place))
        if user is None or known is None or user.bot:
            raise MemberUnknown(f"{username} is not a direct member of {place.path}: look where the role comes from")
        if not leaving:
            _require_above(place, Role(known.role))
        _require_other_owner(tx, place, user, tools.clock())
        rows.remove(tx, user.id, **_where(place))
        role = Role(known.role).name.lower()
        events.put(tx, tools, caller, MemberRemoved(**events.at(place), username=user.username, role=role))


def list_members(tools: Tools, caller: Caller, path: str, *, inherited: bool = True) -> list[Member]:
    """Who is a member here, for members: by user name, a person's highest role first; `inherited` from groups above.

    Memberships that are over are listed with their end, until somebody removes them.
    """
    with tools.db.read() as tx:
        place = access.open_place(tx, caller, path, Action.PULL)
        if place.role is None:
            raise ScopeMissing(f"the members of {place.path} are shown to its members: ask one of them")
        found = rows.reaching(tx, place.path, place.id if isinstance(place, Project) else None)
    members = [_member(row) for row in found]
    return [member for member in members if inherited or member.source == place.path]


def _member(row: Row[Any]) -> Member:
    return Member(
        user_id=row.id,
        username=row.username,
        name=row.name,
        bot=row.bot,
        blocked=row.blocked,
        role=Role(row.role),
        expires_at=row.expires_at,
        created_at=row.created_at,
        source=row.source,
    )


def _put(
    place: Group | Project, user: Row[Any], known: Row[Any] | None, role: Role, expires_at: datetime | None
) -> MemberAdded | MemberChanged:
    after = _facts(role, expires_at)
    if known is None:
        return MemberAdded(**events.at(place), username=user.username, **after)
    before = _facts(Role(known.role), known.expires_at)
    return MemberChanged(**events.at(place), username=user.username, before=before, after=after)


def _facts(role: Role, expires_at: datetime | None) -> dict[str, Any]:
    return {"role": role.name.lower(), "expires_at": expires_at and expires_at.isoformat()}


def _managed(tx: Connection, caller: Caller, path: str) -> Group | Project:
    place = access.open_place(tx, caller, path, Action.ADMINISTER)
    if isinstance(place, Group):
        access.require_role(place, Role.OWNER, "managing the members of a group")
        if place.owner_id is not None:
            raise SettingInvalid(f"{place.path} is the namespace of a person: add members to its projects instead")
    return place


def _person(tx: Connection, username: str) -> Row[Any]:
    row = user_rows.at(tx, access.askable(username))
    if row is None or row.bot:
        raise UserUnknown(f"no user {username}: check the name")
    return row


def _require_above(place: Group | Project, role: Role) -> None:
    access.require_role(place, role, f"changing a member who is {role.name.lower()}")


def _require_other_owner(tx: Connection, place: Group | Project, user: Row[Any], now: datetime) -> None:
    """A group keeps an owner, whose time does not end; a project has those of its group."""
    if isinstance(place, Project):
        return
    known = rows.of_user(tx, user.id, namespace_id=place.id)
    last = known is not None and known.role == Role.OWNER and place.parent_id is None
    if last and not rows.other_owner(tx, place.id, user.id, Role.OWNER, now):
        raise SettingInvalid(f"{user.username} is the last owner of {place.path}: make somebody else owner first")


def _where(place: Group | Project) -> dict[str, int]:
    return {"project_id" if isinstance(place, Project) else "namespace_id": place.id}
