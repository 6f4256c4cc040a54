"""Error Codes: every refusal has the spec's form, says what to do, and tells strangers nothing."""

from typing import Any

import httpx
import pytest

from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import OCI_IMAGE, absent_digest, blob, image, unused_digest
from tests.web.oci.registry_client import Registry, codes, octets, refused

DIGEST = absent_digest()
UPLOAD = "0123456789abcdef" * 4

# What a client may ask of a repository: method, what comes after its name, and the request's own part.
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "manifests/latest", {}),
    ("HEAD", "manifests/latest", {}),
    ("GET", f"manifests/{DIGEST}", {}),
    ("PUT", "manifests/latest", {"content": b"{}", "headers": {"Content-Type": OCI_IMAGE}}),
    ("DELETE", "manifests/latest", {}),
    ("DELETE", f"manifests/{DIGEST}", {}),
    ("GET", f"blobs/{DIGEST}", {}),
    ("HEAD", f"blobs/{DIGEST}", {}),
    ("DELETE", f"blobs/{DIGEST}", {}),
    ("POST", "blobs/uploads/", {}),
    ("POST", "blobs/uploads/", {"params": {"mount": DIGEST, "from": "some/project"}}),
    ("POST", "blobs/uploads/", {"params": {"digest": DIGEST}, "content": b"bytes", "headers": octets()}),
    ("GET", f"blobs/uploads/{UPLOAD}", {}),
    ("PATCH", f"blobs/uploads/{UPLOAD}", {"content": b"bytes", "headers": octets()}),
    ("PUT", f"blobs/uploads/{UPLOAD}", {"params": {"digest": DIGEST}}),
    ("DELETE", f"blobs/uploads/{UPLOAD}", {}),
    ("GET", "tags/list", {}),
    ("GET", f"referrers/{DIGEST}", {}),
]
NAMED = [f"{method} {rest}".replace(DIGEST, "digest").replace(UPLOAD, "id") for method, rest, _ in REQUESTS]
EVERY_REQUEST = pytest.mark.parametrize(("method", "rest", "given"), REQUESTS, ids=NAMED)


def told(answer: httpx.Response, name: str) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells, apart from the name that was asked for and what differs by request."""
    passing = {"date", "x-request-id", "content-length"}
    headers = {key: value.replace(name, "NAME") for key, value in answer.headers.items() if key not in passing}
    return answer.status_code, answer.content.replace(name.encode(), b"NAME"), headers


@EVERY_REQUEST
def test_hidden_is_told_as_absent(
    place: Place, elsewhere: Place, method: str, rest: str, given: dict[str, Any]
) -> None:
    """To one who may not read a project there is none, whatever is asked of it."""
    hidden, absent = fresh(elsewhere), "nobody-has/such-a-project/image"
    elsewhere.maintainer.push(hidden, image(0), "latest")
    stranger = place.maintainer
    answers = [told(stranger.send(method, f"/v2/{name}/{rest}", **given), name) for name in (hidden, absent)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@EVERY_REQUEST
def test_hidden_is_told_as_absent_to_nobody_in_particular(
    elsewhere: Place, anonymous: Registry, method: str, rest: str, given: dict[str, Any]
) -> None:
    hidden, absent = fresh(elsewhere), "nobody-has/such-a-project/image"
    answers = [told(anonymous.send(method, f"/v2/{name}/{rest}", **given), name) for name in (hidden, absent)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


@EVERY_REQUEST
def test_a_refusal_has_the_form_of_the_spec(place: Place, method: str, rest: str, given: dict[str, Any]) -> None:
    answer = place.stranger.send(method, f"/v2/{fresh(place)}/{rest}", **given)
    assert answer.status_code == 404
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert codes(answer) == ["NAME_UNKNOWN"]
        assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("method", "rest", "allowed"),
    [
        ("POST", "manifests/latest", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PATCH", "manifests/latest", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PUT", f"blobs/{DIGEST}", {"GET", "HEAD", "DELETE"}),
        ("POST", f"blobs/{DIGEST}", {"GET", "HEAD", "DELETE"}),
        ("GET", "blobs/uploads/", {"POST"}),
        ("POST", f"blobs/uploads/{UPLOAD}", {"GET", "HEAD", "PATCH", "PUT", "DELETE"}),
        ("DELETE", "tags/list", {"GET", "HEAD"}),
        ("PUT", "tags/list", {"GET", "HEAD"}),
        ("PUT", f"referrers/{DIGEST}", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_none(registry: Registry, place: Place, method: str, rest: str, allowed: set[str]) -> None:
    answer = registry.send(method, f"/v2/{place.path}/{rest}")
    refused(answer, 405, "UNSUPPORTED")
    assert {word.strip() for word in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_method_that_is_none_without_a_repository(registry: Registry, path: str, method: str) -> None:
    refused(registry.send(method, path, token=registry.token("registry:catalog:*")), 405, "UNSUPPORTED")


@pytest.mark.parametrize(
    "rest", ["", "nothing", "tags", "tags/list/more", "manifests", "manifests/", "blobs/", "tags/"]
)
def test_an_address_that_is_none(registry: Registry, place: Place, rest: str) -> None:
    token = registry.token(f"repository:{place.path}:pull")
    answer = registry.get(f"/v2/{place.path}/{rest}", token=token)
    assert answer.status_code in {400, 404}
    assert codes(answer)


def test_a_refusal_says_what_to_do(registry: Registry, repository: str) -> None:
    registry.upload(repository, blob())
    digest = unused_digest()
    answer = registry.get(f"/v2/{repository}/blobs/{digest}")
    message = refused(answer, 404, "BLOB_UNKNOWN")
    assert message.startswith("blob unknown to registry"), "the spec's own words come first"
    assert digest in message
    assert "push" in message, "and then what to do"


@pytest.mark.parametrize("size", [1_000, 300_000, 3_000_000, 20_000_000])
def test_a_refused_body_does_not_break_the_connection(registry: Registry, place: Place, size: int) -> None:
    """A client that is still sending reads the refusal, and may ask again over the same line."""
    for _ in range(3):
        answer = place.guest.post(f"/v2/{fresh(place)}/blobs/uploads/", content=blob(size), headers=octets())
        refused(answer, 403, "DENIED")
    assert place.guest.get("/v2/").status_code == 200


def test_a_failed_request_has_an_id_to_ask_about(registry: Registry, repository: str) -> None:
    first, second = (registry.get(f"/v2/{repository}/tags/list") for _ in range(2))
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("name", ["nobody-has/such-a-project", "{place}/three/levels/below"])
def test_a_push_that_no_project_takes_is_told_where_images_are(place: Place, name: str) -> None:
    path = name.format(place=place.path)
    message = refused(place.maintainer.post(f"/v2/{path}/blobs/uploads/"), 404, "NAME_UNKNOWN")
    assert f"no repository {path}" in message
    assert "an image is at the path of a project, or up to 2 levels below it" in message
