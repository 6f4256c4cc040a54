"""`wharfinger migrate`: bring the database to the tables of this version."""

from wharfinger.app import compose
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import read_settings
from wharfinger.cli.terminal import say
from wharfinger.db import revision


def migrate(config: ConfigOption = None) -> None:
    """Bring the database up to date. The embedded SQLite does so by itself at every start."""
    settings = read_settings(config)
    before, newest = revision.current(compose.database_url(settings)), revision.head()
    if before == newest:
        say(f"The database is at revision {newest}, the newest: nothing to do.")
        return
    compose.upgrade(settings)
    say(f"The database went from revision {before or 'none'} to {newest}.")
