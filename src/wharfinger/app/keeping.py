"""Settings in, the store of the bytes out."""

from pathlib import Path

from wharfinger.app.clock import now
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.sections.storage import StoreSection
from wharfinger.config.settings import Settings
from wharfinger.db.engine import Database
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.storage.bucket import Bucket
from wharfinger.storage.connect import Account, open_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.ledger import Ledger, MemoryLedger
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList, MasterKey
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.reference_bucket import ReferenceBucket
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Store, StoreFailed
from wharfinger.storage.stores import Stores


def open_store(settings: Settings, db: Database) -> Store:
    """Where the bytes are. Raises SettingsRefused, StoreFailed; nothing is sent to a bucket yet."""
    return _open_store(settings, DatabaseLedger(db, now))


def _open_store(settings: Settings, ledger: Ledger) -> Store:
    """New blobs are objects where the first section has a bucket or keys, else files under their digest."""
    main, other = settings.storage, settings.storage.other
    shelves = [found for found in (_shelf(settings, main), other.given and _shelf(settings, other)) if found]
    plain = [LocalStore(folder) for folder in _folders(settings)]
    placed = ObjectStore(ledger, *shelves) if shelves else None
    first: Store = plain[0] if placed is None or not _keeps_objects(main) else placed
    return first if len(plain) + (placed is not None) == 1 else Stores(first, plain, placed)


def _keeps_objects(section: StoreSection) -> bool:
    return bool(section.url or section.master_keys or section.master_key_file)


def _shelf(settings: Settings, section: StoreSection) -> Shelf | None:
    if not _keeps_objects(section):
        return None
    masters, folder = _masters(section), section.folder or settings.store
    if section.url:
        return Shelf(open_bucket(section.url, _account(section)), masters, name=_name(section))
    return Shelf(Folder(folder), masters, name=folder.absolute().as_uri())


def _folders(settings: Settings) -> list[Path]:
    """Where files under their digest may be; those from before there was a bucket or a key are still there."""
    main, other = settings.storage, settings.storage.other
    first = settings.store if not main.url or settings.store.exists() else None
    return list(dict.fromkeys(folder for folder in (first, other.folder) if folder))


def open_reference(settings: Settings, url: str) -> ReferenceBucket:
    """A bucket of the reference registry that is one of our stores. Raises SettingsRefused, StoreFailed."""
    section = _section(settings, url)
    return ReferenceBucket(open_bucket(section.url, _account(section)), _name(section))


def open_own_bucket(settings: Settings, url: str) -> Bucket:
    """A bucket that the settings name, to read from. Raises SettingsRefused, StoreFailed."""
    section = _section(settings, url)
    return open_bucket(section.url, _account(section))


def _section(settings: Settings, url: str) -> StoreSection:
    for section in (settings.storage, settings.storage.other):
        if section.url and section.url == url.rstrip("/"):
            return section
    raise StoreFailed(
        f"{url} is not a store of ours: put it into [storage], or [storage.other], as url with its keys; its blobs are "
        "then read where they lie"
    )


def _name(section: StoreSection) -> str:
    """What places call a bucket."""
    return f"{section.url}@{section.endpoint}" if section.endpoint else section.url


def master_key(settings: Settings) -> MasterKey | None:
    """What new blobs are sealed with, if they are. Raises SettingsRefused."""
    return _masters(settings.storage)


def _masters(section: StoreSection) -> MasterKey | None:
    text, file = section.master_keys, section.master_key_file
    try:
        text = file.read_text() if file else text
        return KeyList(text) if text or file else None
    except (OSError, ValueError) as error:
        where = f"[storage] {'master_key_file' if file else 'master_keys'}"
        raise SettingsRefused([Problem(where, f"cannot be used: {error}")]) from None


def _account(section: StoreSection) -> Account:
    try:
        return Account(
            endpoint=section.endpoint,
            region=section.region,
            access_key=section.access_key,
            secret_key=section.secret_key,
            session_token=section.session_token,
            key_text=section.key_file.read_text() if section.key_file else "",
            encryption=section.encryption,
            encryption_key=section.encryption_key,
            root_certificates=section.ca_file.read_bytes() if section.ca_file else b"",
            timeout=section.timeout,
            retry_for=section.retry_for,
        )
    except OSError as error:
        raise SettingsRefused([Problem("[storage]", f"{error.filename} cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise SettingsRefused([Problem("[storage]", f"key_file {section.key_file} is no JSON")]) from None


def check_store(settings: Settings) -> None:
    """Does the store of these settings keep and give back bytes? Raises SettingsRefused, which names what is wrong."""
    try:
        _open_store(settings, MemoryLedger()).check()
    except StoreFailed as error:
        raise SettingsRefused([Problem("[storage]", str(error))]) from None
