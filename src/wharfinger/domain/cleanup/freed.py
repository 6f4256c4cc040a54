"""Which bytes cleanup frees, exactly: what is doomed, or what a run has removed, in as many repositories as it takes.

A blob counts where everything that needs it goes, in this repository and in every other, and once however many images
share it. Signatures and what else speaks about an image go with it.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import cleanup as rows
from wharfinger.domain.cleanup import evaluate
from wharfinger.domain.cleanup.evaluate import Findings


@dataclass(slots=True)
class Bytes:
    """Adds up over repositories: a blob is freed where as many let it go as hold it."""

    _sizes: dict[str, int] = field(default_factory=dict)
    _links: dict[str, int] = field(default_factory=dict)
    _let_go: Counter[str] = field(default_factory=Counter)

    def add(self, tx: Connection, found: Findings) -> None:
        """Count in what is doomed in a repository."""
        tags = [verdict.tag for verdict in found.verdicts]
        staying = {verdict.tag.manifest for verdict in found.verdicts if not verdict.goes and not verdict.tag.companion}
        below = evaluate.below(tx, found.id, (tag for tag in tags if tag.companion))
        going = evaluate.reached(below, (tag.manifest for tag in tags if not tag.companion))
        kept = evaluate.reached(below, staying)
        self._part(tx, (going | {one.id for one in found.loose}) - kept, kept)

    def add_removed(self, tx: Connection, repository: int, batch: str) -> None:
        """Count in what lies in the trash of a repository with this label."""
        removed, blobs = rows.removed(tx, repository, batch), rows.blobs_removed(tx, repository, batch)
        if not (removed or blobs):
            return
        tags = evaluate.tags(tx, repository)
        below = evaluate.below(tx, repository, (tag for tag in tags if tag.companion))
        kept = evaluate.reached(below, (tag.manifest for tag in tags if not tag.companion))
        self._part(tx, evaluate.reached(below, removed) - kept, kept, blobs)

    def _part(
        self, tx: Connection, gone: Collection[int], kept: Collection[int], more: Iterable[Row[Any]] = ()
    ) -> None:
        found = {row.digest: row for row in [*(rows.blobs_named(tx, gone) if gone else ()), *more]}
        needed = rows.digests_named(tx, kept) if found and kept else set()
        for digest in found.keys() - needed:
            self._sizes[digest], self._links[digest] = found[digest].size_bytes, found[digest].links
            self._let_go[digest] += 1

    @property
    def total(self) -> int:
        """Bytes that are freed, once the trash lets them go."""
        return sum(self._sizes[digest] for digest, count in self._let_go.items() if count >= self._links[digest])


def by_run(tx: Connection, project: int, batch: str) -> int:
    """Bytes that a run has freed, as what it removed lies in the trash with this label."""
    freed = Bytes()
    for place in rows.repositories_of(tx, project):
        freed.add_removed(tx, place.id, batch)
    return freed.total
