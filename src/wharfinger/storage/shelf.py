"""Objects as blobs use them: a place is written and read, sealed where it has a key."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.objects import Objects, Writer
from wharfinger.storage.place import Place, Segment, object_name
from wharfinger.storage.sealed import SealedObjects, new_data_key
from wharfinger.storage.store import BytesMissing, Pieces, StoreFailed

MIB: Final = 1024 * 1024
PART_BYTES: Final = 8 * MIB
_WHOLE: Final = "0"  # a segment that no request sent
PARTS: Final = 9_000  # in one object; S3 and Google take 10,000, Azure 50,000


@dataclass(frozen=True, slots=True)
class Shelf:
    """`objects`, and the master keys that open what is sealed. With `masters`, new places are sealed.

    `name` is what places call it.
    """

    objects: Objects
    masters: MasterKey | None = None
    part_bytes: int = PART_BYTES
    name: str = ""

    def new_place(self, upload: str) -> Place:
        """Where an upload's bytes will be."""
        key = "" if self.masters is None else self.masters.wrap(new_data_key(), upload)
        return Place(upload, (), key, self.name)

    def whole_places(self, sizes: Sequence[int]) -> list[Place]:
        """Where blobs will be that come together, in one request each: in one folder, so that there is one to sync."""
        folder = token_hex(1)
        places = [self.new_place(folder + token_hex(15)) for _ in sizes]
        return [
            replace(place, segments=(Segment(_WHOLE, size),) if size else ())
            for place, size in zip(places, sizes, strict=True)
        ]

    def writer(self, place: Place, name: str) -> tuple[Writer, int]:
        """A new segment of this name, and how many bytes it may take."""
        target = SealedObjects(self.objects, self._data_key(place)) if place.key else self.objects
        part = part_bytes(place.size_bytes, self.part_bytes)
        return target.writer(object_name(place.upload, name), part), part * PARTS

    def put(self, blobs: Sequence[tuple[Place, Pieces]]) -> None:
        """Write blobs, whose places have one segment each, or none, all in one go."""
        objects = [(name, self._as_stored(place, name, those)) for place, those in blobs for name in place.names]
        self.objects.put(objects, self.part_bytes)
        for place, pieces in blobs:
            if not place.segments:
                deque(pieces, maxlen=0)  # nothing is to be written: do they say so?

    def pieces(self, place: Place, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Plain bytes of the objects from byte `start` on."""
        end, begins = place.size_bytes if length is None else start + length, 0
        sealed = SealedObjects(self.objects, self._data_key(place)) if place.key else None
        for segment in place.segments:
            ends = begins + segment.size_bytes
            first, last = max(start, begins) - begins, min(end, ends) - begins
            name = place.name_of(segment)
            if first < last and sealed is not None:
                yield from sealed.read_of(name, first, last, segment.size_bytes)
            elif first < last:
                yield from self.objects.read(name, first, last)
            begins = ends
        if end > max(begins, start):
            raise BytesMissing(f"the blob ends {end - max(begins, start)} bytes too early")

    def rewrapped(self, place: Place) -> Place:
        """The same place with its key under the current master key. Raises StoreFailed."""
        return place if self.masters is None else rewrapped(place, self.masters)

    def _as_stored(self, place: Place, name: str, pieces: Pieces) -> Pieces:
        return SealedObjects(self.objects, self._data_key(place)).sealed(name, pieces) if place.key else pieces

    def _data_key(self, place: Place) -> bytes:
        if self.masters is None:
            raise StoreFailed("this blob is sealed: put [storage] master_keys back as they were when it was pushed")
        return self.masters.unwrap(place.key, place.upload)


@dataclass(frozen=True, slots=True)
class Shelves:
    """The shelves of one store: what is new goes to the first, and a place says which one it is on."""

    all: tuple[Shelf, ...]

    @property
    def first(self) -> Shelf:
        """Where what is new goes."""
        return self.all[0]

    def of(self, place: Place) -> tuple[Shelf, ...]:
        """The one that a place is on; all of them where it names none of these, for stores may be renamed."""
        return tuple(shelf for shelf in self.all if shelf.name == place.store) or self.all

    def settled(self, place: Place) -> bool:
        """Is it where, and as, a new place would be?"""
        return self.of(place) == (self.first,) and not place.object and bool(place.key or self.first.masters is None)


def rewrapped(place: Place, masters: MasterKey) -> Place:
    """The same place with its key under the current master key. Raises StoreFailed."""
    if not place.key or place.key.startswith(f"{masters.current}:"):
        return place
    return replace(place, key=masters.wrap(masters.unwrap(place.key, place.upload), place.upload))


def part_bytes(so_far_bytes: int, least_bytes: int = PART_BYTES) -> int:
    """How large the parts of the next object are: they grow with the upload, so that no layer needs too many."""
    return max(least_bytes, -(-so_far_bytes // (2048 * MIB)) * MIB)
