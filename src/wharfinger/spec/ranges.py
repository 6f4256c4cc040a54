"""Two headers about parts of a blob: Content-Range on upload chunks, Range on downloads. Ends are inclusive."""

import re
from typing import Final

from wharfinger.spec.errors import Malformed, quoted

# eighteen digits: more bytes than any blob has, and numbers that every database can hold
_CONTENT_RANGE: Final = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?")
_BYTE_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


def content_range(text: str) -> tuple[int, int]:
    """First and last byte of a chunk: distribution-spec "Pushing a blob in chunks", `0-99`; also `bytes 0-99/*`.

    Raises Malformed CONTENT_RANGE_INVALID.
    """
    found = _CONTENT_RANGE.fullmatch(text.strip())
    if found is None or int(found[1]) > int(found[2]):
        raise Malformed(
            "CONTENT_RANGE_INVALID",
            f"the Content-Range {quoted(text)} is not <first byte>-<last byte>, as in 0-99 for a hundred bytes",
        )
    return int(found[1]), int(found[2])


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """Start and length asked for by `Range: bytes=…` of a blob of `size` bytes; None: send all of it.

    RFC 9110 section 14.2 lets a server ignore what it does not do: several ranges and other
    units. Raises Malformed RANGE_INVALID where nothing of the blob lies in the range.
    """
    found = _BYTE_RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return _last(int(found[2]), size)
    start, end = int(found[1]), int(found[2] or size)
    if start >= size or (found[2] and end < start):
        raise _unsatisfiable(size)
    return start, min(end, size - 1) - start + 1


def _last(count: int, size: int) -> tuple[int, int] | None:
    if not count:
        raise _unsatisfiable(size)
    return (size - min(count, size), min(count, size)) if size else None


def _unsatisfiable(size: int) -> Malformed:
    return Malformed("RANGE_INVALID", f"the range lies outside the blob, which has {size} bytes")
