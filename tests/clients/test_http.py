"""The guarded client, against real servers and a name service that lies."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_network
from itertools import count
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.receiver import Receiver, Reply, listening
from wharfinger.clients.http import Limits, Outbound, Refused, TooLarge, TooSlow, Unreachable

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOSTILE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "169.254.169.254", "100.64.0.1",
           "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "168.63.129.16", "::1", "::", "fe80::1",
           "fe80::1%eth0", "fd00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
           "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "::127.0.0.1", "2001:db8::1", "fec0::1",
           "nonsense"]  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


def names(**addresses: list[str]) -> Outbound:
    """A client for which these names lead to these addresses, and the loopback is allowed."""
    return Outbound(allow=LOOPBACK, resolve=lambda host, _: addresses[host.partition(".")[0]])


def test_answers_are_read_whole(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(418, {"X-Kind": "tea"}, b"short and stout")
    answer = names(pot=["127.0.0.1"]).ask("POST", f"http://pot.example:{receiver.port}/pour?a=1", content=b"water")
    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "tea", b"short and stout")
    (request,) = receiver.received
    assert (request.method, request.path, request.body) == ("POST", "/pour?a=1", b"water")
    assert request.headers["host"] == f"pot.example:{receiver.port}"


@pytest.mark.parametrize("address", HOSTILE)
def test_no_private_address_is_asked(address: str) -> None:
    with pytest.raises(Refused, match="leads to"):
        Outbound(resolve=lambda *_: [address]).ask("GET", "http://innocent.example/")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost", "[::1]"])
def test_no_way_to_write_the_loopback_helps(receiver: Receiver, host: str) -> None:
    with pytest.raises((Refused, Unreachable)):
        Outbound().ask("GET", f"http://{host}:{receiver.port}/")
    assert not receiver.received


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "168.63.129.16"])
def test_metadata_is_refused_whatever_is_allowed(address: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    with pytest.raises(Refused, match="credentials"):
        Outbound(allow=everything, resolve=lambda *_: [address]).ask("GET", "http://innocent.example/")


def test_a_name_is_resolved_once_and_pinned(receiver: Receiver) -> None:
    """A name that is public when it is checked and private when it is connected to (DNS rebinding)."""
    asked = count()

    def rebinding(host: str, port: int) -> list[str]:
        return ["127.0.0.2" if next(asked) == 0 else "127.0.0.1"]

    client = Outbound(allow=(ip_network("127.0.0.2/32"),), resolve=rebinding, limits=Limits(seconds=2))
    with pytest.raises((Unreachable, TooSlow)):  # 127.0.0.2 was checked, and nothing listens there
        client.ask("GET", f"http://rebinding.example:{receiver.port}/")
    assert next(asked) == 1 and not receiver.received
    with pytest.raises(Refused):
        client.ask("GET", f"http://rebinding.example:{receiver.port}/")


def test_of_several_addresses_only_public_ones_are_tried(receiver: Receiver) -> None:
    client = Outbound(allow=LOOPBACK, resolve=lambda *_: ["10.0.0.1", "127.0.0.1"])
    assert client.ask("GET", f"http://both.example:{receiver.port}/").status == 200


@pytest.mark.parametrize("url", ["ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "//a.example", "a",
                                 "http://", "http://name:password@a.example/", "http://a.example:99999/",
                                 "http://a.example/" + "a" * 5000])  # fmt: skip
def test_strange_urls_are_refused(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        Outbound(resolve=lambda *_: ["127.0.0.1"]).ask("GET", url)
    assert "password@" not in str(refusal.value)


def test_a_redirect_to_a_private_address_is_refused(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(302, {"Location": "http://inner.example/"})
    with pytest.raises(Refused, match=r"10\.0\.0\.7"):
        names(outer=["127.0.0.1"], inner=["10.0.0.7"]).ask("GET", f"http://outer.example:{receiver.port}/")


def test_redirects_end(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(302, {"Location": "/again"})
    with pytest.raises(Refused, match="more than 3 times"):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url)
    assert len(receiver.received) == 4


def test_credentials_stay_with_their_host(receiver: Receiver) -> None:
    onward = f"http://other.example:{receiver.port}/there"
    receiver.answer = lambda got: Reply() if got.path == "/there" else Reply(307, {"Location": onward})
    secrets = {"Authorization": "Bearer hush", "Cookie": "a=b", "X-Gitlab-Token": "hush", "X-Plain": "kept"}
    client = names(first=["127.0.0.1"], other=["127.0.0.1"])
    answer = client.ask("POST", f"http://first.example:{receiver.port}/", headers=secrets, content=b"body")
    first, second = receiver.received
    assert answer.url == onward and first.headers["authorization"] == "Bearer hush"
    assert not {"authorization", "cookie", "x-gitlab-token"} & second.headers.keys()
    assert (second.method, second.body, second.headers["x-plain"]) == ("POST", b"body", "kept")
    assert second.headers["host"] == f"other.example:{receiver.port}"


def test_within_a_host_credentials_travel_on(receiver: Receiver) -> None:
    receiver.answer = lambda got: Reply() if got.path == "/there" else Reply(301, {"Location": "/there"})
    Outbound(allow=LOOPBACK).ask("GET", receiver.url, headers={"Authorization": "Bearer hush"})
    assert receiver.received[1].headers["authorization"] == "Bearer hush"


def test_a_post_never_becomes_a_get(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(303, {"Location": "/there"})
    assert Outbound(allow=LOOPBACK).ask("POST", receiver.url, content=b"x").status == 303
    assert len(receiver.received) == 1


def test_large_answers_are_cut_off(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(pieces=(b"x" * 65536 for _ in range(10_000)))
    with pytest.raises(TooLarge, match="more than 100000 bytes"):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url, limits=Limits(answer_bytes=100_000))


def test_compressed_answers_are_not_unpacked(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b")
    with pytest.raises(Unreachable, match="compressed"):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url)


def test_a_server_that_hangs_is_left(receiver: Receiver) -> None:
    receiver.answer = receiver.hang
    with pytest.raises(TooSlow):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url, limits=Limits(seconds=0.2))


def test_a_server_that_drips_is_left_too(receiver: Receiver) -> None:
    """Each byte comes in time, the whole does not."""

    def drip() -> Iterator[bytes]:
        while not receiver.over.wait(0.05):
            yield b"x"

    receiver.answer = lambda _: Reply(pieces=drip())
    with pytest.raises(TooSlow):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url, limits=Limits(seconds=0.4))


def test_redirects_share_the_time(receiver: Receiver) -> None:
    def slow(_: object) -> Reply:
        receiver.over.wait(0.3)
        return Reply(302, {"Location": "/again"})

    receiver.answer = slow
    with pytest.raises(TooSlow):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url, limits=Limits(seconds=0.8, redirects=50))


def test_what_is_not_there_is_told(receiver: Receiver) -> None:
    def nowhere(*_: object) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(Unreachable, match="cannot be resolved"):
        Outbound(resolve=nowhere).ask("GET", "http://nowhere.example/")
    receiver.stop()
    with pytest.raises(Unreachable, match="cannot be reached"):
        Outbound(allow=LOOPBACK).ask("GET", receiver.url)


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert Outbound(allow=LOOPBACK).ask("GET", receiver.url).status == 200


def test_bodies_can_be_read_piece_by_piece(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(pieces=(b"piece" for _ in range(3)))
    with Outbound(allow=LOOPBACK).stream("GET", receiver.url) as response:
        assert b"".join(response.iter_raw()) == b"piece" * 3


def test_it_is_a_transport_for_other_clients(receiver: Receiver) -> None:
    receiver.answer = lambda got: Reply() if got.path == "/there" else Reply(302, {"Location": "http://inner.example/"})
    transport = names(outer=["127.0.0.1"], inner=["10.0.0.7"])
    with httpx.Client(transport=transport, trust_env=False, follow_redirects=True) as client:
        assert client.get(f"http://outer.example:{receiver.port}/there").text == "fine"
        with pytest.raises(Refused):
            client.get(f"http://outer.example:{receiver.port}/")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and certificate of `secure.example`, signed by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("secure.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "pair.pem"
    kind = serialization.Encoding.PEM
    private = key.private_bytes(kind, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + built.public_bytes(kind))
    return file


@pytest.fixture
def secure(receiver: Receiver, certificate: Path) -> Receiver:
    """The receiver, behind TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    receiver.wrap(context)
    return receiver


