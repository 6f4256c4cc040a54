"""`wharfinger serve`: the whole server, one process tree."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from wharfinger import __version__
from wharfinger.app import compose, inforce
from wharfinger.app.clock import now
from wharfinger.cli import first_start
from wharfinger.cli.certificate import Pair, Unfit
from wharfinger.cli.loading import unswept
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import prepare_database
from wharfinger.cli.terminal import Failure, say
from wharfinger.config import running
from wharfinger.config.load import find_file, load
from wharfinger.config.running import AlreadyRunning, Running
from wharfinger.config.settings import Settings
from wharfinger.web.log import start_logging

_MOST_WORKERS: Final = 8
_START_SECONDS: Final = 60.0
_RESTART_SECONDS: Final = 1.0
_HELPER_SECONDS: Final = 10.0  # how long a job may take to come to an end; after a kill it is done again
_HANDOVER_SECONDS: Final = 3.0  # the last processes of a server that was killed may still be going
_QUIET: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "level": "WARNING", "propagate": True}},
}


def serve(
    config: ConfigOption = None,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring a PostgreSQL that is behind up to date.")] = False,
    worker: Annotated[bool, typer.Option(help="Do the periodic work in this process tree as well.")] = True,
) -> None:
    """Start the registry and stay until SIGTERM or Ctrl-C."""
    file = find_file(config, os.environ)
    settings = load(file, os.environ)
    _check_address(settings)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with running.hold(settings.run, _HANDOVER_SECONDS):
            _serve(settings, file, migrate=migrate, worker=worker)
    except AlreadyRunning as error:
        raise Failure(f"{error}: `wharfinger status` tells which; stop it first") from None


def _serve(settings: Settings, file: Path | None, *, migrate: bool, worker: bool) -> None:
    start_logging(settings.log.level, settings.log.format)
    if migrate:
        compose.upgrade(settings)
    prepare_database(settings)
    newcomer = _prepare_rows(settings)
    running.forget_workers(settings.run)
    for old in (settings.run / "metrics").glob("*"):
        old.unlink(missing_ok=True)
    described = _describe(settings, file, os.environ)
    running.write(described)
    pair = _pair(settings)
    server = _server(settings, pair.served if pair else None)
    if worker:
        helper = _Helper(settings.run)
        server.on_startup(helper.start)
        server.on_shutdown(helper.stop)
    server.on_startup(_in_background(_announce, described, newcomer))
    if pair:
        server.on_startup(_in_background(pair.follow))
    # Pages and API take longer to load than all the rest, and no other command needs them.
    with unswept():
        from wharfinger.app.serving import Serving  # noqa: PLC0415

    server.serve(target_loader=partial(Serving, settings.run), wrap_loader=False)


def _prepare_rows(settings: Settings) -> first_start.Newcomer | None:
    """What has to stand in the database before the first request; an administrator, where there was nobody.

    A restart may change more than a running server takes over: the audit log hears of it. Raises SecretChanged.
    """
    tools = compose.open_tools(settings)
    try:
        tools.keys.ensure()
        newcomer = first_start.prepare(tools)
        inforce.record(tools, settings)
        return newcomer
    finally:
        compose.close(tools)


def _in_background(function: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    return threading.Thread(target=function, args=arguments, daemon=True).start


def _describe(settings: Settings, file: Path | None, environ: Mapping[str, str]) -> Running:
    return Running(
        generation=1,
        pid=os.getpid(),
        started_at=now(),
        version=__version__,
        file=file.absolute() if file else None,
        variables={name: value for name, value in environ.items() if name.startswith("WHARFINGER_")},
        settings=settings,
    )


def _check_address(settings: Settings) -> None:
    """Nobody else may listen here: the workers share their port, so a second server would go unnoticed."""
    host, port = settings.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failure(
                f"cannot listen at {settings.listen}: {error.strerror}; stop what listens there, or set [server] listen"
            ) from None


def workers(settings: Settings) -> int:
    """How many processes answer requests."""
    return settings.server.workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)


def _pair(settings: Settings) -> Pair | None:
    """The certificate and key to serve, taken; None where we speak plain HTTP."""
    certificate, key = settings.server.tls_certificate, settings.server.tls_key
    if certificate is None or key is None:
        return None
    pair = Pair(certificate, key, settings.run)
    try:
        pair.take()
    except Unfit as error:
        raise Failure(str(error)) from None
    return pair


def _server(settings: Settings, pair: Path | None) -> MPServer:
    server = settings.server
    milliseconds = round(server.header_timeout.total_seconds() * 1000)
    return MPServer(
        "wharfinger.app.serving:Serving",
        address=settings.listen.host,
        port=settings.listen.port,
        interface=Interfaces.ASGI,
        workers=workers(settings),
        loop=Loops.uvloop,
        # HTTP/2 would bring floods of its own (resets, continuations, headers that unpack to megabytes) and connections
        # that nothing ends while they are idle; clients that move a few large bodies gain nothing by it.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=milliseconds),
        websockets=False,
        backlog=2048,
        log_dictconfig=_QUIET,
        ssl_cert=pair,
        ssl_key=pair,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=max(1, round(server.stop_timeout.total_seconds())),
    )


class _Helper:
    """The periodic work, in a process of its own that ends with ours; a new one where it ends before.

    It is started as a program, not forked, and the first time before there are web processes: of two children that are
    made at the same moment, one may hold the pipe by which the end of the other is noticed.
    """

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, "-m", "wharfinger", "worker", "--inside", str(folder)]
        self._over, self._starting = threading.Event(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have one run until `stop`."""
        self._start()
        threading.Thread(target=self._keep, daemon=True).start()

    def stop(self) -> None:
        """End it and wait, but not without end."""
        with self._starting:
            self._over.set()
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_HELPER_SECONDS)
            self._process.kill()

    def _start(self) -> None:
        with self._starting:
            if not self._over.is_set():
                self._process = subprocess.Popen(self._command)

    def _keep(self) -> None:
        while self._process and not self._over.is_set():
            self._process.wait()
            self._over.wait(_RESTART_SECONDS)
            self._start()


def _announce(described: Running, newcomer: first_start.Newcomer | None) -> None:
    """Once every process answers, say where; to a newcomer, also what to do next."""
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        ready = [one for one in running.acknowledged(described) if one.role == "web"]
        if len(ready) >= workers(described.settings):
            say(f"Wharfinger answers at {described.settings.address}")
            if newcomer:
                say(first_start.welcome(described, newcomer, sys.argv[0]))
            return
        time.sleep(0.05)
