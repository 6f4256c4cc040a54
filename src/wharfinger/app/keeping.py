"""Settings in, the store of the bytes out."""

from wharfinger.app.clock import now
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.settings import Settings
from wharfinger.db.engine import Database
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.storage.connect import Account, open_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.ledger import Ledger, MemoryLedger
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList, MasterKey
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.store import Store, StoreFailed


def open_store(settings: Settings, db: Database) -> Store:
    """Where the bytes are. Raises SettingsRefused, StoreFailed; nothing is sent to a bucket yet."""
    return _open_store(settings, DatabaseLedger(db, now))


def _open_store(settings: Settings, ledger: Ledger) -> Store:
    masters, url = master_key(settings), settings.storage.url
    if not url and masters is None:
        return LocalStore(settings.store)
    # Blobs from before there was a bucket or a key are still in the folder.
    before = LocalStore(settings.store) if settings.store.exists() or not url else None
    objects = open_bucket(url, _account(settings)) if url else Folder(settings.store)
    return ObjectStore(objects, ledger, masters=masters, before=before)


def master_key(settings: Settings) -> MasterKey | None:
    """What blobs are sealed with, if they are. Raises SettingsRefused."""
    text, file = settings.storage.master_keys, settings.storage.master_key_file
    try:
        text = file.read_text() if file else text
        return KeyList(text) if text or file else None
    except (OSError, ValueError) as error:
        where = f"[storage] {'master_key_file' if file else 'master_keys'}"
        raise SettingsRefused([Problem(where, f"cannot be used: {error}")]) from None


def _account(settings: Settings) -> Account:
    storage = settings.storage
    try:
        return Account(
            endpoint=storage.endpoint,
            region=storage.region,
            access_key=storage.access_key,
            secret_key=storage.secret_key,
            session_token=storage.session_token,
            key_text=storage.key_file.read_text() if storage.key_file else "",
            encryption=storage.encryption,
            encryption_key=storage.encryption_key,
            root_certificates=storage.ca_file.read_bytes() if storage.ca_file else b"",
            timeout=storage.timeout,
            retry_for=storage.retry_for,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([Problem("[storage]", f"a file cannot be read: {error}")]) from None


def check_store(settings: Settings) -> None:
    """Does the store of these settings keep and give back bytes? Raises SettingsRefused, which names what is wrong."""
    try:
        _open_store(settings, MemoryLedger()).check()
    except StoreFailed as error:
        raise SettingsRefused([Problem("[storage]", str(error))]) from None
