"""Where the bytes of a blob are, if they are not simply under its digest: the text that its row carries.

    {"upload": "<32 hex>", "segments": [["<name>", <bytes>], …], "key": "<wrapped data key>", "in": "s3://bucket"}

A segment is one object, written by one request and never written again: `objects/<2 hex>/<upload>.<name>`. A blob that
came in one request, which is what clients do, is one segment. `key` is there where the segments are sealed. `in` tells
stores apart while bytes move from one to another; where there is one store alone, nobody asks.

    {"upload": "", "segments": [["", <bytes>]], "object": "docker/registry/v2/blobs/…/data", "in": "s3://bucket"}

is an object that somebody else wrote, and that was taken over where it lies. We read it and never delete it.

    {"upload": "", "segments": [], "in": "file:///old/folder"}

is no blob's place: it is the copy under a digest in one of two folders, which goes once the other has it.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, Self

from wharfinger.storage.store import BytesMissing

MOST_SEGMENTS: Final = 10_000
OBJECTS: Final = "objects"  # the folder of those that we write
_MORE: Final = (("key", "key"), ("store", "in"), ("object", "object"))
_NAME: Final = re.compile(r"[A-Za-z0-9_-]*")  # of an upload or a segment: no part of it leads elsewhere


@dataclass(frozen=True, slots=True)
class Segment:
    """One object and the plain bytes in it."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """The objects of a blob, in order."""

    upload: str
    segments: tuple[Segment, ...] = ()
    key: str = ""
    store: str = ""
    object: str = ""

    @property
    def size_bytes(self) -> int:
        """Plain bytes in all."""
        return sum(segment.size_bytes for segment in self.segments)

    @property
    def names(self) -> list[str]:
        """The names of the objects."""
        return [self.name_of(segment) for segment in self.segments]

    @property
    def own_names(self) -> list[str]:
        """Those of them that we wrote, and may delete."""
        return [] if self.object else self.names

    def name_of(self, segment: Segment) -> str:
        """The name of one object."""
        return self.object or object_name(self.upload, segment.name)

    def text(self) -> str:
        """As the row carries it."""
        table: dict[str, object] = {
            "upload": self.upload,
            "segments": [[it.name, it.size_bytes] for it in self.segments],
        }
        more = {"key": self.key, "in": self.store, "object": self.object}
        return json.dumps(table | {name: said for name, said in more.items() if said}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it back. Raises BytesMissing on anything else: such a row names no bytes."""
        try:
            table = json.loads(text)
            segments = tuple(Segment(_inside(name), int(size)) for name, size in table["segments"])
            more = {name: str(table.get(key, "")) for name, key in _MORE}
            return cls(_inside(table["upload"]), segments, **more | {"object": _below(more["object"])})
        except (ValueError, TypeError, KeyError) as error:
            raise BytesMissing(f"a blob's row says nothing readable of where its bytes are: {text[:80]!r}") from error


def _inside(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    return name


def _below(name: str) -> str:
    """The name of an object, which leads nowhere above where objects are."""
    if name.startswith("/") or {"..", "."} & set(name.split("/")):
        raise ValueError(name)
    return name


def taken_over(name: str, size_bytes: int, store: str) -> Place:
    """The place of an object that somebody else wrote."""
    return Place("", (Segment("", size_bytes),), store=store, object=name)


def spare(store: str) -> Place:
    """The copy that a folder of files under their digest has."""
    return Place("", store=store)


def object_name(upload: str, segment: str) -> str:
    """The name of a segment's object. The first digits spread the load of large buckets."""
    return f"{OBJECTS}/{upload[:2]}/{upload}.{segment}"


def upload_of(name: str) -> str:
    """The upload that an object belongs to, by its name."""
    return name.rpartition("/")[2].partition(".")[0]
