"""What happened: in a project, in a group, anywhere; to one image; and as a file."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from wharfinger.domain import audit, chain
from wharfinger.domain import custody as chain_of_custody
from wharfinger.domain.access import Group, Project
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import Invalid
from wharfinger.domain.events.kinds import kinds
from wharfinger.domain.events.record import Recorded
from wharfinger.rules.roles import Action
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

PAGE: Final = 100
_MEDIA_TYPES: Final = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
_ASKED: Final = ("who", "what", "path", "address", "search", "since", "before")


def show(visit: Visit) -> Response:
    """The log of a place, newest first, with a form to search it."""
    place = opened(visit, Action.ADMINISTER)
    return _show(visit, place, f"/{place.path}/-/audit", base="place.html")


def show_all(visit: Visit) -> Response:
    """The log of the installation."""
    return _show(visit, None, "/admin/audit", base="admin.html", state=chain.state(visit.tools, visit.caller))


def export(visit: Visit) -> Response:
    """What was searched for, as a file."""
    return _export(visit, opened(visit, Action.ADMINISTER).path)


def export_all(visit: Visit) -> Response:
    """The same of the installation."""
    return _export(visit, "")


def custody(visit: Visit) -> Response:
    """What happened to one image."""
    place, path, digest = opened(visit), visit.asked("image"), visit.asked("digest")
    found = chain_of_custody.of(visit.tools, visit.caller, path, digest)
    events = [(event, facts(event)) for event in found.events]
    return visit.page("custody.html", place=place, path=path, digest=digest, found=found, events=events)


def facts(event: Recorded) -> list[tuple[str, str]]:
    """What the event itself tells, for people: `role: developer → maintainer`."""
    about = dict(event.about)
    before, after = about.pop("before", None), about.pop("after", None)
    told = [(_words(name), _text(value)) for name, value in about.items() if value not in (None, "", [], {})]
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        changed = [name for name in before if before[name] != after.get(name)]
        return [(_words(name), f"{_text(before[name])} → {_text(after.get(name))}") for name in changed] + told
    ends = [(word, value) for word, value in (("before", before), ("after", after)) if value is not None]
    return [(word, _text(value)) for word, value in ends] + told


def _show(visit: Visit, place: Project | Group | None, top: str, *, base: str, **more: Any) -> Response:
    wanted, last = _wanted(visit), visit.number("after") or None
    found = audit.page(visit.tools, visit.caller, place.path if place else "", wanted, last=last, limit=PAGE)
    asked = {name: visit.asked(name) for name in _ASKED if visit.asked(name)}
    next_page = f"{top}?{urlencode({**asked, 'after': found.last})}" if found.last else ""
    shown: dict[str, Any] = {
        "events": [(event, facts(event)) for event in found.events],
        "asked": asked,
        "more": next_page,
        "looked_to": found.looked_to,
        "kinds": kinds(),
        "exports": [(kind, f"{top}/export?{urlencode({**asked, 'format': kind})}") for kind in _MEDIA_TYPES],
    }
    return visit.page("audit.html", base=base, place=place, top=top, **shown, **more)


def _export(visit: Visit, place: str) -> Response:
    kind = visit.asked("format", "jsonl")
    if kind not in _MEDIA_TYPES:
        raise Invalid("the log is exported as jsonl or csv: choose one of them")
    events = audit.export(visit.tools, visit.caller, place, _wanted(visit))
    lines = audit.as_csv(events) if kind == "csv" else audit.as_lines(events)
    headers = {"content-disposition": f'attachment; filename="audit.{kind}"'}
    return StreamingResponse(audit.in_pieces(lines), media_type=_MEDIA_TYPES[kind], headers=headers)


def _wanted(visit: Visit) -> Wanted:
    who, what, path, address, text = (visit.asked(name).strip() for name in _ASKED[:5])
    return Wanted(who, what, path, address, visit.day("since"), visit.day("before"), text)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(name))} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "") else str(value)
