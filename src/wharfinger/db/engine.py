"""The database: SQLite in a file by default, PostgreSQL for teams and fleets. One code, two engines.

`begin` is a write transaction, durable on return; `read` is a snapshot. Both hand out a Core connection, called `tx`
wherever it goes.

SQLite has one writer at a time and pays one fsync a commit. So the writers of a process share: each runs in a
savepoint of one open transaction, in turn, and whoever finds nobody waiting behind it commits for all that went
before. Nobody returns from `begin` before that commit is durable. One writer alone commits at once; sixty-four pay for
a few fsyncs instead of sixty-four. A writer may see what those before it wrote and have not committed yet, which is
harmless as long as all it does is write rows, for these fail together; who does more says so (`settled`), and has them
commit first. PostgreSQL groups commits by itself.
"""

import fcntl
import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from wharfinger.db import answers

MOST_SHARED: Final = 64
LONGEST_SHARED_SECONDS: Final = 0.02
TRUSTED_SECONDS: Final = 1.0
# The connection that was used last is used next: it is warm, and PostgreSQL has its statements prepared there.
_USUAL: Final[dict[str, Any]] = {"pool_size": 16, "max_overflow": 48, "pool_use_lifo": True, "hide_parameters": True}
_WRITER_CACHE_KIB: Final = 64 * 1024  # deleting many touches pages all over, which are not to be read again
_BUSY_SECONDS: Final = 30


class Database(ABC):
    """Where rows are kept. Thread-safe; open one for a process."""

    dialect: str
    holds_up_seconds: float  # how long a transaction of many that do a lot together may take, as others wait for it
    rests_seconds: float  # how long to wait before the next of them, to let those others go first

    def __init__(self, url: str, engine: Engine) -> None:
        self.url, self.engine = url, engine
        self._held = threading.local()

    @staticmethod
    def open(url: str) -> "Database":
        """A database by SQLAlchemy URL: `sqlite:////path/to/file` or `postgresql+psycopg://…`; made if it is a file."""
        return _Sqlite(url) if url.startswith("sqlite") else _Postgres(url)

    @abstractmethod
    def begin(self, *, settled: bool = False) -> AbstractContextManager[Connection]:
        """A write transaction: rolled back if the block raises, durable when it is left.

        `settled`: whatever it finds is durable already. Who does what cannot be undone, because of what it finds, asks
        for this.
        """

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction that sees one state of the database: that of the snapshot it is in, if it is."""
        held: Connection | None = getattr(self._held, "tx", None)
        if held is not None:
            yield held
        else:
            with self._look() as tx:
                yield tx

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that this thread reads within it sees one state, in one transaction, until the thread writes.

        For a page, which asks ten times and for some things each time (`db.answers`); who has written wants to see what
        was written.
        """
        with self._look() as tx:
            self._held.tx = answers.remembering(tx)
            try:
                yield
            finally:
                self._held.tx = None

    @abstractmethod
    def _look(self) -> AbstractContextManager[Connection]:
        """A read-only transaction of its own."""

    def ask(self) -> AbstractContextManager[Connection]:
        """For one statement that only reads: it needs no transaction to see one state."""
        return self.read()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


class _Postgres(Database):
    dialect = "postgresql"
    holds_up_seconds = 0.5  # only who writes in the same repository waits
    rests_seconds = 0.0  # who waits for a row is next

    def __init__(self, url: str) -> None:
        engine = create_engine(url, pool_recycle=1800, **_USUAL)
        event.listen(engine, "connect", _tune)
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", partial(_require_alive, engine))
        super().__init__(url, engine)
        self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._asker = engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def begin(self, *, settled: bool = False) -> Iterator[Connection]:  # noqa: ARG002 - nothing else is ever found
        self._held.tx = None
        with self.engine.begin() as tx:
            yield tx

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        with self._reader.connect() as tx:
            yield tx

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        with self._asker.connect() as tx:
            yield tx


def _tune(driver: Any, _: ConnectionPoolEntry) -> None:
    """Plans for short statements over rows in memory or on a flash disk, whatever the server is set to.

    Compiling one takes a third of a second, starting helpers for it some ten milliseconds. And where most rows of a
    table belong to one repository, counting those of another read the whole table while an index seemed costly.
    """
    driver.autocommit = True
    driver.execute("SET jit = off")
    driver.execute("SET max_parallel_workers_per_gather = 0")
    driver.execute("SET random_page_cost = 1.1")
    driver.autocommit = False


