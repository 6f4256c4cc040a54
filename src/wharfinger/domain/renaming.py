"""Giving image repositories another name, in their project or in another one.

It is one transaction, so nobody has to be kept from writing meanwhile: who pushed before finds the image under the new
name, who pushes after is told that there is none under the old one, or makes a new one there. In the same project the
old name goes on to lead to the images, for reading, until somebody pushes to it or gives it to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import meters as meter_rows
from wharfinger.db import renaming as rows
from wharfinger.domain import access, events, images, places, quotas, usage
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.errors import BeingDeleted, PathInvalid, PathTaken, TreeTooLarge
from wharfinger.domain.events.images import RepositoryMoved
from wharfinger.domain.guard import Warden
from wharfinger.domain.images import Existing
from wharfinger.domain.tools import Tools
from wharfinger.rules.paths import IMAGE_LEVELS
from wharfinger.rules.roles import Action
from wharfinger.spec import name as names

MOST: Final = 1_000  # repositories at once
HELD_FOR: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Step:
    """One repository on its way: from the name and path in its row to another, below `to`'s project."""

    row: Row[Any]
    name: str
    path: str


def rename(tools: Tools, caller: Caller, path: str, to: str, *, tree: bool = False) -> str:
    """Let the repository at `path` be called `to`, a full path; with `tree` all below it as well. The new path.

    Raises RepositoryUnknown where there is none, or no project for `to`; PathTaken, PathInvalid, TreeTooLarge;
    RepositoryProtected, TagProtected, TagImmutable where a rule of either project is in the way; QuotaExceeded.
    """
    with places.changing(tools) as tx:
        source, target, steps = _plan(tx, tools, caller, path, to, tree=tree)
        if source.path == target.path:
            return target.path
        if source.project_id == target.project_id:
            _carry(tx, target, steps)
        else:
            _move(tx, source, target, steps)
        for step in steps:
            event = RepositoryMoved(path=step.path, project_id=target.project_id, before=step.row.path)
            events.put(tx, tools, caller, event)
        return target.path


def hold(tools: Tools, caller: Caller, path: str, to: str, *, tree: bool = False) -> datetime:
    """Find out whether `rename` would do it, and hold the new names for it; until when. Raises as `rename` does."""
    with places.changing(tools) as tx:
        _, target, steps = _plan(tx, tools, caller, path, to, tree=tree)
        now = tools.clock()
        until = now + HELD_FOR
        held = {"project_id": target.project_id, "until": until}
        rows.hold(tx, [{**held, "name": step.name, "repository_id": step.row.id} for step in steps], now)
        return until


def _plan(
    tx: Connection, tools: Tools, caller: Caller, path: str, to: str, *, tree: bool
) -> tuple[Existing, Place, list[_Step]]:
    """What goes where, if all of it may."""
    source = images.open_existing(tx, caller, path, Action.DELETE)
    target = access.open_repository(tx, caller, to, Action.PUSH)
    found = rows.tree(tx, source.project_id, source.path, MOST + 1) if tree else [rows.one(tx, source.id)]
    if len(found) > MOST:
        raise TreeTooLarge(f"more than {MOST} repositories are at {path} and below: rename them a part at a time", MOST)
    if tree and target.path.startswith(f"{source.path}/"):
        raise PathInvalid(f"{source.path} cannot go below itself: choose a path outside of it")
    steps = [_step(source, target, row) for row in found]
    if source.path != target.path:
        _require_free(tx, tools, target, steps)
    for step in steps:
        Warden(tx, tools, caller, step.row.id, path).require_delete_all()
        Warden(tx, tools, caller, step.row.id, to, place=target).require_arrival(step.path, None)
    return source, target, steps


def _step(source: Existing, target: Place, row: Row[Any]) -> _Step:
    if row.status is not None:
        raise BeingDeleted(f"{row.path} is to be deleted: wait until it lies in the trash")
    path = target.path + row.path[len(source.path) :]
    name = path[len(target.project_path) + 1 :]
    places.checked(names.repository, path)
    if name.count("/") >= IMAGE_LEVELS:
        raise PathInvalid(f"{path} is more than {IMAGE_LEVELS} levels below its project: choose a shorter path")
    return _Step(row, name, path)


def _require_free(tx: Connection, tools: Tools, target: Place, steps: Sequence[_Step]) -> None:
    """The new names are nobody's, and held for nobody else."""
    wanted = [step.name for step in steps]
    own = {step.name: step.row.id for step in steps}
    held = {name for name, id_ in rows.held(tx, target.project_id, wanted, tools.clock()).items() if id_ != own[name]}
    taken = rows.named(tx, target.project_id, wanted) | held
    if taken:
        path = next(step.path for step in steps if step.name in taken)
        raise PathTaken(f"there is a repository {path} already, or it is held for one: choose another name")


def _carry(tx: Connection, target: Place, steps: Sequence[_Step]) -> None:
    """Within the project: nothing changes but names."""
    for step in steps:
        rows.rename(tx, step.row.id, project=target.project_id, name=step.name, path=step.path)
        rows.free(tx, target.project_id, step.row.name)
        rows.remember(tx, step.row.id, project=target.project_id, name=step.row.name)


def _move(tx: Connection, source: Existing, target: Place, steps: Sequence[_Step]) -> None:
    """Into another project: what counts for the one and those above it counts for the other from here on."""
    for project in sorted((source.project_id, target.project_id)):
        meter_rows.hold_project(tx, project)
    for step in steps:
        with usage.moving(tx, step.row.id):
            rows.rename(tx, step.row.id, project=target.project_id, name=step.name, path=step.path)
            rows.forget(tx, step.row.id)
    quotas.require_room(tx, target.project_id)
