"""Which addresses of the network may be asked: public ones, and what the operator allows. Pure.

Whoever can have us ask a URL (a webhook, an upstream, a redirect) must not reach what only this machine reaches:
itself, the networks behind it, the metadata service of its cloud.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

# They give out credentials of the machine: nobody has a reason to send us there, whatever else is allowed.
METADATA: Final = frozenset(
    map(
        ip_address,
        ("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
         "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
    )
)  # fmt: skip
_TRANSLATED: Final = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def refused(address: str, allow: tuple[Network, ...] = ()) -> str:
    """Why this address is not asked, in a few words; empty where it may be. An IPv4 address inside IPv6 counts."""
    try:
        found = _innermost(ip_address(address.partition("%")[0]))
    except ValueError:
        return "is no address"
    if found in METADATA:
        return "is where clouds give out credentials"
    if any(found.version == network.version and found in network for network in allow):
        return ""
    if found.is_multicast:
        return "is for many hosts at once"
    if not found.is_global or found.is_reserved or (found.version == 6 and found.is_site_local):
        return "is private, of this machine or reserved"
    return ""


def _innermost(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 address stands for, if it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return inner or address
