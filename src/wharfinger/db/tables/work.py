"""What happened, and what is done about it when nobody waits."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from wharfinger.db.tables.columns import ID, PATH, id_column, metadata, moment

duties = Table(
    "duties",
    metadata,
    Column("name", String, primary_key=True),  # jobs.schedule.Duty
    moment("due_at"),
)

# What happened a moment ago: the worker takes it from here into the audit log, and queues what follows.
events = Table(
    "events",
    metadata,
    id_column(),
    moment("at"),
    Column("kind", String, nullable=False),  # domain.events: "manifest pushed", "tags deleted" …
    Column("actor", Text, nullable=False),  # who, as the log names them: "ada", "deploy token ci"
    Column("user_id", ID),  # no foreign keys here: what happened stays true when those who did it are gone
    Column("credential", String, nullable=False),  # by which: "personal 17"
    Column("address", String, nullable=False),  # from where, "" where nobody asked over the network
    Column("namespace_id", ID),  # where: the group, or the one the project is in
    Column("project_id", ID),
    Column("path", PATH, nullable=False),  # to what: a repository, project, group or user
    Column("about", Text, nullable=False),  # the event's own facts, as JSON
    sqlite_autoincrement=True,  # see id_column
)

jobs = Table(
    "jobs",
    metadata,
    id_column(),
    Column("task", String, nullable=False),  # jobs.tasks.Task
    Column("about", Text, nullable=False),  # what it is to be done with, as JSON
    Column("key", String, unique=True),  # of all jobs with the same one, one is queued
    moment("queued_at"),
    moment("due_at", nullable=True),  # null once it is given up: then somebody has to look
    moment("held_until", nullable=True),  # by a worker that does it now
    Column("holder", String, nullable=False, default=""),
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),  # why the last try failed
    Column("event_id", BigInteger),  # number in the audit log of what it follows, if it follows something
    Index("ix_jobs_due_at", "due_at"),
    sqlite_autoincrement=True,  # see id_column
)
