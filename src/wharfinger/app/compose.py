"""Settings in, tools out: what every operation of a process is handed."""

from dataclasses import replace

from wharfinger.app.clock import now
from wharfinger.app.keeping import open_store
from wharfinger.app.mail import open_mail
from wharfinger.app.outbound import open_outbound
from wharfinger.app.policy import policy
from wharfinger.app.secret import read_secret
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.settings import Settings
from wharfinger.db import revision
from wharfinger.db.engine import Database, sqlite_url
from wharfinger.db.lookup import open_lookup
from wharfinger.db.revision import Standing
from wharfinger.domain.keys import KeyRing
from wharfinger.domain.policy import Policy
from wharfinger.domain.tools import Tools


def database_url(settings: Settings) -> str:
    """The SQLAlchemy URL of the database that is used."""
    return settings.database.url or sqlite_url(settings.data)


def standing(settings: Settings) -> Standing:
    """How the database stands to this version."""
    return revision.standing(database_url(settings))


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest revision. Raises SchemaUnknown."""
    if standing(settings) is Standing.PRESENT:
        return
    # Alembic takes as long to load as the database's own library, and there is seldom something to do.
    from wharfinger.db import migrate  # noqa: PLC0415

    migrate.upgrade(database_url(settings))


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
        outbound=open_outbound(settings),
        mail=open_mail(settings),
    )


def adapt(tools: Tools, before: Settings, settings: Settings) -> Tools:
    """The same tools under changed hot settings; database and secret stay open. Raises SettingsRefused, StoreFailed."""
    following = policy(settings)
    store = tools.store if before.storage == settings.storage else open_store(settings, tools.db)
    keys = _keys(tools.db, tools.secret, following)
    outbound, mail = open_outbound(settings), open_mail(settings)
    return replace(tools, policy=following, store=store, keys=keys, outbound=outbound, mail=mail)


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
