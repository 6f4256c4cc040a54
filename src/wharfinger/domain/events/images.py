"""What happens to images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wharfinger.domain.events.record import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPushed(Event):
    """A manifest was stored in the repository at `path`, and `tags` point to it now, and not to what was `replaced`.

    `artifact` is there where it states something about its `subject` (spec.artifacts: "Signature", "SBOM" …), and
    `predicate` where it tells what an attestation says. `origin` is what the credential vouched for (rules.origin).
    """

    kind = "manifest pushed"

    digest: str
    media_type: str
    size_bytes: int
    tags: tuple[str, ...]
    subject: str | None = None
    replaced: Sequence[str] | None = None
    artifact: str | None = None
    predicate: str | None = None
    origin: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsDeleted(Event):
    """Tags of the repository at `path` went, to the trash where one is kept; what each pointed to.

    `batch` is the label of the act that deleted these and maybe more.
    """

    kind = "tags deleted"

    tags: Mapping[str, str]
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDeleted(Event):
    """A manifest of the repository at `path` went, with the tags that pointed to it."""

    kind = "manifest deleted"

    digest: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobDeleted(Event):
    """A blob was taken out of the repository at `path`."""

    kind = "blob deleted"

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryDeletionScheduled(Event):
    """Somebody asked for the repository at `path` to go to the trash; the worker sees to it."""

    kind = "repository deletion scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryDeleted(Event):
    """The repository at `path` went to the trash with all that is in it."""

    kind = "repository deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryMoved(Event):
    """The repository that was at `before` is at `path`, in the same project or in another one."""

    kind = "repository moved"

    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Event):
    """Something came back from the trash: `what` is "tag", "manifest" or "repository"; a repository has no `name`."""

    kind = "restored from trash"

    what: str
    name: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRestored(Event):
    """Things that one act had deleted in the project at `path` came back, a part at a time."""

    kind = "batch restored from trash"

    batch: str
    back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashEmptied(Event):
    """The time of things in the trash of the project at `path` was ended: of all of them, or of one."""

    kind = "trash emptied"

    things: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPulled(Event):
    """A manifest of the repository at `path` was pulled, by this tag or by its digest (`tag` is None)."""

    kind = "manifest pulled"

    digest: str
    tag: str | None
