"""A small client of the distribution API: it answers challenges as docker does, and writes what no library would.

`Registry` is for requests in the language of the spec. `raw` puts bytes on the wire as they are, for everything that a
well-behaved client refuses to send.
"""

import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.web.oci.contents import Manifest, digest_of

OCTETS = "application/octet-stream"
SILENCE = 499  # stands for a line that was closed without a word
_REPOSITORY = re.compile(r"^/v2/(.+)/(?:blobs|manifests|tags|referrers)/")
_KINDS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class Registry:
    """One client with one credential, or none. Tokens are kept by repository and kind of request."""

    def __init__(self, url: str, username: str = "", secret: str = "") -> None:
        self.url, self.username, self.secret = url, username, secret
        self.http = httpx.Client(base_url=url, timeout=60)
        self._tokens: dict[tuple[str, str], str] = {}

    def send(self, method: str, path: str, *, token: str | None = None, **given: Any) -> httpx.Response:
        """Send a request; where it is challenged, get a token and send it once more. `token` replaces all that."""
        headers = dict(given.pop("headers", None) or {})
        path = str(httpx.URL(path).copy_merge_params(given.pop("params", None) or {}))
        key = _key(method, path)
        held = token if token is not None else self._tokens.get(key)
        answer = self._once(method, path, held, headers, given)
        if answer.status_code != 401 or token is not None or "www-authenticate" not in answer.headers:
            return answer
        fresh = self._token_for(answer)
        if fresh is None:
            return answer
        self._tokens[key] = fresh
        return self._once(method, path, fresh, headers, given)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.send("GET", path, **given)

    def head(self, path: str, **given: Any) -> httpx.Response:
        return self.send("HEAD", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.send("POST", path, **given)

    def put(self, path: str, **given: Any) -> httpx.Response:
        return self.send("PUT", path, **given)

    def patch(self, path: str, **given: Any) -> httpx.Response:
        return self.send("PATCH", path, **given)

    def delete(self, path: str, **given: Any) -> httpx.Response:
        return self.send("DELETE", path, **given)

    def ask_token(self, *scopes: str, service: str = "container_registry", **given: Any) -> httpx.Response:
        """Ask the token service itself, with this client's credential."""
        query = [("service", service), *(("scope", scope) for scope in scopes)]
        return self.http.get("/jwt/auth", params=query, auth=self._basic(), **given)

    def token(self, *scopes: str) -> str:
        """A token for these scopes."""
        answer = self.ask_token(*scopes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def start(self, repository: str, **query: str) -> str:
        """Begin an upload; returns its path, to which queries may be added."""
        answer = self.post(f"/v2/{repository}/blobs/uploads/", params=query or None)
        assert answer.status_code == 202, answer.text
        return location(answer)

    def upload(self, repository: str, data: bytes, algorithm: str = "sha256") -> str:
        """Push a blob by POST and PUT; returns its digest."""
        digest = digest_of(data, algorithm)
        answer = self.put(self.start(repository), params={"digest": digest}, content=data, headers=octets())
        assert answer.status_code == 201, answer.text
        return digest

    def put_manifest(
        self, repository: str, reference: str, manifest: Manifest, *, tags: Iterable[str] = (), **given: Any
    ) -> httpx.Response:
        """PUT a manifest under a tag or digest; `tags` become `?tag=` parameters."""
        headers = {"Content-Type": manifest.media_type} | dict(given.pop("headers", {}))
        query = [("tag", tag) for tag in tags]
        path = f"/v2/{repository}/manifests/{reference}"
        return self.put(path, params=query or None, content=manifest.body, headers=headers, **given)

    def push(self, repository: str, manifest: Manifest, *tags: str) -> Manifest:
        """Push what a manifest stands on (blobs, children), then itself, by digest or under each of `tags`."""
        for blob in manifest.blobs:
            self.upload(repository, blob, manifest.algorithm)
        for child in manifest.children:
            self.push(repository, child)
        for reference in tags or (manifest.digest,):
            answer = self.put_manifest(repository, reference, manifest)
            assert answer.status_code == 201, answer.text
        return manifest

    def tags(self, repository: str, **query: str | int) -> list[str]:
        """One page of tags."""
        answer = self.get(f"/v2/{repository}/tags/list", params=query or None)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["tags"])

    def pages(self, path: str, **query: str | int) -> Iterator[httpx.Response]:
        """Every page of a listing, by its Link headers."""
        answer = self.get(path, params=query or None)
        yield answer
        while "next" in answer.links:
            answer = self.get(urljoin(str(answer.request.url), answer.links["next"]["url"]))
            yield answer

    def _once(self, method: str, path: str, token: str | None, headers: dict[str, str], given: Any) -> httpx.Response:
        sent = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        return self.http.request(method, path, headers=sent, **given)

    def _token_for(self, challenged: httpx.Response) -> str | None:
        asked = challenge(challenged)
        query = {name: asked[name] for name in ("service", "scope") if name in asked}
        answer = self.http.get(asked["realm"], params=query, auth=self._basic())
        return str(answer.json()["token"]) if answer.status_code == 200 else None

    def _basic(self) -> tuple[str, str] | None:
        return (self.username, self.secret) if self.username else None


def _key(method: str, path: str) -> tuple[str, str]:
    found = _REPOSITORY.match(urlsplit(path).path)
    return (found[1] if found else "", _KINDS.get(method, "push"))


def challenge(answer: httpx.Response) -> dict[str, str]:
    """The attributes of a Bearer challenge."""
    scheme, _, attributes = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(_ATTRIBUTE.findall(attributes))


def location(answer: httpx.Response) -> str:
    """Where an answer points, absolute."""
    return urljoin(str(answer.request.url), answer.headers["location"])


def octets(**more: str) -> dict[str, str]:
    """Headers of a body of bytes; `content_range="0-9"` becomes Content-Range."""
    return {"Content-Type": OCTETS} | {name.replace("_", "-").title(): value for name, value in more.items()}


def codes(answer: httpx.Response) -> list[str]:
    """The error codes of an answer, its body checked against the form that the spec gives errors."""
    assert answer.headers["content-type"].partition(";")[0] == "application/json", answer.headers
    errors = answer.json()["errors"]
    assert errors, "an answer with errors names at least one"
    for error in errors:
        assert set(error) <= {"code", "message", "detail"}
        assert re.fullmatch("[A-Z_]+", error["code"]), "codes are upper-case letters and underscores"
        assert isinstance(error["message"], str)
    return [error["code"] for error in errors]


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Assert a refusal with this status and code alone; returns its message."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert set(codes(answer)) == {code}, answer.text
    return str(answer.json()["errors"][0]["message"])


def follow(registry: Registry, answer: httpx.Response) -> bytes:
    """What the Location of a 201 gives."""
    assert answer.status_code == 201, answer.text
    got = registry.get(location(answer))
    assert got.status_code == 200, got.text
    return got.content


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A plain connection to the server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=30) as line:
        yield line


def request_bytes(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request as it goes over the wire. Nothing is checked or completed but Host and Connection."""
    lines = {"Host": "registry", "Connection": "close"} | dict(headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def raw(
    url: str, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> httpx.Response:
    """Send bytes as they are and read what comes back. Status SILENCE: the server closed the line without a word."""
    with connected(url) as line:
        with suppress(OSError):  # it may stop listening; what it said before is still to be read
            line.sendall(request_bytes(method, target, headers, body))
        return read_answer(line)


def read_answer(line: socket.socket) -> httpx.Response:
    """Read one answer until the server closes the line."""
    received = b""
    with suppress(ConnectionError, TimeoutError):
        while piece := line.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return httpx.Response(SILENCE)
    status, *fields = head.decode("latin-1").split("\r\n")
    pairs = [tuple(field.split(": ", 1)) for field in fields if ": " in field]
    plain = [(name, value) for name, value in pairs if name.lower() not in {"transfer-encoding", "content-encoding"}]
    return httpx.Response(int(status.split()[1]), headers=plain, content=body)
