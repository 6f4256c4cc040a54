"""What is kept, and for how long: rows, images, trash."""

from typing import Self

from pydantic import model_validator

from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import DatabaseUrl, Duration, Size, duration, size


class DatabaseSection(Section):
    """Where rows are kept."""

    url: DatabaseUrl = setting(
        "", "`postgresql://user:password@host/name`; empty is SQLite in the data folder.", secret=True
    )


class Registry(Section):
    """What is taken in, and how lists are paged."""

    manifest_limit: Size = setting(size("4MiB"), "Largest manifest taken.", hot=True, ge=64 * 1024, le=64 * 1024**2)
    blob_limit: Size = setting(0, "Largest blob taken; 0 is no limit.", hot=True)
    upload_keep: Duration = setting(duration("7d"), "How long an upload may pause before it is forgotten.", hot=True)
    immutable_versions: bool = setting(
        default=False,
        meaning="Tags of whole versions, as v1.2.3, are created once and then stay, in all projects.",
        hot=True,
    )
    page_default: int = setting(100, "Entries of a list where the client does not say.", hot=True, ge=1, le=10_000)
    page_limit: int = setting(1000, "Most entries of a list, whatever the client says.", hot=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def _default_within_limit(self) -> Self:
        if self.page_default > self.page_limit:
            raise ValueError(f"page_default ({self.page_default}) is over page_limit ({self.page_limit})")
        return self


class Quotas(Section):
    """What places with a storage limit may hold beside what counts."""

    untagged_percent: int = setting(
        300,
        "What no tag keeps (images without tags, trash, unfinished uploads) may take so many per cent of a limit; "
        "0 is no limit.",
        hot=True,
        ge=0,
        le=100_000,
    )


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