def _note_return(_: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["returned"] = monotonic()


def _require_alive(engine: Engine, driver: Any, entry: ConnectionPoolEntry, _: Any) -> None:
    """The pool replaces a connection that was lost while it rested; asking every time would be a journey each."""
    rested = monotonic() - entry.info.get("returned", monotonic())
    if rested > TRUSTED_SECONDS and not _alive(engine, driver):
        raise DisconnectionError


def _alive(engine: Engine, driver: Any) -> bool:
    try:
        return engine.dialect.do_ping(driver)
    except engine.dialect.loaded_dbapi.Error:
        return False


class _Shared:
    """One transaction that several writers fill, and the news of how its commit went."""

    __slots__ = ("done", "error", "started", "writers")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.started, self.writers = monotonic(), 0
        self.error: BaseException | None = None

    def full(self) -> bool:
        return self.writers >= MOST_SHARED or monotonic() - self.started > LONGEST_SHARED_SECONDS


class _Gate:
    """Which process writes next. SQLite would make the others sleep and retry; here they wake when it is their turn."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def enter(self) -> None:
        """Wait for the turn."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Let the next one write."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


class _Sqlite(Database):
    dialect = "sqlite"
    holds_up_seconds = 0.2  # everybody who writes waits
    rests_seconds = 0.01  # who waits for the file has to wake up, and to begin before we are back

    def __init__(self, url: str) -> None:
        _make_file(Path(make_url(url).database or ""))
        engine = create_engine(url, isolation_level="AUTOCOMMIT", **_USUAL)
        event.listen(engine, "connect", _prepare)
        super().__init__(url, engine)
        self._writer: Connection | None = None
        self._turn, self._counting = threading.Lock(), threading.Lock()
        self._gate = _Gate(f"{engine.url.database}-gate")
        self._waiting = 0
        self._shared: _Shared | None = None

    @contextmanager
    def begin(self, *, settled: bool = False) -> Iterator[Connection]:
        self._held.tx = None
        self._take_turn()
        try:
            if settled and self._shared is not None and self._writer is not None:
                self._commit(self._shared, self._writer)
            shared, tx = self._join()
        except BaseException:
            self._turn.release()
            raise
        try:
            yield tx
        except BaseException:
            self._leave(shared, tx, keep=False)
            raise
        self._leave(shared, tx, keep=True)
        shared.done.wait()
        if shared.error is not None:
            raise shared.error

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        with self.engine.connect() as tx:
            _tell(tx, "BEGIN")
            try:
                yield tx
            finally:
                _tell(tx, "ROLLBACK")

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._gate.close()
        super().close()

    def _take_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        self._turn.acquire()
        with self._counting:
            self._waiting -= 1

    def _join(self) -> tuple[_Shared, Connection]:
        if self._writer is None:
            self._writer = self.engine.connect()
            self._writer.begin()  # as SQLAlchemy sees it: so nobody who is handed it thinks it needs a commit
            _tell(self._writer, f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        if self._shared is None:
            self._gate.enter()
            try:
                _tell(self._writer, "BEGIN IMMEDIATE")
            except BaseException:
                self._gate.leave()
                raise
            self._shared = _Shared()
        self._shared.writers += 1
        _tell(self._writer, "SAVEPOINT turn")
        return self._shared, self._writer

    def _leave(self, shared: _Shared, tx: Connection, *, keep: bool) -> None:
        """End this writer's turn; commit for everybody if nobody waits to go on."""
        try:
            if not keep:
                _tell(tx, "ROLLBACK TO turn")
            _tell(tx, "RELEASE turn")
        except BaseException as error:  # a full disk may have ended the transaction for all who share it
            _roll_back(tx)
            self._end(shared, error)
        else:
            if not self._waiting or shared.full():
                self._commit(shared, tx)
        finally:
            self._turn.release()

    def _commit(self, shared: _Shared, tx: Connection) -> None:
        """For everybody who shares it; they are told where it fails."""
        try:
            _tell(tx, "COMMIT")
            self._end(shared, None)
        except BaseException as error:
            _roll_back(tx)
            self._end(shared, error)

    def _end(self, shared: _Shared, error: BaseException | None) -> None:
        shared.error, self._shared = error, None
        self._gate.leave()
        shared.done.set()


def _make_file(file: Path) -> None:
    """Where there is none yet, a file that only its owner may read; SQLite gives those beside it the same rights."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _tell(tx: Connection, words: str) -> None:
    """Transaction control goes to the driver directly: there is nothing to compile, and much of it."""
    driver: Any = tx.connection.dbapi_connection
    driver.execute(words)


def _roll_back(tx: Connection) -> None:
    driver: Any = tx.connection.dbapi_connection
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def _prepare(driver: Any, _record: object) -> None:
    """WAL lets readers go on while one writes; FULL makes every commit durable before it is acknowledged."""
    driver.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    _write_ahead(driver)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        driver.execute(f"PRAGMA {pragma}")


def _write_ahead(driver: Any) -> None:
    """Where several open a new file at once, SQLite refuses all but one of them without waiting."""
    ends = monotonic() + _BUSY_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if monotonic() > ends:
                raise
            sleep(0.01)
        else:
            return


def sqlite_url(folder: Path) -> str:
    """The embedded database of a data folder."""
    return "sqlite:///" + os.fspath(folder.absolute() / "wharfinger.db")
