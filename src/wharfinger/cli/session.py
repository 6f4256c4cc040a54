"""What a command works with: the settings of the place, and tools on its database and store."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from wharfinger.app import compose
from wharfinger.cli.terminal import Failure
from wharfinger.config.load import find_file, load
from wharfinger.config.settings import Settings
from wharfinger.domain.tools import Tools

Item = TypeVar("Item")
_PAGE: Final = 500


def read_settings(config: Path | None) -> Settings:
    """The settings as file and environment have them now. Raises SettingsRefused."""
    return load(find_file(config, os.environ), os.environ)


@contextmanager
def open_session(config: Path | None) -> Iterator[Tools]:
    """Tools for a command that works beside a running server, or without one."""
    settings = read_settings(config)
    prepare_database(settings, upgrade=not settings.database.url)
    tools = compose.open_tools(settings)
    try:
        yield tools
    finally:
        compose.close(tools)


def prepare_database(settings: Settings, *, upgrade: bool) -> None:
    """Make sure of the present tables: the embedded SQLite is ours alone; others belong to their operator's hands."""
    if compose.schema_is_current(settings):
        return
    if not upgrade:
        raise Failure("the database is behind this version of Wharfinger: back it up, then run `wharfinger migrate`")
    compose.upgrade(settings)


def everything(page: Callable[[str, int], list[Item]], key: Callable[[Item], str]) -> list[Item]:
    """All of a paged list. `page` gives what comes after a key, at most so many."""
    found: list[Item] = []
    while part := page(key(found[-1]) if found else "", _PAGE):
        found += part
        if len(part) < _PAGE:
            break
    return found
