"""The one way out: every HTTP request that we send to others goes through an `Outbound`.

Addresses are checked and pinned (`wire`, `guard`), redirects are checked like the first URL, credentials stay with the
host they were meant for, time and size are bounded, certificates are verified, and no proxy of the environment is used.
A connection serves one request: nothing that was checked for one target is used for another.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Any, Final

import httpcore
import httpx

from wharfinger.clients.guard import Network
from wharfinger.clients.wire import Guarded, NoAnswer, Refused, Resolve, TooSlow, Unreachable, resolve

__all__ = ["Answer", "Limits", "NoAnswer", "Outbound", "Refused", "TooLarge", "TooSlow", "Unreachable"]

_WITH_BODY_AGAIN: Final = (307, 308)
_ELSEWHERE: Final = (301, 302, 303, *_WITH_BODY_AGAIN)
_STAYS_HOME: Final = ("authorization", "cookie", "proxy-authorization", "private-token", "x-gitlab-token")
_LONGEST_URL: Final = 4096
_AGENT: Final = "wharfinger"


class TooLarge(NoAnswer):
    """The answer has more bytes than were asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take from the name to the last byte, how large its answer is, how often it is sent on.

    Resolving the name is bounded by the system's resolver.
    """

    seconds: float = 10.0
    answer_bytes: int = 1024 * 1024
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever the status; `url` is the one that answered in the end."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


@dataclass(frozen=True)
class Outbound(httpx.BaseTransport):
    """Asks others. `allow` are private networks that may be reached; `ca_pem` is trusted besides the system's own.

    It is an httpx transport too, for libraries that bring their own client: `httpx.Client(transport=outbound,
    trust_env=False)`. Then that client decides about redirects; each of them is checked here all the same.
    """

    allow: tuple[Network, ...] = ()
    limits: Limits = Limits()
    ca_pem: str = ""
    resolve: Resolve = resolve

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        limits: Limits | None = None,
    ) -> Answer:
        """Send a request and read the whole answer. Raises NoAnswer.

        A redirect of GET or HEAD is followed; of other methods only where it keeps method and body (307, 308).
        """
        with self.stream(method, url, headers=headers, content=content, limits=limits) as response:
            body = b"".join(response.iter_raw())
        return Answer(response.status_code, response.headers, body, str(response.request.url))

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        limits: Limits | None = None,
    ) -> Iterator[httpx.Response]:
        """The same for answers that are read piece by piece, with `iter_raw()`. Raises NoAnswer, while reading too."""
        limits = limits or self.limits
        request = _request(method, url, dict(headers or {}), content, limits)
        for _ in range(limits.redirects + 1):
            response = self.handle_request(request)
            response.request = request
            try:
                onward = _onward(request, response, content)
                if onward is None:
                    yield response
                    return
            finally:
                response.close()
            request = onward
        raise Refused(f"{url} was sent on more than {limits.redirects} times: give the address it ends at")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to where its name leads now; what httpx calls. Raises NoAnswer."""
        _require_sendable(request.url)
        limits = request.extensions.get("outbound") or self.limits
        deadline = request.extensions.get("deadline") or monotonic() + limits.seconds
        origin = httpcore.Origin(request.url.raw_scheme, request.url.raw_host, _port(request.url))
        backend = Guarded(self.allow, self.resolve, deadline)
        connection = httpcore.HTTPConnection(origin, ssl_context=self._ssl_context, network_backend=backend)
        try:
            with _named(request.url.host):
                answer = connection.handle_request(_wired(request))
            _require_plain(answer)
        except BaseException:
            connection.close()
            raise
        body = _Body(connection, answer, limits.answer_bytes, request.url.host)
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions={})

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_pem:
            context.load_verify_locations(cadata=self.ca_pem)
        return context


class _Body(httpx.SyncByteStream):
    """The bytes of an answer, as long as they are within the limit."""

    def __init__(self, connection: httpcore.HTTPConnection, answer: httpcore.Response, limit: int, host: str) -> None:
        self._connection, self._answer, self._limit, self._host = connection, answer, limit, host

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        with _named(self._host):
            for chunk in self._answer.iter_stream():
                seen += len(chunk)
                if seen > self._limit:
                    raise TooLarge(f"{self._host} answered with more than {self._limit} bytes")
                yield chunk

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _named(host: str) -> Iterator[None]:
    """Say in our words what went wrong with a host."""
    try:
        yield
    except httpcore.TimeoutException:
        raise TooSlow(f"{host} took too long") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise Unreachable(f"{host} could not be talked to: {str(error) or type(error).__name__}") from None


def _request(method: str, url: str, headers: dict[str, str], content: bytes, limits: Limits) -> httpx.Request:
    """The first request; what follows redirects shares its deadline."""
    extensions = {"outbound": limits, "deadline": monotonic() + limits.seconds}
    try:
        named = {"user-agent": _AGENT, **headers, "accept-encoding": "identity", "connection": "close"}
        return httpx.Request(method, url, headers=named, content=content or None, extensions=extensions)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Refused(f"this is no URL that can be asked: {error}") from None


def _onward(request: httpx.Request, response: httpx.Response, content: bytes) -> httpx.Request | None:
    """The request that a redirect asks for; None where the answer is to be read as it is. Raises Refused."""
    location = response.headers.get("location")
    safe = request.method in ("GET", "HEAD")
    if response.status_code not in _ELSEWHERE or not location:
        return None
    if not safe and response.status_code not in _WITH_BODY_AGAIN:
        return None
    try:
        url = request.url.join(location)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(f"{request.url.host} sends on to something that is no URL: {error}") from None
    if request.url.scheme == "https" and url.scheme != "https":
        raise Refused(f"{request.url.host} sends on from https to {url.scheme or 'nowhere'}")
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
    if _origin(url) != _origin(request.url):
        headers = {name: value for name, value in headers.items() if name not in _STAYS_HOME}
    return httpx.Request(
        request.method, url, headers=headers, content=content or None, extensions=dict(request.extensions)
    )


def _require_sendable(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused(f"only http:// and https:// are asked, not {url.scheme or 'an address without a scheme'}")
    if url.userinfo:
        raise Refused(f"the URL of {url.host} carries a name or password: URLs end up in logs, so use a header")
    if len(str(url)) > _LONGEST_URL:
        raise Refused(f"a URL of {url.host} has more than {_LONGEST_URL} characters")


def _require_plain(answer: httpcore.Response) -> None:
    """A compressed answer could be a thousand times what its bytes say; nobody asked for one."""
    coding = next((value for name, value in answer.headers if name.lower() == b"content-encoding"), b"identity")
    if coding.lower() not in (b"", b"identity"):
        raise Unreachable("the answer is compressed, though it was asked not to be")


def _wired(request: httpx.Request) -> httpcore.Request:
    target = httpcore.URL(
        scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
    )
    stream: Any = request.stream
    return httpcore.Request(request.method, target, headers=request.headers.raw, content=stream)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
