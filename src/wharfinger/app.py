"""The composition root: settings in, tools and web application out. The only file that knows every room."""

import asyncio
import gc
import hmac
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Final

from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.running import Follower, Running
from wharfinger.config.settings import Issuer, Settings
from wharfinger.db import migrate
from wharfinger.db.engine import Database, sqlite_url
from wharfinger.db.lookup import open_lookup
from wharfinger.domain import garbage
from wharfinger.domain.keys import KeyRing
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.policy import Policy, TrustedIssuer
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Profile
from wharfinger.storage.connect import Account, open_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.ledger import Ledger, MemoryLedger
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList, MasterKey
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.store import Store, StoreFailed
from wharfinger.web.front import Front, Options, Records
from wharfinger.web.log import AccessLog, Sink, start_logging
from wharfinger.web.metrics import Shared, Tally
from wharfinger.web.numbers import Numbers
from wharfinger.web.oci.routes import Registry
from wharfinger.web.patience import Bodies
from wharfinger.web.probes import Readiness
from wharfinger.web.request import Receive, Scope, Send

_log: Final = logging.getLogger("wharfinger.app")
_TICK_SECONDS: Final = 0.5
_SECRET_BYTES: Final = 32
_STANDARD_ERROR: Final = 2


def database_url(settings: Settings) -> str:
    """The SQLAlchemy URL of the database that is used."""
    return settings.database.url or sqlite_url(settings.data)


def read_secret(settings: Settings) -> bytes:
    """The installation's secret, made at first use in a file that only its owner reads. Raises SettingsRefused."""
    path = settings.secret_path
    with suppress(FileExistsError):
        _make_secret(path)
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise SettingsRefused([Problem(str(path), f"the secret cannot be read: {error}")]) from None
    if len(secret) < _SECRET_BYTES:
        raise SettingsRefused([Problem(str(path), "the secret needs 64 hex digits: `openssl rand -hex 32` makes one")])
    return secret


def _make_secret(path: Path) -> None:
    """Write a new secret, unless there is one. Raises FileExistsError."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f".{path.name}.{token_hex(4)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token_hex(_SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    finally:
        made.unlink()


def mark(secret: bytes) -> str:
    """What shows that a server is one of this installation, and tells nothing of the secret."""
    return hmac.new(secret, b"wharfinger installation", "sha256").hexdigest()[:16]


def policy(settings: Settings) -> Policy:
    """What operations follow. Raises SettingsRefused where a trusted issuer's keys cannot be read."""
    registry, tokens = settings.registry, settings.tokens
    return Policy(
        profile=Profile(settings.access.profile),
        password_login=settings.access.password_login,
        issuer=tokens.issuer,
        audience=tokens.audience,
        token_life=tokens.life,
        key_overlap=tokens.key_overlap,
        trusted_issuers=tuple(map(_trusted, tokens.trusted_issuers)),
        manifest_limit_bytes=registry.manifest_limit,
        blob_limit_bytes=registry.blob_limit,
        upload_keep=registry.upload_keep,
        page_default=registry.page_default,
        page_limit=registry.page_limit,
        trash_keep=settings.trash.keep,
        gc_delay=settings.gc.delay,
        gc_interval=settings.gc.interval,
        gc_batch=settings.gc.batch,
        login_failures=settings.logins.failures,
        login_window=settings.logins.window,
        redirect_life=settings.storage.redirect_life if settings.storage.redirect else None,
        stream_to=settings.storage.stream_to,
    )


