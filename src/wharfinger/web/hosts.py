"""Hosts as clients write them in the Host header: RFC 9110, section 7.2, and RFC 3986, section 3.2.2."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final

_HOST: Final = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::([0-9]{0,5}))?")
_LONGEST: Final = 300
_LAST_PORT: Final = 65_535


def is_host(value: bytes) -> bool:
    """Is it a name or an address, with a port or without? Readers of URLs break at some of what is none."""
    return len(value) <= _LONGEST and _is_host(value)


@lru_cache(1024)
def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    if found is None or int(found[2] or 0) > _LAST_PORT:
        return False
    return found[1] is None or _is_address(found[1].decode())


def _is_address(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
