"""What tests of stores do all the time: bytes to push, a push in one go, the bytes of an answer."""

from collections.abc import Iterator
from hashlib import sha256, shake_128
from secrets import token_hex

from wharfinger.spec import digest as digests
from wharfinger.storage.store import Coming, File, Store, Stream

MIB = 1024 * 1024


def some(length: int, seed: int = 0) -> bytes:
    """Bytes that no compression, hole or repeated block can stand in for; the same for the same arguments."""
    return shake_128(b"%d" % seed).digest(length)


def push(store: Store, data: bytes) -> str:
    """Keep `data` in one request; returns its digest."""
    upload, digest = token_hex(16), f"sha256:{sha256(data).hexdigest()}"
    store.begin(upload)
    with store.open(upload) as incoming:
        incoming.write(data)
        assert incoming.digest("sha256") == digest
        incoming.keep(digest)
    return digest


def coming(data: bytes, step: int = MIB) -> Coming:
    """`data` for `put`, in pieces that all come in the same memory."""

    def pieces() -> Iterator[memoryview]:
        room = bytearray(step)
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            room[: len(piece)] = piece
            yield memoryview(room)[: len(piece)]

    return Coming(digests.of(data), len(data), pieces())


def whole(content: File | Stream) -> bytes:
    """The bytes that a client would get."""
    return content.path.read_bytes() if isinstance(content, File) else b"".join(content.pieces)


def holds(store: Store, digest: str) -> bool:
    """Whether the blob is there and is what its digest says. Raises BytesMissing."""
    return digests.of(whole(store.read(digest)), digests.algorithm(digest)) == digest
