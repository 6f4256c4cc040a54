"""Taking over a folder that somebody prepared who means ill: nothing leads out of it, and nothing stops the rest."""

import json
import os
import socket
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.actors import Actors
from tests.storage.bytes_of import some
from wharfinger.domain import tags, takeover
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.takeover import Taken
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.local import LocalStore
from wharfinger.storage.reference import ReferenceFolder

IMAGE = "application/vnd.oci.image.manifest.v1+json"
SECRET = "0123456789abcdef" * 4 + "\n"


class Folder:
    """What the reference registry writes, and what others write over it."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        self.tools = replace(tools, store=LocalStore(folder / "store"))
        self.project = Actors(tools).project().path
        self.root, self.top = folder / "reference", folder / "reference/docker/registry/v2"

    def data(self, digest: str) -> Path:
        algorithm, _, hexes = digest.partition(":")
        return self.top / "blobs" / algorithm / hexes[:2] / hexes / "data"

    def blob(self, data: bytes) -> str:
        digest = digests.of(data)
        self.data(digest).parent.mkdir(parents=True, exist_ok=True)
        self.data(digest).write_bytes(data)
        return digest

    def image(self, repository: str, tag: str, layer: str, size: int) -> Path:
        """An image of one layer; the link of its tag."""
        config = self.blob(b"{}")
        named = [(config, 2), (layer, size)]
        described = [{"mediaType": "application/octet-stream", "digest": each, "size": of} for each, of in named]
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": described[0], "layers": described[1:]}
        digest = self.blob(json.dumps(document).encode())
        manifests = self.top / "repositories" / repository / "_manifests"
        links = (
            manifests / "revisions/sha256" / digest.partition(":")[2] / "link",
            manifests / "tags" / tag / "current/link",
        )
        for link in links:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.write_text(digest)
        return links[1]

    def take(self, *, copy: bool = False) -> dict[str, Taken]:
        source = ReferenceFolder(self.root)
        return {taken.repository: taken for taken in takeover.repositories(self.tools, source, self.project, copy=copy)}

    def kept(self, digest: str) -> Path:
        assert isinstance(self.tools.store, LocalStore)
        return Path(self.tools.store.blob_path(digest))


@pytest.fixture
def folder(tools: Tools, tmp_path: Path) -> Folder:
    return Folder(tools, tmp_path)


@pytest.mark.parametrize("way", ["file", "folder", "later"])
def test_no_link_leads_to_a_file_of_the_server(folder: Folder, tmp_path: Path, way: str) -> None:
    """The installation's secret has 65 bytes: whoever pulls such a layer would have it."""
    secret = tmp_path / "data" / "data"
    secret.parent.mkdir()
    secret.write_text(SECRET)
    layer = digests.of(b"a layer that is none")
    folder.image("web", "v1", layer, len(SECRET))
    place = folder.data(layer)
    place.parent.parent.mkdir(parents=True, exist_ok=True)
    if way == "folder":
        place.parent.symlink_to(secret.parent)
    else:
        place.parent.mkdir()
        place.symlink_to(secret if way == "file" else tmp_path / "not-there-yet")
    taken = folder.take()["web"]
    assert (taken.blobs, taken.manifests, taken.tags) == (1, 0, 0)
    assert not os.path.lexists(folder.kept(layer))
    assert not any(path.is_symlink() for path in (tmp_path / "store").rglob("*"))


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_what_is_no_file_is_passed_by(folder: Folder, kind: str) -> None:
    """Reading a pipe would wait for ever."""
    layer = some(3000)
    folder.image("web", "good", folder.blob(layer), len(layer))
    for path in (
        folder.top / "repositories/web/_manifests/tags/odd/current/link",
        folder.top / "repositories/web/_manifests/revisions/sha256" / ("0" * 64) / "link",
    ):
        path.parent.mkdir(parents=True)
        put(path, kind)
    taken = folder.take()["web"]
    assert (taken.tags, taken.manifests, len(taken.problems)) == (1, 1, 2)


def put(path: Path, kind: str) -> None:
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            here = path.parent.joinpath("s")
            with socket.socket(socket.AF_UNIX) as listener, chdir(path.parent):  # too long for a socket's name
                listener.bind(here.name)
            here.rename(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")


def test_names_that_are_none(folder: Folder) -> None:
    """They are told in a way that moves no cursor, and the rest is taken."""
    layer = some(3000)
    digest = folder.blob(layer)
    odd = os.fsdecode(b"a\xffb\x1b[2J\n")
    folder.image("good", "v1", digest, len(layer))
    folder.image("good", odd, digest, len(layer))
    folder.image("good", "-dash", digest, len(layer))
    for name in (odd, "UPPER", "a..b", "-a", "a b", "a/b/c/d"):
        folder.image(name, "v1", digest, len(layer))
    taken = folder.take()
    assert (taken["good"].tags, taken["good"].manifests) == (1, 1)
    assert [one.tags for name, one in taken.items() if name != "good"] == [0] * 6
    told = json.dumps([[name, one.path, one.problems] for name, one in taken.items()], ensure_ascii=False)
    assert told.encode()
    assert not any(character in problem for one in taken.values() for problem in one.problems for character in "\x1b\n")


@pytest.mark.parametrize("moment", [-(2.0**40), 2.0**33, 2.0**40])
def test_moments_that_never_were(folder: Folder, moment: float) -> None:
    """A tag from the future would win over every push, and outlive every policy."""
    layer = some(3000)
    link = folder.image("web", "v1", folder.blob(layer), len(layer))
    try:
        os.utime(link, (moment, moment))
    except OSError as error:
        pytest.skip(f"this file system keeps no such moment: {error}")
    taken = folder.take()["web"]
    assert (taken.tags, taken.problems) == (1, [])
    (tag,) = tags.list_tags(folder.tools, OPERATOR, taken.path).items
    assert datetime(1970, 1, 1, tzinfo=UTC) <= tag.published_at <= folder.tools.clock()


def test_sizes_that_are_absurd(folder: Folder) -> None:
    layer = some(3000)
    digest = folder.blob(layer)
    folder.image("web", "small", digest, 1)
    folder.image("web", "large", digest, 2**62)
    huge = folder.top / "repositories/web/_manifests/tags/huge/current/link"
    huge.parent.mkdir(parents=True)
    with huge.open("wb") as file:
        file.truncate(2**34)
    deep = b"[" * 2_000_000
    wrong = folder.blob(deep)
    link = folder.top / "repositories/web/_manifests/revisions/sha256" / wrong.partition(":")[2] / "link"
    link.parent.mkdir(parents=True)
    link.write_text(wrong)
    taken = folder.take()["web"]
    assert (taken.tags, taken.manifests) == (0, 0)
    assert len(taken.problems) >= 4
