"""What a trusted proxy says of the client behind it."""

from ipaddress import ip_network

import pytest

from wharfinger.web.proxies import Headers, Proxies

OURS = Proxies((ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))


def headers(**given: str) -> Headers:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("2001:db8::1", True),
        ("11.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
        ("unix", False),
        ("10.0.0.1/8", False),
    ],
)
def test_whose_word_counts(address: str, trusted: bool) -> None:
    assert OURS.trusts(address) is trusted


@pytest.mark.parametrize(
    ("said", "address", "scheme"),
    [
        ({}, "", ""),
        ({"x_forwarded_for": "192.0.2.7"}, "192.0.2.7", ""),
        ({"x_forwarded_for": "192.0.2.7:5555"}, "192.0.2.7", ""),
        ({"x_forwarded_for": "[2001:db9::1]:5555"}, "2001:db9::1", ""),
        ({"x_forwarded_for": "203.0.113.9, 192.0.2.7, 10.0.0.9"}, "192.0.2.7", ""),
        ({"x_forwarded_for": "10.0.0.8, 10.0.0.9"}, "10.0.0.8", ""),
        ({"x_forwarded_for": "192.0.2.7, not-an-address"}, "", ""),
        ({"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "https"}, "192.0.2.7", "https"),
        ({"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "http, HTTPS"}, "192.0.2.7", "https"),
        ({"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "javascript"}, "192.0.2.7", ""),
        ({"x_forwarded_proto": "https"}, "", "https"),
        ({"forwarded": "for=192.0.2.7;proto=https;by=10.0.0.1"}, "192.0.2.7", "https"),
        ({"forwarded": 'For="[2001:db9::1]:4711"'}, "2001:db9::1", ""),
        ({"forwarded": "for=203.0.113.9, for=192.0.2.7;proto=https, for=10.0.0.9"}, "192.0.2.7", "https"),
        ({"forwarded": "for=203.0.113.9;proto=http", "x_forwarded_for": "192.0.2.7"}, "192.0.2.7", ""),
        ({"forwarded": ' For = "192.0.2.7" ; Proto=HTTPS ; ext="a=b"'}, "192.0.2.7", "https"),
        ({"forwarded": "for=unknown"}, "", ""),
        ({"forwarded": "for=_hidden, for=192.0.2.7"}, "192.0.2.7", ""),
        ({"forwarded": ";;;===,,,"}, "", ""),
    ],
)
def test_who_asked_first(said: dict[str, str], address: str, scheme: str) -> None:
    client = OURS.client(headers(**said))
    assert (client.address, client.scheme) == (address, scheme)


def test_a_chain_is_looked_at_from_the_near_end_and_not_without_end() -> None:
    chain = ", ".join(["192.0.2.7", *["10.0.0.1"] * 1000])
    assert OURS.client(headers(x_forwarded_for=chain)).address == "10.0.0.1"


def test_several_headers_are_one_list() -> None:
    twice = headers(x_forwarded_for="203.0.113.9") + headers(x_forwarded_for="192.0.2.7")
    assert OURS.client(twice).address == "192.0.2.7"


@pytest.mark.parametrize("text", [" ", "a", "for", "for=", "=", ";", ",", '"', 'for="', "a=b "])
def test_a_long_header_takes_no_longer_than_it_is_long(text: str) -> None:
    """Whoever sends one must not stop the event loop: by squares, this would take minutes."""
    assert OURS.client(headers(forwarded=text * (60_000 // len(text)))).address == ""
