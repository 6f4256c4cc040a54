"""A folder written by the reference registry, read as it lies; a server may go on writing to it.

    docker/registry/v2/repositories/<name>/_manifests/tags/<tag>/current/link
    docker/registry/v2/repositories/<name>/_manifests/revisions/sha256/<hex>/link
    docker/registry/v2/blobs/sha256/<2 hex>/<hex>/data

A link holds a digest; its time is when the tag was moved or the manifest pushed.

Others may have written to it since. What is no plain file, or leads out of the folder, is as good as not there.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from wharfinger.spec import digest as digests
from wharfinger.spec.errors import quoted
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
            raise StoreFailed(
                f"{self.root} was not written by the reference registry, there is no {top}: name the folder above it"
            )
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
        if not _is_plain(path, self.top):
            raise BytesMissing(f"the bytes of {digest} are not in {self.root}, as a file of its own")
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
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            known = os.fstat(file.fileno())
            if not stat.S_ISREG(known.st_mode):
                raise ValueError("it is no file")
            return Link(name, digests.parse(file.read(LONGEST_LINK_BYTES).decode().strip()), known.st_mtime)
    except (OSError, ValueError) as error:
        return StoreFailed(f"the link of {quoted(name)} is broken: {error}")


def _is_plain(path: Path, top: Path) -> bool:
    """Is it a file, in these folders and not where a symbolic link leads?"""
    try:
        inside = path.parent.resolve() == top.resolve() / path.parent.relative_to(top)
        return inside and stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
