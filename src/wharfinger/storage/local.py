"""Bytes in a local folder, or in one that several hosts share.

    <root>/uploads/<upload>                       what has arrived so far
    <root>/blobs/<algorithm>/<first two>/<hex>    what was kept

The folders are made when the server starts, so that no push waits for one. An upload is locked (flock) while a request
has it open: processes and hosts do not write it at once, and a crash lets go of it.

Keeping gives the file its final name first and syncs afterwards: file and folder then go to disk in one commit of the
file system's journal instead of two. So after a crash a torn file may lie under a final name. That is harmless,
because no row names it, and because a later `keep` of the same digest always replaces what it finds. It must never
happen to a blob that a row does name, so the quick way is only taken where the final name is free (`link` takes a
name or fails); where it is not, the bytes are synced before they replace anything.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import EISDIR, ELOOP, EWOULDBLOCK
from fcntl import LOCK_EX, LOCK_NB
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from types import TracebackType
from typing import Final, Self

from wharfinger.spec import digest as digests
from wharfinger.storage.disk import APPEND, CREATE, FOLDER, READ, Disk, failed
from wharfinger.storage.hashes import RecentHashes, RunningHash
from wharfinger.storage.store import BytesMissing, File, StoreError, StoreFailed, Stream, UploadLocked, UploadMissing

PIECE_BYTES: Final = 1024 * 1024

_UPLOAD: Final = re.compile(r"[0-9a-f]{32}")


class LocalStore:
    """A store in the folder `root`, which is made if need be; raises StoreFailed where it cannot be used."""

    at_once = True

    def __init__(self, root: Path, disk: Disk | None = None, clock: Callable[[], float] = time.time) -> None:
        self.disk, self.hashes, self._clock = disk or Disk(), RecentHashes(), clock
        self.root, self.uploads, self.blobs = str(root), f"{root}/uploads", f"{root}/blobs"
        try:
            self._make_folders()
        except OSError as error:
            raise failed(error, "make the store's folders", self.root) from error

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload: an empty file. Nothing is synced, because nothing was promised yet."""
        path = self.upload_path(upload)
        try:
            self.disk.close(self.disk.open(path, CREATE, 0o600))
        except FileExistsError:
            raise ValueError(f"the upload {upload} was begun before: every upload needs an id of its own") from None
        except OSError as error:
            raise failed(error, "start an upload", self.uploads) from error
        if algorithm != "sha256":
            self.hashes.put(upload, RunningHash(algorithm))

    def open(self, upload: str, algorithm: str | None = None) -> "LocalUpload":
        """Continue an upload, alone."""
        if not _UPLOAD.fullmatch(upload):
            raise UploadMissing("an upload's id has 32 hex digits")
        return LocalUpload(self, upload, algorithm)

    def read(self, digest: str, start: int = 0, length: int | None = None) -> File | Stream:
        """The blob's bytes: whole ones as a file, parts as a stream."""
        path = self.blob_path(digest)
        try:
            if start == 0 and length is None:
                self.disk.stat(path)
                return File(Path(path))
            return Stream(_Pieces(self, path, start, length))
        except FileNotFoundError:
            raise BytesMissing(
                f"the bytes of {digest} are not in {self.blobs}: restore them, or push it again"
            ) from None
        except OSError as error:
            raise failed(error, "read a blob", self.blobs) from error

    def delete(self, digest: str) -> None:
        """Remove a blob's bytes. Not synced: bytes that come back after a crash have no row."""
        try:
            with suppress(FileNotFoundError):
                self.disk.unlink(self.blob_path(digest))
        except OSError as error:
            raise failed(error, "delete a blob", self.blobs) from error

    def abandon(self, older_than_seconds: float) -> int:
        """Forget uploads not written to for so long, save those that are open. One bad file does not save the rest."""
        limit = self._clock() - older_than_seconds
        count, failure = 0, None
        try:
            names = self.disk.listdir(self.uploads)
        except OSError as error:
            raise failed(error, "list uploads", self.uploads) from error
        for name in filter(_UPLOAD.fullmatch, names):
            try:
                count += self._abandoned(name, limit)
            except StoreFailed as error:
                failure = error
        if failure is not None:
            raise failure
        return count

    def check(self) -> None:
        """An upload of a few bytes, read back and cancelled."""
        upload, data = token_hex(16), b"wharfinger was here"
        self.begin(upload)
        with self.open(upload) as trial:
            trial.write(data)
            same = trial.digest("sha512") == digests.of(data, "sha512")  # fed with sha256, so this one is read back
            trial.cancel()
        if not same:
            raise StoreFailed(f"{self.uploads} does not give back what was written to it: check the disk")

    def upload_path(self, upload: str) -> str:
        """Where an upload's bytes arrive. Raises ValueError on anything but an id: it may come from outside."""
        if not _UPLOAD.fullmatch(upload):
            raise ValueError("an upload's id has 32 hex digits")
        return f"{self.uploads}/{upload}"

    def blob_path(self, digest: str) -> str:
        """Where a blob's bytes are. Raises spec Malformed, a ValueError, on anything but a digest."""
        algorithm, _, hexes = digests.parse(digest).partition(":")
        return f"{self.blobs}/{algorithm}/{hexes[:2]}/{hexes}"

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        folder = self.disk.open(path, FOLDER)
        try:
            self.disk.fsync(folder)
        finally:
            self.disk.close(folder)

    def _make_folders(self) -> None:
        """Make what is missing. Synced even if nothing was: whoever made it may have been killed before it did."""
        Path(self.root).mkdir(mode=0o700, parents=True, exist_ok=True)
        algorithms = [f"{self.blobs}/{algorithm}" for algorithm in digests.HEX_LENGTHS]
        for folder in (self.uploads, self.blobs, *algorithms):
            with suppress(FileExistsError):
                self.disk.mkdir(folder, 0o700)
        for folder in algorithms:
            for name in {f"{number:02x}" for number in range(256)}.difference(self.disk.listdir(folder)):
                with suppress(FileExistsError):
                    self.disk.mkdir(f"{folder}/{name}", 0o700)
        for folder in (*algorithms, self.blobs, self.root):
            self.sync_folder(folder)
        with suppress(PermissionError):  # above the root others may rule
            self.sync_folder(str(Path(self.root).parent))

    def _abandoned(self, upload: str, limit: float) -> bool:
        with suppress(UploadMissing, UploadLocked), self.open(upload) as stale:
            if stale.written_at <= limit:
                stale.cancel()
                return True
        return False


