"""From an address and credentials to a bucket.

    s3://bucket/prefix      gs://bucket/prefix      az://container/prefix      file:///folder

What is not given here is taken from the provider's usual environment variables and from the machine's role.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from wharfinger.storage.bucket import AnyStore, Bucket
from wharfinger.storage.complaints import FAILURES, failed
from wharfinger.storage.store import StoreFailed

_GOOGLE_KEY: Final = "x-goog-encryption-kms-key-name"
_FOREVER: Final = timedelta(days=1)  # a large layer to a slow client


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach a bucket. Empty means: as the environment says, or the provider's default.

    `access_key` and `secret_key` are an S3 access key, or an Azure account's name and key. `key_text` is the JSON of a
    Google service account. `encryption` and `encryption_key` ask S3 for server-side encryption (`AES256`, `aws:kms`,
    `aws:kms:dsse`; the id of a KMS key); Google is asked by the name of a Cloud KMS key alone. `root_certificates` is
    PEM that is trusted besides the system's.
    """

    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    session_token: str = ""
    key_text: str = ""
    encryption: str = ""
    encryption_key: str = ""
    root_certificates: bytes = b""
    timeout: timedelta = timedelta(seconds=30)  # of one request
    retry_for: timedelta = timedelta(seconds=20)  # all tries of one request together


def open_bucket(url: str, account: Account) -> Bucket:
    """The bucket at this address; nothing is sent yet. Raises StoreFailed where address and account cannot be right."""
    parts = urlsplit(url)
    make = _MAKERS.get(parts.scheme)
    if make is None or not parts.netloc:
        raise StoreFailed(
            f"{url!r} is no bucket: write s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
        )
    prefix, where = parts.path.strip("/") or None, f"{url} at {account.endpoint}" if account.endpoint else url
    try:
        making = make(parts.netloc, prefix, account, _client(account, account.timeout, _headers(parts.scheme, account)))
        asking = make(parts.netloc, prefix, account, _client(account, account.timeout))
        reading = make(parts.netloc, prefix, account, _client(account, _FOREVER))
    except FAILURES as error:
        raise failed(error, "work", where) from None
    return Bucket(where, making, asking, reading)


def folder_bucket(folder: str) -> Bucket:
    """A folder seen as a bucket. Its objects are not synced: for tests, and for copying from."""
    store = LocalStore(folder, mkdir=True)
    return Bucket(folder, store, store, store)


def _s3(bucket: str, prefix: str | None, account: Account, options: dict[str, Any]) -> S3Store:
    config = {
        "endpoint": account.endpoint,
        "region": account.region,
        "access_key_id": account.access_key,
        "secret_access_key": account.secret_key,
        "session_token": account.session_token,
        "server_side_encryption": account.encryption,
        "sse_kms_key_id": account.encryption_key,
    }
    return S3Store(bucket, prefix=prefix, config=_given(config), **options)


def _google(bucket: str, prefix: str | None, account: Account, options: dict[str, Any]) -> GCSStore:
    config = {
        "base_url": account.endpoint,
        "service_account_key": account.key_text,
        "bearer_token": account.session_token,
    }
    return GCSStore(bucket, prefix=prefix, config=_given(config), **options)


def _azure(container: str, prefix: str | None, account: Account, options: dict[str, Any]) -> AzureStore:
    config = {
        "endpoint": account.endpoint,
        "account_name": account.access_key,
        "account_key": account.secret_key,
        "sas_key": account.session_token,
    }
    return AzureStore(container, prefix=prefix, config=_given(config), **options)


_MAKERS: Final[dict[str, Callable[[str, str | None, Account, dict[str, Any]], AnyStore]]] = {
    "s3": _s3,
    "gs": _google,
    "az": _azure,
}


def _given(config: dict[str, str]) -> Any:
    return {name: value for name, value in config.items() if value}


def _headers(scheme: str, account: Account) -> dict[str, str]:
    """What goes with every request that makes an object: with those that read or delete, Google wants no key."""
    return {_GOOGLE_KEY: account.encryption_key} if scheme == "gs" and account.encryption_key else {}


def _client(account: Account, timeout: timedelta, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A body may take its time to be read, but not between two pieces of it."""
    options: dict[str, Any] = {
        "allow_http": account.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timeout,
        "read_timeout": account.timeout,
        "user_agent": "wharfinger",
        "default_headers": headers or {},
    }
    if account.root_certificates:
        options["root_certificate"] = account.root_certificates
    return {"client_options": options, "retry_config": {"max_retries": 8, "retry_timeout": account.retry_for}}
