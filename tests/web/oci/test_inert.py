"""What people push is shown by no browser as a page of this server: the pages of the registry are on the same host."""

import json
from urllib.parse import quote

import pytest

from tests.serving import Server
from tests.web.oci.conftest import Place
from tests.web.oci.contents import Manifest, absent_digest, blob, digest_of
from tests.web.oci.registry_client import Registry, raw

SCRIPT = "<script>fetch('/profile/tokens')</script>"


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript"])
def test_a_manifest_of_any_type(registry: Registry, repository: str, media_type: str) -> None:
    pushed = Manifest(media_type, json.dumps({"said": SCRIPT}).encode())
    registry.push(repository, pushed, "v1")
    for reference in ("v1", pushed.digest):
        answer = registry.get(f"/v2/{repository}/manifests/{reference}")
        assert (answer.content, answer.headers["content-type"]) == (pushed.body, media_type)
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("part", [{}, {"Range": "bytes=0-9"}])
def test_a_blob(registry: Registry, repository: str, part: dict[str, str]) -> None:
    page = f"<!doctype html>{SCRIPT}".encode() + blob()
    answer = registry.get(f"/v2/{repository}/blobs/{registry.upload(repository, page)}", headers=part)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_refusal_and_a_listing(server: Server, place: Place, repository: str) -> None:
    place.maintainer.upload(repository, blob())
    answers = [
        place.maintainer.get(f"/v2/{repository}/manifests/{digest_of(SCRIPT.encode())}"),
        place.maintainer.get(f"/v2/{repository}/referrers/{absent_digest()}"),
        raw(server.url, "GET", f"/v2/{quote(SCRIPT)}/tags/list"),
        raw(server.url, "PROPFIND", "/v2/"),
    ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].partition(";")[0].endswith("json")
