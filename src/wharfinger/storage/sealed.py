"""Encryption at rest: objects sealed in chunks, in front of any place that keeps objects.

An object's plain bytes are cut into chunks of 64 KiB. Each is encrypted with AES-256-GCM, whose tag of 16 bytes follows
it, so a range costs the chunks it touches:

    stored offset of chunk n = n · (65536 + 16)      nonce = n in 11 bytes, then 1 on the last chunk, else 0

The key of an object is derived from its upload's data key and the object's name. No two objects share a key, so
counting is a safe nonce, and chunks cannot be moved: within an object the number differs, between objects the key. The
size is known from the blob's row, so an object cut short misses its last chunk's mark.
"""

from collections.abc import Iterator
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wharfinger.storage.objects import Objects, Writer
from wharfinger.storage.store import BytesBroken

CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
STORED_BYTES: Final = CHUNK_BYTES + TAG_BYTES


def new_data_key() -> bytes:
    """A key for one upload."""
    return token_bytes(32)


def stored_size(size_bytes: int) -> int:
    """How many bytes an object of so many plain bytes takes."""
    return size_bytes + TAG_BYTES * -(-size_bytes // CHUNK_BYTES)


class SealedObjects:
    """Sealed objects of one upload. Sizes and offsets are those of the plain bytes."""

    def __init__(self, inner: Objects, data_key: bytes) -> None:
        self._inner, self._data_key = inner, data_key
        self.where = inner.where

    def writer(self, name: str, part_bytes: int) -> "SealedWriter":
        """Start an object."""
        return SealedWriter(self._inner.writer(name, part_bytes), self._cipher(name))

    def read_of(self, name: str, start: int, end: int, size_bytes: int) -> Iterator[bytes]:
        """The plain bytes from `start` up to `end` of an object that has so many. Raises BytesBroken."""
        first, last = start // CHUNK_BYTES, -(-end // CHUNK_BYTES)
        stored = self._inner.read(name, first * STORED_BYTES, min(last * STORED_BYTES, stored_size(size_bytes)))
        for number, plain in self._opened(name, stored, first, (size_bytes - 1) // CHUNK_BYTES):
            begins = number * CHUNK_BYTES
            yield plain[max(0, start - begins) : end - begins]

    def _opened(self, name: str, stored: Iterator[bytes], first: int, final: int) -> Iterator[tuple[int, bytes]]:
        """Chunks with their numbers; `final` is the last of the object."""
        cipher = self._cipher(name)
        for number, sealed in enumerate(_cut(stored), first):
            try:
                yield number, cipher.decrypt(_nonce(number, last=number == final), sealed, None)
            except InvalidTag as error:
                raise BytesBroken(
                    f"chunk {number} of {name} in {self.where} was changed: restore it, or push the blob again"
                ) from error

    def _cipher(self, name: str) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, b"wharfinger object " + name.encode()).derive(self._data_key))


class SealedWriter:
    """One sealed object on its way."""

    def __init__(self, inner: Writer, cipher: AESGCM) -> None:
        self._inner, self._cipher, self._rest, self._number = inner, cipher, bytearray(), 0

    def write(self, data: bytes) -> None:
        """Append. A chunk is held back until more follows it: the last one is marked."""
        self._rest += data
        while len(self._rest) > CHUNK_BYTES:
            self._seal(bytes(self._rest[:CHUNK_BYTES]), last=False)
            del self._rest[:CHUNK_BYTES]

    def finish(self) -> None:
        """Seal the last chunk and make the object appear."""
        if self._rest:
            self._seal(bytes(self._rest), last=True)
        self._rest.clear()
        self._inner.finish()

    def abandon(self) -> None:
        """Forget it."""
        self._inner.abandon()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._inner.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, None))
        self._number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in stored chunks."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        while len(rest) >= STORED_BYTES:
            yield bytes(rest[:STORED_BYTES])
            del rest[:STORED_BYTES]
    if rest:
        yield bytes(rest)
