"""A bucket written by the reference registry, read as it lies; a server may go on writing to it.

The names are those of `storage/reference.py`. Where the bucket is one of our own stores, its blobs are taken over where
they lie: a row names the object, and no byte moves.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

from wharfinger.spec import digest as digests
from wharfinger.storage.attic import copy_in
from wharfinger.storage.bucket import Bucket
from wharfinger.storage.objects import Listed
from wharfinger.storage.place import taken_over
from wharfinger.storage.reference import LONGEST_LINK_BYTES, Link
from wharfinger.storage.store import Store, StoreError, StoreFailed

_TOP: Final = "docker/registry/v2"
_AT_ONCE: Final = 16
_TAG: Final = re.compile(rf"{_TOP}/repositories/(.+)/_manifests/tags/([^/]+)/current/link")
_REVISION: Final = re.compile(rf"{_TOP}/repositories/(.+)/_manifests/revisions/([a-z0-9]+)/([0-9a-f]+)/link")


class ReferenceBucket:
    """Such a bucket; `name` is what places call it."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket, self._name = bucket, name

    def repositories(self) -> list[str]:
        """Names of all repositories, sorted."""
        tags, revisions = self._links
        if not tags and not revisions:
            where = f"{self._bucket.where}/{_TOP}"
            raise StoreFailed(
                f"{self._bucket.where} was not written by the reference registry, there is no {where}: name the prefix "
                "above it"
            )
        return sorted({*tags, *revisions})

    def tags(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every tag, by name; many are read at a time."""
        found = sorted(self._links[0].get(repository, {}).items())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(lambda pair: self._link(*pair), found)

    def revisions(self, repository: str) -> Iterator[Link | StoreFailed]:
        """Every manifest, tagged or not: the name of a link says what stands in it."""
        for digest, listed in sorted(self._links[1].get(repository, {}).items()):
            try:
                yield Link(digest, digests.parse(digest), listed.changed_at)
            except ValueError as error:
                yield StoreFailed(f"the link {listed.name} is broken: {error}")

    def body(self, digest: str, most_bytes: int) -> bytes:
        """The first bytes of a manifest."""
        name = _object(digest)
        return b"".join(self._bucket.read(name, 0, min(self._bucket.size(name), most_bytes)))

    def size(self, digest: str) -> int:
        """How many bytes a blob has."""
        return self._bucket.size(_object(digest))

    def adopt(self, store: Store, digest: str, *, copy: bool) -> str:
        """Where it lies, or by a copy under a name of ours."""
        name, size = _object(digest), self.size(digest)
        if copy:
            return copy_in(store, digest, self._bucket.read(name, 0, size))
        return taken_over(name, size, self._name).text()

    @cached_property
    def _links(self) -> tuple[dict[str, dict[str, Listed]], dict[str, dict[str, Listed]]]:
        """By repository: links of tags by their names, and links of manifests by their digests."""
        tags, revisions = defaultdict[str, dict[str, Listed]](dict), defaultdict[str, dict[str, Listed]](dict)
        for listed in self._bucket.list(f"{_TOP}/repositories"):
            if found := _TAG.fullmatch(listed.name):
                tags[found[1]][found[2]] = listed
            elif found := _REVISION.fullmatch(listed.name):
                revisions[found[1]][f"{found[2]}:{found[3]}"] = listed
        return tags, revisions

    def _link(self, name: str, listed: Listed) -> Link | StoreFailed:
        try:
            pieces = self._bucket.read(listed.name, 0, min(listed.size_bytes, LONGEST_LINK_BYTES))
            return Link(name, digests.parse(b"".join(pieces).decode().strip()), listed.changed_at)
        except (StoreError, ValueError) as error:
            return StoreFailed(f"the link of {name} is broken: {error}")


def _object(digest: str) -> str:
    algorithm, _, hexes = digests.parse(digest).partition(":")
    return f"{_TOP}/blobs/{algorithm}/{hexes[:2]}/{hexes}/data"
