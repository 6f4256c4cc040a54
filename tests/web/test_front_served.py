"""The front door of a real server: several processes, real connections."""

import json
import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Server, until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), {"server": {"header_timeout": "1s", "workers": 3}}).start()
    yield made
    made.stop()


def requests_of(server: Server, route: str) -> float:
    """How many requests to a kind of end point any process says there were."""
    text = httpx.get(f"{server.url}/-/metrics").text
    return sum(map(float, re.findall(rf'wharfinger_request_seconds_count{{.*route="{route}".*}} (\S+)', text)))


def test_any_process_reports_for_all(served: Server) -> None:
    processes = {httpx.get(f"{served.url}/v2/_catalog").headers["x-request-id"].partition("-")[0] for _ in range(60)}
    assert len(processes) == 3
    assert until(lambda: all(requests_of(served, "v2") == 60 for _ in range(10)))


def test_every_request_is_one_line_of_json(served: Server) -> None:
    ids = {httpx.get(f"{served.url}/v2/{number}").headers["x-request-id"] for number in range(200)}
    assert until(lambda: all(one in served.log() for one in ids))
    lines = [json.loads(line) for line in served.log().splitlines()]
    assert {line["request_id"] for line in lines if line["event"] == "request"} >= ids


def line_to(server: Server) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    line.settimeout(30)
    return line


def test_a_client_that_never_ends_its_headers_is_let_go(served: Server) -> None:
    with line_to(served) as line:
        line.sendall(b"GET /-/health HTTP/1.1\r\nHost: ")
        while data := line.recv(4096):
            assert b"200 OK" not in data


def test_a_megabyte_of_headers(served: Server) -> None:
    with line_to(served) as line:
        head = b"GET /-/health HTTP/1.1\r\nHost: x\r\n" + b"".join(
            b"X-%d: %s\r\n" % (n, b"x" * 10_000) for n in range(100)
        )
        try:
            line.sendall(head + b"\r\n")
        except OSError:
            return  # it did not even listen to the end
        assert b" 431 " in line.recv(100)
    assert httpx.get(f"{served.url}/-/ready").status_code == 200


def test_ready_only_while_the_store_works(served: Server) -> None:
    uploads = served.settings.store / "uploads"
    moved = uploads.rename(uploads.with_name("away"))
    try:
        assert until(lambda: httpx.get(f"{served.url}/-/ready").status_code == 503)
        assert httpx.get(f"{served.url}/-/health").status_code == 200
    finally:
        moved.rename(uploads)
    assert until(lambda: all(httpx.get(f"{served.url}/-/ready").status_code == 200 for _ in range(20)))
    assert "not ready: store" in served.log()
