"""What an operator writes as a value ("5m", "4MiB", "127.0.0.1:5050"), and how it reads back."""

import json
import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer

_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_BYTES: Final = {
    "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4,
}  # fmt: skip
_DURATION: Final = re.compile(r"(?:\d+(?:ms|[dhms]))+", re.ASCII)
_SIZE: Final = re.compile(r"(\d+)\s*([KMGT]?i?B)", re.ASCII)
_DATABASE: Final = re.compile(
    r"(?:[^:@/?]*(?::[^@]*)?@)?(?:\[[^\]@]*\]|[^:@/?\[]*)(?::(?P<port>[^@/?]*))?(?:[/?].*)?"
)  # the rest of its URL; like SQLAlchemy, it takes what is before the first "@" for user and password
_NAMES: Final = {"*": "0.0.0.0", "localhost": "127.0.0.1"}  # noqa: S104 - the operator wrote it

Network = IPv4Network | IPv6Network


class Address(NamedTuple):
    """Where a server listens: `host` without brackets, `port`."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def duration(value: Any) -> timedelta:
    """`"1h30m"` → timedelta. Raises ValueError without a unit: 5 could be seconds or minutes."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value.strip()):
        raise ValueError(f'{_shown(value)} is no duration: write number and unit, as in "30s", "5m", "1h30m" or "7d"')
    parts = re.findall(r"(\d+)(ms|[dhms])", value)
    try:
        return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"{_shown(value)} is too long") from None


def duration_text(value: timedelta) -> str:
    """The shortest way to write a duration."""
    milliseconds, text = round(value.total_seconds() * 1000), ""
    for unit, seconds in _SECONDS.items():
        number, milliseconds = divmod(milliseconds, round(seconds * 1000))
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def size(value: Any) -> int:
    """`"4MiB"` → bytes; a bare number is bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    text = value.strip() if isinstance(value, str) else ""
    if text.isascii() and text.isdigit():
        return int(text[:30])
    if not (match := _SIZE.fullmatch(text)):
        raise ValueError(f'{_shown(value)} is no size: write a number and a unit, as in "64KiB", "4MiB" or "10GiB"')
    return int(match[1][:30]) * _BYTES[match[2]]


def size_text(value: int) -> str:
    """The shortest way to write a size exactly."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value and value % _BYTES[unit] == 0:
            return f"{value // _BYTES[unit]}{unit}"
    return f"{value}B" if value else "0"


def address(value: Any) -> Address:
    """`"127.0.0.1:5050"` or `"[::1]:5050"`; `"*:5050"` is every IPv4 address of the machine."""
    if isinstance(value, Address):
        return value
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    found = _NAMES.get(host) or _ip(host)
    if not (found and port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65536):
        raise ValueError(f'{_shown(value)} is no address: write IP and port, as in "127.0.0.1:5050" or "[::1]:5050"')
    return Address(found, int(port))


def _ip(host: str) -> str:
    """The address of this host, without brackets; empty where it is none."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return bare if (ip_address(bare).version == 6) == (bare != host) else ""
    except ValueError:
        return ""


def networks(value: Any) -> tuple[Network, ...]:
    """A list of networks; in the environment, separated by commas."""
    items = [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
    if isinstance(items, list | tuple):
        return tuple(map(_network, items))
    raise ValueError(f'{_shown(value)} is no list of networks: write ["10.0.0.0/8"]')


def _network(item: Any) -> Network:
    try:
        return item if isinstance(item, Network) else ip_network(str(item))
    except ValueError as error:
        raise ValueError(
            f'{_shown(item)} is no network: {error}; write an address or a CIDR, as in "10.0.0.0/8"'
        ) from None


def url(value: Any) -> str:
    """`"https://registry.example.com"`: scheme and host only, because clients speak to `/v2/` at the root."""
    text = value.strip().rstrip("/") if isinstance(value, str) else ""
    if not text and isinstance(value, str):
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f'{_shown(value)} is no address of a server: write "https://registry.example.com"')
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"{_shown(value)} has a path: clients look at the root of a host, so leave it out")
    return text


def database_url(value: Any) -> str:
    """A SQLAlchemy URL of a database that is known here. The refusal never repeats it: it may hold a password."""
    text = value.strip() if isinstance(value, str) else "no text"
    if not text or text.startswith("sqlite:///"):
        return text
    scheme, _, rest = text.partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError('it should be like "postgresql://user:password@host/name", or empty for SQLite')
    where = _DATABASE.fullmatch(rest)
    if where is None:
        raise ValueError('it is no URL: in the password, write "@" as "%40" and "%" as "%25"')
    if (port := where["port"]) and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("its port is no number from 1 to 65535")
    return f"postgresql+psycopg://{rest}"


def tables(value: Any) -> Any:
    """A list of tables; in the environment, as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"it should be a list of tables, written as JSON: {error}") from None


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


Duration = Annotated[timedelta, BeforeValidator(duration), PlainSerializer(duration_text)]
Size = Annotated[int, BeforeValidator(size), PlainSerializer(size_text)]
Listen = Annotated[Address, BeforeValidator(address), PlainSerializer(str)]
DatabaseUrl = Annotated[str, BeforeValidator(database_url)]
Tables = BeforeValidator(tables)
Url = Annotated[str, BeforeValidator(url)]
Networks = Annotated[
    tuple[Network, ...], BeforeValidator(networks), PlainSerializer(lambda value: [str(item) for item in value])
]
