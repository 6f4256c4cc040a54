"""Giving image repositories another name, in their project or in another one.

It is one transaction, so nobody has to be kept from writing meanwhile: who pushed before finds the image under the new
name, who pushes after is told that there is none under the old one, or makes a new one there. In the same project the
old name goes on to lead to the images, for reading, until somebody pushes to it or gives it to another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import meters as meter_rows
from wharfinger.db import renaming as rows
from wharfinger.domain import access, events, images, places, quotas, usage
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.errors import BeingDeleted, PathInvalid, PathTaken, QuotaExceeded, Refusal, TreeTooLarge
from wharfinger.domain.events.images import RepositoryMoved
from wharfinger.domain.guard import Warden
from wharfinger.domain.images import Existing
from wharfinger.domain.repositories import LEAVING
from wharfinger.domain.tools import Tools
from wharfinger.rules.paths import IMAGE_LEVELS
from wharfinger.rules.roles import Action
from wharfinger.spec import name as names

MOST: Final = 1_000  # repositories at once
HELD_FOR: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Move:
    """One repository that `rename` would take along, and all that is in its way."""

    before: str
    after: str
    hurdles: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What `rename` would do. `crowded`: why there is no room for it in the project where it goes.

    `elsewhere`: it goes to another project, so the old names lead nowhere.
    """

    moves: Sequence[Move]
    elsewhere: bool
    crowded: Refusal | None = None

    @property
    def free(self) -> bool:
        """Nothing is in the way."""
        return self.crowded is None and not any(move.hurdles for move in self.moves)


