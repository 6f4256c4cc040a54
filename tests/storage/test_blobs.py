"""A blob: read whole or in part, replaced without a gap, deleted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.storage.bytes_of import MIB, coming, holds, push, some
from wharfinger.spec import digest as digests
from wharfinger.storage.store import BytesMissing, Coming, Store, StoreFailed, Stream

BLOB = some(2 * MIB + 100)
ABSENT = digests.of(b"never pushed")


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, 0), (0, 1), (0, 99), (1, 1), (5, MIB), (0, MIB), (0, MIB + 1), (MIB, MIB), (MIB - 1, 2),
        (len(BLOB) - 1, 1), (len(BLOB), 0), (0, len(BLOB)), (1, None), (MIB, None), (len(BLOB), None),
    ],
)  # fmt: skip
def test_parts_of_a_blob(store: Store, start: int, length: int | None) -> None:
    content = store.read(push(store, BLOB), start, length)
    assert isinstance(content, Stream)
    pieces = list(content.pieces)
    assert b"".join(pieces) == BLOB[start : None if length is None else start + length]
    assert all(0 < len(piece) <= MIB for piece in pieces)


def test_a_blob_that_is_shorter_than_its_row_says(store: Store) -> None:
    content = store.read(push(store, b"short"), 2, 10)
    assert isinstance(content, Stream)
    assert next(content.pieces) == b"ort"
    with pytest.raises(BytesMissing, match="7 bytes too early"):
        next(content.pieces)


def test_what_is_not_there(store: Store) -> None:
    push(store, BLOB)
    for start, length in [(0, None), (0, 1), (5, None)]:
        with pytest.raises(BytesMissing, match=ABSENT):
            store.read(ABSENT, start, length)


def test_deleting(store: Store, elsewhere: Store) -> None:
    kept, deleted = push(store, b"kept"), push(store, b"deleted")
    for _ in range(2):
        store.delete(deleted)
        with pytest.raises(BytesMissing):
            elsewhere.read(deleted)
    assert holds(elsewhere, kept)
    assert push(elsewhere, b"deleted") == deleted
    assert holds(store, deleted)


@pytest.mark.parametrize(
    "strange",
    [
        "",
        "sha256:",
        "sha256:..",
        ABSENT.upper(),
        ABSENT + "\n",
        ABSENT[:-1],
        "md5:" + "0" * 32,
        "sha256:../../" + "0" * 58,
    ],
    ids=ascii,
)
def test_what_is_no_digest(store: Store, strange: str) -> None:
    for ask in (store.read, store.delete):
        with pytest.raises(ValueError, match="digest"):
            ask(strange)
    with pytest.raises(ValueError, match="digest"):
        store.put([Coming(ABSENT, 0, []), Coming(strange, 4, [b"data"])])
    store.begin("0" * 32)
    with store.open("0" * 32) as upload, pytest.raises(ValueError, match="digest"):
        upload.keep(strange)


def test_the_same_bytes_again(store: Store, elsewhere: Store) -> None:
    assert push(store, BLOB) == push(store, BLOB) == push(elsewhere, BLOB)
    assert holds(store, digests.of(BLOB))


def test_small_blobs_that_are_kept_together(store: Store, elsewhere: Store) -> None:
    """One of them is here already."""
    contents = [b"", b"one", some(64 * 1024), some(64 * 1024 + 1), some(200_000), *(some(3000, n) for n in range(20))]
    push(store, contents[3])
    assert len(store.put([coming(data) for data in contents])) == len(contents)
    assert all(holds(elsewhere, digests.of(data)) for data in contents)
    content = elsewhere.read(digests.of(contents[4]), 65_000, 100_000)
    assert isinstance(content, Stream)
    assert b"".join(content.pieces) == contents[4][65_000:165_000]
    assert not list(store.unfinished())


@pytest.mark.parametrize("step", [1000, 64 * 1024, 256 * 1024, MIB])
def test_blobs_that_come_in_pieces(store: Store, elsewhere: Store, step: int) -> None:
    """Each piece in the memory that the one before was in."""
    contents = [some(200_000), BLOB, some(256 * 1024, 1)]
    store.put([coming(data, step) for data in contents])
    assert all(holds(elsewhere, digests.of(data)) for data in contents)


def test_blobs_that_break_off(store: Store) -> None:
    """What was kept before stays, nothing torn is there, and they may come again."""

    def broken(data: bytes) -> Coming:
        def pieces() -> Iterator[bytes]:
            yield data[:100_000]
            raise StoreFailed("the source is gone")

        return Coming(digests.of(data), len(data), pieces())

    kept, new = push(store, some(300_000)), some(300_000, 1)
    for source in (some(300_000), new):
        with pytest.raises(StoreFailed, match="the source is gone"):
            store.put([coming(b"one"), broken(source)])
    assert holds(store, kept)
    with pytest.raises(BytesMissing):
        store.read(digests.of(new))
    store.put([coming(new)])
    assert holds(store, digests.of(new))


def test_a_blob_is_whole_while_it_is_replaced(store: Store, elsewhere: Store) -> None:
    digest, done = push(store, BLOB), Event()

    def read() -> int:
        count = 0
        while not done.is_set() or not count:
            assert holds(elsewhere, digest)
            count += 1
        return count

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for _ in range(25):
            push(store, BLOB)
        done.set()
        assert all(reader.result() for reader in readers)


def test_reading_goes_on_while_a_blob_is_deleted(store: Store) -> None:
    digest = push(store, BLOB)
    content = store.read(digest, 1)
    assert isinstance(content, Stream)
    first = next(content.pieces)
    store.delete(digest)
    assert first + b"".join(content.pieces) == BLOB[1:]


def test_many_push_at_once(store: Store, elsewhere: Store) -> None:
    """Some the same bytes, some their own."""

    def work(number: int) -> list[str]:
        door = elsewhere if number % 2 else store
        return [push(door, some(30_000, seed)) for seed in (number % 4, 100 + number, 7)]

    with ThreadPoolExecutor(12) as pool:
        kept = [digest for digests_of_one in pool.map(work, range(48)) for digest in digests_of_one]
    assert len(set(kept)) == 4 + 48 + 1
    assert all(holds(store, digest) for digest in kept)


# --- on their way out


def test_what_is_withdrawn_is_not_found_and_erased_for_good(store: Store, elsewhere: Store) -> None:
    kept, gone = push(store, b"kept"), push(store, b"withdrawn")
    assert elsewhere.kept(gone)
    for _ in range(2):
        store.withdraw(gone)
        with pytest.raises(BytesMissing):
            elsewhere.read(gone)
    for _ in range(2):
        store.erase([(gone, "")])
    assert holds(elsewhere, kept)
    assert elsewhere.kept(kept)


def test_a_push_after_the_withdrawal_is_not_erased(store: Store, elsewhere: Store) -> None:
    digest = push(store, b"comes again")
    store.withdraw(digest)
    assert push(elsewhere, b"comes again") == digest
    store.erase([(digest, "")])
    assert holds(store, digest)
    assert store.kept(digest)


def test_what_was_never_there_is_erased_all_the_same(store: Store) -> None:
    store.withdraw(ABSENT)
    store.erase([(ABSENT, "")])
    store.erase([])
