"""What a handler of the API is handed: who asks, by which credential, and from where.

A token comes in `PRIVATE-TOKEN`, in `Authorization: Bearer` or, that of a job, in `JOB-TOKEN`; never in a URL. Each
route says by its type of call which scopes it takes; without a token it is asked by nobody in particular.
"""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from wharfinger.domain import logins
from wharfinger.domain.access import ANONYMOUS, Caller
from wharfinger.domain.errors import CredentialRefused, ScopeMissing
from wharfinger.domain.tools import Tools
from wharfinger.rules.scopes import SCOPES, CredentialKind
from wharfinger.web.api.errors import InsufficientScope

_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_JOB_USERNAME: Final = "gitlab-ci-token"

_PRIVATE: Final = APIKeyHeader(name="PRIVATE-TOKEN", scheme_name="access token", auto_error=False)
_BEARER: Final = HTTPBearer(scheme_name="bearer", auto_error=False)
_JOB: Final = APIKeyHeader(name="JOB-TOKEN", scheme_name="job token", auto_error=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `url` is the server's own address as the client knows it, without a slash behind."""

    tools: Tools
    caller: Caller
    url: str
    request: Request

    @property
    def registry(self) -> str:
        """The host (and port) that images are named by."""
        return self.url.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whose calls a route takes: tokens with one of these scopes, and jobs only where that is said."""

    reading: frozenset[str]
    writing: frozenset[str]
    jobs: bool = False

    def __call__(
        self,
        request: Request,
        private: Annotated[str | None, Security(_PRIVATE)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        job: Annotated[str | None, Security(_JOB)],
    ) -> Call:
        """The call. Raises CredentialRefused, LoginsLimited, InsufficientScope."""
        tools: Tools = request.scope["wharfinger.tools"]
        address = request.client.host if request.client else "unknown"
        secret = job or private or (bearer.credentials if bearer else None)
        if secret is None and "authorization" in request.headers:
            raise CredentialRefused("the Authorization header is not Bearer: send an access token, or PRIVATE-TOKEN")
        caller = ANONYMOUS if secret is None else _caller(tools, secret, address, job=job is not None)
        request.scope["wharfinger.caller"] = caller.name
        self._require(request.method, caller)
        return Call(tools, replace(caller, address=address), base_url(request), request)

    def _require(self, method: str, caller: Caller) -> None:
        if caller.kind is CredentialKind.ANONYMOUS:
            return
        if caller.kind is CredentialKind.JOB:
            if not self.jobs:
                raise ScopeMissing("a job token is good for the registry of its project only: use an access token")
            return
        wanted = self.reading if method == "GET" else self.writing
        if not wanted & caller.scopes:
            raise InsufficientScope(" ".join(sorted(wanted)), " ".join(sorted(caller.scopes)))


_API: Final = frozenset({"api"})
_READ: Final = frozenset({"api", "read_api"})

ApiCall = Annotated[Call, Depends(Gate(_READ, _API))]
RegistryCall = Annotated[Call, Depends(Gate(_READ, _API, jobs=True))]
UserCall = Annotated[Call, Depends(Gate(_READ | {"read_user"}, _API))]
AnyTokenCall = Annotated[Call, Depends(Gate(frozenset(SCOPES), frozenset(SCOPES)))]  # what a token may do to itself


def base_url(request: Request) -> str:
    """The server's address: `external_url` if the operator gave one, else the host that the client wrote."""
    external: str = request.scope["wharfinger.external_url"]
    host = request.headers.get("host", "")
    return external or f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"


def _caller(tools: Tools, secret: str, address: str, *, job: bool) -> Caller:
    caller = logins.authenticate_token(tools, secret, address, username=_JOB_USERNAME if job else "")
    if job and caller.kind is not CredentialKind.JOB:
        raise CredentialRefused("JOB-TOKEN is for the tokens of jobs: send others as PRIVATE-TOKEN")
    return caller
