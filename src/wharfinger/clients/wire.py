"""Connections to servers we call: the name is resolved once, checked, and the address connected to is that one.

So a name that answers differently a moment later (DNS rebinding) leads nowhere else. Everything that happens on a
connection shares one deadline: a server that sends a byte now and then does not hold us for longer.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, Final

import httpcore

from wharfinger.clients.guard import Network, refused

Resolve = Callable[[str, int], Sequence[str]]

_MOST_ADDRESSES: Final = 4
_PIECE_BYTES: Final = 64 * 1024


class NoAnswer(Exception):
    """There is no answer. `str(error)` says why and names no secret."""


class Refused(NoAnswer):
    """Nothing is sent there: the URL, or where its name leads, is not allowed. Trying again changes nothing."""


class Unreachable(NoAnswer):
    """No connection, no trusted certificate, or something that is not HTTP."""


class TooSlow(NoAnswer):
    """The time was over before the answer was."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order the system prefers. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guarded(httpcore.NetworkBackend):
    """Opens the connections of one request."""

    def __init__(self, allow: tuple[Network, ...], resolver: Resolve, deadline: float) -> None:
        self._allow, self._resolve, self._deadline = allow, resolver, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the name's addresses that may be asked and answers."""
        last: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
            except httpcore.ConnectError as error:
                last = error
            else:
                return _Timed(stream, self._deadline)
        raise Unreachable(f"{host} cannot be reached at port {port}: {last}")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"the name {host} cannot be resolved: {error}") from None
        why = {address: refused(address, self._allow) for address in found}
        allowed = [address for address in found if not why[address]]
        if found and not allowed:
            raise Refused(
                f"{host} leads to {found[0]}, which {why[found[0]]}: an administrator can allow its network in "
                "[outbound] allow"
            )
        return allowed[:_MOST_ADDRESSES]


class _Timed(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds until then. Raises TooSlow where it is over."""
    left = deadline - monotonic()
    if left <= 0:
        raise TooSlow("the time for it was over before the answer was complete")
    return left
