"""The promise of a place that keeps whole objects: what a bucket can do, and a folder can do as well.

Objects are written once, by one writer, from the first byte to the last, and appear when they are finished.
`ObjectStore` makes a store of them.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from wharfinger.storage.store import Pieces


class Listed(NamedTuple):
    """An object that is there. `changed_at` is in seconds since 1970."""

    name: str
    size_bytes: int
    changed_at: float


class Writer(Protocol):
    """One object on its way."""

    def write(self, data: bytes | memoryview) -> None:
        """Append; raises StoreFailed, and then nothing of this object stays. Afterwards `data` may change."""

    def finish(self) -> None:
        """Make the object appear, durably. Raises StoreFailed."""

    def abandon(self) -> None:
        """Forget it. Never raises: what cannot be cleared away now is cleared away later."""


class Objects(Protocol):
    """A place that keeps objects."""

    @property
    def where(self) -> str:
        """Its name for people."""

    def writer(self, name: str, part_bytes: int) -> Writer:
        """Start an object; it is sent in parts of so many bytes, at most ten thousand. Raises StoreFailed."""

    def put(self, objects: Sequence[tuple[str, Pieces]], part_bytes: int) -> None:
        """Make objects appear, by name and content: durable all together where that costs less; parts as in `writer`.

        Raises StoreFailed, and what the pieces raise; then some may be there, each whole.
        """

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, exactly.

        Raises BytesMissing, StoreFailed: before the first piece where the object cannot be opened, after it where it
        ends too early.
        """

    def list(self, folder: str) -> Iterator[Listed]:
        """Every finished object whose name begins with `folder` and a slash, in no order. Raises StoreFailed."""

    def rename(self, name: str, to: str) -> bool:
        """Give an object another name; False where there is none. Raises StoreFailed."""

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects; nothing happens for those that are not there. Raises StoreFailed."""

    def link(self, name: str, life: timedelta) -> str | None:
        """A URL that anybody may read this one object from for so long; None where there are none."""

    def sweep(self, older_than_seconds: float) -> None:
        """Clear away what writers left behind that never ended. Raises StoreFailed."""
