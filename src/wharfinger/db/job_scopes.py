"""Whose jobs are let into a project: the statements. Nothing here decides."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from wharfinger.db.tables.places import job_allowances, namespaces, projects
from wharfinger.db.upsert import insert


def limited(tx: Connection, project: int) -> bool:
    """Is it limited to the allowlist?"""
    return bool(tx.scalar(select(projects.c.jobs_limited).where(projects.c.id == project)))


def limit(tx: Connection, project: int, *, on: bool) -> None:
    """Limit it to the allowlist, or not any more."""
    tx.execute(update(projects).where(projects.c.id == project).values(jobs_limited=on))


def projects_of(tx: Connection, project: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """id, path and name of the projects on its allowlist, by path."""
    on_list = job_allowances.c.from_project_id == projects.c.id
    found = select(projects.c.id, projects.c.path, projects.c.name).join(job_allowances, on_list)
    return tx.execute(found.where(job_allowances.c.project_id == project).order_by(projects.c.path)).all()


def groups_of(tx: Connection, project: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """id, path and name of the groups on its allowlist, by path."""
    on_list = job_allowances.c.from_namespace_id == namespaces.c.id
    found = select(namespaces.c.id, namespaces.c.path, namespaces.c.name).join(job_allowances, on_list)
    return tx.execute(found.where(job_allowances.c.project_id == project).order_by(namespaces.c.path)).all()


def count(tx: Connection, project: int) -> int:
    """How many entries its allowlist has."""
    return tx.scalar(select(func.count()).where(job_allowances.c.project_id == project)) or 0


def add(tx: Connection, project: int, **other: int) -> bool:
    """Put `from_project_id` or `from_namespace_id` on its allowlist; False where it is there already."""
    adding = insert(tx, job_allowances).on_conflict_do_nothing().returning(job_allowances.c.id)
    return tx.scalar(adding, {"project_id": project, **other}) is not None


def remove(tx: Connection, project: int, number: int, *, group: bool) -> str | None:
    """Take a project or group off its allowlist; its path, None where it is not there."""
    found = {row.id: row.path for row in (groups_of if group else projects_of)(tx, project)}
    column = job_allowances.c.from_namespace_id if group else job_allowances.c.from_project_id
    tx.execute(delete(job_allowances).where(job_allowances.c.project_id == project, column == number))
    return found.get(number)
