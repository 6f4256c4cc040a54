"""The audit log. What happened waits in `events` until it is sealed, and goes from there."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

CHANGE = "what is in the audit log is not changed"
GO = "what is in the audit log stays until its month is dropped"
NEVER = "the anchors of the audit log stay"
UNANCHORED = "NOT EXISTS (SELECT 1 FROM audit_anchors WHERE last_{column} >= OLD.number)"


def upgrade() -> None:
    op.drop_index("ix_events_unfollowed", "events")
    op.drop_index("ix_events_at", "events")
    op.drop_column("events", "followed_at")
    _audit()
    _digests()
    _seals()
    _anchors()
    if op.get_context().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgres_triggers()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", ID, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("namespace_id", ID),
        sa.Column("project_id", ID),
        sa.Column("path", PATH, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
    )
    for column in ("project_id", "namespace_id", "actor", "kind", "address", "path"):
        op.create_index(f"ix_audit_{column}_number", "audit", [column, "number"])


def _digests() -> None:
    op.create_table(
        "audit_digests",
        sa.Column("mark", ID, nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.PrimaryKeyConstraint("mark", "number"),
        sqlite_with_rowid=False,
    )


def _seals() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("number", ID, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("first_number", ID, nullable=False),
        sa.Column("last_number", ID, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        sa.Column("checks", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_audit_seals_at", "audit_seals", ["at"])
    late = sa.text("late")
    op.create_index("ix_audit_seals_late", "audit_seals", ["first_at"], sqlite_where=late, postgresql_where=late)


def _anchors() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("month", sa.String(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("first_seal", ID, nullable=False),
        sa.Column("last_seal", ID, nullable=False),
        sa.Column("first_number", ID, nullable=False),
        sa.Column("last_number", ID, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
    )


def _sqlite_triggers() -> None:
    number, seal = UNANCHORED.format(column="number"), UNANCHORED.format(column="seal")
    for table, verb, says, condition in (
        ("audit", "UPDATE", CHANGE, ""),
        ("audit", "DELETE", GO, f" WHEN {number}"),
        ("audit_seals", "UPDATE", CHANGE, ""),
        ("audit_seals", "DELETE", GO, f" WHEN {seal}"),
        ("audit_anchors", "UPDATE", NEVER, ""),
        ("audit_anchors", "DELETE", NEVER, ""),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}{condition} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )


def _postgres_triggers() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$"
    )
    for table, column in (("audit", "number"), ("audit_seals", "seal")):
        op.execute(
            f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {UNANCHORED.format(column=column)} THEN RAISE EXCEPTION '{GO}'; END IF; RETURN OLD; END $$"
        )
    for table, verb, does in (
        ("audit", "UPDATE", f"audit_refuse('{CHANGE}')"),
        ("audit", "DELETE", "audit_keep()"),
        ("audit_seals", "UPDATE", f"audit_refuse('{CHANGE}')"),
        ("audit_seals", "DELETE", "audit_seals_keep()"),
        ("audit_anchors", "UPDATE", f"audit_refuse('{NEVER}')"),
        ("audit_anchors", "DELETE", f"audit_refuse('{NEVER}')"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {does}"
        )
    for table in ("audit", "audit_seals", "audit_anchors"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse('{GO}')"
        )
