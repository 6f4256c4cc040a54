"""Bytes that no well-behaved client sends, to every dialect: each is answered, and none as a failure of the server."""

import pytest

from tests.serving import Server
from tests.web.oci.registry_client import connected, raw, read_answer, request_bytes

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
