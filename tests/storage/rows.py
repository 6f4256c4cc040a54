"""A store with the database's part played: it remembers where each digest's bytes are."""

from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from wharfinger.storage.store import File, Redirect, Store, Stream, Upload


@dataclass(frozen=True)
class WithRows:
    """`places` is what the rows carry, by digest; the first one stays."""

    inner: Store
    places: dict[str, str]

    @property
    def at_once(self) -> bool:
        return self.inner.at_once

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        self.inner.begin(upload, algorithm)

    def open(self, upload: str, algorithm: str | None = None) -> Upload:
        return _Named(self, self.inner.open(upload, algorithm))

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

    def abandon(self, older_than_seconds: float) -> int:
        return self.inner.abandon(older_than_seconds)

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
