"""The settings that were last in force: the statements. Nothing here decides."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from wharfinger.db.tables.operation import settings_in_force
from wharfinger.db.upsert import insert


def settings(tx: Connection) -> dict[str, str]:
    """Values by setting; none before the first server started."""
    return {row.name: row.value for row in tx.execute(select(settings_in_force))}


def put_settings(tx: Connection, values: Mapping[str, str]) -> None:
    """Remember these, and no others."""
    rows = [{"name": name, "value": value} for name, value in sorted(values.items())]
    adding = insert(tx, settings_in_force)
    tx.execute(adding.on_conflict_do_update(index_elements=["name"], set_={"value": adding.excluded.value}), rows)
    tx.execute(delete(settings_in_force).where(settings_in_force.c.name.not_in(values)))
