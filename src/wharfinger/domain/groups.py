"""Groups: a tree of places for projects and for other groups, with members that count for everything below."""

from dataclasses import replace

from sqlalchemy import Connection

from wharfinger.db import groups as rows
from wharfinger.db import members as member_rows
from wharfinger.db import meters as meter_rows
from wharfinger.db import places as place_rows
from wharfinger.db import tokens as token_rows
from wharfinger.domain import access, events, places
from wharfinger.domain.access import Caller, Group
from wharfinger.domain.errors import GroupUnknown, NotEmpty, SettingInvalid
from wharfinger.domain.events.places import GroupChanged, GroupCreated, GroupDeleted, GroupMoved
from wharfinger.domain.tools import Tools
from wharfinger.rules import paths
from wharfinger.rules.roles import Action, Role, Visibility, open_to


def create(
    tools: Tools,
    caller: Caller,
    path: str,
    *,
    visibility: Visibility = Visibility.PRIVATE,
    name: str | None = None,
    description: str = "",
) -> Group:
    """Make a group at this full path; who makes it owns it. Raises PathInvalid, PathTaken, SettingInvalid.

    People may make groups at the top, maintainers of a group below it. An operator has no account and leaves the group
    without an owner: add one.
    """
    access.require_account(caller)
    parent_path, _, last = path.rpartition("/")
    places.checked(paths.namespace, last)
    now = tools.clock()
    with places.changing(tools) as tx:
        parent = _parent(tx, caller, parent_path, visibility)
        path = places.checked(paths.whole, f"{parent.path}/{last}" if parent else last)
        places.require_free(tx, path)
        title, above = places.title(name, last), parent.id if parent else None
        made = place_rows.add_namespace(
            tx, path=path, name=title, parent=above, owner=None, visibility=visibility, now=now
        )
        rows.change(tx, made, description=places.description(description))
        if caller.user_id is not None:
            member_rows.put(tx, caller.user_id, namespace_id=made, role=Role.OWNER, expires_at=None, now=now)
        group = access.open_group(tx, caller, path, Action.PULL)
        events.put(tx, tools, caller, GroupCreated(**events.at(group), visibility=visibility.name.lower()))
        return group


def get(tools: Tools, caller: Caller, path: str) -> Group:
    """The group at this path, present or former. Raises GroupUnknown."""
    with tools.db.read() as tx:
        return access.open_group(tx, caller, path, Action.PULL)


def find(tools: Tools, caller: Caller, key: str) -> Group:
    """The group or personal namespace of this number, or at this path, present or former. Raises GroupUnknown."""
    number = places.number(key)
    with tools.db.read() as tx:
        path = key if number is None else place_rows.path_of_namespace(tx, number) or "?"
        try:
            return access.open_group(tx, caller, path, Action.PULL)
        except GroupUnknown:
            unknown = f"no group {key}, or none you may see: check it, and that you are a member"
            raise GroupUnknown(unknown) from None


def list_groups(tools: Tools, caller: Caller, *, last: str = "", limit: int = 100) -> list[Group]:
    """Groups the caller may see, after `last` in order of paths, at most `limit`; no personal namespaces."""
    access.require_reading(caller)
    signed_in = caller.user_id is not None
    visible = [kind for kind in Visibility if caller.admin or open_to(kind, signed_in=signed_in)]
    with tools.db.read() as tx:
        found = rows.page(tx, user=caller.user_id, now=tools.clock(), visible=visible, last=last, limit=limit)
        return [access.group(caller, row) for row in found]


def rename(tools: Tools, caller: Caller, path: str, to: str) -> Group:
    """Give a group another last part of its path; everything below moves along, old paths redirect."""
    places.checked(paths.namespace, to)
    with places.changing(tools) as tx:
        group = _owned(tx, caller, path, "renaming a group")
        new = f"{group.path.rpartition('/')[0]}/{to}".lstrip("/")
        places.carry(tx, group.path, new)
        renamed = replace(group, path=new)
        events.put(tx, tools, caller, GroupMoved(**events.at(renamed), before=group.path))
        return renamed


