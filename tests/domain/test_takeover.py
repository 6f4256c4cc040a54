"""What becomes of a takeover while somebody deletes what it fills. The rest is in tests/clients/test_import.py."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.domain.shelf import IMAGE, Shelf
from wharfinger.domain import garbage, images, takeover
from wharfinger.domain.tools import Policy, Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.reference import ReferenceFolder


@dataclass(frozen=True, slots=True)
class Watched(ReferenceFolder):
    """Does something once, when it is asked how many bytes a blob has: just before that blob is taken."""

    then: list[Callable[[], object]] = field(default_factory=list)

    def size(self, digest: str) -> int:
        while self.then:
            self.then.pop()()
        return ReferenceFolder.size(self, digest)


def write(root: Path, repository: str, *tags: str) -> None:
    """What the reference registry keeps of images of one layer each."""
    top = root / "docker" / "registry" / "v2"

    def keep(data: bytes) -> str:
        digest = digests.of(data)
        file = top / "blobs" / "sha256" / digest[7:9] / digest[7:] / "data"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return digest

    for tag in tags:
        layer = f"{repository} {tag}".encode()
        named = {"mediaType": "application/octet-stream", "digest": keep(layer), "size": len(layer)}
        digest = keep(json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": named, "layers": []}).encode())
        folder = top / "repositories" / repository / "_manifests"
        for link in (folder / "revisions" / "sha256" / digest[7:], folder / "tags" / tag / "current"):
            link.mkdir(parents=True)
            (link / "link").write_text(digest)


@pytest.fixture
def policy() -> Policy:
    return Policy(trash_keep=timedelta())


def test_bytes_that_are_lost_here_come_from_there(tools: Tools, tmp_path: Path) -> None:
    """A blob of another image, whose row is here and whose bytes are not: no copy of it is taken for granted."""
    shelf = Shelf(tools)
    write(tmp_path, "app", "v1")
    tools.store.delete(shelf.blob(b"app v1", shelf.other))
    (app,) = takeover.repositories(tools, ReferenceFolder(tmp_path), shelf.project, copy=True)
    assert (app.tags, app.problems) == (1, [])
    assert tools.store.kept(digests.of(b"app v1"))


@pytest.mark.parametrize("known", [False, True], ids=["new blobs", "blobs that are here"])
def test_a_repository_is_deleted_while_it_is_filled(tools: Tools, tmp_path: Path, known: bool) -> None:
    """One sentence says so, whatever it still had; the next repository is taken, and a second run mends it."""
    shelf = Shelf(tools)
    write(tmp_path, "app", "v1", "v2")
    write(tmp_path, "other", "v1")
    if known:
        for tag in ("v1", "v2"):
            shelf.blob(f"app {tag}".encode(), shelf.other)

    def delete_for_good() -> None:
        shelf.image(tag="here-before")
        images.delete_repository(tools, shelf.caller, shelf.path)
        while garbage.empty_trash(tools).reviewed:
            pass

    source = Watched(tmp_path, [delete_for_good])
    app, other = takeover.repositories(tools, source, shelf.project, copy=True)
    (said,) = app.problems
    assert said == f"{shelf.path} was deleted or moved while it was taken over: import once more"
    assert (app.tags, other.tags, other.problems) == (0, 1, [])
    app, _ = takeover.repositories(tools, source, shelf.project, copy=True)
    assert (app.tags, app.problems) == (2, [])
    assert shelf.has("v1")
    assert shelf.has("v2")
