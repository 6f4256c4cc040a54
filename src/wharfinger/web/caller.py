"""Who asks: the Authorization header of a request → Caller."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from wharfinger.domain import grants, tokens
from wharfinger.domain.access import ANONYMOUS, Caller
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.keys import REFRESH
from wharfinger.domain.tools import Tools
from wharfinger.rules.grants import Request as Wanted
from wharfinger.web.request import Request
from wharfinger.web.threads import in_thread

_LONGEST_HEADER: Final = 16 * 1024
_MOST_REMEMBERED: Final = 2048

# Without a token nothing is granted, so that every path is answered by the challenge, whatever is there.
NOBODY: Final = replace(ANONYMOUS, grants={})


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and secret of a Basic header."""

    username: str
    secret: str


class Callers:
    """Callers of requests, remembered by their registry token: checking one costs a signature.

    None is remembered for longer than the keys are: the one that signed it may have been taken back.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._remembered: dict[str, tuple[Caller, float]] = {}

    async def of(self, request: Request, wanted: Sequence[Wanted]) -> Caller:
        """The caller; `wanted` is what this request needs. Raises CredentialRefused, SignInNeeded, LoginsLimited."""
        header = request.header(b"authorization")
        if header is None:
            return NOBODY
        remembered = self._remembered.get(header)
        if remembered is not None and self._tools.clock().timestamp() < remembered[1]:
            return remembered[0]
        caller, until = await in_thread(self._learn, header, client_address(request), wanted)
        if until is not None:
            self._remember(header, caller, min(until, self._tools.clock() + REFRESH))
        return caller

    def _learn(self, header: str, address: str, wanted: Sequence[Wanted]) -> tuple[Caller, datetime | None]:
        """The caller, and how long the header may be believed: a Basic one is looked at each time."""
        kind, _, value = header.partition(" ")
        if len(header) > _LONGEST_HEADER or kind.lower() not in ("basic", "bearer"):
            raise CredentialRefused("the Authorization header is neither Basic nor Bearer: log in with a token")
        if kind.lower() == "bearer":
            return grants.verify(self._tools, value.strip())
        basic = parse_basic(header)
        caller = tokens.authenticate(self._tools, basic.username, basic.secret, address)
        issued = grants.issue(self._tools, caller, self._tools.policy.audience, list(wanted))
        return grants.verify(self._tools, issued.token)[0], None

    def _remember(self, header: str, caller: Caller, until: datetime) -> None:
        """In the event loop only, so that nobody else changes what is remembered meanwhile."""
        while len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[header] = (caller, until.timestamp())


def parse_basic(header: str) -> Basic:
    """The credentials of a Basic header (RFC 7617). Raises CredentialRefused."""
    kind, _, value = header.partition(" ")
    try:
        if kind.lower() != "basic" or len(header) > _LONGEST_HEADER:
            raise ValueError(kind)
        username, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error) as error:
        raise CredentialRefused(
            "the Authorization header is not Basic with user name and token: log in again"
        ) from error
    if not colon:
        raise CredentialRefused("the Authorization header holds a user name and no token: log in again")
    return Basic(username, secret)


def client_address(request: Request) -> str:
    """Where the request comes from; behind a trusted proxy, the address that the proxy vouches for."""
    client = request.scope.get("client")
    return str(client[0]) if client else "unknown"
