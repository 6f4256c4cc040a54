"""A registry as it should be, in a page of dictionaries: what must be there, whatever was done before.

The model knows nothing of queues. It knows what holds what: tags, the trash, and what a client touched a short while
ago hold manifests; an index holds its images, a subject what speaks about it; and all of these hold blobs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DELAY = timedelta(hours=24)
KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Manifest:
    """What a manifest names."""

    digest: str
    body: bytes
    media_type: str
    blobs: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    subject: str | None = None


@dataclass
class Trashed:
    """Something that was deleted: it holds these until its time is over."""

    expires_at: datetime
    manifests: tuple[str, ...] = ()
    subject: str | None = None
    blobs: tuple[str, ...] = ()


@dataclass
class Repository:
    """One repository: what its tags point to, what must be here, and until when something was promised."""

    tags: dict[str, str] = field(default_factory=dict)
    here: set[str] = field(default_factory=set)
    promised: dict[str, datetime] = field(default_factory=dict)  # manifests
    links: dict[str, datetime] = field(default_factory=dict)  # blobs
    trash: list[Trashed] = field(default_factory=list)


class Model:
    """Two repositories of one project, and every manifest that was ever made."""

    def __init__(self, names: Iterable[str]) -> None:
        self.repositories = {name: Repository() for name in names}
        self.hidden: list[tuple[datetime, Repository]] = []  # deleted repositories, until they are purged
        self.manifests: dict[str, Manifest] = {}

    def everywhere(self, now: datetime) -> Iterator[Repository]:
        """Every repository whose bytes must be kept, in the trash or not."""
        yield from self.repositories.values()
        yield from (repository for expires_at, repository in self.hidden if expires_at > now)

    def alive(self, repository: Repository, now: datetime) -> set[str]:
        """Digests of the manifests that must be in this repository."""
        waiting = [entry for entry in repository.trash if entry.expires_at > now]
        held = set(repository.tags.values()) | {digest for entry in waiting for digest in entry.manifests}
        held |= {digest for digest, until in repository.promised.items() if until > now}
        subjects = {entry.subject for entry in waiting if entry.subject}
        held |= {digest for digest in repository.here if self.manifests[digest].subject in subjects}
        return self._held(held & repository.here, repository.here)

    def blobs(self, repository: Repository, now: datetime) -> set[str]:
        """Digests of the blobs that clients must find in this repository."""
        named = {blob for digest in self.alive(repository, now) for blob in self.manifests[digest].blobs}
        return named | {digest for digest, until in repository.links.items() if until > now}

    def kept(self, now: datetime) -> set[str]:
        """Digests of the blobs whose bytes must be in the store."""
        found = set[str]()
        for repository in self.everywhere(now):
            found |= self.blobs(repository, now)
            found |= {blob for entry in repository.trash if entry.expires_at > now for blob in entry.blobs}
        return found

    def forget(self, now: datetime) -> None:
        """What nothing holds any more may be gone from now on."""
        for repository in self.everywhere(now):
            repository.here = self.alive(repository, now)

    def _held(self, held: set[str], here: set[str]) -> set[str]:
        ahead = list(held)
        while ahead:
            digest = ahead.pop()
            below = set(self.manifests[digest].children) & here
            below |= {other for other in here if self.manifests[other].subject == digest}
            ahead += below - held
            held |= below
        return held