def move(tools: Tools, caller: Caller, path: str, into: str) -> Group:
    """Move a group with everything below into another one, or with "" to the top; old paths redirect.

    Raises PathTaken, PathInvalid where it would go into itself or be too long, SettingInvalid where something in it is
    more visible than the new parent.
    """
    with places.changing(tools) as tx:
        group = _owned(tx, caller, path, "moving a group")
        last = group.path.rpartition("/")[2]
        parent = _parent(tx, caller, into, group.visibility)
        new, above = (f"{parent.path}/{last}", parent.id) if parent else (last, None)
        places.checked(paths.namespace, last)
        places.carry(tx, group.path, new)
        rows.change(tx, group.id, parent_id=above)
        moved = replace(group, path=new, parent_id=above)
        events.put(tx, tools, caller, GroupMoved(**events.at(moved), before=group.path))
        return moved


def change(
    tools: Tools,
    caller: Caller,
    path: str,
    *,
    visibility: Visibility | None = None,
    name: str | None = None,
    description: str | None = None,
) -> Group:
    """Change what is given. Raises SettingInvalid where the parent is less visible, or something below more."""
    with places.changing(tools) as tx:
        group = _owned(tx, caller, path, "changing a group")
        if visibility is not None:
            _require_between(tx, group, visibility)
            rows.change(tx, group.id, visibility=visibility)
        if name is not None:
            rows.change(tx, group.id, name=places.title(name, group.name))
        if description is not None:
            rows.change(tx, group.id, description=places.description(description))
        changed = access.open_group(tx, caller, group.path, Action.PULL)
        before, after = places.differing(group, changed)
        events.put(tx, tools, caller, GroupChanged(**events.at(group), before=before, after=after))
        return changed


def delete(tools: Tools, caller: Caller, path: str) -> None:
    """Delete an empty group with its members and tokens. Raises NotEmpty while it holds groups or projects."""
    with places.changing(tools) as tx:
        group = _owned(tx, caller, path, "deleting a group")
        if place_rows.holds_places(tx, group.id):
            raise NotEmpty(f"{group.path} still holds groups or projects: move or delete them first")
        token_rows.remove_bots(tx, namespace_id=group.id)
        meter_rows.remove(tx, meter_rows.at(tx, group.path), [])
        rows.remove(tx, group.id)
        events.put(tx, tools, caller, GroupDeleted(**events.at(group)))


def _owned(tx: Connection, caller: Caller, path: str, doing: str) -> Group:
    """The group, for its owners. A personal namespace is changed with its user only."""
    group = access.open_group(tx, caller, path, Action.ADMINISTER)
    access.require_role(group, Role.OWNER, doing)
    if group.owner_id is not None:
        raise SettingInvalid(f"{group.path} is the namespace of a person: it changes with that user's name")
    return group


def _require_between(tx: Connection, group: Group, visibility: Visibility) -> None:
    """Not above the parent's visibility, not below that of anything inside."""
    if group.parent_id is not None:
        parent = rows.by_id(tx, group.parent_id)
        places.require_not_above(visibility, Visibility(parent.visibility), parent.path)
    most = place_rows.most_visible(tx, group.path)
    if visibility < most:
        raise SettingInvalid(
            f"{group.path} holds something that is {Visibility(most).name.lower()}: "
            f"make everything in it {visibility.name.lower()} first"
        )


def _parent(tx: Connection, caller: Caller, path: str, visibility: Visibility) -> Group | None:
    """The group to put something of this visibility into, for its maintainers; None for the top."""
    if not path:
        access.require_person(caller, "making a group at the top")
        return None
    parent = access.open_group(tx, caller, path, Action.ADMINISTER)
    if parent.owner_id is not None:
        raise SettingInvalid(f"{parent.path} is the namespace of a person: it holds projects, not groups")
    places.require_not_above(visibility, parent.visibility, parent.path)
    return parent
