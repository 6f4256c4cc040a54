"""Migrating an empty database makes exactly the tables of the metadata, on both databases, once."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from tests.postgres import Cluster
from wharfinger.db import migrate, revision
from wharfinger.db.engine import Database
from wharfinger.db.revision import Standing
from wharfinger.db.tables.schema import metadata

POSTGRES_COLUMNS = """
    SELECT table_name.relname, attname, format_type(atttypid, atttypmod), attnotnull, collname, attidentity,
           pg_get_expr(adbin, adrelid)
    FROM pg_attribute
    JOIN pg_class table_name ON table_name.oid = attrelid
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE table_name.relnamespace = 'public'::regnamespace AND table_name.relkind = 'r' AND attnum > 0
      AND NOT attisdropped
"""
POSTGRES_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""
POSTGRES_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
SQLITE_EVERYTHING = "SELECT tbl_name, name, sql FROM sqlite_master"


@pytest.fixture(params=["sqlite", "postgres"])
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two databases without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/two.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    names = [f"{request.node.originalname}_{number}" for number in (1, 2)]
    for name in names:
        cluster.drop(name)
    return cluster.create(names[0]), cluster.create(names[1])


def described(tx: Connection) -> set[tuple[object, ...]]:
    """Everything the database knows about its tables, but Alembic's own."""
    statements = [SQLITE_EVERYTHING]
    if tx.dialect.name == "postgresql":
        statements = [POSTGRES_COLUMNS, POSTGRES_CONSTRAINTS, POSTGRES_INDEXES]
    rows = [tuple(row) for statement in statements for row in tx.execute(text(statement))]
    squeezed = [tuple(" ".join(str(value).split()) for value in row) for row in rows]
    return {(*row[:-1], defined(row[-1])) for row in squeezed if row[0] != "alembic_version"}


def defined(sql: str) -> str:
    """CREATE TABLE with what it defines in order: a column that was added later stands behind the constraints."""
    head, opened, inner = sql.partition("(")
    inner, closed, tail = inner.rpartition(")")
    if not (opened and closed and head.startswith("CREATE TABLE")):
        return sql
    parts = re.split(r",(?![^()]*\))", inner)
    return f"{head}({', '.join(sorted(part.strip() for part in parts))}){tail}"


def schema(url: str) -> set[tuple[object, ...]]:
    db = Database.open(url)
    with db.read() as tx:
        found = described(tx)
    db.close()
    return found


def create_from_metadata(url: str) -> None:
    db = Database.open(url)
    with db.begin() as tx:
        metadata.create_all(tx)
    db.close()


def test_the_migrated_schema_is_that_of_the_metadata(empty_urls: tuple[str, str]) -> None:
    migrated, created = empty_urls
    migrate.upgrade(migrated)
    create_from_metadata(created)
    ours, wanted = schema(migrated), schema(created)
    assert ours - wanted == set()
    assert wanted - ours == set()
    assert {table for table, *_ in wanted} >= set(metadata.tables)


def test_current_tells_where_a_database_stands(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    assert (revision.current(url), revision.standing(url)) == (None, Standing.EMPTY)
    migrate.upgrade(url, "0001")
    assert (revision.current(url), revision.standing(url)) == ("0001", Standing.BEHIND)
    migrate.upgrade(url)
    assert (revision.current(url), revision.standing(url)) == (revision.head(), Standing.PRESENT)
    before = schema(url)
    migrate.upgrade(url)
    assert schema(url) == before


def test_processes_that_start_together_migrate_once(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate.upgrade, [url] * 4))
    assert revision.current(url) == revision.head()


def test_a_database_of_a_newer_version_is_left_alone(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    migrate.upgrade(url)
    db = Database.open(url)
    with db.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    assert revision.standing(url) is Standing.AHEAD
    with pytest.raises(revision.SchemaUnknown, match=r"another version of Wharfinger.*9999"):
        migrate.upgrade(url)


def test_a_migration_that_fails_leaves_nothing_behind(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    db = Database.open(url)
    with db.begin() as tx:
        tx.execute(text("CREATE TABLE tags (mine INTEGER)"))  # in the way of the last table that is made
    db.close()
    before = schema(url)
    with pytest.raises(Exception, match="tags"):
        migrate.upgrade(url)
    assert schema(url) == before
    assert revision.current(url) is None


def test_the_newest_revision_is_what_alembic_takes_for_it() -> None:
    scripts = ScriptDirectory(str(revision.MIGRATIONS))
    assert [revision.head()] == scripts.get_heads()
