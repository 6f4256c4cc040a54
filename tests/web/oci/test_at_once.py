"""Many clients at once: every push succeeds or says why not, and nobody ever sees half of one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.serving import Server
from tests.web.oci.conftest import Place, fresh, settle
from tests.web.oci.contents import Manifest, blob, digest_of, image, index
from tests.web.oci.registry_client import Registry, location, octets

CROWD = 12


def together(act: Callable[[int], Any]) -> list[Any]:
    """Do it for every number of the crowd, all at the same time."""
    with ThreadPoolExecutor(CROWD) as threads:
        return list(threads.map(act, range(CROWD)))


def test_one_blob_by_everybody(registry: Registry, repository: str) -> None:
    """Two processes push the same layer: both go on, one copy is kept."""
    data = blob(1_500_000)
    assert together(lambda _number: registry.upload(repository, data)) == [digest_of(data)] * CROWD
    assert registry.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data


def test_the_first_push_to_a_repository_by_everybody(registry: Registry, place: Place) -> None:
    """The repository is made once, whoever comes first."""
    repository = fresh(place)
    pushed = [image() for _ in range(CROWD)]
    together(lambda number: registry.push(repository, pushed[number], f"t{number:02}"))
    assert registry.tags(repository) == [f"t{number:02}" for number in range(CROWD)]


def test_one_tag_by_everybody(registry: Registry, repository: str) -> None:
    """Whoever reads it meanwhile sees one whole image or another, with its own digest."""
    pushed = {one.digest: one for one in (registry.push(repository, image()) for _ in range(CROWD))}
    manifests = list(pushed.values())
    registry.push(repository, manifests[0], "latest")

    def push_and_read(number: int) -> None:
        assert registry.put_manifest(repository, "latest", manifests[number]).status_code == 201
        for _ in range(5):
            seen = registry.get(f"/v2/{repository}/manifests/latest")
            assert seen.content == pushed[seen.headers["docker-content-digest"]].body

    together(push_and_read)


def test_one_index_by_everybody(registry: Registry, repository: str) -> None:
    children = [registry.push(repository, image()) for _ in range(3)]
    whole = index(*children)

    def push(number: int) -> int:
        return registry.put_manifest(repository, whole.digest, whole, tags=[f"t{number}", "latest"]).status_code

    assert together(push) == [201] * CROWD
    assert len(registry.tags(repository)) == CROWD + 1


def test_one_upload_by_everybody(registry: Registry, repository: str) -> None:
    """A chunk is taken once: the others are told that somebody else is at it, or that it is there already."""
    data, upload = blob(2_000_000), registry.start(repository)
    headers = octets(content_range=f"0-{len(data) - 1}")
    answers = together(lambda _number: registry.patch(upload, content=data, headers=headers).status_code)
    assert answers.count(202) == 1, answers
    assert set(answers) <= {202, 409, 416}
    done = registry.put(upload, params={"digest": digest_of(data)})
    assert done.status_code == 201, done.text
    assert registry.get(location(done)).content == data


def test_deleting_what_others_push(registry: Registry, repository: str) -> None:
    """A manifest that was acknowledged has all its blobs, whatever was deleted in the meantime."""
    base = image()
    registry.push(repository, base, "base")

    def act(number: int) -> Manifest | None:
        if number % 3 == 0:
            registry.delete(f"/v2/{repository}/blobs/{digest_of(base.blobs[1])}")
            return None
        answer = registry.put_manifest(repository, f"t{number}", base)
        return base if answer.status_code == 201 else None

    assert any(together(act))
    for data in base.blobs:
        assert registry.get(f"/v2/{repository}/blobs/{digest_of(data)}").content == data


def test_the_first_tokens_of_a_new_server(tmp_path: Path) -> None:
    """Signing keys are made at first use: what one process signs, every other believes at once."""
    server = Server(tmp_path).start()
    try:
        place = settle(server, "private")
        repository = fresh(place)

        def push(number: int) -> set[int]:
            """Ask for a token at one process and use it at whichever answers next: connections are shared."""
            path, scope = f"/v2/{repository}/blobs/uploads/", f"repository:{repository}:pull,push"
            tokens = [place.developer.token(scope) for _ in range(10)]
            return {place.developer.post(path, token=token).status_code for token in tokens}

        assert set().union(*together(push)) == {202}
    finally:
        server.stop()
