"""The twin of the local store that keeps everything in memory: for tests, and for nothing that must last."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Final, Self

from wharfinger.spec import digest as digests
from wharfinger.storage.store import BytesMissing, Coming, File, Stream, UploadLocked, UploadMissing

PIECE_BYTES: Final = 1024 * 1024

_UPLOAD: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class _Arriving:
    written_at: float
    data: bytearray = field(default_factory=bytearray)
    lock: Lock = field(default_factory=Lock)


class MemoryStore:
    """A store that ends with its process."""

    at_once = True

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.uploads: dict[str, _Arriving] = {}
        self.blobs: dict[str, bytes] = {}
        self.doomed: dict[str, bytes] = {}

    def begin(self, upload: str, algorithm: str = "sha256") -> None:  # noqa: ARG002 - nothing to prepare
        """Start an upload."""
        if not _UPLOAD.fullmatch(upload) or upload in self.uploads:
            raise ValueError("an upload's id has 32 hex digits, and every upload its own")
        self.uploads[upload] = _Arriving(self.clock())

    def open(self, upload: str, algorithm: str | None = None) -> "MemoryUpload":  # noqa: ARG002 - nothing to prepare
        """Continue an upload, alone."""
        return MemoryUpload(self, upload)

    def arrived(self, upload: str) -> int:
        """How many bytes there are by now."""
        if upload not in self.uploads:
            raise UploadMissing("there is no such upload")
        return len(self.uploads[upload].data)

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        """Keep blobs."""
        self.blobs.update({digests.parse(blob.digest): b"".join(map(bytes, blob.pieces)) for blob in blobs})
        return [""] * len(blobs)

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",  # noqa: ARG002 - the digest says enough
        redirect: timedelta | None = None,  # noqa: ARG002 - memory has no URLs
    ) -> File | Stream:
        """The blob's bytes, always as a stream."""
        data = self.blobs.get(digests.parse(digest))
        if data is None:
            raise BytesMissing(f"the bytes of {digest} are not in memory: push it again")
        return Stream(_pieces(data, start, length))

    def delete(self, digest: str, place: str = "") -> None:  # noqa: ARG002 - the digest says enough
        """Remove a blob's bytes."""
        self.blobs.pop(digests.parse(digest), None)

    def kept(self, digest: str, place: str = "") -> bool:  # noqa: ARG002 - the digest says enough
        """Are a blob's bytes there?"""
        return digests.parse(digest) in self.blobs

    def settled(self, digest: str, place: str = "") -> bool:
        """Are they where new ones would be?"""
        return not place and self.kept(digest)

    def withdraw(self, digest: str, place: str = "") -> None:  # noqa: ARG002 - the digest says enough
        """Out of the way."""
        data = self.blobs.pop(digests.parse(digest), None)
        if data is not None:
            self.doomed[digest] = data

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove what was withdrawn."""
        for digest, _ in blobs:
            self.doomed.pop(digest, None)

    def abandon(self, older_than_seconds: float) -> int:
        """Forget uploads not written to for so long, save those that are open."""
        limit = self.clock() - older_than_seconds
        stale = [upload for upload, it in self.uploads.items() if it.written_at <= limit and not it.lock.locked()]
        for upload in stale:
            del self.uploads[upload]
        return len(stale)

    def unfinished(self) -> Iterator[tuple[str, int]]:
        """Uploads and how many bytes each has."""
        yield from [(upload, len(it.data)) for upload, it in self.uploads.items()]

    def check(self) -> None:
        """Memory is always there."""


class MemoryUpload:
    """One upload, open and locked until its `with` block ends."""

    def __init__(self, store: MemoryStore, upload: str) -> None:
        self._store, self._id, self._closed = store, upload, False
        arriving = store.uploads.get(upload)
        if arriving is None:
            raise UploadMissing("there is no such upload")
        if not arriving.lock.acquire(blocking=False):
            raise UploadLocked("another request has this upload open")
        self._arriving = arriving
        if store.uploads.get(upload) is not arriving:
            self.close()
            raise UploadMissing("the upload has ended")

    @property
    def size_bytes(self) -> int:
        """How many bytes have arrived."""
        return len(self._arriving.data)

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self._require_going_on()
        self._arriving.data += data
        self._arriving.written_at = self._store.clock()

    def digest(self, algorithm: str) -> str:
        """Of all bytes so far."""
        self._require_going_on()
        return digests.of(bytes(self._arriving.data), algorithm)

    def keep(self, digest: str) -> str:
        """Let the bytes be a blob."""
        self._require_going_on()
        self._store.blobs[digests.parse(digest)] = bytes(self._arriving.data)
        self.cancel()
        return ""

    def cancel(self) -> None:
        """Forget the upload and its bytes."""
        self._store.uploads.pop(self._id, None)

    def close(self) -> None:
        """Let others continue it. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            self._arriving.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_going_on(self) -> None:
        if self._store.uploads.get(self._id) is not self._arriving:
            raise UploadMissing("the upload has ended")


def _pieces(data: bytes, start: int, length: int | None) -> Iterator[bytes]:
    end = len(data) if length is None else start + length
    for at in range(start, min(end, len(data)), PIECE_BYTES):
        yield data[at : min(at + PIECE_BYTES, end)]
    if end > len(data):
        raise BytesMissing(f"the blob ends {end - len(data)} bytes too early")
