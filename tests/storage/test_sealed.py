"""Sealed objects: any range comes out as it went in, and nothing that was changed comes out at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.bytes_of import some
from tests.storage.memory_objects import MemoryObjects
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.place import Place, Segment
from wharfinger.storage.sealed import CHUNK_BYTES, STORED_BYTES, SealedObjects, new_data_key, stored_size
from wharfinger.storage.shelf import Shelf, rewrapped
from wharfinger.storage.store import BytesBroken, BytesMissing, StoreFailed

NAME = "objects/ab/name"
SIZES = st.one_of(
    st.integers(1, 4 * CHUNK_BYTES),
    st.sampled_from([1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]),
)
DATA = some(4 * CHUNK_BYTES, seed=9)


class Sealed:
    """One object, sealed."""

    def __init__(self, size: int, steps: int = 10_000) -> None:
        self.objects, self.size = MemoryObjects(), size
        self.door = SealedObjects(self.objects, new_data_key())
        writer = self.door.writer(NAME, 1)
        for at in range(0, size, steps):
            writer.write(DATA[at : min(at + steps, size)])
        writer.finish()

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        return b"".join(self.door.read_of(NAME, start, self.size if end is None else end, self.size))

    @property
    def stored(self) -> bytes:
        return self.objects.kept[NAME]

    @stored.setter
    def stored(self, data: bytes) -> None:
        self.objects.kept[NAME] = data


@settings(max_examples=150, deadline=None)
@given(SIZES, st.integers(1, 200_000), st.data())
def test_any_range(size: int, steps: int, data: st.DataObject) -> None:
    sealed = Sealed(size, steps)
    assert len(sealed.stored) == stored_size(size)
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    assert sealed.read(start, end) == DATA[start:end]
    touched = (end - 1) // CHUNK_BYTES - start // CHUNK_BYTES + 1
    assert sealed.objects.asked[-1] == ("read", NAME)
    assert touched <= (end - start) // CHUNK_BYTES + 2


@settings(max_examples=150, deadline=None)
@given(SIZES, st.data())
def test_any_flipped_bit(size: int, data: st.DataObject) -> None:
    sealed = Sealed(size)
    at, bit = data.draw(st.integers(0, len(sealed.stored) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(sealed.stored)
    changed[at] ^= 1 << bit
    sealed.stored = bytes(changed)
    with pytest.raises(BytesBroken, match=f"chunk {at // STORED_BYTES} of"):
        sealed.read()
    for start in range(0, size, CHUNK_BYTES):
        if start // CHUNK_BYTES != at // STORED_BYTES:
            assert sealed.read(start, start + 1) == DATA[start : start + 1], "the other chunks are whole"


@settings(max_examples=50, deadline=None)
@given(SIZES, st.data())
def test_any_truncation(size: int, data: st.DataObject) -> None:
    sealed = Sealed(size)
    left = data.draw(st.integers(0, len(sealed.stored) - 1))
    sealed.stored = sealed.stored[:left]
    with pytest.raises(BytesMissing):
        sealed.read()


def test_cutting_off_whole_chunks_and_lying_about_the_size() -> None:
    sealed = Sealed(3 * CHUNK_BYTES)
    sealed.stored, sealed.size = sealed.stored[: 2 * STORED_BYTES], 2 * CHUNK_BYTES
    with pytest.raises(BytesBroken, match="chunk 1 "):
        sealed.read()


def test_chunks_in_another_order() -> None:
    sealed = Sealed(4 * CHUNK_BYTES)
    chunks = [sealed.stored[at : at + STORED_BYTES] for at in range(0, len(sealed.stored), STORED_BYTES)]
    sealed.stored = b"".join([chunks[0], chunks[2], chunks[1], chunks[3]])
    with pytest.raises(BytesBroken, match="chunk 1 "):
        sealed.read()


def test_an_object_under_another_name() -> None:
    sealed = Sealed(1000)
    sealed.objects.kept["other"] = sealed.stored
    with pytest.raises(BytesBroken):
        list(sealed.door.read_of("other", 0, 1000, 1000))


def test_another_data_key() -> None:
    sealed = Sealed(1000)
    sealed.door = SealedObjects(sealed.objects, new_data_key())
    with pytest.raises(BytesBroken):
        sealed.read()


def test_no_two_objects_are_alike() -> None:
    assert Sealed(CHUNK_BYTES).stored != Sealed(CHUNK_BYTES).stored


OLD, NEW = "old " + "01" * 32, "new " + "02" * 32


def shelf(*keys: str) -> Shelf:
    return Shelf(MemoryObjects(), KeyList("\n".join(keys)))


def test_master_keys_rotate_without_touching_a_blob() -> None:
    place, old = Place("ab" * 16, (Segment("00", 3),)), shelf(OLD)
    place = Place(place.upload, place.segments, old.new_place(place.upload).key)
    writer, _ = old.writer(place, "00")
    writer.write(b"abc")
    writer.finish()
    both = Shelf(old.objects, KeyList(f"{NEW},{OLD}"))
    moved = both.rewrapped(place)
    assert moved.key.startswith("new:")
    assert both.rewrapped(moved) == moved
    only = Shelf(old.objects, KeyList(f"# the old one is gone\n\n{NEW}\n"))
    assert b"".join(only.pieces(moved)) == b"abc"
    with pytest.raises(StoreFailed, match="'old'"):
        list(only.pieces(place))


def test_a_wrapped_key_is_good_for_its_upload_only() -> None:
    keys = KeyList(OLD)
    wrapped = keys.wrap(new_data_key(), "one upload")
    with pytest.raises(StoreFailed, match="does not open"):
        keys.unwrap(wrapped, "another")
    with pytest.raises(StoreFailed, match="does not open"):
        KeyList("old " + "03" * 32).unwrap(wrapped, "one upload")
    with pytest.raises(StoreFailed, match="does not open"):
        keys.unwrap("old:not base64", "one upload")


def test_what_has_no_key_is_left() -> None:
    place = Place("ab" * 16)
    assert rewrapped(place, KeyList(OLD)) is place


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1 of the master keys"),
        ("a " + "0" * 63, "line 1"),
        (f"{OLD}\nsecond {'g' * 64}", "line 2"),
        (f"{OLD}\n{OLD}", "same name"),
        ("0" * 64, "line 1"),
    ],
)
def test_what_is_no_list_of_master_keys(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        KeyList(text)
    assert "01" * 32 not in str(refused.value)
    assert "g" * 64 not in str(refused.value)
