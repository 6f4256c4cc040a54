"""Bytes that no well-behaved client sends, to every dialect: each is answered, and none as a failure of the server."""

import gzip
from contextlib import suppress

import httpx
import pytest

from tests.serving import Server
from tests.web.oci.registry_client import SILENCE, connected, raw, read_answer, request_bytes

PATHS = (
    "/v2/",
    "/jwt/auth",
    "/api/v4/projects",
    "/gitlab/v1/",
    "/",
    "/login",
    "/acme/shop",
    "/static/app.css",
    "/-/ready",
)
HOSTS = ("[", "[::1", "[::::::]", "a b", "a/b", "user@host", "a:99999", "a:b", "evil.example/?", "x" * 1000)
ODD_PATHS = (
    "/v2/%ff/tags/list", "/v2/%00/tags/list", "/v2/a%2f..%2fb/tags/list", "/v2/%252e%252e/tags/list",
    "/v2/a/../../api/v4", "/v2/_catalog?last=%ff&n=1", "/api/v4/projects/%ff", "/api/v4/projects/%00",
    "/api/v4/projects/..%2f..", "/api/v4/users/%00/projects", "/api/%2e%2e/v2/", "/gitlab/v1/repositories/%ff/",
    "/gitlab/v1/repositories/%00/tags/list/", "/%ff", "/%00", "/a/%00/-/members", "/%2e%2e/x", "/static/%00",
    "/static/..%2f..%2fvisit.py", "//evil.example", "//evil.example/-/x", "/\\evil.example", "/a//b", "/?next=%00",
    "/login?next=%0d%0ax:y", "/login/oidc/callback?state=%00&code=%ff", "/" + "a/" * 3000,
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_none(server: Server, host: str) -> None:
    for path in PATHS:
        assert raw(server.url, "GET", path, {"Host": host}).status_code == 400, path


def test_two_hosts(server: Server) -> None:
    for path in PATHS:
        answer = raw(server.url, "GET", path, {"Host": "a.example", "host": "b.example"})
        assert answer.status_code == 400, path


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_that_leads_nowhere(server: Server, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = raw(server.url, method, path, {"Content-Length": "0"})
        assert 200 <= answer.status_code < 499, (method, answer.status_code, answer.text[:200])
        assert not answer.headers.get("location", "/").startswith(("//", "/\\", "http")), answer.headers["location"]


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "CONNECT", "PROPFIND", "get", "X" * 100])
def test_a_method_that_nobody_answers(server: Server, method: str) -> None:
    for path in PATHS:
        answer = raw(server.url, method, path, {"Cookie": "canary=1", "X-Canary": "canary"})
        assert 400 <= answer.status_code < 499, (path, answer.status_code)
        assert b"canary" not in answer.content, "nothing is sent back"


@pytest.mark.parametrize("path", ["/v2/", "/api/v4/projects", "/login"])
@pytest.mark.parametrize(
    "lengths",
    [
        {"Transfer-Encoding": "chunked", "Content-Length": "4"},
        {"Content-Length": "4", "content-length": "40"},
        {"Transfer-Encoding": "chunked, identity"},
        {"Transfer-Encoding": "xchunked", "Content-Length": "4"},
        {"Transfer-Encoding": " chunked\tx"},
        {"Content-Length": "+4"},
        {"Content-Length": "-1"},
    ],
    ids=str,
)
def test_where_a_body_ends_is_never_open(server: Server, path: str, lengths: dict[str, str]) -> None:
    """What follows is no request of its own where two readers could disagree on where the first one ends."""
    hidden = request_bytes("GET", "/-/health?smuggled", {"Connection": "close"})
    first = request_bytes("POST", path, {**lengths, "Connection": "keep-alive"}, b"0\r\n\r\n" + hidden)
    with connected(server.url) as line:
        line.sendall(first)
        answer = read_answer(line)
    assert answer.status_code != 200
    assert b'"installation"' not in answer.content


