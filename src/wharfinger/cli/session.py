"""What a command works with: the settings of the place, and tools on its database and store."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from wharfinger.app import compose
from wharfinger.cli.terminal import Failure, note
from wharfinger.config.load import find_file, load
from wharfinger.config.settings import Settings
from wharfinger.db.revision import Standing
from wharfinger.domain.tools import Tools

Item = TypeVar("Item")
_PAGE: Final = 500


def read_settings(config: Path | None) -> Settings:
    """The settings as file and environment have them now. Raises SettingsRefused."""
    return load(find_file(config, os.environ), os.environ)


@contextmanager
def open_session(config: Path | None) -> Iterator[Tools]:
    """Tools for a command that works beside a running server, or without one."""
    file = find_file(config, os.environ)
    settings = load(file, os.environ)
    if prepare_database(settings) is Standing.EMPTY and file is None:
        note(
            f"No settings file was found here, and no database in {settings.data}: made an empty one there. For that "
            f"of a server, go to the folder where it was started, or name its file (--config)."
        )
    tools = compose.open_tools(settings)
    try:
        yield tools
    finally:
        compose.close(tools)


def prepare_database(settings: Settings) -> Standing:
    """Make sure of the present tables, and tell how they stood. The embedded SQLite is ours alone; a PostgreSQL may be
    shared, so its operator decides. Raises Failure."""
    stood = compose.standing(settings)
    if stood is Standing.AHEAD or (stood is not Standing.PRESENT and settings.database.url):
        raise Failure(stood.value)
    compose.upgrade(settings)
    return stood


def everything(page: Callable[[str, int], list[Item]], key: Callable[[Item], str]) -> list[Item]:
    """All of a paged list. `page` gives what comes after a key, at most so many."""
    found: list[Item] = []
    while part := page(key(found[-1]) if found else "", _PAGE):
        found += part
        if len(part) < _PAGE:
            break
    return found
