"""A store with the database's part played: it remembers where each digest's bytes are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

from wharfinger.storage.store import Coming, File, Redirect, Store, Stream, Upload


@dataclass(frozen=True)
class WithRows:
    """`places` is what the rows carry, by digest; the first one stays."""

    inner: Store
    places: dict[str, str]
    doomed: dict[str, str] = field(default_factory=dict)

    @property
    def at_once(self) -> bool:
        return self.inner.at_once

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        self.inner.begin(upload, algorithm)

    def open(self, upload: str, algorithm: str | None = None) -> Upload:
        return _Named(self, self.inner.open(upload, algorithm))

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        placed = self.inner.put(blobs)
        for blob, place in zip(blobs, placed, strict=True):
            self.places.setdefault(blob.digest, place)
        return placed

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",
        redirect: timedelta | None = None,
    ) -> File | Stream | Redirect:
        return self.inner.read(digest, start, length, place=place or self.places.get(digest, ""), redirect=redirect)

    def delete(self, digest: str, place: str = "") -> None:
        self.inner.delete(digest, place or self.places.pop(digest, ""))

    def kept(self, digest: str, place: str = "") -> bool:
        return self.inner.kept(digest, place or self.places.get(digest, ""))

    def settled(self, digest: str, place: str = "") -> bool:
        return self.inner.settled(digest, place or self.places.get(digest, ""))

    def withdraw(self, digest: str, place: str = "") -> None:
        place = place or self.places.pop(digest, "")
        self.inner.withdraw(digest, place)
        self.doomed[digest] = place

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        self.inner.erase([(digest, place or self.doomed.pop(digest, "")) for digest, place in blobs])

    def abandon(self, older_than_seconds: float) -> int:
        return self.inner.abandon(older_than_seconds)

    def arrived(self, upload: str) -> int:
        return self.inner.arrived(upload)

    def unfinished(self) -> Iterator[tuple[str, int]]:
        return self.inner.unfinished()

    def check(self) -> None:
        self.inner.check()


@dataclass(frozen=True)
class _Named:
    rows: WithRows
    upload: Upload

    @property
    def size_bytes(self) -> int:
        return self.upload.size_bytes

    def write(self, data: bytes) -> None:
        self.upload.write(data)

    def digest(self, algorithm: str) -> str:
        return self.upload.digest(algorithm)

    def keep(self, digest: str) -> str:
        place = self.upload.keep(digest)
        self.rows.places.setdefault(digest, place)
        return place

    def cancel(self) -> None:
        self.upload.cancel()

    def close(self) -> None:
        self.upload.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
