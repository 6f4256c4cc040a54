"""What is remembered of the installation itself."""

from sqlalchemy import Column, String, Table, Text

from wharfinger.db.tables.columns import metadata

settings_in_force = Table(
    "settings_in_force",  # those that servers were last started with, or took over; to tell what another start changes
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),  # of a secret, a keyed hash
)
