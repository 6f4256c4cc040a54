"""One web process: the application of the settings in force, and how it follows them."""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from wharfinger.app import compose
from wharfinger.app.inforce import served
from wharfinger.app.secret import mark
from wharfinger.config.load import SettingsRefused
from wharfinger.config.running import Follower, Running
from wharfinger.config.settings import Settings
from wharfinger.domain import garbage
from wharfinger.domain.tools import Tools
from wharfinger.storage.store import StoreFailed
from wharfinger.web.api.application import Api
from wharfinger.web.front import Asgi, Front, Options, Records
from wharfinger.web.gitlab.routes import PREFIX as GITLAB
from wharfinger.web.gitlab.routes import Gitlab
from wharfinger.web.log import AccessLog, Sink, start_logging
from wharfinger.web.metrics import Shared, Tally
from wharfinger.web.numbers import Numbers
from wharfinger.web.oci.routes import Registry
from wharfinger.web.pages.front import Pages
from wharfinger.web.patience import Bodies
from wharfinger.web.probes import Readiness
from wharfinger.web.request import Receive, Scope, Send

_log: Final = logging.getLogger("wharfinger.app")
_TICK_SECONDS: Final = 0.5
_STANDARD_ERROR: Final = 2


@dataclass(frozen=True, slots=True)
class App:
    """What answers requests under one set of settings."""

    settings: Settings
    tools: Tools
    web: Front


def build(running: Running, records: Records, tools: Tools) -> App:
    """The web application of the settings in force."""
    settings = running.settings
    options = Options(
        trusted_proxies=settings.server.trusted_proxies,
        header_limit_bytes=settings.server.header_limit,
        mark=mark(tools.secret),
    )
    readiness = Readiness({"database": _database_check(tools), "store": tools.store.check})
    numbers = Numbers(partial(garbage.status, tools), tools.clock)
    registry, url = Registry(tools, settings.external_url), settings.external_url
    others: list[tuple[str, Asgi]] = [
        ("/api/", Api(tools, url)),
        (GITLAB, Gitlab(tools, url)),
        ("/", Pages(tools, url, served(running))),
    ]
    front = Front(registry, readiness, records, options, numbers, others=others)
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
        self._app = self._build(running, compose.open_tools(running.settings))
        self._ticking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server (ASGI lifespan)."""
        if scope["type"] == "http":
            await self._app.web(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _build(self, running: Running, tools: Tools) -> App:
        settings = running.settings
        start_logging(settings.log.level, settings.log.format)
        self._access_log = AccessLog(self._sink, settings.log.level, settings.log.format)
        return build(running, Records(self._access_log, self._tally, self._shared, bodies=self._bodies), tools)

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
        compose.close(self._app.tools)
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
            adapted = compose.adapt(self._app.tools, self._app.settings, running.settings)
            self._app = self._build(running, adapted)
            self._generation, refused = running.generation, ""
        except (SettingsRefused, StoreFailed) as error:
            refused = str(error)
        self._follower.acknowledge(self._generation, refused)
