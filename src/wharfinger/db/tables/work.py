"""What is done when nobody waits for it."""

from sqlalchemy import Column, String, Table

from wharfinger.db.tables.columns import metadata, moment

duties = Table(
    "duties",
    metadata,
    Column("name", String, primary_key=True),  # jobs.schedule.Duty
    moment("due_at"),
)
