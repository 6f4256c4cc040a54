"""The trash of a project: what lies there and until when, bringing it back, emptying it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import selection, trash
from wharfinger.domain.access import Group, Project
from wharfinger.domain.errors import TrashedUnknown
from wharfinger.domain.trash import Trashed
from wharfinger.rules.roles import Action
from wharfinger.web.pages import live, places, words
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Act:
    """What was deleted together, or one thing by itself; `batch` is the label, or ""."""

    batch: str
    things: Sequence[Trashed]


def show(visit: Visit) -> Response:
    """What lies there, newest first, by what was deleted together; or each thing that one act deleted."""
    project = places.opened(visit, Action.ADMINISTER)
    before, act = visit.number("before") or None, visit.asked("act")
    found = trash.list_trash(visit.tools, visit.caller, project.path, before=before, batch=act or None, limit=_PAGE + 1)
    page = found[:_PAGE]
    further = live.query(visit, before=str(page[-1].id)) if len(found) > _PAGE else ""
    acts = [Act("", [thing]) for thing in page] if act else _acts(page)
    facts: dict[str, Any] = {"place": project, "acts": acts, "act": act, "next_path": further}
    part = live.part(visit, "trash_list.html", **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    return visit.page("trash.html", part=part, **facts)


def restore(visit: Visit) -> Response:
    """Bring one thing back, or a whole act."""
    project = places.opened(visit, Action.ADMINISTER)
    if visit.form["act"]:
        back = selection.undo(visit.tools, visit.caller, project.path, visit.form["act"])
        return visit.go(_shown(visit, project), _told(back))
    thing = trash.restore(visit.tools, visit.caller, project.path, visit.number("thing"))
    return visit.go(_shown(visit, project), f"{name(thing)} is back.")


def empty(visit: Visit) -> Response:
    """Let go of one thing, or of everything; the visitor has typed what it is called, or the project's path."""
    project = places.opened(visit, Action.ADMINISTER)
    number = visit.number("thing") or None
    visit.require_typed(project.path if number is None else _called(visit, project.path, number))
    gone = trash.empty(visit.tools, visit.caller, project.path, number)
    said = f"{words.count(gone, 'thing is', 'things are')} gone from the trash for good."
    return visit.go(_shown(visit, project), said)


def _shown(visit: Visit, project: Project | Group) -> str:
    """Where the form stood: all of the trash, or each thing of one act."""
    top, act = f"/{project.path}/-/trash", visit.form["of"]
    return f"{top}?{urlencode({'act': act})}" if act else top


def _called(visit: Visit, project: str, number: int) -> str:
    found = trash.list_trash(visit.tools, visit.caller, project, before=number + 1, limit=1)
    if not found or found[0].id != number:
        raise TrashedUnknown("it is not in the trash any more: it is back, or gone for good")
    return name(found[0])


def name(thing: Trashed) -> str:
    """What something in the trash was called."""
    match thing.kind:
        case trash.Kind.TAG:
            return f"{thing.path}:{thing.name}"
        case trash.Kind.MANIFEST:
            return f"{thing.path}@{words.short(thing.name)}"
    return thing.path


def _acts(found: Sequence[Trashed]) -> list[Act]:
    together = groupby(found, key=lambda thing: thing.batch or thing.id)
    acts = [list(things) for _, things in together]
    return [Act(things[0].batch or "", things) for things in acts]


def _told(back: trash.Returned | None) -> str:
    if back is None:
        return "It is much: the worker brings it back, look here again in a while."
    left = f", {words.count(back.left, 'is', 'are')} still here: others are in their place" if back.left else ""
    return f"{words.count(back.back, 'thing is', 'things are')} back{left}."
