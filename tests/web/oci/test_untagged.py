"""What clients are told where too much is held that no tag keeps."""

from typing import Any

from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry, refused
from wharfinger.domain import loose, quotas
from wharfinger.domain.access import OPERATOR


def test_a_push_is_told_why_and_tagging_goes_on(server: Any) -> None:
    project = server.project(visibility="private")
    user = server.user(project, "maintainer")
    registry, repository = Registry(server.url, user.username, server.token(user)), f"{project.path}/image"
    quotas.set_limit(server.tools, OPERATOR, project.path, 1_000_000)
    kept = registry.push(repository, image())
    blob = registry.upload(repository, b"x" * 1_600_000)
    begun = registry.start(repository)
    registry.upload(repository, b"y" * 1_600_000)
    loose.look(server.tools)
    sentence = refused(registry.post(f"/v2/{repository}/blobs/uploads/"), 403, "DENIED")
    assert f"the storage of {project.path} holds too much that no tag keeps" in sentence
    refused(registry.patch(begun, content=b"z"), 403, "DENIED")
    mount = {"mount": blob, "from": repository}
    refused(registry.post(f"/v2/{project.path}/other/blobs/uploads/", params=mount), 403, "DENIED")
    assert registry.head(f"/v2/{repository}/blobs/{blob}").status_code == 200
    media = {"content-type": kept.media_type}
    path = f"/v2/{repository}/manifests"
    refused(registry.put(f"{path}/{kept.digest}", content=kept.body, headers=media), 403, "DENIED")
    assert registry.put(f"{path}/v1", content=kept.body, headers=media).status_code == 201
    assert registry.delete(begun).status_code == 204
