"""Folders with blobs in them that are not our store: to fetch from, never to write to.

blobs/sha256/<2 hex>/<hex>                          another Wharfinger's store, or a backup of one
docker/registry/v2/blobs/sha256/<2 hex>/<hex>/data  the reference registry
blobs/sha256/<hex>                                  an OCI image layout
"""

from dataclasses import dataclass
from pathlib import Path

from wharfinger.spec import digest as digests


@dataclass(frozen=True, slots=True)
class ForeignFolder:
    """A folder in any of these shapes."""

    root: Path

    def find(self, digest: str) -> Path | None:
        """The file with this blob's bytes, by its name: nobody has looked inside."""
        algorithm, _, hexes = digests.parse(digest).partition(":")
        places = (
            f"blobs/{algorithm}/{hexes[:2]}/{hexes}",
            f"docker/registry/v2/blobs/{algorithm}/{hexes[:2]}/{hexes}/data",
            f"blobs/{algorithm}/{hexes}",
        )
        return next((self.root / place for place in places if (self.root / place).is_file()), None)
