"""What a command works with: the settings of the place, and tools on its database and store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wharfinger import app
from wharfinger.cli.terminal import Failure
from wharfinger.config.load import find_file, load
from wharfinger.config.settings import Settings
from wharfinger.db import migrate
from wharfinger.domain.tools import Tools


def read_settings(config: Path | None) -> Settings:
    """The settings as file and environment have them now. Raises SettingsRefused."""
    return load(find_file(config, os.environ), os.environ)


@contextmanager
def open_session(config: Path | None) -> Iterator[Tools]:
    """Tools for a command that works beside a running server, or without one."""
    settings = read_settings(config)
    prepare_database(settings, upgrade=not settings.database.url)
    tools = app.open_tools(settings)
    try:
        yield tools
    finally:
        app.close(tools)


def prepare_database(settings: Settings, *, upgrade: bool) -> None:
    """Make sure of the present tables: the embedded SQLite is ours alone; others belong to their operator's hands."""
    if app.schema_is_current(settings):
        return
    if not upgrade:
        raise Failure("the database is behind this version of Wharfinger: back it up, then run `wharfinger migrate`")
    migrate.upgrade(app.database_url(settings))
