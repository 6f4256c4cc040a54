"""A folder written by the reference registry, read as it lies; a server may go on writing to it.

    docker/registry/v2/repositories/<name>/_manifests/tags/<tag>/current/link
    docker/registry/v2/repositories/<name>/_manifests/revisions/sha256/<hex>/link
    docker/registry/v2/blobs/sha256/<2 hex>/<hex>/data

A link holds a digest; its time is when the tag was moved or the manifest pushed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from wharfinger.spec import digest as digests
from wharfinger.storage.attic import adopt
from wharfinger.storage.disk import failed
from wharfinger.storage.store import BytesMissing, Store, StoreFailed

LONGEST_LINK_BYTES = 256


class Link(NamedTuple):
    """What a link says, and when it was written (seconds since 1970)."""

    name: str
    digest: str
    written_at: float


class Reference(Protocol):
    """What the reference registry keeps, wherever. All of it raises StoreFailed where it cannot be read."""

    def repositories(self) -> list[str]:
        """Names of all repositories, sorted."""

    def tags(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every tag, by name; a refusal in the place of one that cannot be read."""

    def revisions(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every manifest, tagged or not; a refusal in the place of one that cannot be read."""

    def body(self, digest: str, most_bytes: int) -> bytes:
        """The first bytes of a manifest. Raises BytesMissing."""

    def size(self, digest: str) -> int:
        """How many bytes a blob has. Raises BytesMissing."""

    def adopt(self, store: Store, digest: str, *, copy: bool) -> str:
        """Let its bytes be this blob's, without a copy where that is possible; returns their place.

        With `copy` they are copied where it is not. Raises BytesMissing, DigestDiffers.
        """


@dataclass(frozen=True, slots=True)
class ReferenceFolder:
    """Such a folder: the one above `docker`. Its methods raise StoreFailed where it cannot be read."""

    root: Path

    @property
    def top(self) -> Path:
        """Where all of it is."""
        return self.root / "docker" / "registry" / "v2"

    def repositories(self) -> list[str]:
        """Names of all repositories, sorted."""
        top = self.top / "repositories"
        if not top.is_dir():
            raise StoreFailed(f"{self.root} was not written by the reference registry: there is no {top}")
        return sorted(self._repositories(top))

    def tags(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every tag, by name; a refusal in the place of one that cannot be read."""
        folder = self._manifests(repository) / "tags"
        for name in _names(folder):
            yield _link(name, folder / name / "current" / "link")

    def revisions(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every manifest, tagged or not; a refusal in the place of one that cannot be read."""
        for algorithm in digests.HEX_LENGTHS:
            folder = self._manifests(repository) / "revisions" / algorithm
            for name in _names(folder):
                yield _link(name, folder / name / "link")

    def file(self, digest: str) -> Path:
        """The file with a blob's or a manifest's bytes. Raises BytesMissing."""
        algorithm, _, hexes = digests.parse(digest).partition(":")
        path = self.top / "blobs" / algorithm / hexes[:2] / hexes / "data"
        if not path.is_file():
            raise BytesMissing(f"the bytes of {digest} are not in {self.root}")
        return path

    def body(self, digest: str, most_bytes: int) -> bytes:
        """The first bytes of a manifest."""
        path = self.file(digest)
        try:
            with path.open("rb") as file:
                return file.read(most_bytes)
        except OSError as error:
            raise failed(error, "read", str(path)) from error

    def size(self, digest: str) -> int:
        """How many bytes a blob has."""
        return self.file(digest).stat().st_size

    def adopt(self, store: Store, digest: str, *, copy: bool) -> str:
        """By a hard link, where both are on one disk."""
        return adopt(store, digest, self.file(digest), copy=copy)

    def _manifests(self, repository: str) -> Path:
        return self.top / "repositories" / repository / "_manifests"

    def _repositories(self, top: Path) -> Iterator[str]:
        """Folders that hold `_manifests`; what begins with an underscore is no part of a name."""
        for folder, names, _ in os.walk(top):
            if "_manifests" in names:
                yield Path(folder).relative_to(top).as_posix()
            names[:] = [name for name in names if not name.startswith("_")]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise failed(error, "list", str(folder)) from error


def _link(name: str, path: Path) -> Link | StoreFailed:
    try:
        with path.open("rb") as file:
            text, moment = file.read(LONGEST_LINK_BYTES).decode(), os.fstat(file.fileno()).st_mtime
        return Link(name, digests.parse(text.strip()), moment)
    except (OSError, ValueError) as error:
        return StoreFailed(f"the link of {name} is broken: {error}")
