"""What bad input gets: a clear error of the spec, nothing stored, nothing leaked, no growth."""

import json
import socket
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from tests.serving import until
from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import (
    DOCKER_IMAGE,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_LAYER,
    Manifest,
    absent_digest,
    blob,
    descriptor,
    digest_of,
    image,
    index,
    manifest_of,
    unused_digest,
)
from tests.web.oci.registry_client import Registry, codes, connected, location, octets, raw, refused, request_bytes

LIMIT = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def target(place: Place) -> str:
    """A repository with an image under `good`, for bad pushes to go to."""
    repository = fresh(place)
    place.maintainer.push(repository, image(), "good")
    return repository


@pytest.fixture(autouse=True)
def unharmed(place: Place, target: str) -> Any:
    """After every test the repository is as it was."""
    before = place.guest.get(f"/v2/{target}/manifests/good").content
    yield
    assert place.guest.tags(target) == ["good"]
    assert place.guest.get(f"/v2/{target}/manifests/good").content == before


def put(registry: Registry, target: str, body: bytes, kind: str = OCI_IMAGE) -> Any:
    return registry.put_manifest(target, "good", Manifest(kind, body))


# --- names


@pytest.mark.parametrize(
    "name",
    [
        "a/../b",
        "../../etc/passwd",
        "a/./b",
        "a//b",
        "/a/b",
        "a/b/",
        "a/-b",
        "a/b-",
        "a/b..c",
        "a/b___c",
        "a/b%00c",
        "a/b%0ac",
        "a/b%0d%0aX-Injected:%201",
        "a/b%1b[31m",
        "a/b%20c",
        "a/B",
        "a/%c3%a4",
        "a/%ff%fe",
        "a/b%2f..%2fc",
        "a/" + "x" * 255,
        "/".join("a" * 20),
        "/".join("a" * 2000),
        "a/b;c",
        "a/b'--",
        "a/b%25s",
    ],
)
@pytest.mark.parametrize("rest", ["manifests/latest", "tags/list", f"blobs/{absent_digest()}"])
def test_a_name_outside_the_grammar(server: Any, registry: Registry, name: str, rest: str) -> None:
    token = registry.token()
    answer = raw(server.url, "GET", f"/v2/{name}/{rest}", {"Authorization": f"Bearer {token}"})
    assert (answer.status_code, codes(answer)) == (400, ["NAME_INVALID"]), answer.text
    assert "x-injected" not in answer.headers
    assert not any(byte < 0x20 and byte not in b"\r\n\t" for byte in answer.content), "nothing is echoed raw"


def test_nineteen_levels_are_a_name(registry: Registry) -> None:
    name = "/".join("a" * 19)
    refused(registry.get(f"/v2/{name}/tags/list"), 404, "NAME_UNKNOWN")


