"""What operators write as values: read, refused, and written back."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from wharfinger.config import values
from wharfinger.config.values import Address


@pytest.mark.parametrize(
    ("text", "duration", "shortest"),
    [
        ("0s", timedelta(), "0s"),
        ("250ms", timedelta(milliseconds=250), "250ms"),
        ("90s", timedelta(seconds=90), "1m30s"),
        ("5m", timedelta(minutes=5), "5m"),
        ("1h30m", timedelta(minutes=90), "1h30m"),
        ("7d", timedelta(days=7), "7d"),
        (" 36h ", timedelta(hours=36), "1d12h"),
    ],
)
def test_durations(text: str, duration: timedelta, shortest: str) -> None:
    assert values.duration(text) == duration
    assert values.duration_text(duration) == shortest
    assert values.duration(shortest) == duration


@pytest.mark.parametrize("value", ["", "5", 5, 5.0, True, "m", "-5m", "5 m", "5min", "1.5h", "\u0665m", None, ["5m"]])
def test_no_durations(value: Any) -> None:
    with pytest.raises(ValueError, match="unit"):
        values.duration(value)


def test_a_duration_beyond_all_bounds() -> None:
    with pytest.raises(ValueError, match="too long"):
        values.duration("9" * 40 + "d")


@pytest.mark.parametrize(
    ("text", "size", "shortest"),
    [
        (0, 0, "0"),
        (1500, 1500, "1500B"),
        ("1500", 1500, "1500B"),
        ("64KiB", 65536, "64KiB"),
        ("4MiB", 4 * 1024**2, "4MiB"),
        ("10 GiB", 10 * 1024**3, "10GiB"),
        ("1MB", 1_000_000, "1000000B"),
        ("1024KiB", 1024**2, "1MiB"),
    ],
)
def test_sizes(text: Any, size: int, shortest: str) -> None:
    assert values.size(text) == size
    assert values.size_text(size) == shortest
    assert values.size(shortest) == size


@pytest.mark.parametrize("value", ["", -1, True, "4M", "4 MiBs", "1.5GiB", "MiB", None, "\u00b2KiB"])
def test_no_sizes(value: Any) -> None:
    with pytest.raises(ValueError, match="unit"):
        values.size(value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5050", Address("127.0.0.1", 5050)),
        ("[::1]:80", Address("::1", 80)),
        ("*:5050", Address("0.0.0.0", 5050)),
        ("localhost:443", Address("127.0.0.1", 443)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert values.address(text) == address
    assert values.address(str(address)) == address


@pytest.mark.parametrize(
    "value",
    [
        "",
        "5050",
        ":5050",
        "::1:5050",
        "[127.0.0.1]:1",
        "registry.example.com:443",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:",
        "127.0.0.1:\u0665",
        5050,
        None,
    ],
)
def test_no_addresses(value: Any) -> None:
    with pytest.raises(ValueError, match="IP and port"):
        values.address(value)


def test_networks_by_commas_or_as_a_list() -> None:
    both = (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert values.networks("10.0.0.0/8, ::1") == both
    assert values.networks(["10.0.0.0/8", "::1"]) == both
    assert values.networks("") == ()


@pytest.mark.parametrize("value", ["10.0.0.1/8", ["proxy"], "10.0.0.0/33", 5])
def test_no_networks(value: Any) -> None:
    with pytest.raises(ValueError, match="network"):
        values.networks(value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://registry.example.com", "https://registry.example.com"),
        ("http://registry.example.com:5050/", "http://registry.example.com:5050"),
    ],
)
def test_urls(text: str, url: str) -> None:
    assert values.url(text) == url


@pytest.mark.parametrize(
    "value", ["registry.example.com", "ftp://x", "https://", "https://u:p@x", "https://x/path", "https://x?q", 5]
)
def test_no_urls(value: Any) -> None:
    with pytest.raises(ValueError, match=r"https://|path"):
        values.url(value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_one_driver_for_every_way_to_write_postgresql(scheme: str) -> None:
    assert values.database_url(f"{scheme}://u:p@h/d") == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://u:canary@h/d", "postgresql://user"),
        ("postgresql+asyncpg://u:canary@h/d", "postgresql://user"),
        ("postgresql://u:p@canary@h/d", "%40"),
        ("postgresql://u:canary@h:abc/d", "port"),
        ("postgresql://u:canary@h:65536/d", "port"),
    ],
)
def test_a_refused_database_url_is_not_repeated(url: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as refused:
        values.database_url(url)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "rest",
    ["u:a/b#c@h/d", "u:p%40@[::1]:5432/d?sslmode=require", "/d?host=/run/pg@1&port=5432", "u@h", "h:1/d"],
)
def test_database_urls_that_libpq_understands(rest: str) -> None:
    assert values.database_url(f"postgresql://{rest}") == f"postgresql+psycopg://{rest}"
