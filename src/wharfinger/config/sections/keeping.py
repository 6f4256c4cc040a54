"""What is kept, where, and for how long: rows, bytes, images, trash."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from wharfinger.config.buckets import BucketUrl, Endpoint
from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import DatabaseUrl, Duration, Networks, Size, duration, networks, size


class DatabaseSection(Section):
    """Where rows are kept."""

    url: DatabaseUrl = setting(
        "", "`postgresql://user:password@host/name`; empty is SQLite in the data folder.", secret=True
    )


class Storage(Section):
    """Where bytes are kept."""

    folder: Path | None = setting(None, "Folder for the bytes of blobs; empty is `store` in the data folder.")
    url: BucketUrl = setting(
        "", "Bucket for them instead: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."
    )
    endpoint: Endpoint = setting("", "Address of the object store, where it is not the provider's own.")
    region: str = setting("", "Region of an S3 bucket.")
    access_key: str = setting(
        "", "S3 access key id, or the name of the Azure account; empty is what environment or the machine's role say.",
        secret=True,
    )  # fmt: skip
    secret_key: str = setting("", "S3 secret access key, or the key of the Azure account.", secret=True)
    session_token: str = setting(
        "", "Temporary credentials: S3 session token, Google access token or Azure SAS.", secret=True
    )
    key_file: Path | None = setting(None, "JSON key of a Google service account.")
    ca_file: Path | None = setting(None, "Certificates in PEM that are trusted for the endpoint besides the system's.")
    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = setting(
        "", "Server-side encryption to ask S3 for; for Google and Azure it is a setting of the bucket."
    )
    encryption_key: str = setting("", "Id of the KMS key for it; empty is the provider's own.")
    timeout: Duration = setting(
        duration("30s"), "How long the object store may take for one request.", ge=duration("1s"), le=duration("10m")
    )
    retry_for: Duration = setting(
        duration("20s"), "How long a request to it is tried again before the client is told.", le=duration("5m")
    )
    redirect: bool = setting(
        default=True, meaning="Send clients that pull to the bucket itself, by URLs that are signed and end.", hot=True
    )
    redirect_life: Duration = setting(
        duration("20m"), "How long such a URL is good.", hot=True, ge=duration("10s"), le=duration("7d")
    )
    stream_to: Networks = setting(
        networks([]), "Networks of clients that get the bytes through the server even so.", hot=True
    )
    master_keys: str = setting(
        "", "Keys that blobs are sealed with: `name hex`, separated by commas; the first seals, all open.", secret=True
    )
    master_key_file: Path | None = setting(None, "A file with such keys, a line each, instead.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        lonely = [name for name in ("endpoint", "access_key", "key_file", "encryption") if getattr(self, name)]
        if lonely and not self.url:
            raise ValueError(f"{lonely[0]} is for a bucket: set url as well, or leave it out")
        if self.encryption_key and not self.encryption.startswith("aws:kms"):
            raise ValueError('encryption_key goes with encryption = "aws:kms" or "aws:kms:dsse"')
        if self.master_keys and self.master_key_file:
            raise ValueError("master_keys and master_key_file say the same: keep one of them")
        return self


class Registry(Section):
    """What is taken in, and how lists are paged."""

    manifest_limit: Size = setting(size("4MiB"), "Largest manifest taken.", hot=True, ge=64 * 1024, le=64 * 1024**2)
    blob_limit: Size = setting(0, "Largest blob taken; 0 is no limit.", hot=True)
    upload_keep: Duration = setting(duration("7d"), "How long an upload may pause before it is forgotten.", hot=True)
    page_default: int = setting(100, "Entries of a list where the client does not say.", hot=True, ge=1, le=10_000)
    page_limit: int = setting(1000, "Most entries of a list, whatever the client says.", hot=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def _default_within_limit(self) -> Self:
        if self.page_default > self.page_limit:
            raise ValueError(f"page_default ({self.page_default}) is over page_limit ({self.page_limit})")
        return self


class Trash(Section):
    """What is deleted can be restored for a while."""

    keep: Duration = setting(
        duration("7d"), "How long a deleted tag, manifest or repository can be restored; `0s` is not at all.", hot=True
    )


class Garbage(Section):
    """How what nothing needs any more is found and removed."""

    delay: Duration = setting(
        duration("1d"),
        "What was touched is left alone for so long: longer than a push takes from its first blob to its manifest.",
        hot=True,
        ge=duration("1s"),
    )
    interval: Duration = setting(
        duration("5s"), "How often what is due is looked at.", hot=True, ge=duration("1s"), le=duration("1d")
    )
    batch: int = setting(200, "Rows in one transaction of it.", hot=True, ge=1, le=2_000)
