"""What the local store asks of the operating system, and what a failure of it means to people.

`Disk` is thin on purpose: every attribute is the system's own call. The tests of faults put others in its place.
"""

import ctypes
import fcntl
import os
from collections.abc import Callable
from errno import (
    EACCES,
    EDQUOT,
    EIO,
    EISDIR,
    ELOOP,
    EMFILE,
    ENFILE,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    ENXIO,
    EPERM,
    EROFS,
    EWOULDBLOCK,
    EXDEV,
)
from typing import Final

from wharfinger.storage.store import StoreError, StoreFailed, UploadLocked, UploadMissing

APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
READ: Final = os.O_RDONLY | os.O_CLOEXEC
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
WRITE_NOW: Final = 2  # SYNC_FILE_RANGE_WRITE
_MIB: Final = 1024 * 1024


def _write_back() -> Callable[[int, int, int, int], int]:
    """sync_file_range(2), which `os` lacks: it tells Linux to start writing now what it would write later."""
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is None:
        return lambda *_: 0
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return call  # type: ignore[no-any-return]


class Disk:
    """The calls, by the names they have in `os`; all raise OSError and may do less than asked where `os` may."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    write = staticmethod(os.write)
    pread = staticmethod(os.pread)
    ftruncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    flock = staticmethod(fcntl.flock)
    fstat = staticmethod(os.fstat)
    stat = staticmethod(os.stat)
    lstat = staticmethod(os.lstat)
    link = staticmethod(os.link)
    rename = staticmethod(os.rename)
    unlink = staticmethod(os.unlink)
    mkdir = staticmethod(os.mkdir)
    listdir = staticmethod(os.listdir)
    write_back = staticmethod(_write_back())  # file, offset, length, WRITE_NOW: a hint, it never raises


def write_all(disk: Disk, file: int, data: bytes | memoryview) -> None:
    """Append all of it: a write may do less. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[disk.write(file, rest) :]


def write_full_back(disk: Disk, file: int, before: int, after: int) -> None:
    """Let the disk start on every MiB that a write filled while more arrive: fsync then finds little left to do.

    Never on the last byte, so not for files of a MiB: their fsync comes at once.
    """
    start, end = ((max(size, 1) - 1) // _MIB * _MIB for size in (before, after))
    if end > start:
        disk.write_back(file, start, end - start, WRITE_NOW)


_ADVICE: Final = {
    ENOSPC: ("is full", "free space on it or enlarge it"),
    EDQUOT: ("is full", "the quota of the account that runs the server is used up: raise it or free space"),
    EROFS: ("is read-only", "the system's log says why; mount it writable again"),
    EIO: ("is failing", "the system's log says more; check the disk before anything else is pushed"),
    EACCES: ("is closed to us", "let the account that runs the server own the folder and all below it"),
    EPERM: ("is closed to us", "let the account that runs the server own the folder and all below it"),
    ENOENT: ("is missing", "mount the disk it is on, then restart the server, which makes what is missing"),
    ENOTDIR: ("is out of reach", "something on this path is a file and no folder: name another path"),
    EXDEV: ("is split", "blobs and uploads must be folders of one file system: bytes are moved, never copied"),
    EMFILE: ("is out of reach", "too many files are open: raise the limit of open files (ulimit -n, LimitNOFILE)"),
    ENFILE: ("is out of reach", "too many files are open on this machine: raise fs.file-max"),
}


def failed(error: OSError, doing: str, folder: str) -> StoreFailed:
    """What to tell the operator when `doing` ("write an upload") did not work in `folder`, and what the client."""
    what, advice = _ADVICE.get(error.errno or 0, ("is failing", "the system's log may say more"))
    sentence = f"cannot {doing} in {folder}: {os.strerror(error.errno or EIO)}: {advice}"
    return StoreFailed(sentence, f"the registry's storage {what}: tell its operator, then try again")


def refused(error: OSError, folder: str) -> StoreError:
    """Why an upload could not be opened."""
    if error.errno == EWOULDBLOCK:
        return UploadLocked("another request has this upload open")
    if error.errno in (ENOENT, ELOOP, EISDIR, ENXIO):
        return UploadMissing("there is no such upload")
    return failed(error, "open an upload", folder)
