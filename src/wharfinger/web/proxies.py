"""What a trusted proxy says of the client behind it: RFC 7239 `Forwarded`, or `X-Forwarded-For` and `-Proto`.

Anybody can send these headers, so they count only from the networks that the operator listed, and a chain of proxies
is followed from the near end: the first address that is not one of ours is the client. Where both are there the second
kind counts: most proxies write it by themselves, and pass on a `Forwarded` that the client made up.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, NamedTuple

Network = IPv4Network | IPv6Network
Headers = list[tuple[bytes, bytes]]

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_PORT: Final = re.compile(r":\d{1,5}$")
_MOST_HOPS: Final = 32


class Client(NamedTuple):
    """Who asked in the first place; empty where no proxy says so."""

    address: str
    scheme: str
    request_id: str


class Proxies:
    """The networks whose word counts."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self.trusts = lru_cache(4096)(self._trusts)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def _trusts(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found.version == network.version and found in network for network in self._networks)

    def client(self, headers: Headers) -> Client:
        """What the headers of a trusted proxy say."""
        request_id = _last(headers, b"x-request-id")
        hops = _x_forwarded(headers) or _forwarded(headers)
        address, scheme = self._first_stranger(hops[-_MOST_HOPS:]) if hops else ("", _x_scheme(headers))
        return Client(address, scheme, request_id.decode() if _REQUEST_ID.fullmatch(request_id) else "")

    def _first_stranger(self, hops: list[tuple[str, str]]) -> tuple[str, str]:
        address = scheme = ""
        for said, over in reversed(hops):
            if not _is_address(said):
                break
            address, scheme = said, over or scheme
            if not self.trusts(said):
                break
        return address, scheme


def _forwarded(headers: Headers) -> list[tuple[str, str]]:
    """(address, scheme) of each hop of `Forwarded`, far end first."""
    hops = []
    for element in _joined(headers, b"forwarded").split(","):
        parts = (part.partition("=") for part in element.split(";"))
        pairs = {name.strip().lower(): value.strip().strip('"') for name, _, value in parts}
        if "for" in pairs:
            hops.append((_bare(pairs["for"]), _scheme(pairs.get("proto", ""))))
    return hops


def _x_forwarded(headers: Headers) -> list[tuple[str, str]]:
    """(address, scheme) of each hop of `X-Forwarded-For`; the near proxy's `X-Forwarded-Proto` counts for all."""
    addresses = [_bare(item.strip()) for item in _joined(headers, b"x-forwarded-for").split(",") if item.strip()]
    return [(address, _x_scheme(headers)) for address in addresses]


def _x_scheme(headers: Headers) -> str:
    return _scheme(_joined(headers, b"x-forwarded-proto").rpartition(",")[2].strip())


def _bare(address: str) -> str:
    """An address without port and brackets."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return _PORT.sub("", address) if address.count(":") == 1 else address


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in ("http", "https") else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _joined(headers: Headers, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def _last(headers: Headers, name: bytes) -> bytes:
    return next((value for key, value in reversed(headers) if key == name), b"")
