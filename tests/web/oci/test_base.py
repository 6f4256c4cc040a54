"""Determining Support: is this a registry, and how does one sign in?"""

from typing import Any

import pytest

from tests.web.oci.conftest import Place
from tests.web.oci.registry_client import Registry, challenge, refused


def test_a_stranger_is_told_where_to_sign_in(server: Any, anonymous: Registry) -> None:
    answer = anonymous.http.get("/v2/")
    refused(answer, 401, "UNAUTHORIZED")
    asked = challenge(answer)
    assert asked["realm"] == f"{server.url}/jwt/auth", "the token service stands on the registry's own host and port"
    assert asked["service"] == "container_registry"
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


def test_one_who_signed_in_is_welcome(registry: Registry) -> None:
    answer = registry.get("/v2/")
    assert answer.status_code == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.json() == {}


def test_head_is_get_without_a_body(registry: Registry) -> None:
    whole, head = registry.get("/v2/"), registry.head("/v2/")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))


def test_without_sign_in_head_is_challenged_as_well(anonymous: Registry) -> None:
    answer = anonymous.http.head("/v2/")
    assert (answer.status_code, answer.content) == (401, b"")
    assert challenge(answer)["service"] == "container_registry"


def test_a_credential_itself_signs_in_for_one_request(registry: Registry) -> None:
    """Scripts send Basic to /v2 directly; a wrong one is refused there as it is at the token service."""
    assert registry.http.get("/v2/", auth=(registry.username, registry.secret)).status_code == 200
    answer = registry.http.get("/v2/", auth=(registry.username, registry.secret[:-1] + "~"))
    refused(answer, 401, "UNAUTHORIZED")
    assert "realm" in challenge(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"])
def test_a_challenge_names_the_rights_to_ask_for(anonymous: Registry, place: Place, method: str) -> None:
    kind = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(method, "pull,push")
    target = "blobs/uploads/" if method in {"POST", "PATCH"} else "manifests/latest"
    path = f"/v2/{place.path}/{target}" + ("0" * 64 if method == "PATCH" else "")
    answer = anonymous.http.request(method, path)
    assert answer.status_code == 401
    kinds = challenge(answer)["scope"].rpartition(":")
    assert kinds[0] == f"repository:{place.path}"
    assert set(kind.split(",")) <= set(kinds[2].split(","))


def test_a_challenge_of_the_catalog_names_the_catalog(anonymous: Registry) -> None:
    assert challenge(anonymous.http.get("/v2/_catalog"))["scope"] == "registry:catalog:*"


def test_a_mount_asks_for_both_repositories_at_once(anonymous: Registry, place: Place) -> None:
    """A client that asks for what the challenge says can then mount at the second try."""
    query = {"mount": "sha256:" + "0" * 64, "from": f"{place.path}/from"}
    scope = challenge(anonymous.http.post(f"/v2/{place.path}/to/blobs/uploads/", params=query))["scope"]
    assert f"repository:{place.path}/from:pull" in scope.split(" ")
    assert scope.split(" ")[0].startswith(f"repository:{place.path}/to:")


def test_a_challenge_can_be_read_by_simple_parsers(anonymous: Registry, place: Place) -> None:
    """Some clients look for the scheme's name anywhere in the header, or for quoted values only."""
    header = anonymous.http.get(f"/v2/{place.path}/manifests/latest").headers["www-authenticate"]
    assert header.lower().count("bearer") == 1
    assert "basic" not in header.lower()
    assert header.count('"') == 2 * header.count("=")
