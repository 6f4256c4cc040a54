"""The front door, the outermost application: every request passes here first and leaves here last.

It names the request, learns from a trusted proxy who asks, bounds the headers, answers the probes, hands the rest to
the dialects, seals what they answer, counts and writes a line. All of it stands in the way of a manifest read, so
nothing here is a layer of middleware: one wrapped `send`, no tasks, no second pass over the headers.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import Any, Final

from wharfinger.web.hosts import is_host
from wharfinger.web.log import REQUEST_ID, AccessLog, Seen
from wharfinger.web.metrics import CONTENT_TYPE, Shared, Tally, route_of
from wharfinger.web.numbers import Numbers
from wharfinger.web.patience import Bodies
from wharfinger.web.probes import Readiness, json_answer
from wharfinger.web.proxies import Network, Proxies
from wharfinger.web.request import ClientGone, Message, Receive, Scope, Send
from wharfinger.web.respond import Answer, send_answer

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_log: Final = logging.getLogger("wharfinger.front")
_CLIENT_GONE: Final = 499  # the client went away before it had an answer; only the log ever sees this
_PREFIX: Final = "/-/"
_LONGEST_PATH: Final = 4096  # far more than any name has; looking for the way along a long one takes a while
_WITH_BODY: Final = frozenset(("PUT", "POST", "PATCH"))
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")  # nothing is a page or a script that does not say so
_NOWHERE: Final = (
    "Nothing is here. This is a Wharfinger container registry: clients speak to /v2/, "
    "for instance `docker login {host}` and `docker pull {host}/<group>/<project>`.\n"
)


class Names:
    """Request ids: unique over all processes, cheap, and short enough to be read out."""

    def __init__(self) -> None:
        self._process, self._numbers = token_hex(5), count(1)

    def new(self) -> str:
        """The next one."""
        return f"{self._process}-{next(self._numbers)}"


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that the front door follows."""

    trusted_proxies: tuple[Network, ...] = ()
    header_limit_bytes: int = 64 * 1024
    mark: str = ""  # the same on every server of an installation, for `doctor`


@dataclass(frozen=True, slots=True)
class Records:
    """Where one process writes down what it did. Outlives every `Front` that uses it."""

    log: AccessLog
    tally: Tally
    shared: Shared
    names: Names = field(default_factory=Names)
    bodies: Bodies = field(default_factory=Bodies)


class Front:
    """The outermost ASGI application.

    `registry` answers /v2 and /jwt/auth; of `others` the first whose prefix fits (with or without the slash at its end)
    answers the rest, but for /-/, which is our own. `numbers` joins the process's own.
    """

    def __init__(
        self,
        registry: Asgi,
        readiness: Readiness,
        records: Records,
        options: Options,
        numbers: Numbers | None = None,
        *,
        others: Sequence[tuple[str, Asgi]] = (),
    ) -> None:
        self._numbers, self._others = numbers, tuple(others)
        self._registry, self._readiness, self._records = registry, readiness, records
        self._proxies = Proxies(options.trusted_proxies)
        self._limit, self._mark = options.header_limit_bytes, options.mark

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        started = perf_counter()
        agent, refusal = self._look(scope["headers"])
        if len(scope["path"]) > _LONGEST_PATH:
            refusal = _too_far()
        request_id = (self._believe(scope) if self._proxies else "") or self._records.names.new()
        REQUEST_ID.set(request_id)
        watch = _Watch(send, request_id)
        body = self._records.bodies.begin(receive) if scope["method"] in _WITH_BODY else None
        tally = self._records.tally
        tally.running += 1
        try:
            with suppress(ClientGone):
                if refusal:
                    await send_answer(refusal, watch, head=False)
                else:
                    await self._inner(scope["path"])(scope, body or receive, watch)
            if not watch.status:
                await send_answer(_unfinished(), send, head=False)  # past the watch: in the log the client is gone
        except Exception:
            await _fail(watch, scope)
        finally:
            tally.running -= 1
            if body:
                self._records.bodies.end(body)
            self._write_down(scope, watch, agent, perf_counter() - started)

    def _look(self, headers: list[tuple[bytes, bytes]]) -> tuple[bytes, Answer | None]:
        """The user agent, and how to refuse headers that are over the limit, or name no host (RFC 9112, 3.2)."""
        size, agent, hosts = 0, b"", list[bytes]()
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"user-agent":
                agent = value
            elif name == b"host":
                hosts.append(value)
        if size > self._limit:
            return agent, _too_long(self._limit)
        return agent, None if len(hosts) < 2 and all(map(is_host, hosts)) else _no_host()

    def _believe(self, scope: Scope) -> str:
        """Take over what a trusted proxy says; the request id it gave, if any."""
        peer = scope.get("client")
        if not peer or not self._proxies.trusts(peer[0]):
            return ""
        client = self._proxies.client(scope["headers"])
        if client.address:
            scope["client"] = (client.address, 0)
        if client.scheme:
            scope["scheme"] = client.scheme
        return client.request_id

    def _inner(self, path: str) -> Asgi:
        if path.startswith(("/v2/", "/jwt/")) or path == "/v2":
            return self._registry
        if path.startswith(_PREFIX):
            return self._elsewhere
        return next((answers for prefix, answers in self._others if f"{path}/".startswith(prefix)), self._elsewhere)

    async def _elsewhere(self, scope: Scope, _receive: Receive, send: Send) -> None:
        await send_answer(await self._probe(scope), send, head=scope["method"] == "HEAD")

    async def _probe(self, scope: Scope) -> Answer:
        if scope["method"] not in ("GET", "HEAD"):
            answer = _text(405, "Nothing but GET and HEAD is answered here.\n")
            answer.headers.append((b"allow", b"GET, HEAD"))
            return answer
        match scope["path"]:
            case "/-/health":
                return json_answer(200, {"status": "ok", "installation": self._mark})
            case "/-/ready":
                return await self._readiness.answer()
            case "/-/metrics":
                others = await self._numbers.metrics() if self._numbers else []
                return _text(200, self._records.shared.text(others), CONTENT_TYPE)
        return _text(404, _NOWHERE.format(host=_host(scope)))

    def _write_down(self, scope: Scope, watch: "_Watch", agent: bytes, seconds: float) -> None:
        path, method, status = scope["path"], scope["method"], watch.status or _CLIENT_GONE
        if path.startswith(_PREFIX) and status < 400:
            return
        sent = watch.sent_bytes()
        method = method if method in _METHODS else "other"
        self._records.tally.count((route_of(path), method, status), seconds, sent)
        caller = scope.get("wharfinger.caller", "")
        client = scope.get("client")
        address = client[0] if client else ""
        self._records.log.write(Seen(watch.request_id, method, path, status, sent, seconds, caller, address, agent))


