"""`wharfinger status`: what runs, and whether it is what the settings file says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from wharfinger.app import compose
from wharfinger.app.clock import now
from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.reconfigure import on_disk, running_server
from wharfinger.cli.terminal import say, show_one
from wharfinger.config import running
from wharfinger.config.changes import Change, changes
from wharfinger.config.load import SettingsRefused
from wharfinger.config.running import Running
from wharfinger.config.settings import Settings, leaves, variable
from wharfinger.db import failures, revision
from wharfinger.db.revision import Standing


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell about the running server. Exit code 1 where none runs."""
    server = running_server(config)
    try:
        found, refused = changes(server.settings, on_disk(server, config)), ""
    except SettingsRefused as error:
        found, refused = [], str(error)
    if as_json:
        differs = [{"setting": one.path, "runs": one.old, "file": one.new, "hot": one.hot} for one in found]
        show_one({**_facts(server), "differs": differs, "refused": refused}, as_json=True)
        return
    show_one(_facts(server), as_json=False)
    say(_difference(found, refused))


def _facts(server: Running) -> Mapping[str, Any]:
    settings, processes = server.settings, running.acknowledged(server)
    pids = {role: [one.pid for one in processes if one.role == role] for role in ("web", "worker")}
    return {
        "address": settings.address,
        "listens_at": str(settings.listen),
        "answers": _answers(settings),
        "version": server.version,
        "server_pid": server.pid,
        "web_pids": " ".join(map(str, pids["web"])),
        "worker_pids": " ".join(map(str, pids["worker"])),
        "up_for": str(timedelta(seconds=round((now() - server.started_at).total_seconds()))),
        "started_at": server.started_at,
        "generation": server.generation,
        "database": make_url(compose.database_url(settings)).render_as_string(hide_password=True),
        "schema": _schema(settings),
        "store": settings.storage.url or str(settings.store),
        "settings_file": str(server.file) if server.file else "none",
        "variables": " ".join(_variables(server)),
    }


def _variables(server: Running) -> list[str]:
    secret = {variable(path) for path, one in leaves().items() if one.secret}
    return [name if name in secret else f"{name}={value}" for name, value in sorted(server.variables.items())]


def _answers(settings: Settings) -> str:
    """What `/-/ready` says where the server listens; its certificate may be for another name."""
    try:
        answer = httpx.get(f"{settings.local_address}/-/ready", timeout=5, verify=False)  # noqa: S501 - this machine
        return str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return f"not at all: {error}"


def _schema(settings: Settings) -> str:
    try:
        stands = compose.standing(settings)
    except DBAPIError as error:
        return f"unknown: {failures.words(error)}"
    return f"{revision.head()}, the newest" if stands is Standing.PRESENT else stands.value


def _difference(found: list[Change], refused: str) -> str:
    if refused:
        return f"\nThe settings on disk would be refused:\n{refused}"
    if not found:
        return "\nWhat runs is what the settings on disk say."
    lines = [f"  {one}{'' if one.hot else '   (needs a restart)'}" for one in found]
    return "\n".join(["\nThe settings on disk differ from what runs (runs → on disk):", *lines])
