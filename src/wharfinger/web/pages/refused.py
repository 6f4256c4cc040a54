"""Why was I refused? A message is pasted, or a path written: which rule it was, what is missing, and who can help."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from wharfinger.domain import reasons, tokens
from wharfinger.domain.errors import Invalid, NotFound, Refusal
from wharfinger.domain.reasons import About
from wharfinger.domain.tokens import Token
from wharfinger.rules import causes, complaints
from wharfinger.rules.complaints import Complaint
from wharfinger.rules.roles import Action
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The form; with the answer below it where the address names an image."""
    complaint = _complaint(visit)
    if visit.asked("path") and not visit.error:
        return explain(visit)
    near: list[str] = []
    if visit.error and complaint.path:
        near = reasons.near(visit.tools, visit.caller, complaint.path)
    return _page(visit, complaint, near=near)


def explain(visit: Visit) -> Response:
    """The answer, below the form."""
    complaint, cause = _complaint(visit), causes.read(visit.form["message"])
    if not complaint.path:
        if cause is None:
            raise Invalid("the message does not say which image it is about: write the image's name as well")
        return _page(visit, complaint)
    token = visit.number("token") if visit.form["token"] else None
    about = About(complaint.path, complaint.tag, token, visit.form["person"].strip())
    try:
        found = reasons.explain(visit.tools, visit.caller, about)
    except NotFound:
        if cause is None or not cause.login:
            raise
        return _page(visit, complaint)  # whoever was not let in at all is told that, wherever it was
    return _page(visit, complaint, reasons=found)


def _complaint(visit: Visit) -> Complaint:
    """What was pasted; what stands in the fields of the form, or in the address, goes before it."""
    read = complaints.read(visit.form["message"])
    written = complaints.read(visit.form["path"].strip() or visit.asked("path").strip())
    path = visit.form["path"].strip() or visit.asked("path").strip()
    if path:
        read = replace(read, path=written.path or path, tag=written.tag or read.tag)
    action = visit.form["action"] or visit.asked("action")
    return replace(read, action=Action(action)) if action in list(Action) else read


def _page(visit: Visit, complaint: Complaint, **facts: Any) -> Response:
    cause = causes.read(visit.form["message"])
    waits = reasons.waits(visit.tools, visit.caller)
    facts = {"reasons": None, "near": [], **facts}
    return visit.page(
        "refused.html", complaint=complaint, cause=cause, waits=waits, tokens=_tokens(visit, complaint.path), **facts
    )


def _tokens(visit: Visit, path: str) -> list[Token]:
    """One's own tokens, and those of the project that it is about, if one may manage them."""
    own = tokens.list_personal(visit.tools, visit.caller)
    try:
        found = reasons.explain(visit.tools, visit.caller, About(path)).project if path else ""
        placed = tokens.list_of_place(visit.tools, visit.caller, found) if found else []
    except Refusal:
        placed = []
    return [*own, *placed]
