"""The audit log: what happened, sealed into a chain, and what stands for the months that were dropped.

    events ──sealed──► audit ◄── audit_seals (a link a batch)      audit_anchors (one for each dropped month)
                         ▲
                         └────── audit_digests (which events are about an image)

Rows of these tables never change, and go only where an anchor stands for them: triggers see to it. Whoever can switch
triggers off is found by the chain.
"""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    event,
    text,
)

from wharfinger.db.tables.columns import ID, PATH, metadata, moment

NUMBER: Final = ID

audit = Table(
    "audit",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),  # without gaps, in the order of sealing
    moment("at"),
    Column("kind", String, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", ID),
    Column("credential", String, nullable=False),
    Column("address", String, nullable=False),
    Column("namespace_id", ID),
    Column("project_id", ID),
    Column("path", PATH, nullable=False),
    Column("about", Text, nullable=False),
    Index("ix_audit_project_id_number", "project_id", "number"),
    Index("ix_audit_namespace_id_number", "namespace_id", "number"),
    Index("ix_audit_actor_number", "actor", "number"),
    Index("ix_audit_kind_number", "kind", "number"),
    Index("ix_audit_address_number", "address", "number"),
    Index("ix_audit_path_number", "path", "number"),
)

audit_digests = Table(
    "audit_digests",
    metadata,
    Column("mark", NUMBER, nullable=False),  # rules.chain.mark of a digest
    Column("number", NUMBER, nullable=False),
    PrimaryKeyConstraint("mark", "number"),
    sqlite_with_rowid=False,
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),  # without gaps
    moment("at", index=True),  # never before the seal before it
    moment("first_at"),  # when the earliest of its events happened
    Column("late", Boolean, nullable=False),  # that was long before
    Column("first_number", NUMBER, nullable=False),
    Column("last_number", NUMBER, nullable=False),
    Column("hash", String, nullable=False),  # rules.chain.link
    Column("mac", String, nullable=False),  # of the hash, under the installation's secret
    Column("checks", LargeBinary, nullable=False),  # eight bytes of each event's hash, to tell which was touched
    Index("ix_audit_seals_late", "first_at", sqlite_where=text("late"), postgresql_where=text("late")),
)

audit_anchors = Table(
    "audit_anchors",
    metadata,
    Column("month", String, primary_key=True),  # "2026-03"
    moment("at"),
    Column("first_seal", NUMBER, nullable=False),
    Column("last_seal", NUMBER, nullable=False),
    Column("first_number", NUMBER, nullable=False),
    Column("last_number", NUMBER, nullable=False),
    Column("hash", String, nullable=False),  # of the last seal that it stands for
    Column("mac", String, nullable=False),
)

_CHANGE: Final = "what is in the audit log is not changed"
_GO: Final = "what is in the audit log stays until its month is dropped"
_NEVER: Final = "the anchors of the audit log stay"
_UNANCHORED: Final = "NOT EXISTS (SELECT 1 FROM audit_anchors WHERE last_{column} >= OLD.number)"


def _on_sqlite(table: str, verb: str, says: str, condition: str = "") -> str:
    when = f" WHEN {condition}" if condition else ""
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}{when} "
        f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
    )


def _on_postgres(table: str, verb: str, does: str, each: str = "ROW") -> str:
    return f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"


def _keep(table: str, column: str) -> str:
    return (
        f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {_UNANCHORED.format(column=column)} THEN RAISE EXCEPTION '{_GO}'; END IF; RETURN OLD; END $$"
    )


_SQLITE: Final = (
    _on_sqlite("audit", "UPDATE", _CHANGE),
    _on_sqlite("audit", "DELETE", _GO, _UNANCHORED.format(column="number")),
    _on_sqlite("audit_seals", "UPDATE", _CHANGE),
    _on_sqlite("audit_seals", "DELETE", _GO, _UNANCHORED.format(column="seal")),
    _on_sqlite("audit_anchors", "UPDATE", _NEVER),
    _on_sqlite("audit_anchors", "DELETE", _NEVER),
)
_POSTGRES: Final = (
    "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION '%%', TG_ARGV[0]; END $$",
    _keep("audit", "number"),
    _keep("audit_seals", "seal"),
    _on_postgres("audit", "UPDATE", f"audit_refuse('{_CHANGE}')"),
    _on_postgres("audit", "DELETE", "audit_keep()"),
    _on_postgres("audit_seals", "UPDATE", f"audit_refuse('{_CHANGE}')"),
    _on_postgres("audit_seals", "DELETE", "audit_seals_keep()"),
    _on_postgres("audit_anchors", "UPDATE", f"audit_refuse('{_NEVER}')"),
    _on_postgres("audit_anchors", "DELETE", f"audit_refuse('{_NEVER}')"),
    *(
        _on_postgres(table, "TRUNCATE", f"audit_refuse('{_GO}')", each="STATEMENT")
        for table in ("audit", "audit_seals", "audit_anchors")
    ),
)


def _ddl(statement: str) -> Any:
    return DDL(statement)  # type: ignore[no-untyped-call]


for _dialect, _statements in (("sqlite", _SQLITE), ("postgresql", _POSTGRES)):
    for _statement in _statements:
        event.listen(metadata, "after_create", _ddl(_statement).execute_if(dialect=_dialect))