class LocalUpload:
    """One upload, open and locked until its `with` block ends."""

    __slots__ = ("_disk", "_ended", "_file", "_id", "_path", "_running", "_store", "size_bytes", "written_at")

    def __init__(self, store: LocalStore, upload: str, algorithm: str | None) -> None:
        self._store, self._disk, self._id, self._path = store, store.disk, upload, store.upload_path(upload)
        self._ended = False
        try:
            self._file = self._disk.open(self._path, APPEND)
        except OSError as error:
            raise _refusal(error, store.uploads) from error
        try:
            self._lock()
        except BaseException:
            self._disk.close(self._file)
            raise
        running = store.hashes.take(upload)
        if running is None or running.count > self.size_bytes:
            running = RunningHash(algorithm or "sha256")
        self._running = running

    def write(self, data: bytes) -> None:
        """Append. Where only a part of it fits, that part stays and is counted: the client may go on from there."""
        self._require_going_on()
        rest = memoryview(data)
        try:
            while rest:
                written = rest[: self._disk.write(self._file, rest)]
                if self._running.count == self.size_bytes:
                    self._running.feed(written)
                self.size_bytes += len(written)
                rest = rest[len(written) :]
        except OSError as error:
            raise failed(error, "write an upload", self._store.uploads) from error

    def digest(self, algorithm: str) -> str:
        """Of all bytes so far; those that other processes wrote are read."""
        self._require_going_on()
        if self._running.algorithm != algorithm:
            self._running = RunningHash(algorithm)
        try:
            while self._running.count < self.size_bytes:
                piece = self._disk.pread(self._file, PIECE_BYTES, self._running.count)
                if not piece:
                    raise StoreFailed(f"{self._path} is shorter than it was: somebody else changes files of this store")
                self._running.feed(piece)
        except OSError as error:
            raise failed(error, "read an upload", self._store.uploads) from error
        return self._running.digest()

    def keep(self, digest: str) -> None:
        """Give the bytes their final name and make both durable; the module says why in this order."""
        self._require_going_on()
        path = self._store.blob_path(digest)
        folder = path.rpartition("/")[0]
        try:
            if self._named(path):
                self._sync()
            else:
                self._sync()
                self._disk.rename(self._path, path)
                self._ended = True
            self._store.sync_folder(folder)
        except OSError as error:
            raise failed(error, "keep a blob", folder) from error

    def cancel(self) -> None:
        """Forget the upload and its bytes."""
        self._ended = True
        try:
            with suppress(FileNotFoundError):
                self._disk.unlink(self._path)
        except OSError as error:
            raise failed(error, "remove an upload", self._store.uploads) from error

    def close(self) -> None:
        """Let others continue it. Closing again does nothing."""
        file, self._file = self._file, -1
        if file >= 0:
            if not self._ended:
                self._store.hashes.put(self._id, self._running)
            self._disk.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        """Lock the file, then see whether it is still the upload: it may have ended between open and lock."""
        try:
            self._disk.flock(self._file, LOCK_EX | LOCK_NB)
            mine, named = self._disk.fstat(self._file), self._disk.lstat(self._path)
        except OSError as error:
            raise _refusal(error, self._store.uploads) from error
        # Two names: the server was killed while it kept the upload. Appending would change a blob that is there.
        if mine.st_ino != named.st_ino or mine.st_nlink != 1 or not S_ISREG(mine.st_mode):
            raise UploadMissing("the upload has ended")
        self.size_bytes, self.written_at = mine.st_size, mine.st_mtime

    def _named(self, path: str) -> bool:
        """Take the final name if it is free; False where it is not, or where the file system has no links."""
        try:
            self._disk.link(self._path, path)
        except FileNotFoundError:
            raise
        except OSError:
            return False
        self._ended = True
        self._disk.unlink(self._path)
        return True

    def _sync(self) -> None:
        """Never tried twice: after a failed fsync the system may have dropped the bytes and call the next one fine."""
        try:
            self._disk.fsync(self._file)
        except OSError:
            with suppress(OSError):  # empty our own file, whatever name it has: the next one to keep replaces it
                self._disk.ftruncate(self._file, 0)
            with suppress(StoreError):
                self.cancel()
            raise

    def _require_going_on(self) -> None:
        if self._ended:
            raise UploadMissing("the upload has ended")


