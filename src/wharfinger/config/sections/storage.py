"""Where bytes are kept: one store, and another one while they move."""

import re
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import model_validator

from wharfinger.config.buckets import BucketUrl, Endpoint
from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import Duration, Networks, duration, networks

_GOOGLE_KEY: Final = re.compile(r"projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+", re.ASCII)


class StoreSection(Section):
    """A folder or a bucket, and what it is sealed with."""

    folder: Path | None = setting(None, "Folder for the bytes of blobs; empty is `store` in the data folder.", hot=True)
    url: BucketUrl = setting(
        "", "Bucket for them instead: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.", hot=True
    )
    endpoint: Endpoint = setting("", "Address of the object store, where it is not the provider's own.", hot=True)
    region: str = setting("", "Region of an S3 bucket.", hot=True)
    access_key: str = setting(
        "", "S3 access key id, or the name of the Azure account; empty is what environment or the machine's role say.",
        secret=True, hot=True,
    )  # fmt: skip
    secret_key: str = setting("", "S3 secret access key, or the key of the Azure account.", secret=True, hot=True)
    session_token: str = setting(
        "", "Temporary credentials: S3 session token, Google access token or Azure SAS.", secret=True, hot=True
    )
    key_file: Path | None = setting(None, "JSON key of a Google service account.", hot=True)
    ca_file: Path | None = setting(
        None, "Certificates in PEM that are trusted for the endpoint besides the system's.", hot=True
    )
    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = setting(
        "", "Server-side encryption to ask S3 for; Google and Azure encrypt unasked.", hot=True
    )
    encryption_key: str = setting(
        "", "KMS key for it: an id for S3, `projects/…/cryptoKeys/…` for Google; empty is the provider's own.", hot=True
    )
    timeout: Duration = setting(
        duration("30s"), "How long the object store may take for one request.", hot=True,
        ge=duration("1s"), le=duration("10m"),
    )  # fmt: skip
    retry_for: Duration = setting(
        duration("20s"), "How long a request to it is tried again before the client is told.", hot=True,
        le=duration("5m"),
    )  # fmt: skip
    master_keys: str = setting(
        "", "Keys that blobs are sealed with: `name hex`, separated by commas; the first seals, all open.",
        secret=True, hot=True,
    )  # fmt: skip
    master_key_file: Path | None = setting(None, "A file with such keys, a line each, instead.", hot=True)

    @model_validator(mode="after")
    def _together(self) -> Self:
        lonely = [name for name in ("endpoint", "access_key", "key_file", "encryption") if getattr(self, name)]
        if lonely and not self.url:
            raise ValueError(f"{lonely[0]} is for a bucket: set url as well, or leave it out")
        self._require_known_encryption()
        if self.master_keys and self.master_key_file:
            raise ValueError("master_keys and master_key_file say the same: keep one of them")
        return self

    def _require_known_encryption(self) -> None:
        """What the provider could not follow would leave bytes under another key than was meant."""
        google, key = self.url.startswith("gs://"), self.encryption_key
        if self.encryption and self.url.startswith(("gs://", "az://")):
            raise ValueError("encryption is asked of S3 alone: leave it out; Google and Azure encrypt unasked")
        if key and self.url.startswith("az://"):
            raise ValueError("encryption_key cannot be asked of Azure: it is a setting of the storage account there")
        if key and google and not _GOOGLE_KEY.fullmatch(key):
            raise ValueError(
                "encryption_key is, for Google, projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY, and no "
                "version of it"
            )
        if key and not google and not self.encryption.startswith("aws:kms"):
            raise ValueError(
                'encryption_key goes with encryption = "aws:kms" or "aws:kms:dsse", or with a gs:// bucket'
            )


class OtherStore(StoreSection):
    """A second store, where bytes are read from while `wharfinger storage move` brings them to the first."""

    @property
    def given(self) -> bool:
        """Is there one?"""
        return bool(self.folder or self.url)

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.master_keys or self.master_key_file) and not self.given:
            raise ValueError("master keys are for a store: set folder or url as well, or leave them out")
        return self


class Storage(StoreSection):
    """Where bytes are kept."""

    redirect: bool = setting(
        default=True, meaning="Send clients that pull to the bucket itself, by URLs that are signed and end.", hot=True
    )
    redirect_life: Duration = setting(
        duration("20m"), "How long such a URL is good.", hot=True, ge=duration("10s"), le=duration("7d")
    )
    stream_to: Networks = setting(
        networks([]), "Networks of clients that get the bytes through the server even so.", hot=True
    )
    other: OtherStore = OtherStore()
