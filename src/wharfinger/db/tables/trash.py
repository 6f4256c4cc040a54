"""What was deleted and can be restored, and bytes on their way out."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, PrimaryKeyConstraint, String, Table, Text, text

from wharfinger.db.tables.columns import PATH, id_column, metadata, moment, refers

trash = Table(
    "trash",
    metadata,
    id_column(),
    refers("repository_id", "repositories.id", index=True),
    Column("kind", String, nullable=False),  # domain.trash.Kind
    Column("name", PATH, nullable=False),  # tag, digest or repository path: what was deleted
    Column("digest", PATH),  # of the manifest, or of the one that the tag pointed to
    Column("media_type", Text),  # of a manifest, with
    Column("body", LargeBinary),  # its bytes, and
    Column("tags", Text),  # the tags that pointed to it, as JSON: since when, by tag (db/trash.py)
    Column("deleted_by", Text, nullable=False),
    Column("batch", String),  # what one act deleted, and one act restores; null for a thing by itself
    moment("pushed_at", nullable=True),  # of a tag: since when it pointed there, so that it is as old when it is back
    moment("deleted_at"),
    moment("expires_at", index=True),
    Index(
        "ix_trash_batch",
        "batch",
        "id",
        sqlite_where=text("batch is not null"),
        postgresql_where=text("batch is not null"),
    ),
    sqlite_autoincrement=True,  # people write the id down
)

trash_needs = Table(
    "trash_needs",
    metadata,
    refers("trash_id", "trash.id"),
    refers("repository_id", "repositories.id"),
    Column("need", String, nullable=False),  # "blob", "manifest", or "subject": what speaks about this digest
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("trash_id", "need", "digest"),
    Index("ix_trash_needs_digest", "digest", "need"),
    sqlite_with_rowid=False,
)

doomed_bytes = Table(
    "doomed_bytes",
    metadata,
    id_column(),
    Column("digest", PATH, nullable=False, index=True),
    Column("place", Text, nullable=False),  # storage.store.Upload.keep; empty where the digest says enough
    Column("size_bytes", BigInteger, nullable=False),
    moment("try_after", index=True),
    Column("taken", Boolean, nullable=False, server_default="0"),  # by the collector: no row may name them any more
    sqlite_autoincrement=True,  # who erases bytes forgets them by id afterwards: it must still be the same row
)

freed = Table(
    "freed",
    metadata,
    Column("what", String, primary_key=True),  # domain.garbage counts: "manifests", "blobs", "bytes" …
    Column("total", BigInteger, nullable=False),
)
