"""Folders and buckets with blobs in them that are not our store: to fetch from, never to write to.

blobs/sha256/<2 hex>/<hex>                          another Wharfinger's folder, or a backup of one
docker/registry/v2/blobs/sha256/<2 hex>/<hex>/data  the reference registry
blobs/sha256/<hex>                                  an OCI image layout
"""

from dataclasses import dataclass
from pathlib import Path

from wharfinger.spec import digest as digests
from wharfinger.storage.attic import pieces_of
from wharfinger.storage.bucket import Bucket
from wharfinger.storage.store import BytesMissing, Pieces


@dataclass(frozen=True, slots=True)
class ForeignFolder:
    """A folder in any of these shapes."""

    root: Path

    def find(self, digest: str) -> Pieces | None:
        """The bytes under this blob's name: nobody has looked inside."""
        found = next((self.root / name for name in _names(digest) if (self.root / name).is_file()), None)
        return None if found is None else pieces_of(found)


@dataclass(frozen=True, slots=True)
class ForeignBucket:
    """A bucket in any of these shapes."""

    bucket: Bucket

    def find(self, digest: str) -> Pieces | None:
        """The bytes under this blob's name. Raises StoreFailed."""
        for name in _names(digest):
            try:
                return self.bucket.read(name, 0, self.bucket.size(name))
            except BytesMissing:
                continue
        return None


def _names(digest: str) -> tuple[str, ...]:
    algorithm, _, hexes = digests.parse(digest).partition(":")
    return (
        f"blobs/{algorithm}/{hexes[:2]}/{hexes}",
        f"docker/registry/v2/blobs/{algorithm}/{hexes[:2]}/{hexes}/data",
        f"blobs/{algorithm}/{hexes}",
    )
