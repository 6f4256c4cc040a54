"""Several stores as one, while bytes move from one to another: what is new goes to the first, all of them are read.

Where a blob is tells its row: an empty place is in one of the `plain` stores, which look under the digest, any other
in the store of objects. An upload ends where it began.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from wharfinger.storage.attic import Attic
from wharfinger.storage.local import LocalStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import spare
from wharfinger.storage.store import (
    BytesMissing,
    Coming,
    File,
    Redirect,
    Store,
    StoreFailed,
    Stream,
    Upload,
    UploadMissing,
)


class Stores:
    """`first` is one of the others: of `plain`, in the order in which they are looked through, or `placed`."""

    def __init__(self, first: Store, plain: Sequence[LocalStore], placed: ObjectStore | None = None) -> None:
        self.first, self.plain, self.placed = first, tuple(plain), placed
        self.all: tuple[Store, ...] = (*self.plain, *([placed] if placed else []))
        self.at_once = all(store.at_once for store in self.all)
        for store in self.plain:
            store.alone = len(self.plain) == 1

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload, in the first."""
        self.first.begin(upload, algorithm)

    def open(self, upload: str, algorithm: str | None = None) -> Upload:
        """Continue an upload, wherever it began."""
        for store in self.all[:-1]:
            with suppress(UploadMissing):
                return store.open(upload, algorithm)
        return self.all[-1].open(upload, algorithm)

    def arrived(self, upload: str) -> int:
        """How far an upload is, wherever it began."""
        for store in self.all[:-1]:
            with suppress(UploadMissing):
                return store.arrived(upload)
        return self.all[-1].arrived(upload)

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        """Keep blobs, in the first."""
        return self.first.put(blobs)

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",
        redirect: timedelta | None = None,
    ) -> File | Stream | Redirect:
        """The blob's bytes, from the first that has them."""
        missing: BytesMissing | None = None
        for store in self._of(place):
            try:
                return store.read(digest, start, length, place=place, redirect=redirect)
            except BytesMissing as error:
                missing = missing or error
        raise missing or BytesMissing(f"no store is configured that could have {digest}: put its settings back")

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's bytes, wherever they are."""
        for store in self._of(place):
            store.delete(digest, place)

    def kept(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes there?"""
        return any(store.kept(digest, place) for store in self._of(place))

    def settled(self, digest: str, place: str = "") -> bool:
        """Are they in the first?"""
        return self.first in self._of(place) and self.first.settled(digest, place)

    def withdraw(self, digest: str, place: str = "") -> None:
        """Take a blob's bytes out of the way, wherever they are."""
        for store in self._of(place):
            store.withdraw(digest, place)

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove what was withdrawn, and copies that are not needed."""
        for folder in self.plain:
            self._erase_spare(folder, [digest for digest, place in blobs if place == _spare(folder)])
        for store in self.all:
            mine = [blob for blob in blobs if store in self._of(blob[1])]
            if mine:
                store.erase(mine)

    def abandon(self, older_than_seconds: float) -> int:
        """Forget old uploads. A store that fails does not save those of the others."""
        count, failure = 0, None
        for store in self.all:
            try:
                count += store.abandon(older_than_seconds)
            except StoreFailed as error:
                failure = error
        if failure is not None:
            raise failure
        return count

    def unfinished(self) -> Iterator[tuple[str, int]]:
        """Uploads of all of them."""
        for store in self.all:
            yield from store.unfinished()

    def check(self) -> None:
        """Does each of them keep and give back bytes?"""
        for store in self.all:
            store.check()

    def spares(self, digest: str) -> list[str]:
        """The places of copies that are not needed once the first has these bytes: `erase` takes them."""
        if self.first not in self.plain:
            return []
        return [_spare(store) for store in self.plain if store is not self.first and store.settled(digest)]

    @property
    def own_spare(self) -> str:
        """The place of a copy in the first that is not needed once another store is the first."""
        return _spare(self.first) if isinstance(self.first, LocalStore) else ""

    def _erase_spare(self, store: LocalStore, digests: Sequence[str]) -> None:
        """Settings may have changed since: what is the only copy by now stays."""
        first = self.first
        if store is first or not isinstance(first, LocalStore):
            return
        gone = [digest for digest in digests if Attic(first).secure(digest)]
        for digest in gone:
            store.withdraw(digest)
        if gone:
            store.erase([(digest, "") for digest in gone])

    def _of(self, place: str) -> Sequence[Store]:
        """Those that may have the bytes of this place."""
        if not place:
            return self.plain
        return () if self.placed is None else (self.placed,)


def _spare(store: LocalStore) -> str:
    return spare(store.name).text()


def spares(store: Store, digest: str) -> list[str]:
    """The places of copies of a blob that are not needed once it is where new ones go."""
    return store.spares(digest) if isinstance(store, Stores) else []


def own_spare(store: Store) -> str:
    """The place of the copies where new ones go, for whom others are the first."""
    return store.own_spare if isinstance(store, Stores) else ""


def parts(store: Store) -> Iterator[Store]:
    """The stores that one is made of."""
    yield from store.all if isinstance(store, Stores) else (store,)
