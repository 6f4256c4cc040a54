"""Real pushes and pulls while the server collects every second: every image comes back as it went in.

A short version; `make soak` lets it run longer.
"""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.serving import Server, until
from tests.web.oci.contents import OCI_LAYER, Manifest, blob, descriptor, digest_of, image, index, manifest_of
from tests.web.oci.registry_client import Registry
from wharfinger.domain import garbage

SECONDS = float(os.environ.get("WHARFINGER_SOAK_SECONDS", "12"))
CLIENTS = 16


@pytest.fixture(params=["sqlite", "postgres"])
def collecting(request: pytest.FixtureRequest, make_database: MakeDatabase, tmp_path: Path) -> Iterator[Server]:
    """A server of two processes that collects every second and waits for as long as a push may take here."""
    url = "" if request.param == "sqlite" else make_database("postgres")
    changes = {
        "database": {"url": url},
        "trash": {"keep": "0s"},
        "gc": {"delay": "8s", "interval": "1s", "batch": 50},
        "tokens": {"life": "1d"},
    }
    server = Server(tmp_path, changes).start()
    yield server
    server.stop()


@pytest.mark.timeout(max(300, SECONDS * 3))
def test_every_image_comes_back(collecting: Server) -> None:
    project = collecting.project()
    secret = collecting.token(collecting.user(project, "maintainer"))
    shared = [blob(3000) for _ in range(6)]
    ends = time.monotonic() + SECONDS

    def work(number: int) -> int:
        registry, chance, done = Registry(collecting.url, "anybody", secret), random.Random(number), 0
        path, tag = f"{project.path}/app{number % 4}", f"latest{number}"
        while time.monotonic() < ends:
            pushed = made(chance, shared)
            push(registry, path, pushed, tag)
            compare(registry, path, tag, pushed)
            if chance.random() < 0.5:
                answer = registry.delete(f"/v2/{path}/manifests/{tag}")
                assert answer.status_code == 202, answer.text
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as threads:
        counts = [done.result() for done in [threads.submit(work, number) for number in range(CLIENTS)]]
    assert all(counts)
    collected = until(lambda: garbage.status(collecting.tools).freed.get("manifests", 0), 60)
    assert collected, "nothing was collected: this proves nothing"
    if "WHARFINGER_SOAK_SECONDS" in os.environ:
        freed = garbage.status(collecting.tools).freed.get("blobs")
        print(f"{sum(counts)} images came back whole, {freed} blobs were collected meanwhile")
    assert "could not collect garbage" not in collecting.log()


def made(chance: random.Random, shared: list[bytes]) -> Manifest:
    """An image of shared layers or of new ones, or an index of two."""
    if chance.random() < 0.2:
        return index(image(), image())
    fresh = image()
    if chance.random() < 0.4:
        return fresh
    layers = chance.sample(shared, 3)
    named = [descriptor(data, OCI_LAYER) for data in layers]
    return manifest_of({**fresh.facts, "layers": named}, fresh.media_type, blobs=(fresh.blobs[0], *layers))


def push(registry: Registry, path: str, manifest: Manifest, reference: str) -> None:
    """As docker does: what the registry says it has is not sent."""
    for child in manifest.children:
        push(registry, path, child, child.digest)
    for data in manifest.blobs:
        if registry.head(f"/v2/{path}/blobs/{digest_of(data)}").status_code != 200:
            registry.upload(path, data)
    answer = registry.put_manifest(path, reference, manifest)
    assert answer.status_code == 201, answer.text


def compare(registry: Registry, path: str, reference: str, pushed: Manifest) -> None:
    assert registry.get(f"/v2/{path}/manifests/{reference}").content == pushed.body
    for child in pushed.children:
        compare(registry, path, child.digest, child)
    for data in pushed.blobs:
        answer = registry.get(f"/v2/{path}/blobs/{digest_of(data)}")
        assert answer.content == data, answer.text
