"""Encryption at rest: objects sealed in chunks, in front of any place that keeps objects.

An object's plain bytes are cut into chunks of 64 KiB. Each is encrypted with AES-256-GCM, whose tag of 16 bytes follows
it, so a range costs the chunks it touches:

    stored offset of chunk n = n · (65536 + 16)      nonce = n in 11 bytes, then 1 on the last chunk, else 0

The key of an object is derived from its upload's data key and the object's name. No two objects share a key, so
counting is a safe nonce, and chunks cannot be moved: within an object the number differs, between objects the key. The
size is known from the blob's row, so an object cut short misses its last chunk's mark.
"""

from collections.abc import Iterator
from itertools import chain
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wharfinger.storage.objects import Objects, Writer
from wharfinger.storage.store import BytesBroken, Pieces

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

    def sealed(self, name: str, pieces: Pieces) -> Iterator[memoryview]:
        """All of an object, as it is to be stored under this name. A piece is good until the next is asked for."""
        sealer = _Sealer(self._cipher(name))
        yield from map(sealer.more, pieces)
        yield sealer.last()

    def read_of(self, name: str, start: int, end: int, size_bytes: int) -> Iterator[bytes]:
        """The plain bytes from `start` up to `end` of an object that has so many. Raises BytesBroken."""
        first, last = start // CHUNK_BYTES, -(-end // CHUNK_BYTES)
        stored = self._inner.read(name, first * STORED_BYTES, min(last * STORED_BYTES, stored_size(size_bytes)))
        at = first * CHUNK_BYTES
        for plain in self._opened(name, stored, first, (size_bytes - 1) // CHUNK_BYTES):
            yield plain[max(0, start - at) : end - at]
            at += len(plain)

    def _opened(self, name: str, stored: Iterator[bytes], first: int, final: int) -> Iterator[bytes]:
        """What is in the chunks from `first` on, as many as a piece completes; `final` is the last of the object."""
        cipher, cutter, number, room = self._cipher(name), _Cutter(STORED_BYTES), first, _Room()
        for chunks in chain(map(cutter.cut, stored), map(_Cutter.left, [cutter])):
            target, filled = room.of(len(chunks) * CHUNK_BYTES), 0
            for chunk in chunks:
                end = filled + max(0, len(chunk) - TAG_BYTES)
                try:
                    cipher.decrypt_into(_nonce(number, last=number == final), chunk, None, target[filled:end])
                except InvalidTag as error:
                    raise BytesBroken(
                        f"chunk {number} of {name} in {self.where} was changed: restore it, or push the blob again"
                    ) from error
                filled, number = end, number + 1
            yield bytes(target[:filled])

    def _cipher(self, name: str) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, b"wharfinger object " + name.encode()).derive(self._data_key))


class SealedWriter:
    """One sealed object on its way."""

    def __init__(self, inner: Writer, cipher: AESGCM) -> None:
        self._inner, self._sealer = inner, _Sealer(cipher)

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self._inner.write(self._sealer.more(data))

    def finish(self) -> None:
        """Seal the last chunk and make the object appear."""
        self._inner.write(self._sealer.last())
        self._inner.finish()

    def abandon(self) -> None:
        """Forget it."""
        self._inner.abandon()


class _Sealer:
    """Seals one object, piece by piece. What it returns is good until it is asked again."""

    def __init__(self, cipher: AESGCM) -> None:
        self._cipher, self._cutter, self._room, self._number = cipher, _Cutter(CHUNK_BYTES), _Room(), 0

    def more(self, data: bytes | memoryview) -> memoryview:
        """What can be stored by now. A chunk is held back until more follows it: the last one is marked."""
        return self._seal(self._cutter.cut(data, hold_back=True), last=False)

    def last(self) -> memoryview:
        """The rest."""
        return self._seal(self._cutter.left(), last=True)

    def _seal(self, chunks: list[bytes | memoryview], *, last: bool) -> memoryview:
        room, filled = self._room.of(len(chunks) * STORED_BYTES), 0
        for number, chunk in enumerate(chunks, self._number):
            end = filled + len(chunk) + TAG_BYTES
            self._cipher.encrypt_into(_nonce(number, last=last), chunk, None, room[filled:end])
            filled = end
        self._number += len(chunks)
        return room[:filled]


class _Room:
    """The same memory again and again: new one for every MiB would cost several times what sealing does."""

    def __init__(self) -> None:
        self._room = memoryview(bytearray())

    def of(self, size: int) -> memoryview:
        """At least so much."""
        if len(self._room) < size:
            self._room = memoryview(bytearray(size))
        return self._room


class _Cutter:
    """Cuts what comes in pieces into chunks of a size. Only what lies across two pieces is copied."""

    def __init__(self, size: int) -> None:
        self._size, self._rest = size, b""

    def cut(self, piece: bytes | memoryview, *, hold_back: bool = False) -> list[bytes | memoryview]:
        """The chunks that this piece completes; `hold_back`: but for one that nothing follows yet."""
        view, chunks = memoryview(piece), list[bytes | memoryview]()
        if self._rest:
            missing = self._size - len(self._rest)
            self._rest, view = self._rest + view[:missing], view[missing:]
            if len(self._rest) < self._size or (hold_back and not view):
                return []
            chunks.append(self._rest)
        left = len(view) % self._size or (self._size if hold_back and view else 0)
        whole = len(view) - left
        chunks += [view[at : at + self._size] for at in range(0, whole, self._size)]
        self._rest = bytes(view[whole:])
        return chunks

    def left(self) -> list[bytes | memoryview]:
        """What is left in the end: one chunk, or none."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")
