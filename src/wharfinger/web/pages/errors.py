"""Refusals as pages: one table, and three ways to answer.

A form that was refused is shown again with the reason and what was typed. A part of a page gets the reason where
messages stand. Anything else is a page of its own. What is hidden and what is absent look the same.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from wharfinger.domain import errors
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import Refusal
from wharfinger.domain.sessions import Stage
from wharfinger.spec.errors import Malformed
from wharfinger.web.pages.visit import Visit

Handler = Callable[[Visit], Response]


class FormForged(errors.Denied):
    """A form came without the proof that it is of a page of ours."""


# The first line that fits wins. Titles stand over the refusal's own sentence.
TABLE: Final[Mapping[type[Exception], tuple[int, str]]] = {
    FormForged: (403, "This form is too old"),
    errors.Unauthenticated: (401, "Sign in first"),
    errors.Denied: (403, "You may not do this"),
    errors.NotFound: (404, "Nothing is here"),
    errors.Conflict: (409, "This does not go together"),
    errors.Invalid: (422, "This cannot be right"),
    Malformed: (422, "This cannot be right"),
    errors.TooLarge: (413, "This is too much"),
    errors.LoginsLimited: (429, "Too many tries"),
    errors.Exhausted: (503, "Not now"),
}


def refused(visit: Visit, refusal: Exception, form: Handler | None) -> Response:
    """What a browser gets that was refused; `form` shows the form that it sent."""
    status, title = line_of(refusal)
    if status == HTTPStatus.UNAUTHORIZED and _should_sign_in(visit):
        return visit.go(sign_in_first(visit))
    if isinstance(refusal, errors.SessionUnknown) and visit.caller.user_id is None:
        return visit.go("/login")
    if visit.by_htmx:
        return _message(visit, status, str(refusal))
    if form is not None and not isinstance(refusal, FormForged):
        return _again(visit, status, str(refusal), form)
    return problem(visit, status, title, "" if status == HTTPStatus.NOT_FOUND else str(refusal))


def line_of(refusal: Exception) -> tuple[int, str]:
    """Status and title of a refusal."""
    return next(line for kind, line in TABLE.items() if isinstance(refusal, kind))


def problem(visit: Visit, status: int, title: str, sentence: str = "") -> Response:
    """A page that says why there is no other."""
    return visit.page("problem.html", status=status, title=title, sentence=sentence, number=status)


def sign_in_first(visit: Visit) -> str:
    """Where to sign in, and come back from to the page that was asked for."""
    if visit.visitor and visit.visitor.session.stage is not Stage.SIGNED_IN:
        return "/login/second" if visit.visitor.session.stage is Stage.SECOND_FACTOR else "/login/password"
    return visit.with_next("/login")


def _should_sign_in(visit: Visit) -> bool:
    caller: Caller = visit.caller
    return caller.user_id is None and not visit.request.url.path.startswith("/login")


def _again(visit: Visit, status: int, sentence: str, form: Handler) -> Response:
    visit.error = sentence
    try:
        response = form(visit)
    except Refusal as refusal:  # the form itself is not for this caller, or no longer there
        return refused(visit, refusal, None)
    response.status_code = status
    return response


def _message(visit: Visit, status: int, sentence: str) -> Response:
    response = visit.page("message.html", status=status, sentence=sentence)
    response.headers.update({"hx-retarget": "#messages", "hx-reswap": "innerHTML"})
    return response