@pytest.mark.parametrize("tag", [".hidden", "-dash", "a%20b", "a%00b", "%c3%a4", "x" * 129, "a@b", "a+b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_tag_outside_the_grammar(registry: Registry, server: Any, target: str, method: str, tag: str) -> None:
    token = registry.token(f"repository:{target}:pull,push,delete")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI_IMAGE, "Content-Length": "2"}
    answer = raw(server.url, method, f"/v2/{target}/manifests/{tag}", headers, b"{}")
    assert answer.status_code in {400, 404}, answer.text
    assert set(codes(answer)) <= {"TAG_INVALID", "NAME_INVALID", "MANIFEST_INVALID"}


# --- digests

BAD_DIGESTS = [
    "sha256:bad",
    "sha256:" + "0" * 63,
    "sha256:" + "0" * 65,
    "sha256:" + "g" * 64,
    "sha256:" + "A" * 64,
    "SHA256:" + "0" * 64,
    "sha512:" + "0" * 64,
    "md5:" + "0" * 32,
    "sha1:" + "0" * 40,
    "blake3:" + "0" * 64,
    "sha256+b64:abc",
    ":" + "0" * 64,
    "sha256:",
    ":",
    "sha256:" + "0" * 3_000,
]


@pytest.mark.parametrize("digest", BAD_DIGESTS, ids=lambda digest: digest[:20])
def test_a_digest_that_is_none(registry: Registry, target: str, digest: str) -> None:
    pushed = image()
    refused(registry.get(f"/v2/{target}/manifests/{digest}"), 400, "DIGEST_INVALID")
    refused(registry.get(f"/v2/{target}/blobs/{digest}"), 400, "DIGEST_INVALID")
    refused(registry.delete(f"/v2/{target}/blobs/{digest}"), 400, "DIGEST_INVALID")
    refused(registry.put_manifest(target, digest, pushed), 400, "DIGEST_INVALID")
    start = f"/v2/{target}/blobs/uploads/"
    refused(registry.post(start, params={"digest": digest}, content=b"x", headers=octets()), 400, "DIGEST_INVALID")
    upload = registry.start(target)
    refused(registry.put(upload, params={"digest": digest}, content=b"x", headers=octets()), 400, "DIGEST_INVALID")


def test_an_upload_closed_without_a_digest(registry: Registry, target: str) -> None:
    refused(registry.put(registry.start(target), content=b"x", headers=octets()), 400, "DIGEST_INVALID")


# --- manifests


def fields(**changed: Any) -> dict[str, Any]:
    """An image manifest that is right but for what is changed; its blobs are well known and missing."""
    right = {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": descriptor(b"{}", OCI_EMPTY), "layers": []}
    return right | changed


BAD_MANIFESTS: dict[str, tuple[str, bytes]] = {
    "empty": (OCI_IMAGE, b""),
    "no JSON": (OCI_IMAGE, b"not json"),
    "cut off": (OCI_IMAGE, json.dumps(fields()).encode()[:-1]),
    "two values": (OCI_IMAGE, b"{} {}"),
    "a list": (OCI_IMAGE, b"[]"),
    "a string": (OCI_IMAGE, b'"manifest"'),
    "null": (OCI_IMAGE, b"null"),
    "no UTF-8": (OCI_IMAGE, b'{"schemaVersion": 2, "x": "\xff"}'),
    "byte order mark": (OCI_IMAGE, b"\xef\xbb\xbf" + json.dumps(fields()).encode()),
    "UTF-16": (OCI_IMAGE, json.dumps(fields()).encode("utf-16")),
    "NaN": (OCI_IMAGE, json.dumps(fields(x=float("nan"))).encode()),
    "image and index": (OCI_IMAGE, json.dumps(fields(manifests=[])).encode()),
    "index and image": (OCI_INDEX, json.dumps(fields(mediaType=OCI_INDEX, manifests=[])).encode()),
    "image as index": (OCI_INDEX, json.dumps(fields()).encode()),
    "index as image": (OCI_IMAGE, index().body),
    "oci as docker": (DOCKER_IMAGE, json.dumps(fields()).encode()),
    "duplicate keys": (OCI_IMAGE, json.dumps(fields()).encode().replace(b"{", b'{"mediaType": "x/y", ', 1)),
    "duplicate keys deep down": (
        OCI_IMAGE,
        json.dumps(fields(annotations={"a": "b"})).encode().replace(b'{"a"', b'{"a": "c", "a"'),
    ),
    "deep lists": (OCI_IMAGE, b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "deep objects": (OCI_IMAGE, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    "deeply unclosed": (OCI_IMAGE, b"[" * 1_000_000),
    "schema 1 by type": (DOCKER_SCHEMA1, b'{"schemaVersion": 1, "fsLayers": []}'),
    "schema 1 signed": (DOCKER_SCHEMA1_SIGNED, b'{"schemaVersion": 1, "fsLayers": [], "signatures": []}'),
    "schema 1 in disguise": (OCI_IMAGE, b'{"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": []}'),
    "digest of nothing": (OCI_IMAGE, json.dumps(fields(config={"mediaType": OCI_CONFIG, "size": 2})).encode()),
    "digest malformed": (
        OCI_IMAGE,
        json.dumps(fields(layers=[{"mediaType": OCI_LAYER, "digest": "sha256:x", "size": 1}])).encode(),
    ),
    "digest climbs": (
        OCI_IMAGE,
        json.dumps(fields(layers=[{"mediaType": OCI_LAYER, "digest": "sha256:../../etc/passwd", "size": 1}])).encode(),
    ),
    "negative size": (
        OCI_IMAGE,
        json.dumps(fields(layers=[{"mediaType": OCI_LAYER, "digest": unused_digest(), "size": -1}])).encode(),
    ),
    "size of text": (
        OCI_IMAGE,
        json.dumps(fields(layers=[{"mediaType": OCI_LAYER, "digest": unused_digest(), "size": "1"}])).encode(),
    ),
    "size beyond all": (
        OCI_IMAGE,
        json.dumps(fields(layers=[{"mediaType": OCI_LAYER, "digest": unused_digest(), "size": 2**70}])).encode(),
    ),
    "layers are no list": (OCI_IMAGE, json.dumps(fields(layers={"0": "x"})).encode()),
    "config is no object": (OCI_IMAGE, json.dumps(fields(config="sha256:x")).encode()),
    "subject is no object": (OCI_IMAGE, json.dumps(fields(subject="sha256:x")).encode()),
    "annotations are no texts": (OCI_IMAGE, json.dumps(fields(annotations={"a": 1})).encode()),
    "half a surrogate pair": (OCI_IMAGE, json.dumps(fields(annotations={"a": "\ud800"})).encode()),
    "media type of nonsense": ("nonsense", b"{}"),
    "media type too long": ("application/" + "x" * 300, b"{}"),
}


@pytest.mark.parametrize("kind", BAD_MANIFESTS)
def test_a_manifest_that_is_none(registry: Registry, target: str, kind: str) -> None:
    media_type, body = BAD_MANIFESTS[kind]
    answer = put(registry, target, body, media_type)
    message = refused(answer, 400, "MANIFEST_INVALID")
    assert len(message) < 1000, "the message does not repeat what was sent"
    head = registry.head(f"/v2/{target}/manifests/{digest_of(body)}")
    assert head.status_code == 404


def test_schema_1_is_told_what_to_do(registry: Registry, target: str) -> None:
    answer = put(registry, target, b'{"schemaVersion": 1, "fsLayers": []}', DOCKER_SCHEMA1_SIGNED)
    message = refused(answer, 400, "MANIFEST_INVALID")
    assert "schema 1" in message
    assert "skopeo" in message, "a command that helps"


@pytest.mark.parametrize("said", [True, False], ids=["with a length", "chunked"])
@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT])
def test_a_manifest_over_the_limit(registry: Registry, target: str, said: bool, size: int) -> None:
    pushed = image()
    body = pushed.body + b" " * (size - len(pushed.body))
    content: Any = body if said else (body[start : start + 65536] for start in range(0, size, 65536))
    token = registry.token(f"repository:{target}:pull,push")
    headers = {"Content-Type": OCI_IMAGE}
    answer = registry.put(f"/v2/{target}/manifests/good", content=content, headers=headers, token=token)
    assert answer.status_code == 413
    assert str(LIMIT) in refused(answer, 413, codes(answer)[0]), "the message says how much is taken"


def test_a_manifest_that_says_it_is_huge(registry: Registry, server: Any, target: str) -> None:
    """The announcement is enough: nobody waits for 100 GB."""
    token = registry.token(f"repository:{target}:pull,push")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI_IMAGE, "Content-Length": str(10**11)}
    assert raw(server.url, "PUT", f"/v2/{target}/manifests/good", headers, b"{").status_code == 413


def test_more_blobs_than_anybody_has(registry: Registry, target: str) -> None:
    """Thousands of descriptors are looked up in a bounded number of questions."""
    layers = [{"mediaType": OCI_LAYER, "digest": unused_digest(), "size": 1} for _ in range(20_000)]
    answer = put(registry, target, json.dumps(fields(layers=layers)).encode())
    assert answer.status_code in {400, 404}
    assert set(codes(answer)) <= {"MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID"}
    assert len(answer.content) < 8 * 1024 * 1024


# --- headers, parameters and requests that no client sends


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_a_header_as_long_as_a_book(server: Any, registry: Registry, size: int) -> None:
    answer = raw(server.url, "GET", "/v2/", {"X-Long": "x" * size})
    assert answer.status_code in {400, 431, 499}, "refused, or the line closed"
    assert registry.get("/v2/").status_code == 200


def test_as_many_headers_as_fit(server: Any, registry: Registry) -> None:
    answer = raw(server.url, "GET", "/v2/", {f"X-{number}": "x" for number in range(5000)})
    assert answer.status_code in {400, 431, 499}
    assert registry.get("/v2/").status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "Digest", "bearer bearer", ""])
