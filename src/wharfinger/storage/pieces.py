"""Reading a file in pieces."""

from collections.abc import Iterator
from typing import Final

from wharfinger.storage.disk import READ, Disk, failed
from wharfinger.storage.store import BytesMissing

PIECE_BYTES: Final = 1024 * 1024


def of_file(disk: Disk, path: str, start: int, end: int | None, where: str) -> Iterator[bytes]:
    """A file's bytes from `start` up to `end`, or to its own end, in pieces of a MiB. `where` is for people.

    It is open when this returns, or OSError was raised; reading on raises StoreFailed, and BytesMissing where the file
    ends too early.
    """
    pieces = _pieces(disk, disk.open(path, READ), start, end, where)
    next(pieces)
    return pieces


def _pieces(disk: Disk, file: int, at: int, end: int | None, where: str) -> Iterator[bytes]:
    """An empty piece first, for `of_file` to swallow: from then on the file is closed whatever happens."""
    try:
        yield b""
        left = (disk.fstat(file).st_size if end is None else end) - at
        while left > 0:
            piece = disk.pread(file, min(left, PIECE_BYTES), at)
            if not piece:
                raise BytesMissing(f"a blob in {where} ends {left} bytes too early: restore it")
            yield piece
            at, left = at + len(piece), left - len(piece)
    except OSError as error:
        raise failed(error, "read a blob", where) from error
    finally:
        disk.close(file)
