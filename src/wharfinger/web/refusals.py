"""What the registry's dialects share in refusing: the body of errors, and where to get a token.

{"errors": [{"code": "DENIED", "message": "…: what to do", "detail": …}]}         distribution-spec, "Error Codes"
"""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import orjson

from wharfinger.domain import errors, failures
from wharfinger.domain.errors import Refusal
from wharfinger.spec.errors import Code, Malformed
from wharfinger.web.request import ClientGone, Request
from wharfinger.web.respond import Answer, Headers

VERSION: Final = (b"docker-distribution-api-version", b"registry/2.0")  # by which old clients know a registry
_log: Final = logging.getLogger("wharfinger.registry")
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")


async def translated(
    request: Request,
    dispatch: Callable[[Request], Awaitable[Answer]],
    refused: Callable[[Request, Exception], Answer],
    failure: Callable[[], Answer],
) -> Answer:
    """What `dispatch` answers, or a dialect's words for why not; `failure` where something broke here."""
    try:
        return await dispatch(request)
    except (Refusal, Malformed) as refusal:
        return refused(request, refusal)
    except ClientGone:
        raise
    except Exception as error:
        failures.tell(_log, f"{request.method} {request.path} failed", error)
        passing = failures.refusal(error)
        return failure() if passing is None else refused(request, passing)


def answer(line: Code, sentence: str, details: Sequence[Any] = (None,)) -> Answer:
    """An answer with this line of the table: its message, a sentence on what to do, and an error for each detail."""
    message = f"{line.message}: {sentence}"
    body = orjson.dumps({"errors": [{"code": line.code, "message": message, "detail": each} for each in details]})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return Answer(line.status, headers, body)


def address(request: Request, external_url: str) -> str:
    """The server's address: `external_url` if the operator gave one, else the host and port that the client knows."""
    host = request.header(b"host") or ""
    return external_url or f"{request.scope['scheme']}://{host if _HOST.fullmatch(host) else 'localhost'}"


def challenge(request: Request, external_url: str, service: str) -> str:
    """Where to get a token: the start of a WWW-Authenticate header."""
    return f'Bearer realm="{address(request, external_url)}/jwt/auth",service="{service}"'


def headers(refusal: Exception, challenge: str) -> Headers:
    """What the headers of a refusal tell: which token is wanted, when to come again."""
    match refusal:
        case errors.SignInNeeded():
            return [(b"www-authenticate", _wanted(challenge, refusal).encode()), VERSION]
        case errors.Unauthenticated():
            return [(b"www-authenticate", challenge.encode()), VERSION]
        case errors.Exhausted():
            return [(b"retry-after", b"%d" % max(1, round(refusal.retry_after.total_seconds())))]
    return []


def _wanted(start: str, refusal: errors.SignInNeeded) -> str:
    scope = f',scope="{refusal.scope}"' if refusal.scope else ""
    error = f',error="{refusal.error}"' if refusal.error else ""
    return f"{start}{scope}{error}"
