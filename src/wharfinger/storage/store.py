"""The promise of a place that keeps bytes. Every backend keeps it; `tests/storage` is the suite that checks.

A blob is known to the platform when its row is committed, never because its bytes lie somewhere: a backend may hold
bytes that no row names (an upload that lost a race, a crash between the two), and that is harmless.

    begin ──► open ──► write … write ──► keep      (durable, under its digest)
                 ▲         │        └──► close     (later: `open` again, from any process)
                 └─────────┘
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

Pieces = Iterable[bytes | memoryview]


class StoreError(Exception):
    """The store did not do it. What was acknowledged before is safe."""


class UploadMissing(StoreError):
    """There is no upload of this id: never begun, kept, cancelled or out of time."""


class UploadLocked(StoreError):
    """Another request has this upload open."""


class BytesMissing(StoreError):
    """A blob's row is there and its bytes are not."""


class BytesBroken(BytesMissing):
    """A blob's bytes are there and are not what was kept."""


class StoreFailed(StoreError):
    """Disk full, read-only, failing: may pass. `str()` is for the operator's log, `outward` for the client."""

    def __init__(self, sentence: str, outward: str = "the registry's storage is failing: try again later") -> None:
        super().__init__(sentence)
        self.outward = outward


@dataclass(frozen=True, slots=True)
class File:
    """Bytes in a local file, for the server to send by itself."""

    path: Path


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes to send one piece after another, of 1 MiB at most. Close `pieces`, or let go of it, to stop early.

    `next(pieces)` raises StoreFailed where reading fails, and BytesMissing where the blob ends before it should.
    """

    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Bytes that the client may fetch for itself, whole or in part."""

    url: str


class Coming(NamedTuple):
    """A blob that is to be kept. Its pieces are read once, and a piece is done with when the next one is asked for."""

    digest: str
    size_bytes: int
    pieces: Pieces


class Upload(Protocol):
    """One upload, open for this request only. Leaving the `with` block closes it and keeps what was written."""

    @property
    def size_bytes(self) -> int:
        """How many bytes have arrived, in all requests so far."""

    def write(self, data: bytes | memoryview) -> None:
        """Append; raises StoreFailed. What was written before stays, and so does a first part of `data`, if it fitted:

        `size_bytes` says so. Written is not durable: an upload may be shorter, or gone, after a loss of power.
        """

    def digest(self, algorithm: str) -> str:
        """`algorithm:hex` of all bytes so far; algorithm is sha256 or sha512."""

    def keep(self, digest: str) -> str:
        """Make the bytes durable under `digest` and end the upload; the caller has compared the digest.

        When this returns, the bytes survive a loss of power. Bytes that are there already are replaced, at no moment
        missing or torn: what lies there may be half of a write that a crash ended. Raises StoreFailed; then the
        upload may have ended, and its bytes must be sent again.

        Returns their place: what the blob's row must carry so that they are found. Empty where the digest says enough;
        else another one for every upload, and what was kept before under this digest stays where it is.
        """

    def cancel(self) -> None:
        """Forget the upload and its bytes."""

    def close(self) -> None:
        """Let others continue it. Closing again does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """A place that keeps blobs. All methods may block: call them from a thread. All may raise StoreFailed.

    What is no digest, and what is no upload id in `begin`, raises ValueError: the caller should have known.
    """

    at_once: bool  # but `read` of a whole blob does not wait: it costs less than going to a thread

    def begin(self, upload: str, algorithm: str = "sha256") -> None:
        """Start an upload; `upload` is 32 lower-case hex digits chosen by the caller, for this upload alone.

        `algorithm` is the one its digest is likely to be asked in: a hint that saves reading the bytes again.
        """

    def open(self, upload: str, algorithm: str | None = None) -> Upload:
        """Continue an upload, alone; raises UploadMissing, UploadLocked. `algorithm`: the hint, if it comes now;

        an empty one where nobody will ask, which saves hashing.
        """

    def arrived(self, upload: str) -> int:
        """How many bytes of an upload have arrived, whoever has it open: nobody waits for who asks.

        Of a request that goes on, some of its bytes may count, or none before it ends. Raises UploadMissing.
        """

    def put(self, blobs: Sequence[Coming]) -> list[str]:
        """Keep blobs that are small enough to begin anew after a failure; returns their places, in this order.

        It promises what `keep` does, for all of them together, which costs far less than one after another. Raises
        StoreFailed, and what their pieces raise, as they do where they turn out not to have the digest: then none of
        these blobs counts, whether or not its bytes are there.
        """

    def read(
        self,
        digest: str,
        start: int = 0,
        length: int | None = None,
        *,
        place: str = "",
        redirect: timedelta | None = None,
    ) -> File | Stream | Redirect:
        """`length` bytes from byte `start`, or all that follow; a File is the whole blob. Raises BytesMissing.

        `place` is what `keep` returned. `redirect`: the client may be sent to the blob, by a URL that is good for so
        long, from which it asks the part it wants itself.
        """

    def delete(self, digest: str, place: str = "") -> None:
        """Remove a blob's bytes; nothing happens where there are none.

        The caller sees to it that nobody keeps the same digest at the same time, for that would be removed too.
        """

    def kept(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes there, and would they survive a loss of power?

        Quick where this process kept them: it is asked inside the transaction that lets the blob exist.
        """

    def settled(self, digest: str, place: str = "") -> bool:
        """Are a blob's bytes where, and as, `keep` would put them now? If not, `storage move` brings them there."""

    def withdraw(self, digest: str, place: str = "") -> None:
        """Take a blob's bytes out of the way: `read` finds them no more, `erase` removes them, `keep` brings new ones.

        Quick, as it is asked inside the transaction that removes the blob: nothing happens where there are none, and
        nothing where every upload has a place of its own.
        """

    def erase(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Remove what was withdrawn of these blobs, by digest and place, many in a request where that can be.

        It is gone durably when this returns, and so is what `withdraw` did.
        """

    def abandon(self, older_than_seconds: float) -> int:
        """Forget uploads not written to for so long, save those that are open; returns how many."""

    def unfinished(self) -> Iterator[tuple[str, int]]:
        """Uploads that were begun and have not ended, and how many bytes have arrived of each, while others go on.

        Where a request's bytes count once it ends (`Upload.write`), so they do here.
        """

    def check(self) -> None:
        """Write, read back and remove a few bytes; raises StoreFailed. For readiness and `doctor`."""