class _Pieces(Iterator[bytes]):
    """A part of a file. Closed at its end, by `close`, or when nobody holds it any more."""

    def __init__(self, store: LocalStore, path: str, start: int, length: int | None) -> None:
        self._disk, self._folder, self._at, self._left, self._file = store.disk, store.blobs, start, length, -1
        self._file = self._disk.open(path, READ)

    def __next__(self) -> bytes:
        if self._file < 0 or self._left == 0:
            self.close()
            raise StopIteration
        count = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        try:
            piece = self._disk.pread(self._file, count, self._at)
        except OSError as error:
            raise failed(error, "read a blob", self._folder) from error
        return self._sent(piece)

    def _sent(self, piece: bytes) -> bytes:
        if self._left is not None:
            self._left -= len(piece)
        self._at += len(piece)
        if piece:
            return piece
        self.close()
        if self._left:
            raise BytesMissing(f"a blob in {self._folder} ends {self._left} bytes too early: restore it")
        raise StopIteration

    def close(self) -> None:
        """Give the file back. Closing again does nothing."""
        file, self._file = self._file, -1
        if file >= 0:
            self._disk.close(file)

    def __del__(self) -> None:
        self.close()


def _refusal(error: OSError, folder: str) -> StoreError:
    """Why an upload could not be opened."""
    if error.errno == EWOULDBLOCK:
        return UploadLocked("another request has this upload open")
    if isinstance(error, FileNotFoundError) or error.errno in (ELOOP, EISDIR):
        return UploadMissing("there is no such upload")
    return failed(error, "open an upload", folder)
