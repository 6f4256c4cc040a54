"""What `doctor` looks at on this machine: folders, space, store, secret, database, keys."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from wharfinger.app import compose, keeping, secret
from wharfinger.app.clock import now
from wharfinger.cli.failures import CONNECTING
from wharfinger.cli.finding import Finding, fail, ok, warn
from wharfinger.config.load import SettingsRefused
from wharfinger.config.settings import Settings
from wharfinger.db import failures, revision
from wharfinger.db.engine import Database
from wharfinger.db.revision import Standing
from wharfinger.domain import verify
from wharfinger.domain.keys import SecretChanged
from wharfinger.domain.tools import Tools
from wharfinger.storage.store import StoreError

_LITTLE: Final = 5 * 1024**3
_TOO_LITTLE: Final = 256 * 1024**2
_CLOCKS_APART: Final = timedelta(seconds=30)


def examine(settings: Settings) -> Iterator[Finding]:
    """One thing after another; what needs a thing that is broken is left out."""
    yield _folder("data folder", settings.data)
    if not settings.storage.url:
        yield _space(settings.store)
    yield _store(settings)
    yield _secret(settings)
    database = _database(settings)
    yield database
    if database.level == "ok":
        yield from _in_database(settings)


def _folder(subject: str, folder: Path) -> Finding:
    if not folder.is_dir():
        return fail(subject, f"{folder} is not there", "`wharfinger serve` makes it; check `data` in the settings")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return fail(
            subject, f"{folder} is not writable for this user", f"run as its owner, or: chown -R $USER {folder}"
        )
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warn(subject, f"{folder} is open to other users of this machine", f"chmod 700 {folder}")
    return ok(subject, str(folder))


def _space(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(there)
    said = f"{usage.free / 1024**3:.1f} GiB free of {usage.total / 1024**3:.1f} where {folder} is"
    if usage.free < _TOO_LITTLE:
        return fail("disk space", said, "make room now: pushes fail when the disk is full")
    if usage.free < _LITTLE:
        return warn("disk space", said, "make room before pushes fail")
    return ok("disk space", said)


def _store(settings: Settings) -> Finding:
    url = settings.storage.url
    try:
        keeping.check_store(settings)
    except SettingsRefused as error:
        advice = "the store is not ours: correct the settings, or ask its operator" if url else "check its disk"
        return fail("store", str(error), advice)
    return ok("store", f"{url or settings.store} keeps and gives back bytes")


def _secret(settings: Settings) -> Finding:
    path = settings.secret_path
    if not path.exists():
        return fail("secret", f"{path} is not there", "`wharfinger serve` makes it; after a loss put the old one back")
    try:
        secret.read_secret(settings)
    except SettingsRefused as error:
        return fail("secret", str(error), "put the secret back that the database was used with")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warn("secret", f"{path} is readable for other users of this machine", f"chmod 600 {path}")
    return ok("secret", f"{path} is readable, and for its owner only")


def _database(settings: Settings) -> Finding:
    url = compose.database_url(settings)
    shown = make_url(url).render_as_string(hide_password=True)
    try:
        stands = revision.standing(url)
    except DBAPIError as error:
        return fail("database", f"{shown} cannot be reached: {failures.words(error)}", CONNECTING)
    if stands is not Standing.PRESENT:
        sentence, _, advice = stands.value.removeprefix("the database ").partition(": ")
        if stands is Standing.EMPTY and not settings.database.url:
            advice = "`wharfinger serve` makes them"
        return fail("database", f"{shown} {sentence}", advice)
    return ok("database", f"{shown} is at revision {revision.head()}, the newest")


def _in_database(settings: Settings) -> Iterator[Finding]:
    try:
        tools = compose.open_tools(settings)
    except (SettingsRefused, StoreError) as error:
        yield fail("tools", str(error), "see above")
        return
    try:
        yield _clock(tools.db)
        tools.keys.public_keys()
        yield ok("signing keys", "the secret opens them")
        yield _bytes(tools)
    except SecretChanged as error:
        sentence, _, advice = str(error).partition(": ")
        yield fail("signing keys", sentence, advice)
    finally:
        compose.close(tools)


def _bytes(tools: Tools) -> Finding:
    try:
        problem = verify.glimpse(tools)
    except StoreError as error:
        return fail("blobs", str(error), "see what is said of the store")
    if problem is None:
        return ok("blobs", "those looked at are in the store")
    advice = (
        "the store is the one they were pushed to, on every host, or else in [storage.other] until they are moved; "
        "`wharfinger verify` looks at all"
    )
    return fail("blobs", problem.sentence, advice)


def _clock(db: Database) -> Finding:
    if db.dialect == "sqlite":
        return ok("clock", f"{now():%Y-%m-%d %H:%M:%S} UTC")
    with db.read() as tx:
        apart = abs(tx.execute(text("SELECT clock_timestamp()")).scalar_one() - now())
    if apart > _CLOCKS_APART:
        said = f"this machine and the database are {apart.total_seconds():.0f} s apart"
        return fail("clock", said, "let NTP set both clocks: tokens of one host look expired or too young to another")
    return ok("clock", "the same as the database's, to half a minute")
