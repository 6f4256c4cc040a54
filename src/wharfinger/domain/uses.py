"""When credentials were last used, and what was pulled how often: gathered in memory, written once a minute, never
while a request waits. A process that is killed loses what it gathered since, a minute at most.
"""

import threading
from datetime import datetime
from typing import Any, Final

from wharfinger.db import events, garbage, pulls, tokens
from wharfinger.db.engine import Database
from wharfinger.db.pulls import Count, Pulled

PERIOD_SECONDS: Final = 60
MOST_PULLED: Final = 200_000  # different things in one period: more are not counted, for they would fill the memory
MOST_EVENTS: Final = 100_000  # in one period, as well
_BATCH: Final = 1000


class Uses:
    """What one process has yet to write. Thread-safe; `flush` before the process ends."""

    def __init__(self) -> None:
        self._credentials: dict[int, datetime] = {}
        self._pulls: dict[Pulled, Count] = {}
        self._events: list[dict[str, Any]] = []
        self._timer: threading.Timer | None = None
        self._changing = threading.Lock()

    def note(self, db: Database, credential: int, at: datetime) -> None:
        """This credential was used now; the database will know within a minute."""
        with self._changing:
            self._credentials[credential] = at
            self._start(db)

    def pulled(self, db: Database, what: Pulled, at: datetime) -> None:
        """This was pulled now; the database will know within a minute."""
        with self._changing:
            before = self._pulls.get(what)
            if before is not None or len(self._pulls) < MOST_PULLED:
                self._pulls[what] = Count(before.times + 1 if before else 1, at)
            self._start(db)

    def happened(self, db: Database, event: dict[str, Any]) -> None:
        """This happened now; the audit log will have it within a minute."""
        with self._changing:
            if len(self._events) < MOST_EVENTS:
                self._events.append(event)
            self._start(db)

    def flush(self, db: Database) -> None:
        """Write what is pending. What cannot be written now is kept for the next time."""
        with self._changing:
            credentials, self._credentials = self._credentials, {}
            gathered, self._pulls = self._pulls, {}
            happened, self._events = self._events, []
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        try:
            if credentials:
                with db.begin() as tx:
                    tokens.note_uses(tx, credentials)
                credentials = {}
            _write_down(db, happened)
            _count(db, gathered)
        except Exception as error:
            self._keep(db, credentials, gathered, happened)
            if not isinstance(error, garbage.GaveWay):
                raise

    def _keep(
        self,
        db: Database,
        credentials: dict[int, datetime],
        gathered: dict[Pulled, Count],
        happened: list[dict[str, Any]],
    ) -> None:
        with self._changing:
            self._events = happened + self._events
            self._credentials = {**credentials, **self._credentials}
            for what, count in gathered.items():
                self._pulls[what] = count.and_(self._pulls[what]) if what in self._pulls else count
            self._start(db)

    def _start(self, db: Database) -> None:
        if self._timer is None:
            self._timer = threading.Timer(PERIOD_SECONDS, self.flush, [db])
            self._timer.daemon = True
            self._timer.start()


def _write_down(db: Database, happened: list[dict[str, Any]]) -> None:
    """Write events in short transactions; `happened` has those that were not written yet."""
    while batch := happened[:_BATCH]:
        with db.begin() as tx:
            for event in batch:
                events.add(tx, event)
        del happened[: len(batch)]


def _count(db: Database, gathered: dict[Pulled, Count]) -> None:
    """Write pulls in short transactions; `gathered` has those that were not written yet."""
    while batch := sorted(gathered)[:_BATCH]:
        with garbage.giving_way(), db.begin() as tx:
            garbage.wait_little(tx)
            pulls.add(tx, {what: gathered[what] for what in batch})
        for what in batch:
            del gathered[what]
