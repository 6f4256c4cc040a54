"""What an image's chain of custody counts: the statements. Nothing here decides."""

from datetime import datetime

from sqlalchemy import Connection, select

from wharfinger.db.tables.images import manifests, repositories


def pulls(tx: Connection, project: int, name: str, digest: str) -> tuple[int, datetime | None]:
    """How often a manifest was pulled, as far as it was written already, and when last."""
    here = (repositories.c.project_id == project) & (repositories.c.name == name) & (manifests.c.digest == digest)
    found = select(manifests.c.pull_count, manifests.c.last_pulled_at)
    row = tx.execute(found.join(repositories, repositories.c.id == manifests.c.repository_id).where(here)).first()
    return (0, None) if row is None else (row.pull_count, row.last_pulled_at)