HEAD = b"POST %b HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = {
    "a size that overflows": b"ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-1\r\na\r\n0\r\n\r\n",
    "a size with a prefix": b"0x1\r\na\r\n0\r\n\r\n",
    "an extension like a book": b"1;" + b"x" * 100_000 + b"\r\na\r\n0\r\n\r\n",
    "trailers without end": b"0\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("path", [b"/api/v4/projects", b"/login"])
def test_chunks_that_are_none(server: Server, path: bytes, chunks: bytes) -> None:
    assert sent(server, CHUNKED % path + chunks).status_code == 400


HEADERS = {
    "folded": b"X: a\r\n b\r\n",
    "a space before the colon": b"Content-Length : 0\r\n",
    "a bare CR": b"X: a\rContent-Length: 4\r\n",
    "a zero byte": b"X: a\x00b\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "thousands": b"A: b\r\n" * 5000,
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_headers_that_two_readers_read_differently(server: Server, headers: bytes) -> None:
    answer = sent(server, HEAD % b"/login" + headers + b"\r\n0\r\n\r\n")
    assert answer.status_code in (400, 431)
    assert not answer.headers.get("x-request-id"), "no handler has seen it"


@pytest.mark.parametrize("target", ["http://evil.example/profile", "https://evil.example:1/v2/", "http:/profile"])
def test_a_target_that_names_a_host_leads_nowhere_else(server: Server, target: str) -> None:
    """RFC 9112, 3.2.2: its host is the one that is asked. What an answer sends on to never is."""
    answer = raw(server.url, "GET", target)
    assert answer.status_code < 499
    told = f"{answer.headers.get('location', '')} {answer.headers.get('www-authenticate', '')}"
    assert "evil.example" not in told


@pytest.mark.parametrize("target", ["evil.example:80", "*", "/" + "a" * 5000, "/?" + "n=1&" * 10_000])
def test_a_target_that_is_none(server: Server, target: str) -> None:
    assert raw(server.url, "GET", target).status_code in (200, 400, 404, 414, 303)


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.2"])
def test_nothing_is_upgraded(server: Server, upgrade: str) -> None:
    wanted = {"Connection": "close, Upgrade", "Upgrade": upgrade, "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    assert raw(server.url, "GET", "/-/health", wanted).status_code == 200


def test_a_connection_that_begins_as_http_2(server: Server) -> None:
    assert sent(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0").status_code == SILENCE


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = b"Content-Type: multipart/form-data; boundary=b\r\n"
PART = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"
BOMBS = {
    "a form of 100,000 fields": (FORM, b"a=b&" * 100_000),
    "a form of one field nested in itself": (FORM, b"a" + b"[b]" * 100_000 + b"=c"),
    "20,000 parts": (PARTS, PART * 15_000),
    "a part of 100,000 headers": (PARTS, b"--b\r\n" + b"X: y\r\n" * 100_000),
    "a part that is a file": (PARTS, PART.replace(b"=a", b"=a; filename=x") + b"--b--\r\n"),
    "parts without a boundary": (b"Content-Type: multipart/form-data\r\n", b"abc"),
    "objects in objects": (b"Content-Type: application/json\r\n", b'{"a":' * 150_000),
    "lists in lists": (b"Content-Type: application/json\r\n", b"[" * 900_000),
    "a number of a million digits": (b"Content-Type: application/json\r\n", b'{"a":' + b"9" * 900_000 + b"}"),
    "something packed": (b"Content-Encoding: gzip\r\nContent-Type: application/json\r\n", gzip.compress(b"[" * 9**7)),
}


@pytest.mark.parametrize(("kind", "body"), BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("path", [b"/api/v4/projects", b"/login"])
def test_a_body_that_means_to_be_more_than_it_is(server: Server, path: bytes, kind: bytes, body: bytes) -> None:
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert sent(server, HEAD % path + kind + length + body).status_code in (400, 403, 413, 422)


def sent(server: Server, data: bytes) -> httpx.Response:
    with connected(server.url) as line:
        with suppress(OSError):  # it may stop listening; what it said before is still to be read
            line.sendall(data)
        return read_answer(line)
