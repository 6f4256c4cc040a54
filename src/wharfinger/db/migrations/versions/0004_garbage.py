"""Garbage: what may have become unreachable, what lies in the trash, and bytes that are on their way out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("blobs", "repository_blobs", "manifests"):
        queue(table)
    trash()
    bytes_()
    # What is there was never looked at. Its turn comes by age, a batch at a time.
    op.execute("UPDATE repository_blobs SET review_after = created_at")
    op.execute("UPDATE manifests SET review_after = created_at WHERE id NOT IN (SELECT manifest_id FROM tags)")
    op.execute("UPDATE blobs SET review_after = created_at WHERE digest NOT IN (SELECT digest FROM repository_blobs)")


def queue(table: str) -> None:
    op.add_column(table, sa.Column("review_after", MOMENT))
    where = sa.text("review_after is not null")
    op.create_index(f"ix_{table}_review_after", table, ["review_after"], sqlite_where=where, postgresql_where=where)


def refers(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, ID, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


def trash() -> None:
    op.create_table(
        "trash",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        refers("repository_id", "repositories.id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", PATH, nullable=False),
        sa.Column("digest", PATH),
        sa.Column("media_type", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("tags", sa.Text()),
        sa.Column("deleted_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trash_repository_id", "trash", ["repository_id"])
    op.create_index("ix_trash_expires_at", "trash", ["expires_at"])
    op.create_table(
        "trash_needs",
        refers("trash_id", "trash.id"),
        refers("repository_id", "repositories.id"),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("digest", PATH, nullable=False),
        sa.PrimaryKeyConstraint("trash_id", "need", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trash_needs_digest", "trash_needs", ["digest", "need"])


def bytes_() -> None:
    op.create_table(
        "doomed_bytes",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("digest", PATH, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("try_after", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_doomed_bytes_try_after", "doomed_bytes", ["try_after"])
    op.create_table(
        "freed",
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
    )
