"""Bytes in a local folder, or in one that several hosts share.

    <root>/uploads/<upload>                       what has arrived so far
    <root>/blobs/<algorithm>/<first two>/<hex>    what was kept
    <root>/doomed/<algorithm>-<hex>               what nothing needs any more, until it is removed

The folders are made when the server starts, so that no push waits for one. An upload is locked (flock) while a request
has it open: processes and hosts do not write it at once, and a crash lets go of it.

Keeping gives the file its final name first and syncs afterwards: file and folder then go to disk in one commit of
ext4's journal instead of two. So after a crash a torn file may lie under a final name. That is harmless, because no
row names it, and because a later `keep` of the same digest always replaces what it finds. Whoever finds such a file
where their own was, which the collector took away, syncs it before they rely on it (`kept`). It must never happen to a
blob that a row does name, so this way is only taken where the final name is free (`link` takes a name or fails), and
where no other folder may have the blob (`alone`); else the bytes are synced before they get the name.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from fcntl import LOCK_EX, LOCK_NB
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import Final, Self

from wharfinger.spec import digest as digests
from wharfinger.storage.disk import APPEND, CREATE, Disk, failed, refused, write_full_back
from wharfinger.storage.hashes import RecentHashes, RunningHash
from wharfinger.storage.pieces import PIECE_BYTES, of_file
from wharfinger.storage.store import BytesMissing, Coming, File, StoreFailed, Stream, UploadLocked, UploadMissing
from wharfinger.storage.synced import Synced, sync_folder
from wharfinger.storage.together import NewFile, write_together

_ELSEWHERE: Final = (
    "this blob is sealed or in an object store: put [storage] url and master_keys back as they were when it was pushed"
)
_UPLOAD: Final = re.compile(r"[0-9a-f]{32}")


class LocalStore:
    """A store in the folder `root`, which is made if need be; raises StoreFailed where it cannot be used."""

    at_once = True
    alone = True  # what is not here is nowhere: `storage.stores` says where that is not so

    def __init__(self, root: Path, disk: Disk | None = None, clock: Callable[[], float] = time.time) -> None:
        self.disk, self.hashes, self.synced, self._clock = disk or Disk(), RecentHashes(), Synced(), clock
        self.root, self.uploads, self.blobs = str(root), f"{root}/uploads", f"{root}/blobs"
        self.doomed, self.name = f"{root}/doomed", root.absolute().as_uri()
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

    def arrived(self, upload: str) -> int:
        """What the file has by now. One that has its blob's name too was being kept when the server was killed."""
        if not _UPLOAD.fullmatch(upload):
            raise UploadMissing("an upload's id has 32 hex digits")
        try:
            found = self.disk.lstat(self.upload_path(upload))
        except OSError as error:
            raise refused(error, self.uploads) from error
        if found.st_nlink != 1 or not S_ISREG(found.st_mode):
            raise UploadMissing("the upload has ended")
        return found.st_size

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        """Keep blobs, all in one go."""
        files = [NewFile(self.upload_path(token_hex(16)), self.blob_path(it.digest), it.pieces) for it in blobs]
        try:
            found = write_together(self.disk, files)
        except OSError as error:
            raise failed(error, "keep blobs", self.blobs) from error
        for blob, file in zip(blobs, found, strict=True):
            self.synced.put(blob.digest, file)
        return [""] * len(blobs)

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",
        redirect: timedelta | None = None,  # noqa: ARG002 - a folder has no URLs
    ) -> File | Stream:
        """The blob's bytes: whole ones as a file, parts as a stream."""
        if place:
            raise StoreFailed(_ELSEWHERE)
        path = self.blob_path(digest)
        try:
            if start == 0 and length is None:
                self.disk.stat(path)
                return File(Path(path))
            end = None if length is None else start + length
            return Stream(of_file(self.disk, path, start, end, self.blobs))
        except FileNotFoundError:
            raise BytesMissing(
                f"the bytes of {digest} are not in {self.blobs}: restore them, or push it again"
            ) from None
        except OSError as error:
            raise failed(error, "read a blob", self.blobs) from error

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's bytes. Not synced: bytes that come back after a crash have no row."""
        if place:
            raise StoreFailed(_ELSEWHERE)
        try:
            with suppress(FileNotFoundError):
                self.disk.unlink(self.blob_path(digest))
        except OSError as error:
            raise failed(error, "delete a blob", self.blobs) from error

    def kept(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes there, durably? Another upload may have put them there and not have synced them yet."""
        if place:
            raise StoreFailed(_ELSEWHERE)
        return self._found(digest, lambda path: self.synced.make_sure(self.disk, digest, path))

    def settled(self, digest: str, place: str = "") -> bool:
        """Are they here?"""
        return not place and self._found(digest, lambda path: bool(self.disk.stat(path)))

    def withdraw(self, digest: str, place: str = "") -> None:
        """Give the bytes a name where nobody looks. Always the same one: after a crash it is known what lies there."""
        if place:
            raise StoreFailed(_ELSEWHERE)
        try:
            with suppress(FileNotFoundError):
                self.disk.rename(self.blob_path(digest), self._doomed_path(digest))
        except OSError as error:
            raise failed(error, "withdraw a blob", self.blobs) from error

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove what was withdrawn, then make sure that no power cut brings it back under either name.

        One fsync for all: file systems that log what they do in order (ext4, XFS) make what was done before it durable
        as well. A hundred of them, one for each folder that a blob was in, would hold up the fsyncs of pushes. On
        others a power cut may bring a file back without a row, which `verify` finds.
        """
        try:
            for digest, _ in blobs:
                with suppress(FileNotFoundError):
                    self.disk.unlink(self._doomed_path(digest))
            self.sync_folder(self.doomed)
        except OSError as error:
            raise failed(error, "remove blobs", self.doomed) from error

    def abandon(self, older_than_seconds: float) -> int:
        """Forget uploads not written to for so long, save those that are open. One bad file does not save the rest."""
        limit, failures = self._clock() - older_than_seconds, list[OSError | StoreFailed]()
        count = sum(self._abandoned(name, limit, failures) for name in self._listed())
        if failures:
            raise StoreFailed(f"{len(failures)} old uploads stay, {count} are gone: {failures[0]}") from failures[0]
        return count

    def unfinished(self) -> Iterator[tuple[str, int]]:
        """Uploads and how many bytes each has."""
        for name in self._listed():
            try:
                yield name, self.disk.lstat(self.upload_path(name)).st_size
            except FileNotFoundError:
                continue  # it ended while we looked
            except OSError as error:
                raise failed(error, "look at uploads", self.uploads) from error

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

    def _doomed_path(self, digest: str) -> str:
        return f"{self.doomed}/{digests.parse(digest).replace(':', '-')}"

    def _listed(self) -> list[str]:
        try:
            return [name for name in self.disk.listdir(self.uploads) if _UPLOAD.fullmatch(name)]
        except OSError as error:
            raise failed(error, "list uploads", self.uploads) from error

    def _found(self, digest: str, look: Callable[[str], bool]) -> bool:
        try:
            return look(self.blob_path(digest))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failed(error, "look for a blob", self.blobs) from error

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        sync_folder(self.disk, path)

    def _make_folders(self) -> None:
        """Make what is missing. Synced even if nothing was: whoever made it may have been killed before it did."""
        Path(self.root).mkdir(mode=0o700, parents=True, exist_ok=True)
        algorithms = [f"{self.blobs}/{algorithm}" for algorithm in digests.HEX_LENGTHS]
        for folder in (self.uploads, self.doomed, self.blobs, *algorithms):
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

    def _abandoned(self, upload: str, limit: float, failures: list[OSError | StoreFailed]) -> bool:
        """Look before locking: who comes back to a younger one in this moment must not find it locked."""
        try:
            if self.disk.lstat(self.upload_path(upload)).st_mtime <= limit:
                with self.open(upload) as stale:
                    if stale.written_at <= limit:
                        stale.cancel()
                        return True
        except (UploadMissing, UploadLocked, FileNotFoundError):
            pass
        except (OSError, StoreFailed) as error:
            failures.append(error)
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
            raise refused(error, store.uploads) from error
        try:
            self._lock()
        except BaseException:
            self._disk.close(self._file)
            raise
        running = store.hashes.take(upload)
        if running is None or running.count > self.size_bytes:
            running = RunningHash("sha256" if algorithm is None else algorithm)
        self._running = running

    def write(self, data: bytes | memoryview) -> None:
        """Append. Where only a part of it fits, that part stays and is counted: the client may go on from there."""
        self._require_going_on()
        before, rest = self.size_bytes, memoryview(data)
        try:
            while rest:
                written = rest[: self._disk.write(self._file, rest)]
                if self._running.count == self.size_bytes:
                    self._running.feed(written)
                self.size_bytes += len(written)
                rest = rest[len(written) :]
        except OSError as error:
            raise failed(error, "write an upload", self._store.uploads) from error
        write_full_back(self._disk, self._file, before, self.size_bytes)

    def digest(self, algorithm: str) -> str:
        """Of all bytes so far; those that other processes wrote are read."""
        self._require_going_on()
        if self._running.algorithm != algorithm:
            self._running = RunningHash(algorithm)
        try:
            while self._running.count < self.size_bytes:
                piece = self._disk.pread(self._file, PIECE_BYTES, self._running.count)
                if not piece:
                    raise StoreFailed(f"{self._path} is shorter than it was: something else changes files in there")
                self._running.feed(piece)
        except OSError as error:
            raise failed(error, "read an upload", self._store.uploads) from error
        return self._running.digest()

    def keep(self, digest: str) -> str:
        """Give the bytes their final name and make both durable; the module says why in this order."""
        self._require_going_on()
        path = self._store.blob_path(digest)
        folder = path.rpartition("/")[0]
        try:
            if self._took(path):
                self._sync()
            else:
                self._sync()
                self._disk.rename(self._path, path)
                self._ended = True
            self._store.sync_folder(folder)
            self._store.synced.put(digest, self._disk.fstat(self._file))
        except OSError as error:
            raise failed(error, "keep a blob", folder) from error
        return ""

    def cancel(self) -> None:
        """Forget the upload and its bytes."""
        self._ended = True
        try:
            with suppress(FileNotFoundError):
                self._disk.unlink(self._path)
        except OSError as error:
            raise failed(error, "remove an upload", self._store.uploads) from error

    def close(self) -> None:
        """Let others continue it; raises StoreFailed where the system only now says that bytes were lost (NFS does)."""
        file, self._file = self._file, -1
        if file < 0:
            return
        try:
            self._disk.close(file)
        except OSError as error:
            if not self._ended:
                self.cancel()
                raise failed(error, "write an upload", self._store.uploads) from error
        if not self._ended:
            self._store.hashes.put(self._id, self._running)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock(self) -> None:
        """Lock the file, then see whether it is still the upload: it may have ended between open and lock."""
        try:
            self._disk.flock(self._file, LOCK_EX | LOCK_NB)
            mine, named = self._disk.fstat(self._file), self._disk.lstat(self._path)
            if mine.st_ino == named.st_ino and mine.st_nlink > 1:
                # The server was killed while it kept this upload: the bytes are a blob now, or on their way to be one.
                self._disk.unlink(self._path)
        except OSError as error:
            raise refused(error, self._store.uploads) from error
        if mine.st_ino != named.st_ino or mine.st_nlink != 1 or not S_ISREG(mine.st_mode):
            raise UploadMissing("the upload has ended")
        self.size_bytes, self.written_at = mine.st_size, mine.st_mtime

    def _took(self, path: str) -> bool:
        """Take the final name if it is free. Where `link` fails for another reason, `rename` will say so or do it."""
        if not self._store.alone:
            return False
        try:
            self._disk.link(self._path, path)
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
            with suppress(OSError):  # our own file, whatever its name is by now: the next one to keep replaces it
                self._disk.ftruncate(self._file, 0)
            with suppress(StoreFailed):
                self.cancel()
            raise

    def _require_going_on(self) -> None:
        if self._ended:
            raise UploadMissing("the upload has ended")
