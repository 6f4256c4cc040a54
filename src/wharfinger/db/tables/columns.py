"""What columns are made of: moments, paths, ids, references; and the naming of what is made of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A point in time, always aware and in UTC, in both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time without a zone: it would mean different moments on different machines."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give SQLite's naive times their zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PATH = String().with_variant(String(collation="C"), "postgresql")
ID = BigInteger().with_variant(Integer(), "sqlite")


def id_column() -> Column[int]:
    """A row's number."""
    # SQLite gives the id of a deleted last row to the next one, unless the table says `sqlite_autoincrement`: those do
    # whose ids tokens carry, for a token must not fit what came after.
    return Column("id", ID, primary_key=True, autoincrement=True)


def refers(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A reference to another table's row, with which this row goes."""
    return Column(name, ID, ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)


def queue_index(table: str) -> Index:
    """The garbage collector's queue: the rows of a table that have a moment to be reviewed at."""
    condition = text("review_after is not null")
    return Index(f"ix_{table}_review_after", "review_after", sqlite_where=condition, postgresql_where=condition)


def moment(name: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A point in time."""
    return Column(name, Moment(), nullable=nullable, index=index)


def pulled() -> tuple[Column[Any], Column[Any]]:
    """How often something was pulled and when last, as far as it was written already (domain/uses.py)."""
    count = Column("pull_count", BigInteger, nullable=False, server_default="0")
    return count, moment("last_pulled_at", nullable=True)
