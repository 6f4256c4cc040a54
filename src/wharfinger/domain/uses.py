"""When credentials were last used: gathered in memory, written once a minute, never while a request waits."""

import threading
from datetime import datetime
from typing import Final

from wharfinger.db import tokens as rows
from wharfinger.db.engine import Database

PERIOD_SECONDS: Final = 60


class Uses:
    """The last uses that one process has yet to write. Thread-safe; `flush` before the process ends."""

    def __init__(self) -> None:
        self._pending: dict[int, datetime] = {}
        self._timer: threading.Timer | None = None
        self._changing = threading.Lock()

    def note(self, db: Database, credential: int, at: datetime) -> None:
        """This credential was used now; the database will know within a minute."""
        with self._changing:
            self._pending[credential] = at
            if self._timer is None:
                self._start(db)

    def flush(self, db: Database) -> None:
        """Write what is pending. What cannot be written now is kept for the next time."""
        with self._changing:
            pending, self._pending = self._pending, {}
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        if not pending:
            return
        try:
            with db.begin() as tx:
                rows.note_uses(tx, pending)
        except Exception:
            with self._changing:
                self._pending = {**pending, **self._pending}
                if self._timer is None:
                    self._start(db)
            raise

    def _start(self, db: Database) -> None:
        self._timer = threading.Timer(PERIOD_SECONDS, self.flush, [db])
        self._timer.daemon = True
        self._timer.start()