@dataclass(frozen=True, slots=True)
class _Step:
    """One repository on its way: from the name and path in its row to another, below `to`'s project."""

    row: Row[Any]
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes where; `path` and `to` as they were asked for, which is how a registry token names them."""

    path: str
    to: str
    source: Existing
    target: Place
    steps: Sequence[_Step]

    @property
    def elsewhere(self) -> bool:
        return self.source.project_id != self.target.project_id


class _TakenBack(Exception):
    """What was done to see whether it can be done is not kept."""


def rename(tools: Tools, caller: Caller, path: str, to: str, *, tree: bool = False) -> str:
    """Let the repository at `path` be called `to`, a full path; with `tree` all below it as well. The new path.

    Raises RepositoryUnknown where there is none, or no project for `to`; PathTaken, PathInvalid, TreeTooLarge;
    RepositoryProtected, TagProtected, TagImmutable where a rule of either project is in the way; QuotaExceeded.
    """
    with places.changing(tools) as tx:
        plan = _plan(tx, caller, path, to, tree=tree)
        _require_way(tx, tools, caller, plan)
        if plan.source.path == plan.target.path:
            return plan.target.path
        _carry_out(tx, plan)
        for step in plan.steps:
            event = RepositoryMoved(path=step.path, project_id=plan.target.project_id, before=step.row.path)
            events.put(tx, tools, caller, event)
        return plan.target.path


def hold(tools: Tools, caller: Caller, path: str, to: str, *, tree: bool = False) -> datetime:
    """Find out whether `rename` would do it, and hold the new names for it; until when. Raises as `rename` does."""
    with places.changing(tools) as tx:
        plan = _plan(tx, caller, path, to, tree=tree)
        _require_way(tx, tools, caller, plan)
        now = tools.clock()
        until = now + HELD_FOR
        held = {"project_id": plan.target.project_id, "until": until}
        rows.hold(tx, [{**held, "name": step.name, "repository_id": step.row.id} for step in plan.steps], now)
        return until


def look(tools: Tools, caller: Caller, path: str, to: str, *, tree: bool = False) -> Prospect:
    """What `rename` would do and, for each repository, all that is in the way; changes nothing.

    Raises RepositoryUnknown, PathInvalid, TreeTooLarge, and what opening either place raises.
    """
    with tools.db.read() as tx:
        plan = _plan(tx, caller, path, to, tree=tree)
        if plan.source.path == plan.target.path:
            raise PathInvalid(f"{plan.source.path} is its path already: choose another")
        hurdles = list(_hurdles(tx, tools, caller, plan))
    moves = [
        Move(step.row.path, step.path, [refusal for about, refusal in hurdles if about is step]) for step in plan.steps
    ]
    crowded = _crowded(tools, caller, plan, tree=tree) if plan.elsewhere and not hurdles else None
    return Prospect(moves, plan.elsewhere, crowded)


def count_below(tools: Tools, caller: Caller, path: str) -> int:
    """How many repositories `tree` would take along besides the one at `path`, for who may rename that; at most MOST.

    Raises RepositoryUnknown.
    """
    with tools.db.read() as tx:
        source = images.open_existing(tx, caller, path, Action.DELETE)
        return len([row for row in rows.tree(tx, source.project_id, source.path, MOST + 1) if row.id != source.id])


# --- what goes where, and whether it may


def _plan(tx: Connection, caller: Caller, path: str, to: str, *, tree: bool) -> _Plan:
    source = images.open_existing(tx, caller, path, Action.DELETE)
    target = access.open_repository(tx, caller, to, Action.PUSH)
    places.checked(names.repository, target.path)
    found = rows.tree(tx, source.project_id, source.path, MOST + 1) if tree else [rows.one(tx, source.id)]
    if len(found) > MOST:
        raise TreeTooLarge(f"more than {MOST} repositories are at {path} and below: rename them a part at a time", MOST)
    if tree and target.path.startswith(f"{source.path}/"):
        raise PathInvalid(f"{source.path} cannot go below itself: choose a path outside of it")
    return _Plan(path, to, source, target, [_step(source, target, row) for row in found])


def _step(source: Existing, target: Place, row: Row[Any]) -> _Step:
    path = target.path + row.path[len(source.path) :]
    return _Step(row, path[len(target.project_path) + 1 :], path)


def _require_way(tx: Connection, tools: Tools, caller: Caller, plan: _Plan) -> None:
    for _, refusal in _hurdles(tx, tools, caller, plan):
        raise refusal


def _hurdles(tx: Connection, tools: Tools, caller: Caller, plan: _Plan) -> Iterator[tuple[_Step, Refusal]]:
    """All that is in the way, step by step."""
    taken = _taken(tx, tools, plan)
    for step in plan.steps:
        here = Warden(tx, tools, caller, step.row.id, plan.path)
        there = Warden(tx, tools, caller, step.row.id, plan.to, place=plan.target)
        for check in (
            partial(_require_whole, step),
            partial(_require_sound, step),
            partial(_require_free, step, taken),
            here.require_delete_all,
            partial(there.require_arrival, step.path, None),
        ):
            try:
                check()
            except Refusal as refusal:
                yield step, refusal


def _require_whole(step: _Step) -> None:
    if step.row.status in LEAVING:
        raise BeingDeleted(f"{step.row.path} is to be deleted: wait until it lies in the trash")


def _require_sound(step: _Step) -> None:
    places.checked(names.repository, step.path)
    if step.name.count("/") >= IMAGE_LEVELS:
        raise PathInvalid(f"{step.path} is more than {IMAGE_LEVELS} levels below its project: choose a shorter path")


def _require_free(step: _Step, taken: set[str]) -> None:
    if step.name in taken:
        raise PathTaken(f"there is a repository {step.path} already, or it is held for one: choose another name")


def _taken(tx: Connection, tools: Tools, plan: _Plan) -> set[str]:
    """Those of the new names that are somebody's, or held for somebody else."""
    if plan.source.path == plan.target.path:
        return set()
    project, own = plan.target.project_id, {step.name: step.row.id for step in plan.steps}
    held = {name for name, id_ in rows.held(tx, project, list(own), tools.clock()).items() if id_ != own[name]}
    return rows.named(tx, project, list(own)) | held


def _crowded(tools: Tools, caller: Caller, plan: _Plan, *, tree: bool) -> Refusal | None:
    """Why there is no room where it goes: found out by doing it and taking it back, as what is shared counts once."""
    try:
        with places.changing(tools) as tx:
            again = _plan(tx, caller, plan.path, plan.to, tree=tree)
            _require_way(tx, tools, caller, again)
            _carry_out(tx, again)
            raise _TakenBack
    except _TakenBack:
        return None
    except QuotaExceeded as refusal:
        return refusal


# --- doing it


def _carry_out(tx: Connection, plan: _Plan) -> None:
    if plan.elsewhere:
        _move(tx, plan.source, plan.target, plan.steps)
    else:
        _carry(tx, plan.target, plan.steps)


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
