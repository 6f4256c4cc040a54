"""`wharfinger migrate`: bring the database to the tables of this version."""

from wharfinger.app import compose
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import read_settings
from wharfinger.cli.terminal import say
from wharfinger.db import migrate as migrations


def migrate(config: ConfigOption = None) -> None:
    """Bring the database up to date. The embedded SQLite does so by itself at every start."""
    url = compose.database_url(read_settings(config))
    before, newest = migrations.current(url), migrations.head()
    if before == newest:
        say(f"The database is at revision {newest}, the newest: nothing to do.")
        return
    migrations.upgrade(url)
    say(f"The database went from revision {before or 'none'} to {newest}.")