_METHODS: Final = frozenset(("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"))


class _Watch:
    """`send`, watched: adds to the answer what all of them carry, and remembers status and size."""

    __slots__ = ("_headers", "_send", "_sent", "_whole_file", "request_id", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id = send, request_id
        self.status, self._sent, self._whole_file = 0, 0, False
        self._headers: list[tuple[bytes, bytes]] = []

    def __call__(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            self._sent += len(message["body"])
        elif kind == "http.response.start":
            self.status = message["status"]
            # a new list: the one that came may be a constant of its handler
            self._headers = [*message["headers"], (b"x-request-id", self.request_id.encode()), _NOSNIFF]
            message = {"type": kind, "status": self.status, "headers": self._headers}
        else:
            self._whole_file = True
        return self._send(message)

    def sent_bytes(self) -> int:
        """Bytes of the body; of a file that the server sends by itself, what was announced."""
        if self._whole_file:
            return next((int(value) for name, value in self._headers if name == b"content-length"), 0)
        return self._sent


async def _fail(watch: _Watch, scope: Scope) -> None:
    """Something broke that nobody foresaw: say so in the log, and to the client if nothing was said yet."""
    _log.exception("%s %s broke", scope["method"], scope["path"][:400])
    if not watch.status:
        await send_answer(_failure(watch.request_id), watch, head=scope["method"] == "HEAD")


def _failure(request_id: str) -> Answer:
    said = f"the server failed and wrote down why: its operator finds it under request id {request_id}"
    return json_answer(500, {"errors": [{"code": "UNKNOWN", "message": said}]})


def _too_long(limit: int) -> Answer:
    said = f"the headers have more than {limit} bytes, the most that is taken here"
    return json_answer(431, {"errors": [{"code": "UNSUPPORTED", "message": said}]})


def _too_far() -> Answer:
    said = f"the path has more than {_LONGEST_PATH} characters, the most that is taken here"
    return json_answer(414, {"errors": [{"code": "UNSUPPORTED", "message": said}]})


def _unfinished() -> Answer:
    said = "the body ended before its time, paused for too long, or came in chunks that are none: send it again"
    answer = json_answer(400, {"errors": [{"code": "UNSUPPORTED", "message": said}]})
    answer.headers.append((b"connection", b"close"))
    return answer


def _no_host() -> Answer:
    said = "the Host header is none, or there are several: send the one that you ask, with its port"
    return json_answer(400, {"errors": [{"code": "UNSUPPORTED", "message": said}]})


def _text(status: int, text: str | bytes, kind: bytes = b"text/plain; charset=utf-8") -> Answer:
    body = text.encode() if isinstance(text, str) else text
    return Answer(status, [(b"content-type", kind), (b"content-length", b"%d" % len(body))], body)


def _host(scope: Any) -> str:
    """The host as the client wrote it, if it looks like one."""
    said = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return said if said.isascii() and said.replace(".", "").replace(":", "").replace("-", "").isalnum() else "<host>"