def _trusted(issuer: Issuer) -> TrustedIssuer:
    try:
        keys = {kid: file.read_text() for kid, file in issuer.keys.items()}
    except (OSError, UnicodeDecodeError) as error:
        where = f"[tokens.trusted_issuers] {issuer.issuer}"
        raise SettingsRefused([Problem(where, f"its key cannot be read: {error}")]) from None
    return TrustedIssuer(issuer=issuer.issuer, audience=issuer.audience, keys=keys)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def open_tools(settings: Settings) -> Tools:
    """Everything that operations are handed. Raises SettingsRefused."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret, following = read_secret(settings), policy(settings)
    db = Database.open(database_url(settings))
    return Tools(
        db=db,
        lookup=open_lookup(db),
        store=open_store(settings, db),
        clock=now,
        secret=secret,
        keys=_keys(db, secret, following),
        policy=following,
    )


def open_store(settings: Settings, db: Database) -> Store:
    """Where the bytes are. Raises SettingsRefused, StoreFailed; nothing is sent to a bucket yet."""
    return _open_store(settings, DatabaseLedger(db, now))


def _open_store(settings: Settings, ledger: Ledger) -> Store:
    masters, url = master_key(settings), settings.storage.url
    if not url and masters is None:
        return LocalStore(settings.store)
    # Blobs from before there was a bucket or a key are still in the folder.
    before = LocalStore(settings.store) if settings.store.exists() or not url else None
    objects = open_bucket(url, _account(settings)) if url else Folder(settings.store)
    return ObjectStore(objects, ledger, masters=masters, before=before)


def master_key(settings: Settings) -> MasterKey | None:
    """What blobs are sealed with, if they are. Raises SettingsRefused."""
    text, file = settings.storage.master_keys, settings.storage.master_key_file
    try:
        text = file.read_text() if file else text
        return KeyList(text) if text or file else None
    except (OSError, ValueError) as error:
        where = f"[storage] {'master_key_file' if file else 'master_keys'}"
        raise SettingsRefused([Problem(where, f"cannot be used: {error}")]) from None


def _account(settings: Settings) -> Account:
    storage = settings.storage
    try:
        return Account(
            endpoint=storage.endpoint,
            region=storage.region,
            access_key=storage.access_key,
            secret_key=storage.secret_key,
            session_token=storage.session_token,
            key_text=storage.key_file.read_text() if storage.key_file else "",
            encryption=storage.encryption,
            encryption_key=storage.encryption_key,
            root_certificates=storage.ca_file.read_bytes() if storage.ca_file else b"",
            timeout=storage.timeout,
            retry_for=storage.retry_for,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([Problem("[storage]", f"a file cannot be read: {error}")]) from None


def check_store(settings: Settings) -> None:
    """Does the store of these settings keep and give back bytes? Raises SettingsRefused, which names what is wrong."""
    try:
        _open_store(settings, MemoryLedger()).check()
    except StoreFailed as error:
        raise SettingsRefused([Problem("[storage]", str(error))]) from None


def adapt(tools: Tools, settings: Settings) -> Tools:
    """The same tools under changed hot settings: database, store and secret stay open. Raises SettingsRefused."""
    following = policy(settings)
    return replace(tools, policy=following, keys=_keys(tools.db, tools.secret, following))


def _keys(db: Database, secret: bytes, following: Policy) -> KeyRing:
    try:
        return KeyRing(db, secret, now, following)
    except ValueError as error:
        raise SettingsRefused([Problem("[tokens.trusted_issuers]", str(error))]) from None


def check(settings: Settings) -> None:
    """Would a server work with these settings? Raises SettingsRefused."""
    close(open_tools(settings))


def close(tools: Tools) -> None:
    """Write what is pending, and give back what the tools hold open."""
    tools.uses.flush(tools.db)
    tools.lookup.close()
    tools.db.close()


@dataclass(frozen=True, slots=True)
class App:
    """What answers requests under one set of settings."""

    settings: Settings
    tools: Tools
    web: Front


def build(settings: Settings, records: Records, tools: Tools) -> App:
    """The web application of these settings."""
    options = Options(
        trusted_proxies=settings.server.trusted_proxies,
        header_limit_bytes=settings.server.header_limit,
        mark=mark(tools.secret),
    )
    readiness = Readiness({"database": _database_check(tools), "store": tools.store.check})
    numbers = Numbers(partial(garbage.status, tools), tools.clock)
    front = Front(Registry(tools, settings.external_url), readiness, records, options, numbers)
    return App(settings, tools, front)


def _database_check(tools: Tools) -> Callable[[], object]:
    def check() -> None:
        with tools.db.read() as tx:
            tx.exec_driver_sql("SELECT 1")

    return check


def _settle() -> None:
    """What start-up made stays: tell the collector not to look at it again, and to look seldom at what requests make.

    Requests leave few cycles behind; with the usual thresholds the search for them took a twentieth of a push's
    processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Serving:
    """One web process: answers with the newest application, and takes over settings as they change.

    A request keeps the application that it came to; swapping is one assignment, so no transfer notices.
    """

    def __init__(self, folder: Path) -> None:
        self._follower, self._sink = Follower(folder, "web"), Sink(_STANDARD_ERROR)
        running = self._follower.poll()
        if running is None:
            raise RuntimeError(f"{folder} does not say which settings to serve")
        self._tally = Tally()
        self._shared = Shared(folder / "metrics", self._tally)
        self._generation = running.generation
        self._bodies = Bodies()
        self._app = self._build(running.settings, open_tools(running.settings))
        self._ticking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server (ASGI lifespan)."""
        if scope["type"] == "http":
            await self._app.web(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _build(self, settings: Settings, tools: Tools) -> App:
        start_logging(settings.log.level, settings.log.format)
        self._access_log = AccessLog(self._sink, settings.log.level, settings.log.format)
        return build(settings, Records(self._access_log, self._tally, self._shared, bodies=self._bodies), tools)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._follower.acknowledge(self._generation)
        self._ticking = asyncio.create_task(self._tick())
        _settle()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._ticking.cancel()
        self._write_down()
        self._sink.close()
        close(self._app.tools)
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._write_down()
            self._bodies.let_go(self._app.settings.server.body_timeout.total_seconds())
            if (running := self._follower.poll()) is not None:
                self._take_over(running)
            if self._follower.orphaned:
                self._end_alone()
                return

    def _end_alone(self) -> None:
        """What the main process would see to: an end by asking, then within the limit."""
        _log.error("the server's main process is gone: stopping")
        limit = threading.Timer(self._app.settings.server.stop_timeout.total_seconds(), os._exit, [1])
        limit.daemon = True
        limit.start()
        os.kill(os.getpid(), signal.SIGTERM)

    def _write_down(self) -> None:
        self._access_log.flush()
        self._shared.publish(self._sink.dropped)

    def _take_over(self, running: Running) -> None:
        try:
            self._access_log.flush()
            self._app = self._build(running.settings, adapt(self._app.tools, running.settings))
            self._generation, refused = running.generation, ""
        except SettingsRefused as error:
            refused = str(error)
        self._follower.acknowledge(self._generation, refused)


def schema_is_current(settings: Settings) -> bool:
    """Is the database at the newest revision?"""
    return migrate.current(database_url(settings)) == migrate.head()
