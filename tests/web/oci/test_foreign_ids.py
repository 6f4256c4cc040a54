"""Knowing a digest or an id of somebody else's project opens nothing, and tells nothing."""

from typing import Any

import httpx
import pytest

from tests.serving import Server
from tests.web.oci.conftest import Place, client_of, fresh
from tests.web.oci.contents import (
    OCI_CONFIG,
    OCI_IMAGE,
    OCI_LAYER,
    Manifest,
    artifact,
    blob,
    config,
    descriptor,
    digest_of,
    image,
    manifest_of,
    unused_digest,
)
from tests.web.oci.registry_client import Registry, octets, refused
from wharfinger.domain import projects
from wharfinger.domain.access import OPERATOR


@pytest.fixture
def theirs(elsewhere: Place) -> tuple[str, Manifest]:
    """A repository of other people, and the image in it."""
    repository = fresh(elsewhere)
    return repository, elsewhere.developer.push(repository, image(), "latest")


@pytest.fixture
def mine(place: Place) -> str:
    """A repository of one's own that is there."""
    repository = fresh(place)
    place.developer.push(repository, image(), "latest")
    return repository


def told(answer: httpx.Response, digest: str) -> tuple[int, str, set[str]]:
    return answer.status_code, answer.text.replace(digest, "DIGEST"), set(answer.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("kind", ["blobs", "manifests"])
def test_digest_of_another_project(
    place: Place, mine: str, theirs: tuple[str, Manifest], method: str, kind: str
) -> None:
    """One's own repository does not have it, and that is all there is to know."""
    known = theirs[1].digest if kind == "manifests" else digest_of(theirs[1].blobs[0])
    nowhere = unused_digest()
    answers = [
        told(place.maintainer.send(method, f"/v2/{mine}/{kind}/{digest}"), digest) for digest in (known, nowhere)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_referrers_of_another_project(place: Place, elsewhere: Place, mine: str, theirs: tuple[str, Manifest]) -> None:
    repository, subject = theirs
    elsewhere.developer.push(repository, artifact("application/vnd.example.sbom", subject=subject.descriptor))
    assert elsewhere.developer.get(f"/v2/{repository}/referrers/{subject.digest}").json()["manifests"]
    answer = place.developer.get(f"/v2/{mine}/referrers/{subject.digest}")
    assert answer.status_code == 200
    assert answer.json()["manifests"] == []


def test_manifest_that_names_a_blob_of_another_project(place: Place, mine: str, theirs: tuple[str, Manifest]) -> None:
    """Else a push would be a way to read any blob whose digest one knows."""
    own = config()
    place.developer.upload(mine, own)

    def naming(layer: bytes) -> httpx.Response:
        fields = {"schemaVersion": 2, "config": descriptor(own, OCI_CONFIG), "layers": [descriptor(layer, OCI_LAYER)]}
        return place.developer.put_manifest(mine, "stolen", manifest_of(fields, OCI_IMAGE))

    known, nowhere = theirs[1].blobs[1], blob(len(theirs[1].blobs[1]))
    message = refused(naming(known), 404, "MANIFEST_BLOB_UNKNOWN")
    assert message == refused(naming(nowhere), 404, "MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_upload_of_another_project(place: Place, elsewhere: Place, mine: str, method: str) -> None:
    """It is unknown in one's own repository, and goes on undisturbed in theirs."""
    data = blob()
    upload = elsewhere.developer.start(fresh(elsewhere))
    assert elsewhere.developer.patch(upload, content=data, headers=octets()).status_code == 202
    query: dict[str, Any] = {"params": {"digest": digest_of(data)}} if method == "PUT" else {}
    stolen = f"/v2/{mine}/blobs/uploads/{httpx.URL(upload).path.rpartition('/')[2]}"
    refused(place.developer.send(method, stolen, **query), 404, "BLOB_UPLOAD_UNKNOWN")
    finished = elsewhere.developer.put(upload, params={"digest": digest_of(data)})
    assert finished.status_code == 201
    assert place.developer.head(f"/v2/{mine}/blobs/{digest_of(data)}").status_code == 404


def test_token_for_a_project_that_is_gone(server: Server) -> None:
    """Another project at the same path is another project: its id is not the one in the token."""
    project = server.project()
    owner = client_of(server, server.user(project=project, role="owner"))
    repository = f"{project.path}/image"
    owner.push(repository, image(), "latest")
    token = owner.token(f"repository:{repository}:pull,push")
    assert owner.get(f"/v2/{repository}/tags/list", token=token).status_code == 200

    projects.delete(server.tools, OPERATOR, project.path, with_images=True)
    projects.create(server.tools, OPERATOR, project.path)
    admin = client_of(server, server.user(admin=True))
    kept = admin.push(repository, image(), "latest")
    for method, path in _requests(repository, kept):
        answer = owner.send(method, path, token=token)
        assert answer.status_code in {401, 404}, (method, path)
    assert admin.get(f"/v2/{repository}/manifests/latest").content == kept.body


def _requests(repository: str, kept: Manifest) -> list[tuple[str, str]]:
    blobs = f"/v2/{repository}/blobs"
    return [
        ("GET", f"/v2/{repository}/manifests/latest"),
        ("GET", f"/v2/{repository}/manifests/{kept.digest}"),
        ("GET", f"{blobs}/{digest_of(kept.blobs[0])}"),
        ("GET", f"/v2/{repository}/tags/list"),
        ("GET", f"/v2/{repository}/referrers/{kept.digest}"),
        ("POST", f"{blobs}/uploads/"),
        ("POST", f"{blobs}/uploads/?mount={digest_of(kept.blobs[0])}"),
    ]


def test_token_for_a_path_that_somebody_else_took(server: Server) -> None:
    """A renamed project's old path redirects until it is taken; then an old token opens neither."""
    project = server.project()
    owner = client_of(server, server.user(project=project, role="owner"))
    repository = f"{project.path}/image"
    owner.push(repository, image(), "latest")
    token = owner.token(f"repository:{repository}:pull")
    renamed = projects.rename(server.tools, OPERATOR, project.path, "renamed")
    assert owner.get(f"/v2/{repository}/tags/list", token=token).status_code == 200, "the old path redirects"

    projects.create(server.tools, OPERATOR, project.path)
    admin: Registry = client_of(server, server.user(admin=True))
    admin.push(repository, image(), "private")
    assert owner.get(f"/v2/{repository}/tags/list", token=token).status_code in {401, 404}
    assert owner.get(f"/v2/{repository}/manifests/private", token=token).status_code in {401, 404}
    assert owner.tags(f"{renamed.path}/image") == ["latest"], "and a new one what it is for"
