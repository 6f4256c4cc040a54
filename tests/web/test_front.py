"""The front door: what it adds to a request, what it answers by itself, and what it writes down."""

import json
import os
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.web.asgi import ask, asking, run
from wharfinger.web.front import Front, Options, Records
from wharfinger.web.log import AccessLog, Sink
from wharfinger.web.metrics import Shared, Tally
from wharfinger.web.probes import Readiness
from wharfinger.web.request import ClientGone

PROXIES = Options(trusted_proxies=(ip_network("10.0.0.0/8"),))
CONSTANT_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"5")]


class Inner:
    """Stands behind the front door and remembers what came through."""

    def __init__(self, behave: Callable[[Any], Any] | None = None) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.behave = behave

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        scope["wharfinger.caller"] = "ada"
        if self.behave is not None:
            await self.behave(send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": CONSTANT_HEADERS})
        await send({"type": "http.response.body", "body": b"hello"})


class House:
    """A front door with everything behind it; `lines()` are what the log has said so far."""

    def __init__(self, folder: Path, inner: Inner, options: Options, checks: dict[str, Any], level: str) -> None:
        self.inner, self._read = inner, folder / "log"
        self._descriptor = os.open(self._read, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._sink = Sink(self._descriptor)
        self.tally = Tally()
        self._log = AccessLog(self._sink, level, "json")
        self._shared = Shared(folder / "metrics", self.tally)
        records = Records(self._log, self.tally, self._shared)
        self.front = Front(inner, Readiness(checks), records, options)

    def publish(self) -> None:
        """What a server does twice a second."""
        self._shared.publish(dropped_lines=0)

    def lines(self) -> list[dict[str, Any]]:
        self._log.flush()
        self._sink.close()
        os.close(self._descriptor)
        return [json.loads(line) for line in self._read.read_text().splitlines()]


MakeHouse = Callable[..., House]


@pytest.fixture
def house(tmp_path: Path) -> MakeHouse:
    def make(
        inner: Inner | None = None, options: Options | None = None, checks: Any = None, level: str = "info"
    ) -> House:
        return House(tmp_path, inner or Inner(), options or Options(), checks or {}, level)

    return make


def test_every_answer_carries_a_request_id_that_the_log_has_too(house: MakeHouse) -> None:
    here = house()
    first, second = (ask(here.front, "/v2/").header("x-request-id") for _ in range(2))
    assert first
    assert first != second
    assert [line["request_id"] for line in here.lines()] == [first, second]
    assert CONSTANT_HEADERS == [(b"content-type", b"text/plain"), (b"content-length", b"5")], "not ours to change"


@pytest.mark.parametrize("path", ["/v2/", "/v2/a/b/manifests/v1", "/-/health", "/-/metrics", "/nowhere"])
def test_no_answer_is_taken_for_what_it_does_not_say(house: MakeHouse, path: str) -> None:
    assert ask(house().front, path).header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "host",
    ["registry.example.com", "registry.example.com:5050", "192.0.2.1:80", "[2001:db8::1]", "[::1]:5050",
     "my_registry:5000", "REGISTRY", "xn--bcher-kva.example"],
)  # fmt: skip
def test_a_host_that_is_one(house: MakeHouse, host: str) -> None:
    assert ask(house().front, "/v2/", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["[", "[::1", "[::::::]", "[zz]:80", "::1", "a b", "a/b", "evil.example/?", "user@host", "host#x", "a\\b",
     "a:99999", "a:b", "<script>", "x" * 400],
)  # fmt: skip
def test_a_host_that_is_none(house: MakeHouse, host: str) -> None:
    inner = Inner()
    answer = ask(house(inner).front, "/v2/", host=host)
    assert answer.status == 400
    assert inner.scopes == []


def test_what_a_line_says(house: MakeHouse) -> None:
    here = house()
    ask(
        here.front,
        "/v2/a/b/manifests/v1?token=canary1",
        method="PUT",
        user_agent="docker/20",
        authorization="Bearer canary2",
        cookie="canary3",
    )
    (line,) = here.lines()
    assert line["time"].endswith("Z")
    assert 0 <= line.pop("seconds") < 60
    assert {name: line[name] for name in line if name not in ("time", "request_id")} == {
        "level": "info",
        "event": "request",
        "method": "PUT",
        "path": "/v2/a/b/manifests/v1",
        "status": 200,
        "bytes": 5,
        "caller": "ada",
        "address": "192.0.2.7",
        "user_agent": "docker/20",
    }
    assert "canary" not in str(line)


def test_a_line_stays_a_line_whatever_the_client_writes(house: MakeHouse) -> None:
    here = house()
    ask(here.front, '/v2/\n{"status": 500}' + "x" * 4000, user_agent='"\r\n' + "y" * 5000)
    (line,) = here.lines()
    assert line["status"] == 200
    assert len(json.dumps(line)) < 1500


def test_a_stranger_names_neither_the_request_nor_the_client(house: MakeHouse) -> None:
    here = house(options=PROXIES)
    answer = ask(here.front, "/v2/", x_request_id="mine", x_forwarded_for="198.51.100.9", x_forwarded_proto="https")
    assert answer.header("x-request-id") != "mine"
    (scope,) = here.inner.scopes
    assert (scope["client"][0], scope["scheme"]) == ("192.0.2.7", "http")


def test_a_trusted_proxy_names_both(house: MakeHouse) -> None:
    here = house(options=PROXIES)
    forwarded = {"x_request_id": "from-proxy", "x_forwarded_for": "198.51.100.9", "x_forwarded_proto": "https"}
    answer = ask(here.front, "/v2/", client="10.1.2.3", **forwarded)
    assert answer.header("x-request-id") == "from-proxy"
    (scope,) = here.inner.scopes
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.9", "https")
    assert here.lines()[0]["address"] == "198.51.100.9"


@pytest.mark.parametrize("given", ["", "a b", "x" * 200, "a\r\nset-cookie: b", "ä"])
def test_even_a_trusted_proxy_names_nothing_strange(house: MakeHouse, given: str) -> None:
    answer = ask(house(options=PROXIES).front, "/v2/", client="10.1.2.3", x_request_id=given)
    assert answer.header("x-request-id") not in ("", given)


@pytest.mark.parametrize("path", ["/", "/v1/", "/v20/x", "/-/", "/-/nothing", "/jwt", "/api/v4", "/-/health/"])
def test_elsewhere_there_is_nothing_and_a_hint(house: MakeHouse, path: str) -> None:
    here = house()
    answer = ask(here.front, path, host="registry.example.com:5050")
    assert answer.status == 404
    assert b"docker login registry.example.com:5050" in answer.body
    assert here.inner.scopes == []


def test_a_hint_repeats_no_strange_host(house: MakeHouse) -> None:
    assert b"<script>" not in ask(house().front, "/", host="<script>").body


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/a/b/blobs/x", "/jwt/auth"])
def test_the_registry_answers_what_is_its_own(house: MakeHouse, path: str) -> None:
    here = house()
    assert ask(here.front, path).body == b"hello"


def test_headers_over_the_limit(house: MakeHouse) -> None:
    here = house(options=Options(header_limit_bytes=1000))
    assert ask(here.front, "/v2/", x_long="x" * 900).status == 200
    answer = ask(here.front, "/v2/", x_long="x" * 1000)
    assert answer.status == 431
    assert b"1000 bytes" in answer.body
    assert len(here.inner.scopes) == 1


def test_a_path_longer_than_any_name(house: MakeHouse) -> None:
    here = house()
    assert ask(here.front, "/v2/" + "a" * 4092).status == 200
    answer = ask(here.front, "/v2/" + "a" * 4093)
    assert answer.status == 414
    assert b"4096 characters" in answer.body
    assert len(here.inner.scopes) == 1


def test_health_says_which_installation(house: MakeHouse) -> None:
    here = house(options=Options(mark="abc"))
    assert json.loads(ask(here.front, "/-/health").body) == {"status": "ok", "installation": "abc"}
    assert ask(here.front, "/-/health", method="HEAD").body == b""
    assert ask(here.front, "/-/health", method="POST").status == 405
    assert [line["status"] for line in here.lines()] == [405], "probes that go well are not worth a line"


def test_ready_until_a_check_fails_and_asked_once_a_second(house: MakeHouse) -> None:
    asked: list[str] = []

    def failing() -> None:
        asked.append("store")
        raise OSError("canary: no space left")

    good = house(checks={"database": lambda: None})
    assert (ask(good.front, "/-/ready").status, len(asked)) == (200, 0)

    bad = house(checks={"database": lambda: None, "store": failing})

    async def twice() -> list[Any]:
        return [await asking(bad.front, "/-/ready") for _ in range(2)]

    first, second = run(twice())
    assert json.loads(first.body) == {"status": "not ready", "database": "ok", "store": "failing"}
    assert (first.status, second.status, asked) == (503, 503, ["store"])


def test_metrics_count_what_was_answered(house: MakeHouse) -> None:
    here = house()
    for _ in range(3):
        ask(here.front, "/v2/a/b/manifests/v1")
    ask(here.front, "/v2/a/b/manifests/v1", method="BREW")
    here.publish()
    answer = ask(here.front, "/-/metrics")
    assert answer.header("content-type").startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    assert 'wharfinger_request_seconds_count{method="GET",route="manifests",status="200"} 3.0' in text
    assert 'wharfinger_sent_bytes_total{method="GET",route="manifests",status="200"} 15.0' in text
    assert 'method="other"' in text
    assert "BREW" not in text


def test_what_breaks_inside_is_told_with_its_id_and_nothing_else(house: MakeHouse, caplog: Any) -> None:
    async def broken(_send: Any) -> None:
        raise RuntimeError("canary")

    here = house(Inner(broken))
    answer = ask(here.front, "/v2/")
    assert answer.status == 500
    assert answer.header("x-request-id").encode() in answer.body
    assert b"canary" not in answer.body
    assert "canary" in caplog.text
    assert [(line["status"], line["level"]) for line in here.lines()] == [(500, "error")]


def test_what_breaks_after_the_answer_began_says_nothing_more(house: MakeHouse) -> None:
    async def broken(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    here = house(Inner(broken))
    assert [message["type"] for message in ask(here.front, "/v2/").messages] == ["http.response.start"]


def test_a_client_that_went_away_is_499_in_the_log(house: MakeHouse) -> None:
    """It may only have stopped in the midst of its body: then it learns why its connection ends."""

    async def gone(_send: Any) -> None:
        raise ClientGone

    here = house(Inner(gone))
    answer = ask(here.front, "/v2/")
    assert (answer.status, answer.header("connection")) == (400, "close")
    assert b"the body ended before its time" in answer.body
    assert here.lines()[0]["status"] == 499
    assert here.tally.running == 0


def test_a_file_counts_by_its_announced_length(house: MakeHouse) -> None:
    async def file(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"123456")]})
        await send({"type": "http.response.pathsend", "path": "/dev/null"})

    here = house(Inner(file))
    assert ask(here.front, "/v2/").messages[1] == {"type": "http.response.pathsend", "path": "/dev/null"}
    assert here.lines()[0]["bytes"] == 123456


def test_the_level_leaves_out_what_is_below_it(house: MakeHouse) -> None:
    async def broken(_send: Any) -> None:
        raise RuntimeError

    inner = Inner()
    here = house(inner, level="warning")
    ask(here.front, "/v2/")
    inner.behave = broken
    ask(here.front, "/v2/")
    assert [line["status"] for line in here.lines()] == [500]
