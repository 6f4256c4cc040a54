"""Why was I refused? A message is pasted, or a path written: which rule it was, what is missing, and who can help."""

from typing import Any

from starlette.responses import Response

from wharfinger.domain import reasons, tokens
from wharfinger.domain.errors import Invalid, Refusal
from wharfinger.domain.tokens import Token
from wharfinger.rules import complaints
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The form."""
    return _page(visit, complaints.read(visit.form["message"]).path or visit.form["path"])


def explain(visit: Visit) -> Response:
    """The answer, below the form."""
    read = complaints.read(visit.form["message"])
    path = visit.form["path"].strip() or read.path
    if not path:
        raise Invalid("the message does not say which image it is about: write the image's name as well")
    token = visit.number("token") if visit.form["token"] else None
    found = reasons.explain(visit.tools, visit.caller, path, token)
    return _page(visit, path, path=path, reasons=found, asked=read.action)


def _page(visit: Visit, about: str, **facts: Any) -> Response:
    facts = {"path": "", "reasons": None, "asked": None, **facts}
    return visit.page("refused.html", tokens=_tokens(visit, about), **facts)


def _tokens(visit: Visit, about: str) -> list[Token]:
    """One's own tokens, and those of the project that it is about, if one may manage them."""
    own = tokens.list_personal(visit.tools, visit.caller)
    try:
        found = reasons.explain(visit.tools, visit.caller, about).project if about else ""
        placed = tokens.list_of_place(visit.tools, visit.caller, found) if found else []
    except Refusal:
        placed = []
    return [*own, *placed]
