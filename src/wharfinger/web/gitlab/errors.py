"""Refusals of `/gitlab/v1/`: one table, in the words of GitLab's registry where the distribution spec has none."""

from collections.abc import Mapping
from typing import Final

from wharfinger.domain import errors
from wharfinger.spec.errors import CODES, Code, Malformed
from wharfinger.web import refusals
from wharfinger.web.respond import Answer

_OWN: Final = (
    Code("INVALID_QUERY_PARAMETER_VALUE", 400, "the value of a query parameter is invalid"),
    Code("INVALID_QUERY_PARAMETER_TYPE", 400, "the value of a query parameter is of an invalid type"),
    Code("INVALID_BODY_PARAMETER_TYPE", 400, "a value of the request body parameter is of an invalid type"),
    Code("INVALID_JSON_BODY", 400, "the body of the request is an invalid JSON"),
    Code("RENAME_CONFLICT", 409, "the base repository name is already taken"),
    Code("EXCEEDS_LIMITS", 422, "the repository path holds too many repositories for this operation"),
    Code("REQUEST_TOO_LARGE", 413, "the request is larger than this registry takes"),
)
LINES: Final[Mapping[str, Code]] = {**CODES, **{line.code: line for line in _OWN}}


class ParameterInvalid(errors.Invalid):
    """A parameter that cannot be right: `code` says whether its value or its type, in the query or in the body."""

    def __init__(self, sentence: str, parameter: str, code: str = "INVALID_QUERY_PARAMETER_VALUE") -> None:
        super().__init__(sentence)
        self.parameter, self.code = parameter, code


# The first line that fits wins: special cases stand above their kind.
TABLE: Final[Mapping[type[Exception], str]] = {
    errors.Unauthenticated: "UNAUTHORIZED",
    errors.Denied: "DENIED",
    errors.TagUnknown: "TAG_UNKNOWN",
    errors.NotFound: "NAME_UNKNOWN",
    errors.PathInvalid: "NAME_INVALID",
    errors.Invalid: "INVALID_QUERY_PARAMETER_VALUE",
    errors.TooLarge: "REQUEST_TOO_LARGE",
    errors.PathTaken: "RENAME_CONFLICT",
    errors.TreeTooLarge: "EXCEEDS_LIMITS",
    errors.Conflict: "CONFLICT",
    errors.LoginsLimited: "TOOMANYREQUESTS",
    errors.Exhausted: "UNAVAILABLE",
}


def answer(refusal: Exception, challenge: str) -> Answer:
    """The answer to a refused request; `challenge` starts the WWW-Authenticate of one without a usable token."""
    detail = {"parameter": refusal.parameter} if isinstance(refusal, ParameterInvalid) else None
    found = plain(code_of(refusal), str(refusal), detail)
    found.headers += refusals.headers(refusal, challenge)
    return found


def code_of(refusal: Exception) -> str:
    """The code of a refusal."""
    if isinstance(refusal, ParameterInvalid | Malformed):
        return refusal.code
    return next(code for kind, code in TABLE.items() if isinstance(refusal, kind))


def plain(code: str, sentence: str, detail: Mapping[str, str] | None = None) -> Answer:
    """An answer with this code."""
    return refusals.answer(LINES[code], sentence, [detail])


def failure() -> Answer:
    """Something broke here; the log says what, under the id of the request."""
    return plain("UNKNOWN", "the registry failed to do this: try again, and tell its operator the request id")
