"""Fetching blobs of another registry: as anybody may, or by a name and password that go nowhere else."""

import base64
import ssl
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.mailbox import certificate
from tests.receiver import Received, Receiver, Reply
from wharfinger.clients.http import NoAnswer, Outbound
from wharfinger.clients.upstream import Upstream

DIGEST, DATA = f"sha256:{'ab' * 32}", b"a layer"
ROBOT = "Basic " + base64.b64encode(b"robot:lovelace").decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def upstream(url: str, user: str = "", password: str = "", ca_pem: str = "") -> Upstream:
    return Upstream(Outbound(allow=(ip_network("127.0.0.0/8"),), ca_pem=ca_pem), url, user, password)


def fetched(source: Upstream) -> bytes:
    return b"".join(source.blob(DIGEST))


def authorizations(receiver: Receiver) -> list[str | None]:
    return [one.headers.get("authorization") for one in receiver.received]


def test_where_nobody_is_asked_who_it_is_no_name_goes_along(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {}, DATA)
    assert fetched(upstream(f"{receiver.url}/team/image", "robot", "lovelace")) == DATA
    assert authorizations(receiver) == [None, None]


def test_a_name_and_password_where_they_are_asked_for(receiver: Receiver) -> None:
    def asking(request: Received) -> Reply:
        if request.headers.get("authorization") == ROBOT:
            return Reply(200, {}, DATA)
        return Reply(401, {"WWW-Authenticate": 'Basic realm="registry"'})

    receiver.answer = asking
    assert fetched(upstream(f"{receiver.url}/team/image", "robot", "lovelace")) == DATA
    assert authorizations(receiver) == [None, ROBOT]
    with pytest.raises(NoAnswer, match="401"):
        fetched(upstream(f"{receiver.url}/team/image"))


def test_a_token_for_a_name(receiver: Receiver) -> None:
    realm = f'Bearer realm="{receiver.url}/token",service="registry",scope="repository:team/image:pull"'

    def asking(request: Received) -> Reply:
        if request.path.startswith("/token?"):
            return Reply(200, {}, b'{"token": "t"}') if request.headers.get("authorization") == ROBOT else Reply(401)
        known = request.headers.get("authorization") == "Bearer t"
        return Reply(200, {}, DATA) if known else Reply(401, {"WWW-Authenticate": realm})

    receiver.answer = asking
    assert fetched(upstream(f"{receiver.url}/team/image", "robot", "lovelace")) == DATA
    assert "scope=repository%3Ateam%2Fimage%3Apull" in receiver.received[1].path
    with pytest.raises(NoAnswer, match="gives none to robot"):
        fetched(upstream(f"{receiver.url}/team/image", "robot", "wrong"))
    with pytest.raises(NoAnswer, match="gives none to somebody without a name"):
        fetched(upstream(f"{receiver.url}/team/image"))


def test_a_password_does_not_go_from_https_to_http(receiver: Receiver, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    assert isinstance(context, ssl.SSLContext)
    receiver.wrap(context)
    challenge = {"WWW-Authenticate": f'Bearer realm="http://127.0.0.1:{receiver.port}/token"'}
    receiver.answer = lambda _: Reply(401, challenge)
    source = upstream(f"https://127.0.0.1:{receiver.port}/team/image", "robot", "lovelace", pem)
    with pytest.raises(NoAnswer, match="without TLS") as refused:
        fetched(source)
    assert "lovelace" not in f"{refused.value} {source!r}"
    assert authorizations(receiver) == [None]