def test_certificates_are_verified(secure: Receiver, certificate: Path) -> None:
    resolve = names(secure=["127.0.0.1"], wrong=["127.0.0.1"]).resolve
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        Outbound(LOOPBACK, resolve=resolve).ask("GET", f"https://secure.example:{secure.port}/")
    trusting = Outbound(LOOPBACK, ca_pem=certificate.read_text(), resolve=resolve)
    assert trusting.ask("GET", f"https://secure.example:{secure.port}/").status == 200
    with pytest.raises(Unreachable, match=r"(?i)hostname"):
        trusting.ask("GET", f"https://wrong.example:{secure.port}/")


def test_nothing_sends_on_from_https_to_http(secure: Receiver, certificate: Path) -> None:
    secure.answer = lambda _: Reply(302, {"Location": f"http://secure.example:{secure.port}/"})
    client = Outbound(LOOPBACK, ca_pem=certificate.read_text(), resolve=lambda *_: [str(IPv4Address("127.0.0.1"))])
    with pytest.raises(Refused, match="from https to http"):
        client.ask("GET", f"https://secure.example:{secure.port}/")


def test_threads_share_a_client(receiver: Receiver) -> None:
    client, statuses = Outbound(allow=LOOPBACK), []
    crew = [threading.Thread(target=lambda: statuses.append(client.ask("GET", receiver.url).status)) for _ in range(8)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    assert statuses == [200] * 8
