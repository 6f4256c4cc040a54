"""`wharfinger worker`: the periodic work alone, for fleets whose servers run with `--no-worker`."""

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Annotated, Final

import typer

from wharfinger.app import compose
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import open_session, read_settings
from wharfinger.config.load import SettingsRefused
from wharfinger.config.running import Follower
from wharfinger.domain.tools import Tools
from wharfinger.jobs import worker as engine
from wharfinger.storage.store import StoreFailed
from wharfinger.web.log import start_logging

_PAUSE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5
_COURTESY: Final = 5  # who pushes or pulls on this machine goes before; more would hold locks for long on a full one
_log: Final = logging.getLogger("wharfinger.worker")


def worker(
    config: ConfigOption = None,
    inside: Annotated[Path | None, typer.Option(hidden=True, help="Run folder of the server it is part of.")] = None,
) -> None:
    """Do the periodic work until SIGTERM or Ctrl-C. Any number of workers may run."""
    if inside is not None:
        work(inside)
        return
    settings = read_settings(config)
    start_logging(settings.log.level, settings.log.format)
    with open_session(config) as tools:
        tools.keys.ensure()
        engine.run(lambda: tools, _stop_signal(), _PAUSE_SECONDS)


def work(folder: Path) -> None:
    """The same inside a server's process tree: follows its settings, and ends when it does."""
    os.nice(_COURTESY)
    stop = _stop_signal()
    follower = _Followed(folder, stop)
    watching = threading.Thread(target=follower.watch, daemon=True)
    watching.start()
    engine.run(lambda: follower.tools, stop, _PAUSE_SECONDS)
    watching.join()
    compose.close(follower.tools)


class _Followed:
    """Tools under the settings now in force."""

    def __init__(self, folder: Path, stop: threading.Event) -> None:
        self._follower, self._stop = Follower(folder, "worker"), stop
        running = self._follower.poll()
        if running is None:
            raise RuntimeError(f"{folder} does not say which settings to work by")
        start_logging(running.settings.log.level, running.settings.log.format)
        self.tools: Tools = compose.open_tools(running.settings)
        self._settings, self._generation = running.settings, running.generation
        self._follower.acknowledge(running.generation)

    def watch(self) -> None:
        """Take over settings as they change; stop when the server is gone."""
        while not self._stop.wait(_LOOK_SECONDS):
            self._take_over()
            if self._follower.orphaned:
                self._stop.set()

    def _take_over(self) -> None:
        running = self._follower.poll()
        if running is None:
            return
        refused = ""
        try:
            self.tools = compose.adapt(self.tools, self._settings, running.settings)
            start_logging(running.settings.log.level, running.settings.log.format)
            self._settings, self._generation = running.settings, running.generation
        except (SettingsRefused, StoreFailed) as error:
            refused = str(error)
        self._follower.acknowledge(self._generation, refused)


def _stop_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _log.debug("worker %d", os.getpid())
    return stop
