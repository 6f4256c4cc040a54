"""Objects in a bucket: Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure Blob; through obstore.

Objects are sent in parts, a few at a time over all uploads of a process, so memory stays bounded however many layers
flow. An upload that a crash cut off leaves parts that no listing shows: a lifecycle rule of the bucket clears them
(docs/storage.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import NotSupportedError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

from wharfinger.storage.complaints import FAILURES, bucket_missing, failed, status
from wharfinger.storage.objects import Listed, Writer
from wharfinger.storage.store import BytesMissing, Pieces, StoreError, StoreFailed

PIECE_BYTES: Final = 1024 * 1024
PARTS_AT_ONCE: Final = 16  # in flight over all uploads of a process, but at least one for each
DELETED_AT_ONCE: Final = 1000  # what one bulk delete of S3 takes

AnyStore = S3Store | GCSStore | AzureStore | LocalStore | MemoryStore


@dataclass(slots=True)
class _Count:
    """How many writers of this process are open."""

    open: int = 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, through three clients. `making` says more of the objects that it makes: the key to encrypt them with.

    `reading` allows a body to take its time, as long as bytes come. `asking` does all the rest.
    """

    where: str
    making: AnyStore
    asking: AnyStore
    reading: AnyStore
    _writers: _Count = field(default_factory=_Count)

    @property
    def attributes(self) -> Any:
        """What every object is given, where the store knows of such."""
        return None if isinstance(self.making, LocalStore | MemoryStore) else _ATTRIBUTES

    def writer(self, name: str, part_bytes: int) -> Writer:
        """Start an object: small ones go in one request when they are finished, others in parts as they come."""
        return _BucketWriter(self, name, part_bytes)

    def put(self, objects: Sequence[tuple[str, Pieces]], part_bytes: int) -> None:
        """One after another."""
        for name, pieces in objects:
            writer = self.writer(name, part_bytes)
            try:
                for piece in pieces:
                    writer.write(piece)
                writer.finish()
            except StoreError:
                writer.abandon()
                raise

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`."""
        try:
            result = obstore.get(self.reading, name, options={"range": (start, end)})
            return _pieces(self, name, iter(result.stream(PIECE_BYTES)), end - start)
        except FileNotFoundError as error:
            if bucket_missing(error):
                raise failed(error, "read", self.where) from error
            raise BytesMissing(f"the object {name} is not in {self.where}: restore it, or push it again") from error
        except FAILURES as error:
            if status(error) == "416":
                raise BytesMissing(f"the object {name} in {self.where} ends too early: restore it") from error
            raise failed(error, "read", self.where) from error

    def size(self, name: str) -> int:
        """How many bytes an object has. Raises BytesMissing, StoreFailed."""
        try:
            return int(obstore.head(self.asking, name)["size"])
        except FileNotFoundError as error:
            raise BytesMissing(f"the object {name} is not in {self.where}: restore it, or push it again") from error
        except FAILURES as error:
            raise failed(error, "look for an object", self.where) from error

    def list(self, folder: str) -> Iterator[Listed]:
        """Every object below a folder."""
        try:
            for page in obstore.list(self.asking, f"{folder}/"):
                for it in page:
                    yield Listed(str(it["path"]), int(it["size"]), it["last_modified"].timestamp())
        except FAILURES as error:
            raise failed(error, "list objects", self.where) from error

    def rename(self, name: str, to: str) -> bool:
        """Copied by the provider, then deleted."""
        try:
            obstore.copy(self.making, name, to)
            obstore.delete(self.asking, name)
        except FileNotFoundError as error:
            if bucket_missing(error):
                raise failed(error, "rename", self.where) from error
            return False
        except FAILURES as error:
            raise failed(error, "rename", self.where) from error
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects, many in a request where the provider can."""
        try:
            for at in range(0, len(names), DELETED_AT_ONCE):
                obstore.delete(self.asking, list(names[at : at + DELETED_AT_ONCE]))
        except FileNotFoundError as error:
            if bucket_missing(error):
                raise failed(error, "delete", self.where) from error
            self._delete_one_by_one(names)
        except FAILURES as error:
            raise failed(error, "delete", self.where) from error

    def link(self, name: str, life: timedelta) -> str | None:
        """A presigned URL."""
        if isinstance(self.asking, LocalStore | MemoryStore):
            return None
        try:
            return obstore.sign(self.asking, "GET", name, life)
        except NotSupportedError:
            return None
        except FAILURES as error:
            raise failed(error, "sign a link", self.where) from error

    def sweep(self, older_than_seconds: float) -> None:
        """Parts without an end are the bucket's own to clear away, by a lifecycle rule."""

    def _delete_one_by_one(self, names: Sequence[str]) -> None:
        for name in names:
            try:
                obstore.delete(self.asking, name)
            except FileNotFoundError:
                continue
            except FAILURES as error:
                raise failed(error, "delete", self.where) from error


class _BucketWriter:
    def __init__(self, bucket: Bucket, name: str, part_bytes: int) -> None:
        self._bucket, self._name, self._broken, self._open = bucket, name, False, True
        bucket._writers.open += 1
        self._file = obstore.open_writer(
            bucket.making,
            name,
            attributes=bucket.attributes,
            buffer_size=part_bytes,
            max_concurrency=max(1, min(4, PARTS_AT_ONCE // bucket._writers.open)),
        )

    def write(self, data: bytes | memoryview) -> None:
        """Append; waits while too many parts are on their way."""
        try:
            self._file.write(bytes(data))
        except FAILURES as error:
            self._broken = True
            self._end()
            raise failed(error, "write", self._bucket.where) from error

    def finish(self) -> None:
        """Send what is left, and have the parts made one object."""
        if self._broken:
            raise StoreFailed(f"an object for {self._bucket.where} was given up before")
        try:
            self._file.close()
        except FAILURES as error:
            self._broken = True
            raise failed(error, "write", self._bucket.where) from error
        finally:
            self._end()

    def abandon(self) -> None:
        """obstore cannot take parts back once they are sent, so they become an object, and that is deleted."""
        try:
            self.finish()
            self._bucket.delete([self._name])
        except StoreFailed:
            pass  # nobody knows the object; the bucket's lifecycle rule does the rest

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._bucket._writers.open -= 1


_ATTRIBUTES: Final[Any] = {"Content-Type": "application/octet-stream"}


def _pieces(bucket: Bucket, name: str, stream: Iterator[bytes], length: int) -> Iterator[bytes]:
    left = length
    try:
        for piece in stream:
            left -= len(piece)
            for at in range(0, len(piece), PIECE_BYTES):
                yield bytes(memoryview(piece)[at : at + PIECE_BYTES])
    except FAILURES as error:
        raise failed(error, "read", bucket.where) from error
    if left:
        raise BytesMissing(f"the object {name} in {bucket.where} ends {left} bytes too early: restore it")
