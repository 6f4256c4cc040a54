"""Refusals in GitLab's shape: one table, one function.

{"message": "404 Project Not Found - no project acme/shop, or none you may read: …"}      what the platform refuses
{"error": "access_level is missing"}                                     what cannot be read as this route's parameters
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wharfinger.domain import errors, failures
from wharfinger.spec.errors import Malformed

# The first line that fits wins: special cases stand above their kind.
TABLE: Final[Mapping[type[Exception], tuple[int, str]]] = {
    errors.Unauthenticated: (401, "Unauthorized"),
    errors.Denied: (403, "Forbidden"),
    errors.ProjectUnknown: (404, "Project Not Found"),
    errors.GroupUnknown: (404, "Group Not Found"),
    errors.UserUnknown: (404, "User Not Found"),
    errors.MemberUnknown: (404, "Member Not Found"),
    errors.TokenUnknown: (404, "Token Not Found"),
    errors.RepositoryUnknown: (404, "Repository Not Found"),
    errors.TagUnknown: (404, "Tag Not Found"),
    errors.NotFound: (404, "Not Found"),
    errors.PathTaken: (400, "Bad request"),
    errors.AskedLately: (400, "Bad request"),
    errors.RuleTaken: (422, "Unprocessable Entity"),
    errors.RulesExhausted: (422, "Unprocessable Entity"),
    errors.Conflict: (409, "Conflict"),
    errors.Invalid: (400, "Bad request"),
    errors.TooLarge: (413, "Request Entity Too Large"),
    errors.LoginsLimited: (429, "Too Many Requests"),
    errors.Exhausted: (503, "Service Unavailable"),
    Malformed: (400, "Bad request"),
}
_FIELDS: Final[Mapping[type[Exception], str]] = {errors.PathTaken: "path", errors.PathInvalid: "path"}
_MOST_COMPLAINTS: Final = 10


class Problem(BaseModel):
    """What an answer that is no success says: `message` or `error`, a sentence or one for each field."""

    message: str | dict[str, list[str]] | None = None
    error: str | None = None
    error_description: str | None = None
    scope: str | None = None


DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "a parameter is missing or cannot be right"},
    401: {"model": Problem, "description": "no credential, or one that is wrong, expired or revoked"},
    403: {"model": Problem, "description": "the role or the token's scopes do not allow this"},
    404: {"model": Problem, "description": "there is no such thing, or none the caller may see"},
    405: {"model": Problem, "description": "the path leads to where something was before it moved"},
    409: {"model": Problem, "description": "the thing is in a state that does not allow this"},
    413: {"model": Problem, "description": "the body is too large"},
    429: {"model": Problem, "description": "too many failed logins"},
    503: {"model": Problem, "description": "bytes or rows cannot be kept or read for now"},
}


class InsufficientScope(errors.Denied):
    """The token has none of the scopes that the API asks for. RFC 6750 section 3.1 has the words."""

    def __init__(self, wanted: str, have: str) -> None:
        super().__init__(f"the token has {have}; this needs one of: {wanted}")
        self.wanted = wanted


class Moved(Exception):
    """The place that a path leads to has another one by now; `url` is where the same is answered."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


async def refused(_request: Request, refusal: Exception) -> Response:
    """The answer to a refused request."""
    status, title = next(line for kind, line in TABLE.items() if isinstance(refusal, kind))
    if isinstance(refusal, InsufficientScope):
        said = {"error": "insufficient_scope", "error_description": str(refusal), "scope": refusal.wanted}
        return JSONResponse(said, status)
    field = next((name for kind, name in _FIELDS.items() if isinstance(refusal, kind)), None)
    message = {field: [str(refusal)]} if field else f"{status} {title} - {refusal}"
    headers = {}
    if isinstance(refusal, errors.Exhausted):
        headers["retry-after"] = str(max(1, round(refusal.retry_after.total_seconds())))
    return JSONResponse({"message": message}, status, headers)


async def unreadable(_request: Request, error: Exception) -> Response:
    """Parameters that this route does not take, in the words of GitLab's parameter checks."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker: it is registered for that
    said = ", ".join(_complaint(one) for one in error.errors()[:_MOST_COMPLAINTS])
    return JSONResponse({"error": said}, 400)


async def no_route(_request: Request, error: Exception) -> Response:
    """Nothing is answered at this path, or not with this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    return JSONResponse({"error": f"{error.status_code} {error.detail}"}, error.status_code, error.headers)


async def moved(request: Request, error: Exception) -> Response:
    """GitLab redirects what only reads, and nothing else."""
    assert isinstance(error, Moved)  # noqa: S101 - as above
    if request.method == "GET":
        return Response(status_code=301, headers={"location": error.url})
    said = f"405 Method Not Allowed - this has moved: ask {error.url} instead"
    return JSONResponse({"message": said}, 405, {"allow": "GET, HEAD"})


async def failed(request: Request, error: Exception) -> Response:
    """Something broke that nobody foresaw; the log has it, under the id of the request."""
    refusal = failures.refusal(error)
    if refusal is not None:
        return await refused(request, refusal)
    said = "500 Internal Server Error - try again, and tell the operator the request id (x-request-id)"
    return JSONResponse({"message": said}, 500)


def _complaint(one: Any) -> str:
    where = [str(part)[:100] for part in one["loc"][1:]]  # behind "body", "query" or "path"
    name = where[0] + "".join(f"[{part}]" for part in where[1:]) if where else "the body"
    return f"{name} is missing" if one["type"] == "missing" else f"{name} is invalid: {one['msg']}"
