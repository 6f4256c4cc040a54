"""A database as another process has it, where something else happens at a chosen moment of a transaction."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from sqlalchemy import Connection, text

from wharfinger.db.engine import Database
from wharfinger.domain.errors import Refusal

_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


class Meanwhile:
    """Does `first` once before a transaction begins, and `then` once before one commits; the rest is the real one's.

    `then` runs in a thread of its own, until it ends or waits for this transaction: on SQLite it always does.
    """

    def __init__(self, real: Database, then: Callable[[], object], first: Callable[[], object] | None = None) -> None:
        self._real, self._first = real, first
        self._thread = Thread(target=self._run, args=[then])
        self.refusal: Refusal | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextmanager
    def begin(self, *, settled: bool = False) -> Iterator[Connection]:
        first, self._first = self._first, None
        if first is not None:
            first()
        with self._real.begin(settled=settled) as tx:
            yield tx
            if self._thread.ident is None:
                self._thread.start()
                while self._thread.is_alive() and not self._waits():
                    time.sleep(0.002)

    def join(self) -> None:
        """Wait for the end of what happened meanwhile."""
        self._thread.join()

    def _run(self, then: Callable[[], object]) -> None:
        try:
            then()
        except Refusal as refusal:
            self.refusal = refusal

    def _waits(self) -> bool:
        if self._real.dialect == "sqlite":
            return True
        with self._real.ask() as tx:
            return bool(tx.scalar(_WAITS))
