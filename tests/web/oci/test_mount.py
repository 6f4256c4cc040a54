"""Mounting a blob from another repository: no bytes travel, and only what the caller may read can be mounted."""

import httpx
import pytest

from tests.web.oci.conftest import Client, Place, fresh
from tests.web.oci.contents import blob, digest_of, unused_digest
from tests.web.oci.registry_client import Registry, codes, follow, location, octets, refused

ALGORITHMS = pytest.mark.parametrize("algorithm", ["sha256", "sha512"])


def mount(registry: Registry, target: str, digest: str, source: str | None = None, **given: object) -> httpx.Response:
    query = {"mount": digest} | ({"from": source} if source is not None else {})
    return registry.post(f"/v2/{target}/blobs/uploads/", params=query, **given)


def usable(registry: Registry, repository: str, answer: httpx.Response, data: bytes) -> None:
    """A mount that was not made began an upload instead, and the upload works."""
    assert answer.status_code == 202, answer.text
    assert "docker-content-digest" not in answer.headers
    done = registry.put(location(answer), params={"digest": digest_of(data)}, content=data, headers=octets())
    assert follow(registry, done) == data


@ALGORITHMS
def test_a_blob_of_another_repository(registry: Registry, place: Place, algorithm: str) -> None:
    source, target, data = fresh(place), fresh(place), blob()
    digest = registry.upload(source, data, algorithm)
    answer = mount(registry, target, digest, source)
    assert follow(registry, answer) == data
    assert answer.headers["docker-content-digest"] == digest
    assert location(answer).endswith(f"/v2/{target}/blobs/{digest}")


@ALGORITHMS
def test_without_a_source_it_is_found(registry: Registry, place: Place, algorithm: str) -> None:
    data, target = blob(), fresh(place)
    digest = registry.upload(fresh(place), data, algorithm)
    answer = mount(registry, target, digest)
    assert follow(registry, answer) == data
    assert answer.headers["docker-content-digest"] == digest


def test_a_source_may_be_in_another_project_that_one_may_read(place: Place, open_place: Place) -> None:
    source, data = fresh(open_place), blob()
    digest = open_place.developer.upload(source, data)
    assert follow(place.developer, mount(place.developer, fresh(place), digest, source)) == data
    assert follow(place.developer, mount(place.developer, fresh(place), digest)) == data


def test_a_token_for_the_target_alone_is_enough_to_be_asked_for_more(place: Place) -> None:
    """A client with a token for the target is told to get one for both, or simply obeyed; never refused for good."""
    source, target, data = fresh(place), fresh(place), blob()
    digest = place.developer.upload(source, data)
    token = place.developer.token(f"repository:{target}:pull,push")
    answer = mount(place.developer, target, digest, source, token=token)
    assert answer.status_code in {201, 401}, answer.text
    if answer.status_code == 401:
        assert f"repository:{source}:pull" in answer.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_what_no_repository_has_must_be_pushed(registry: Registry, place: Place) -> None:
    data, target = blob(), fresh(place)
    usable(registry, target, mount(registry, target, digest_of(data), fresh(place)), data)
    data = blob()
    usable(registry, target, mount(registry, target, digest_of(data)), data)


def test_a_source_that_lacks_the_blob(registry: Registry, place: Place) -> None:
    """The blob is somewhere, but not where the client says: it is not taken from elsewhere."""
    source, target, data = fresh(place), fresh(place), blob()
    registry.upload(source, blob())
    usable(registry, target, mount(registry, target, digest_of(data), source), data)


def test_nothing_is_mounted_from_where_one_may_not_read(place: Place, elsewhere: Place) -> None:
    """The answer is the one for a blob that does not exist, so it tells nothing about other people's projects."""
    source, data = fresh(elsewhere), blob()
    secret = elsewhere.developer.upload(source, data)
    target = fresh(place)
    place.developer.upload(target, blob())
    for asked in (source, None):
        hidden = mount(place.developer, target, secret, asked)
        missing = mount(place.developer, target, unused_digest(), asked)
        assert hidden.status_code == missing.status_code == 202
        assert set(hidden.headers) == set(missing.headers)
        assert place.developer.head(f"/v2/{target}/blobs/{secret}").status_code == 404


def test_hidden_and_absent_sources_answer_alike(place: Place, elsewhere: Place) -> None:
    source = fresh(elsewhere)
    digest = elsewhere.developer.upload(source, blob())
    hidden = mount(place.developer, fresh(place), digest, source)
    absent = mount(place.developer, fresh(place), digest, "no/such/project")
    assert hidden.status_code == absent.status_code == 202
    assert set(hidden.headers) == set(absent.headers)


def test_who_may_not_push_may_not_mount(place: Place) -> None:
    source, data = fresh(place), blob()
    digest = place.developer.upload(source, data)
    refused(mount(place.guest, fresh(place), digest, source), 403, "DENIED")
    refused(mount(place.guest, fresh(place), digest), 403, "DENIED")


def test_a_credential_that_only_reads_may_not_mount(place: Place, client_for: Client) -> None:
    source = fresh(place)
    digest = place.developer.upload(source, blob())
    reader = client_for(place, "developer", ("read_registry",))
    refused(mount(reader, fresh(place), digest, source), 403, "DENIED")


def test_a_mount_into_its_own_repository(registry: Registry, place: Place) -> None:
    repository, data = fresh(place), blob()
    digest = registry.upload(repository, data)
    assert follow(registry, mount(registry, repository, digest, repository)) == data


def test_a_mounted_blob_is_deleted_in_each_repository_by_itself(registry: Registry, place: Place) -> None:
    source, target, data = fresh(place), fresh(place), blob()
    digest = registry.upload(source, data)
    assert mount(registry, target, digest, source).status_code == 201
    assert registry.delete(f"/v2/{target}/blobs/{digest}").status_code == 202
    assert registry.head(f"/v2/{target}/blobs/{digest}").status_code == 404
    assert registry.get(f"/v2/{source}/blobs/{digest}").content == data
    assert registry.delete(f"/v2/{source}/blobs/{digest}").status_code == 202
    assert registry.head(f"/v2/{source}/blobs/{digest}").status_code == 404


@pytest.mark.parametrize("digest", ["sha256:baddigest", "md5:" + "0" * 32, "latest", ""])
def test_a_digest_that_is_none_cannot_be_mounted(registry: Registry, place: Place, digest: str) -> None:
    refused(mount(registry, fresh(place), digest, fresh(place)), 400, "DIGEST_INVALID")


@pytest.mark.parametrize("source", ["../etc", "UPPER/case", "a//b", "x" * 300])
def test_a_source_that_is_no_name(registry: Registry, place: Place, source: str) -> None:
    """It cannot be there, so nothing is mounted: an upload begins, or the name is refused."""
    answer = mount(registry, fresh(place), unused_digest(), source)
    assert answer.status_code == 202 or (answer.status_code, codes(answer)) == (400, ["NAME_INVALID"])
