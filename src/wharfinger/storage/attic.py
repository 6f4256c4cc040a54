"""Looking through a local store: what lies there, setting aside what should not, taking over files that are elsewhere.

    <root>/quarantine/<algorithm>-<hex>    set aside by `verify`: nothing reads it; look at it, then remove it

Setting aside never races a push. A file counts as it stood at a moment the caller names; one that was kept, replaced
or linked since (its ctime tells) stays where it is.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from errno import EMLINK, EPERM, EXDEV
from itertools import cycle
from pathlib import Path
from secrets import token_hex
from typing import Final, NamedTuple

from wharfinger.spec import digest as digests
from wharfinger.storage.disk import READ, failed
from wharfinger.storage.hashes import RunningHash
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import Coming, Pieces, Store, StoreError, StoreFailed
from wharfinger.storage.synced import secure

PIECE_BYTES: Final = 512 * 1024  # the allocator gives its memory again and again
HANDED_BYTES: Final = 1024 * 1024  # of a piece that one thread hands to another
_NO_LINK: Final = (EXDEV, EPERM, EMLINK)


class DigestDiffers(StoreError):
    """Bytes that are to be taken over are not what their name says."""


class Kept(NamedTuple):
    """A file that a store keeps. `changed_at` is when it got this name or content, in seconds since 1970."""

    digest: str
    size_bytes: int
    changed_at: float


class Attic:
    """The files of a local store."""

    def __init__(self, store: LocalStore) -> None:
        self._store, self._disk, self.folder = store, store.disk, f"{store.root}/quarantine"

    def kept(self) -> Iterator[Kept]:
        """Every blob's file, in the order of digests. Raises StoreFailed."""
        for algorithm in sorted(digests.HEX_LENGTHS):
            for number in range(256):
                yield from self._kept_in(algorithm, f"{self._store.blobs}/{algorithm}/{number:02x}")

    def set_aside(self, digest: str, as_of: float) -> bool:
        """Move a blob's file into quarantine, if it is there and did not change since. Raises StoreFailed."""
        path = self._store.blob_path(digest)
        try:
            with suppress(FileExistsError):
                self._disk.mkdir(self.folder, 0o700)
            if self._disk.lstat(path).st_ctime >= as_of:
                return False
            self._disk.rename(path, self._aside(digest))
            self._store.sync_folder(self.folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failed(error, "set a blob aside", self.folder) from error
        return True

    def link(self, digest: str, source: Path) -> bool:
        """Let a file elsewhere be this blob's, durably and without a copy; False where the systems cannot link it.

        What has the name already is replaced. Raises StoreFailed.
        """
        path = self._store.blob_path(digest)
        arriving = f"{self._store.uploads}/link-{token_hex(8)}"
        try:
            self._sync(source)
            self._disk.link(os.fspath(source), arriving)
            self._require_plain(arriving)
            self._disk.rename(arriving, path)
            with suppress(FileNotFoundError):  # rename does nothing where both names are one file already
                self._disk.unlink(arriving)
            self._store.sync_folder(path.rpartition("/")[0])
            self._store.synced.put(digest, self._disk.stat(os.fspath(source)))
        except OSError as error:
            if error.errno in _NO_LINK:
                return False
            raise failed(error, "link a blob", self._store.blobs) from error
        return True

    def secure(self, digest: str) -> bool:
        """Are a blob's bytes there, and durable from now on? They may have come a moment ago. Raises StoreFailed."""
        path = self._store.blob_path(digest)
        try:
            secure(self._disk, path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failed(error, "look for a blob", self._store.blobs) from error
        return True

    def _require_plain(self, arriving: str) -> None:
        """What was linked is a file, and not a way to one: where that leads may change. Raises StoreFailed."""
        if not stat.S_ISREG(self._disk.lstat(arriving).st_mode):
            self._disk.unlink(arriving)
            raise StoreFailed("what is to be linked as a blob is no file of its own: it is left where it is")

    def _aside(self, digest: str) -> str:
        return f"{self.folder}/{digest.replace(':', '-')}"

    def _sync(self, source: Path) -> None:
        file = self._disk.open(os.fspath(source), READ)
        try:
            self._disk.fsync(file)
        finally:
            self._disk.close(file)

    def _kept_in(self, algorithm: str, folder: str) -> Iterator[Kept]:
        try:
            for name in sorted(self._disk.listdir(folder)):
                with suppress(FileNotFoundError, ValueError):
                    digest, found = digests.parse(f"{algorithm}:{name}"), self._disk.lstat(f"{folder}/{name}")
                    yield Kept(digest, found.st_size, found.st_ctime)
        except OSError as error:
            raise failed(error, "list blobs", folder) from error


def attic_of(store: Store) -> Attic | None:
    """The files of a store that keeps a blob as a file under its digest; None for others."""
    return Attic(store) if isinstance(store, LocalStore) else None


def adopt(store: Store, digest: str, source: Path, *, copy: bool) -> str:
    """Let the bytes of a file be this blob's, by a link where that works; returns their place.

    With `copy` they are copied where it does not, and then compared with the digest. Raises StoreFailed.
    """
    attic = attic_of(store)
    if attic is not None and attic.link(digest, source):
        return ""
    if not copy:
        raise StoreFailed(f"{source} cannot be linked into the store, which is elsewhere: add --copy to copy the bytes")
    return copy_in(store, digest, pieces_of(source, HANDED_BYTES))


def copy_in(store: Store, digest: str, pieces: Pieces) -> str:
    """Keep a copy of these bytes, if they have this digest; returns its place. Raises DigestDiffers, StoreFailed.

    They are hashed by another thread than the one that reads, seals and writes them.
    """
    upload, running = token_hex(16), RunningHash(digests.algorithm(digest))
    store.begin(upload, running.algorithm)
    with store.open(upload, "") as arriving, ThreadPoolExecutor(1) as other:
        hashed = other.submit(running.feed, b"")
        for piece in pieces:
            hashed.result()
            hashed = other.submit(running.feed, piece)
            arriving.write(piece)
        hashed.result()
        if running.digest() == digest:
            return arriving.keep(digest)
        arriving.cancel()
    raise _differs(digest, running.digest())


def put_in(store: Store, blobs: Sequence[Coming]) -> list[str]:
    """Keep copies of these blobs, if they have their digests; returns their places. Raises as `copy_in`."""
    return store.put([blob._replace(pieces=_compared(blob)) for blob in blobs])


def _compared(blob: Coming) -> Pieces:
    """The same pieces. Raises DigestDiffers in the end."""
    running = RunningHash(digests.algorithm(blob.digest))
    for piece in blob.pieces:
        running.feed(piece)
        yield piece
    if running.digest() != blob.digest:
        raise _differs(blob.digest, running.digest())
    if running.count != blob.size_bytes:
        raise DigestDiffers(f"{blob.digest} has {running.count} bytes where {blob.size_bytes} were to come")


def _differs(digest: str, found: str) -> DigestDiffers:
    return DigestDiffers(f"what was to be {digest} has the digest {found}: it is not taken")


def pieces_of(path: Path, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
    """The bytes of a file. A piece is good until the next but one is asked for. Raises StoreFailed."""
    rooms = cycle([memoryview(bytearray(piece_bytes)), memoryview(bytearray(piece_bytes))])
    try:
        with path.open("rb", buffering=0) as file:
            for room in rooms:
                count = file.readinto(room)
                if not count:
                    return
                yield room[:count]
    except OSError as error:
        raise failed(error, "read", str(path)) from error
