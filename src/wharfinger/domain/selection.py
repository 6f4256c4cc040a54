"""Many tags deleted as one act: what exactly would go, doing it, how far it is, and taking it back.

A few are deleted at once; many by the worker, on behalf of who asked, with the rights that person has then. What one
act deletes carries its label in the trash (`batch`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection

from wharfinger.db import repositories as repository_rows
from wharfinger.db import selection as rows
from wharfinger.domain import access, behalf, guard, images, queue, trash
from wharfinger.domain.access import Caller
from wharfinger.domain.images import Existing
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Guard
from wharfinger.rules.roles import Action

DELETE_TASK: Final = "delete tags"
RESTORE_TASK: Final = "restore tags"
AT_ONCE: Final = 1_000  # more than so many are left to the worker
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """These tags; or, without any, all with `part` in their name, `folded` as in `tags.Filter`."""

    names: tuple[str, ...] = ()
    part: str = ""
    folded: bool = True


@dataclass(frozen=True, slots=True)
class Selected:
    """What would go: how many tags, the sum of their sizes, the first names; and which stay, with the reason."""

    count: int
    size_bytes: int
    first: tuple[str, ...]
    kept_count: int
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """A deletion: its label, how many tags it is about, and whether it is still going on."""

    batch: str
    count: int
    running: bool


def look(tools: Tools, caller: Caller, path: str, wanted: Wanted) -> Selected:
    """What deleting these would take. Raises what deleting one does."""
    with tools.db.read() as tx:
        place = images.open_existing(tx, caller, path, Action.DELETE)
        found = _find(tx, place, wanted, tools.clock())
        kept = _kept(tx, tools, caller, place, list(found))
    going = {name: size for name, size in found.items() if name not in kept}
    return Selected(
        count=len(going),
        size_bytes=sum(going.values()),
        first=tuple(going)[:_SHOWN],
        kept_count=len(kept),
        kept=tuple(kept.items())[:_SHOWN],
    )


def delete(tools: Tools, caller: Caller, path: str, wanted: Wanted) -> Act:
    """Move them to the trash, but for what a rule keeps; the worker does it where they are many."""
    batch, now = token_hex(8), tools.clock()
    with tools.db.begin() as tx:
        place = images.open_existing(tx, caller, path, Action.DELETE)
        found = list(_find(tx, place, wanted, now))
        going = _without_kept(tx, tools, caller, place, found)
        if len(going) > AT_ONCE:
            about = {"repository": place.id, "part": wanted.part, "folded": wanted.folded, "until": now.isoformat()}
            _ask(tx, tools, caller, DELETE_TASK, about | {"names": list(wanted.names), "batch": batch})
    if len(going) <= AT_ONCE:
        images.delete_chosen(tools, caller, place.path, going, batch=batch, only=place.id)
    return Act(batch, len(going), running=len(going) > AT_ONCE)


def progress(tools: Tools, caller: Caller, project: str, batch: str) -> Act:
    """How many tags of an act are in the trash by now, and whether more come, or they are on their way back."""
    batch = access.askable(batch)
    with tools.db.read() as tx:
        opened = access.open_registry(tx, caller, project, Action.DELETE)
        running = any(rows.queued(tx, f"{task} {batch}") for task in (DELETE_TASK, RESTORE_TASK))
        return Act(batch, rows.trashed(tx, opened.id, tools.clock(), batch), running)


def undo(tools: Tools, caller: Caller, project: str, batch: str) -> trash.Returned | None:
    """Bring back what an act deleted; None where that is much, and the worker does it. Raises TrashedUnknown."""
    with tools.db.begin() as tx:
        opened = access.open_project(tx, caller, project, Action.ADMINISTER)
        many = rows.trashed(tx, opened.id, tools.clock(), access.askable(batch)) > AT_ONCE
        if many:
            _ask(tx, tools, caller, RESTORE_TASK, {"project": opened.path, "batch": batch})
    return None if many else trash.restore_batch(tools, caller, opened.path, batch)


# --- what the worker does


def carry_out_deletion(tools: Tools, about: Mapping[str, Any]) -> None:
    """What `delete` left to the worker; again does no harm, for what is gone already is passed by."""
    caller, now = behalf.asker(tools, about), datetime.fromisoformat(about["until"])
    with tools.db.read() as tx:
        path = repository_rows.path_of(tx, about["repository"])
        if path is None:
            return
        place = images.open_existing(tx, caller, path, Action.DELETE)
        wanted = Wanted(tuple(about["names"]), about["part"], about["folded"])
        going = _without_kept(tx, tools, caller, place, list(_find(tx, place, wanted, now)))
    for at in range(0, len(going), AT_ONCE):
        part = going[at : at + AT_ONCE]
        images.delete_chosen(tools, caller, place.path, part, batch=about["batch"], only=place.id)


def carry_out_return(tools: Tools, about: Mapping[str, Any]) -> None:
    """What `undo` left to the worker."""
    caller = behalf.asker(tools, about)
    with tools.db.read() as tx:
        opened = access.open_project(tx, caller, about["project"], Action.ADMINISTER)
        left = rows.trashed(tx, opened.id, tools.clock(), about["batch"])
    if left:
        trash.restore_batch(tools, caller, opened.path, about["batch"])


def _ask(tx: Connection, tools: Tools, caller: Caller, task: str, about: dict[str, Any]) -> None:
    queue.put(tx, tools, task, about | behalf.of(caller), key=f"{task} {about['batch']}")


# --- which


def _find(tx: Connection, place: Existing, wanted: Wanted, until: datetime) -> dict[str, int]:
    """Sizes of the tags that are wanted, by name."""
    if wanted.names:
        found = rows.named(tx, place.id, [access.askable(name) for name in wanted.names])
    else:
        found = rows.matching(tx, place.id, access.askable(wanted.part), folded=wanted.folded, until=until)
    return {row.name: row.total_size_bytes for row in found}


def _without_kept(tx: Connection, tools: Tools, caller: Caller, place: Existing, names: Sequence[str]) -> list[str]:
    kept = _kept(tx, tools, caller, place, names)
    return [name for name in names if name not in kept]


def _kept(tx: Connection, tools: Tools, caller: Caller, place: Existing, names: Sequence[str]) -> dict[str, str]:
    """Those of these tags that a rule keeps from this caller, and why. Raises RepositoryProtected if it keeps all."""
    warden = guard.Warden(tx, tools, caller, place.id, place.path)
    warden.require_repository(Action.DELETE)
    level = guard.level(tx, tools, caller, place.project_id)
    reasons = ((name, _reason(warden.guard, name, level)) for name in names)
    return {name: reason for name, reason in reasons if reason}


def _reason(rules: Guard, name: str, level: int) -> str:
    if rules.immutable(name):
        return "immutable"
    lowest = rules.tag_level(name, Action.DELETE)
    return "protected" if lowest is not None and level < lowest else ""