@pytest.mark.parametrize("rest", ["", "x", "x" * 50_000, "\xff\xfe", "=====", "a.b.c", "Og=="])
def test_authorization_of_nonsense(server: Any, scheme: str, rest: str) -> None:
    answer = raw(server.url, "GET", "/v2/", {"Authorization": f"{scheme} {rest}"})
    assert answer.status_code in {400, 401, 431}, answer.text
    assert rest not in answer.text or len(rest) < 6, "what was sent as a secret is not repeated"


def test_parameters_without_end(registry: Registry, target: str) -> None:
    query = "&".join(f"n={number}" for number in range(5000))
    answer = registry.get(f"/v2/{target}/tags/list?{query}")
    assert 400 <= answer.status_code < 500
    assert codes(answer)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999"])
def test_a_length_that_is_none(server: Any, registry: Registry, target: str, length: str) -> None:
    token = registry.token(f"repository:{target}:pull,push")
    headers = {"Authorization": f"Bearer {token}", "Content-Length": length, "Content-Type": OCI_IMAGE}
    answer = raw(server.url, "PUT", f"/v2/{target}/manifests/good", headers, b"{}")
    assert answer.status_code in {400, 413, 499}


def test_a_length_and_chunks_at_once(server: Any, registry: Registry, target: str) -> None:
    """Two ways to say where a request ends are the beginning of smuggling."""
    token = registry.token(f"repository:{target}:pull,push")
    headers = {"Authorization": f"Bearer {token}", "Content-Length": "3", "Transfer-Encoding": "chunked"}
    body = b"0\r\n\r\nGET /v2/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(server.url, "PUT", f"/v2/{target}/manifests/good", headers, body)
    assert 400 <= answer.status_code < 500


