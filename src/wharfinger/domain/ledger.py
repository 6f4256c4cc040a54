"""The ledger of uploads that stores of objects keep, in the database: every process of every host sees the same."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from wharfinger.db import kept as kept_rows
from wharfinger.db import uploads as rows
from wharfinger.db.engine import Database
from wharfinger.domain.kept import TO_BE_NAMED
from wharfinger.storage.ledger import ENDED, UNKNOWN, Kept, Taken, holds
from wharfinger.storage.store import UploadLocked, UploadMissing

_PAGE: Final = 1000
_SLOWEST: Final = 16 * 1024  # bytes a second


class DatabaseLedger:
    """Keeps the promise of `storage.ledger.Ledger`; every method is one short transaction."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db, self._clock = db, clock

    def begin(self, upload: str, text: str) -> None:
        """Remember a new upload."""
        with self._db.begin() as tx:
            added = rows.add(tx, upload, text, self._clock())
        if not added:
            raise ValueError(f"the upload {upload} was begun before: every upload needs an id of its own")

    def take(self, upload: str, holder: str, seconds: float) -> Taken:
        """Hold an upload for so long."""
        now = self._clock()
        with self._db.begin() as tx:
            row = rows.find(tx, upload)
            if row is None:
                raise UploadMissing(UNKNOWN)
            if row.holder and holds((row.held_until - now).total_seconds(), seconds):
                raise UploadLocked("another request has this upload open")
            rows.take(tx, upload, holder, now + timedelta(seconds=seconds))
        return Taken(row.state, (now - row.written_at).total_seconds(), row.holder)

    def renew(self, upload: str, holder: str, seconds: float) -> None:
        """Hold it for so long from now on."""
        with self._db.begin() as tx:
            done = rows.hold(tx, upload, holder, self._clock() + timedelta(seconds=seconds))
        _require(done)

    def release(self, upload: str, holder: str, text: str | None) -> None:
        """Let others have it, with this text or the one it had."""
        with self._db.begin() as tx:
            if text is None:
                done = rows.release(tx, upload, holder)
            else:
                done = rows.write(tx, upload, holder, text, self._clock())
        _require(done)

    def end(self, upload: str, holder: str) -> None:
        """Forget it."""
        with self._db.begin() as tx:
            done = rows.end(tx, upload, holder)
        _require(done)

    def keep(self, upload: str, holder: str, kept: Kept) -> None:
        """Forget it, and remember what is kept until a row names it."""
        with self._db.begin() as tx:
            done = rows.end(tx, upload, holder)
            if done:
                kept_rows.doom(tx, [kept], self._clock() + TO_BE_NAMED)
        _require(done)

    def expect(self, coming: Sequence[Kept]) -> None:
        """Remember what is about to come, however slowly, until a row names it."""
        seconds = sum(it.size_bytes for it in coming) / _SLOWEST
        with self._db.begin() as tx:
            kept_rows.doom(tx, coming, self._clock() + TO_BE_NAMED + timedelta(seconds=seconds))

    def stale(self, seconds: float) -> list[str]:
        """Uploads that nobody holds and nobody changed for so long."""
        now = self._clock()
        with self._db.read() as tx:
            return rows.stale(tx, now - timedelta(seconds=seconds), now)

    def text(self, upload: str) -> str:
        """What it was left with."""
        with self._db.read() as tx:
            state = rows.state(tx, upload)
        if state is None:
            raise UploadMissing(UNKNOWN)
        return state

    def texts(self) -> Iterator[tuple[str, str]]:
        """All uploads that go on, a page in a transaction."""
        after: str | None = ""
        while after is not None:
            with self._db.read() as tx:
                page = rows.page(tx, after, _PAGE)
            yield from page
            after = page[-1][0] if len(page) == _PAGE else None


def _require(done: bool) -> None:  # noqa: FBT001 - the answer to a question just asked
    if not done:
        raise UploadMissing(ENDED)
