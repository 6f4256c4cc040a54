"""Projects: what holds images, inside a group or a person's own namespace."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from wharfinger.db import garbage as garbage_rows
from wharfinger.db import groups as group_rows
from wharfinger.db import meters as meter_rows
from wharfinger.db import places as place_rows
from wharfinger.db import projects as rows
from wharfinger.db import tokens as token_rows
from wharfinger.domain import access, events, places, sight
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import GroupUnknown, NotEmpty, PathInvalid, ProjectUnknown, Refusal
from wharfinger.domain.events.places import ProjectChanged, ProjectCreated, ProjectDeleted, ProjectMoved
from wharfinger.domain.tools import Tools
from wharfinger.rules import paths
from wharfinger.rules.roles import Action, RegistryAccess, Role, Visibility


def create(
    tools: Tools,
    caller: Caller,
    path: str,
    *,
    visibility: Visibility = Visibility.PRIVATE,
    name: str | None = None,
    registry_access: RegistryAccess = RegistryAccess.ENABLED,
    description: str = "",
) -> Project:
    """Make a project at this full path, in a group whose maintainer the caller is, or in their own namespace.

    Raises PathInvalid, PathTaken, GroupUnknown, SettingInvalid where the group is less visible.
    """
    parent_path, _, last = path.rpartition("/")
    if not parent_path:
        raise PathInvalid(f"a project is in a group or a person's namespace: write <group>/{path}")
    places.checked(paths.project, last)
    with places.changing(tools) as tx:
        parent = _parent(tx, caller, parent_path, visibility)
        path = places.checked(paths.whole, f"{parent.path}/{last}")
        places.require_free(tx, path)
        title, now = places.title(name, last), tools.clock()
        made = place_rows.add_project(tx, path=path, name=title, namespace=parent.id, visibility=visibility, now=now)
        rows.change(tx, made, registry_access=registry_access, description=places.description(description))
        project = access.open_project(tx, caller, path, Action.PULL)
        events.put(tx, tools, caller, ProjectCreated(**events.at(project), visibility=visibility.name.lower()))
        return project


def get(tools: Tools, caller: Caller, path: str) -> Project:
    """The project at this path, present or former. Raises ProjectUnknown."""
    with tools.db.read() as tx:
        return access.open_project(tx, caller, path, Action.PULL)


def find(tools: Tools, caller: Caller, key: str) -> Project:
    """The project of this number, or at this path, present or former. Raises ProjectUnknown.

    Where it is hidden, the words are the same as where there is none.
    """
    number = places.number(key)
    with tools.db.read() as tx:
        path = key if number is None else place_rows.path_of_project(tx, number) or "?"
        try:
            return access.open_project(tx, caller, path, Action.PULL)
        except ProjectUnknown:
            unknown = f"no project {key}, or none you may read: check it, and that you are a member"
            raise ProjectUnknown(unknown) from None


def changed_at(tools: Tools, project: Project) -> datetime:
    """When a project, open to the caller already, was last changed or something in it deleted, or else made."""
    with tools.db.read() as tx:
        return rows.changed_at(tx, project.id) or project.created_at


def list_projects(
    tools: Tools, caller: Caller, *, group: str | None = None, last: str = "", limit: int = 100
) -> list[Project]:
    """Projects the caller may read, after `last` in order of paths, at most `limit`; `group` to stay below one."""
    access.require_reading(caller)
    now = tools.clock()
    with tools.db.read() as tx:
        top = None if group is None else access.open_group(tx, caller, group, Action.PULL).path
        readable = sight.projects(caller, now, tools.policy.profile)
        found = rows.page(tx, user=caller.user_id, now=now, readable=readable, group=top, last=last, limit=limit)
        return [access.project(caller, row) for row in found]


def rename(tools: Tools, caller: Caller, path: str, to: str) -> Project:
    """Give a project another last part of its path; its images move along, the old path redirects."""
    places.checked(paths.project, to)
    with places.changing(tools) as tx:
        project = access.open_project(tx, caller, path, Action.ADMINISTER)
        new = f"{project.path.rpartition('/')[0]}/{to}"
        places.carry(tx, project.path, new)
        rows.note_change(tx, project.id, tools.clock())
        renamed = replace(project, path=new)
        events.put(tx, tools, caller, ProjectMoved(**events.at(renamed), before=project.path))
        return renamed


def move(tools: Tools, caller: Caller, path: str, into: str) -> Project:
    """Move a project with its images into another group, for its owners; the old path redirects.

    Raises PathTaken, PathInvalid, SettingInvalid where the group is less visible than the project.
    """
    with places.changing(tools) as tx:
        project = access.open_project(tx, caller, path, Action.ADMINISTER)
        access.require_role(project, Role.OWNER, "moving a project")
        parent = _parent(tx, caller, into, project.visibility)
        new = f"{parent.path}/{project.path.rpartition('/')[2]}"
        places.carry(tx, project.path, new)
        rows.change(tx, project.id, namespace_id=parent.id)
        rows.note_change(tx, project.id, tools.clock())
        moved = replace(project, path=new, namespace_id=parent.id)
        events.put(tx, tools, caller, ProjectMoved(**events.at(moved), before=project.path))
        return moved


def change(
    tools: Tools,
    caller: Caller,
    path: str,
    *,
    visibility: Visibility | None = None,
    name: str | None = None,
    registry_access: RegistryAccess | None = None,
    description: str | None = None,
) -> Project:
    """Change what is given, for maintainers. Raises SettingInvalid where the group is less visible.

    `registry_access` is who sees the images (`access.Project`). It holds at once for whoever asks from then on; a
    registry token that was given out before pulls until it ends, in minutes.
    """
    with places.changing(tools) as tx:
        project = access.open_project(tx, caller, path, Action.ADMINISTER)
        if visibility is not None:
            parent = group_rows.by_id(tx, project.namespace_id)
            if parent.owner_id is None:
                places.require_not_above(visibility, Visibility(parent.visibility), parent.path)
            rows.change(tx, project.id, visibility=visibility)
        if name is not None:
            rows.change(tx, project.id, name=places.title(name, project.name))
        if registry_access is not None:
            rows.change(tx, project.id, registry_access=registry_access)
        if description is not None:
            rows.change(tx, project.id, description=places.description(description))
        changed = access.open_project(tx, caller, project.path, Action.PULL)
        before, after = places.differing(project, changed)
        if after:
            rows.note_change(tx, project.id, tools.clock())
        events.put(tx, tools, caller, ProjectChanged(**events.at(project), before=before, after=after))
        return changed


def delete(tools: Tools, caller: Caller, path: str, *, with_images: bool = False) -> None:
    """Delete a project, for its owners. Raises NotEmpty while it holds images, unless they are to go `with_images`."""
    with places.changing(tools) as tx:
        project = access.open_project(tx, caller, path, Action.ADMINISTER)
        access.require_role(project, Role.OWNER, "deleting a project")
        if not with_images and rows.holds_images(tx, project.id):
            raise NotEmpty(f"{project.path} still holds images: delete them first, or delete the project with them")
        garbage_rows.take_turn(tx)
        later = tools.clock() + tools.policy.gc_delay
        garbage_rows.queue_project(tx, project.id, later)
        meter_rows.hold_project(tx, project.id)
        garbage_rows.queue_project(tx, project.id, later)  # what arrived before it was held: few, so nobody waits long
        token_rows.remove_bots(tx, project_id=project.id)
        meter_rows.remove(tx, meter_rows.at(tx, project.path), meter_rows.above(tx, project.path))
        rows.remove(tx, project.id)
        events.put(tx, tools, caller, ProjectDeleted(**events.at(project)))


def _parent(tx: Connection, caller: Caller, path: str, visibility: Visibility) -> Group:
    """The namespace to put a project of this visibility into; a person's own takes any."""
    try:
        parent = access.open_group(tx, caller, path, Action.ADMINISTER)
    except GroupUnknown:
        _refuse_project(tx, caller, path)
        raise
    if parent.owner_id is None:
        places.require_not_above(visibility, parent.visibility, parent.path)
    return parent


def _refuse_project(tx: Connection, caller: Caller, path: str) -> None:
    """Raise PathInvalid where what was taken for a group is a project that the caller may read."""
    try:
        access.open_project(tx, caller, path, Action.PULL)
    except Refusal:
        return
    raise PathInvalid(f"{path} is a project, and holds images, no projects: push the image below it, or name a group")