# --- what belongs to others


def test_an_upload_of_another_project(place: Place, elsewhere: Place) -> None:
    theirs = fresh(elsewhere)
    upload = elsewhere.developer.start(theirs)
    data = blob()
    assert elsewhere.developer.patch(upload, content=data[:50], headers=octets()).status_code == 202
    mine = f"/v2/{fresh(place)}/blobs/uploads/{upload.rpartition('/')[2]}"
    registry = place.developer
    refused(registry.get(mine), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.patch(mine, content=b"foreign", headers=octets()), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.put(mine, params={"digest": digest_of(data[:50])}), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.send("DELETE", mine), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(registry.patch(upload, content=b"foreign", headers=octets()), 404, "NAME_UNKNOWN")
    assert elsewhere.developer.patch(upload, content=data[50:], headers=octets()).headers["range"] == "0-199"
    done = elsewhere.developer.put(upload, params={"digest": digest_of(data)})
    assert done.status_code == 201, "the owner's upload was not touched"


def test_a_blob_of_another_project(place: Place, elsewhere: Place) -> None:
    digest = elsewhere.developer.upload(fresh(elsewhere), blob())
    mine = fresh(place)
    place.developer.upload(mine, blob())
    refused(place.developer.get(f"/v2/{mine}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert place.developer.head(f"/v2/{mine}/blobs/{digest}").status_code == 404
    refused(place.maintainer.delete(f"/v2/{mine}/blobs/{digest}"), 404, "BLOB_UNKNOWN")


def test_a_manifest_over_blobs_of_another_project(place: Place, elsewhere: Place) -> None:
    """Naming somebody's layer does not make it mine."""
    data, settings = blob(), b'{"architecture": "amd64"}'
    secret = elsewhere.developer.upload(fresh(elsewhere), data)
    mine = fresh(place)
    place.developer.upload(mine, settings)
    body = {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": descriptor(settings, OCI_CONFIG),
            "layers": [descriptor(data, OCI_LAYER)]}  # fmt: skip
    answer = place.developer.put_manifest(mine, "v1", manifest_of(body, OCI_IMAGE))
    assert codes(answer) == ["MANIFEST_BLOB_UNKNOWN"]
    assert place.developer.head(f"/v2/{mine}/blobs/{secret}").status_code == 404


# --- clients that do not finish


def begin(registry: Registry, line: socket.socket, target: str, length: int, sent: bytes) -> str:
    """Begin a monolithic push on a plain line and send only some of it; returns the digest that was promised."""
    digest = digest_of(sent + b"rest")
    token = registry.token(f"repository:{target}:pull,push")
    headers = octets() | {"Authorization": f"Bearer {token}", "Content-Length": str(length)}
    line.sendall(request_bytes("POST", f"/v2/{target}/blobs/uploads/?digest={digest}", headers, sent))
    return digest


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_a_client_that_vanishes_in_its_body(server: Any, registry: Registry, target: str, size: int) -> None:
    sent = blob(size)
    with connected(server.url) as line:
        digest = begin(registry, line, target, size + 4, sent)
    assert registry.head(f"/v2/{target}/blobs/{digest}").status_code == 404
    assert registry.head(f"/v2/{target}/blobs/{digest_of(sent)}").status_code == 404


def test_a_manifest_that_was_cut_off(server: Any, registry: Registry, target: str) -> None:
    pushed = registry.push(target, image())
    token = registry.token(f"repository:{target}:pull,push")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI_IMAGE, "Content-Length": "100000"}
    with connected(server.url) as line:
        line.sendall(request_bytes("PUT", f"/v2/{target}/manifests/good", headers, pushed.body))
        line.shutdown(socket.SHUT_WR)
        line.recv(1000)


def test_what_arrived_of_a_chunk_may_be_continued(server: Any, registry: Registry, target: str) -> None:
    """Resumable push: a client that lost its line asks how far it came and sends the rest."""
    data = blob(5_000_000)
    upload = registry.start(target)
    token = registry.token(f"repository:{target}:pull,push")
    headers = octets() | {"Authorization": f"Bearer {token}", "Content-Length": str(len(data))}
    with connected(server.url) as line:
        path = upload.removeprefix(server.url)
        line.sendall(request_bytes("PATCH", path, headers, data[:2_500_000]))
        assert until(lambda: arrived(registry, upload) > 0), "who asks is answered while the request goes on"
        assert registry.patch(upload, content=b"more", headers=octets()).status_code == 409, "there is one writer"
    answers = list[httpx.Response]()

    def goes_on() -> bool:
        """Not yet where the lost request is still at work, or brought more since we asked."""
        start = arrived(registry, upload)
        headers = octets(content_range=f"{start}-{len(data) - 1}")
        answers.append(registry.patch(upload, content=data[start:], headers=headers))
        assert answers[-1].status_code in {202, 409, 416}, answers[-1].text
        return answers[-1].status_code == 202

    assert until(goes_on)
    done = registry.put(location(answers[-1]), params={"digest": digest_of(data)})
    assert done.status_code == 201, done.text
    assert registry.get(f"/v2/{target}/blobs/{digest_of(data)}").content == data


def arrived(registry: Registry, upload: str) -> int:
    """How many bytes of an upload there are, asked as a client asks."""
    status = registry.get(upload)
    assert status.status_code == 204, status.text
    last = int(status.headers["range"].partition("-")[2])
    return last + 1 if last else 0


def test_slow_clients_do_not_keep_others_waiting(server: Any, registry: Registry, target: str) -> None:
    lines = [socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) for _ in range(200)]
    try:
        for number, line in enumerate(lines):
            if number % 2:
                begin(registry, line, target, 1000, b"slow")
            else:
                line.sendall(b"GET /v2/ HTTP/1.1\r\nHost: regis")
        assert registry.get(f"/v2/{target}/manifests/good").status_code == 200
        data = blob(100_000)
        assert registry.get(f"/v2/{target}/blobs/{registry.upload(target, data)}").content == data
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(("method", "path"), [("POST", "/jwt/auth"), ("PUT", "/v2/_catalog"), ("PATCH", "/v2/")])
def test_a_connection_outlives_a_body_that_nobody_wanted(server: Any, method: str, path: str) -> None:
    """The next request on it is heard: the server takes the body before it answers."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    for _ in range(20):
        connection.request(method, path, b"x" * 1_000_000)
        refusal = connection.getresponse()
        refusal.read()
        assert refusal.status >= 400
        before = connection.sock
        connection.request("GET", "/-/health")
        answer = connection.getresponse()
        assert answer.read()
        assert (answer.status, connection.sock) == (200, before)
    connection.close()
