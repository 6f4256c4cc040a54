"""Cleanup policies and their runs: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, or_, select, update

from wharfinger.db.access import below
from wharfinger.db.tables.cleanup import cleanup_policies as policies
from wharfinger.db.tables.cleanup import cleanup_runs as runs
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import namespaces, projects
from wharfinger.db.upsert import insert

_POLICY: Final = (*policies.c, namespaces.c.path.label("namespace_path"))


def reaching(tx: Connection, project: int, above: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Policies of a project, of the namespaces at the paths `above` it, and of the instance; oldest first."""
    its_own, inherited = policies.c.project_id == project, namespaces.c.path.in_(above)
    return _policies(tx, or_(its_own, inherited, _of_instance()))


def of_place(tx: Connection, project: int | None, namespace: int | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Policies of this project or namespace, or with neither of the instance; oldest first."""
    return _policies(tx, _in(project, namespace))


def one(tx: Connection, project: int | None, namespace: int | None, name: str) -> Row[*tuple[Any, ...]] | None:
    """A policy by its name in a place; ours until the transaction ends."""
    found = select(policies).where(_in(project, namespace), policies.c.name == name)
    return tx.execute(found.with_for_update()).first()


def add(tx: Connection, row: dict[str, Any]) -> int | None:
    """Write down a policy; its id, or None where one of this name is there."""
    made: int | None = tx.scalar(insert(tx, policies).on_conflict_do_nothing().returning(policies.c.id), row)
    return made


def change(tx: Connection, id_: int, **values: Any) -> None:
    """Write columns of a policy."""
    tx.execute(update(policies).where(policies.c.id == id_).values(**values))


def remove(tx: Connection, id_: int) -> None:
    """Forget a policy; its runs stay."""
    tx.execute(delete(policies).where(policies.c.id == id_))


def due(tx: Connection, now: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """All columns of policies that are to run now, longest due first; ours until the transaction ends."""
    found = select(policies).where(policies.c.next_run_at <= now).order_by(policies.c.next_run_at).limit(limit)
    return tx.execute(found.with_for_update(skip_locked=True)).all()


def by_id(tx: Connection, id_: int) -> Row[*tuple[Any, ...]] | None:
    """All columns of a policy, and the path of its namespace."""
    found = tx.execute(_select().where(policies.c.id == id_))
    return found.first()


def projects_of(
    tx: Connection, policy: Row[*tuple[Any, ...]], after: int, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """id and path of the projects with images that a policy can reach, by id, after this one."""
    if policy.project_id is None:
        return projects_below(tx, policy.namespace_path, after, limit)
    its_own = _with_images().where(projects.c.id == policy.project_id, projects.c.id > after)
    return tx.execute(its_own).all()


def projects_below(tx: Connection, path: str | None, after: int, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The same, of all projects below a path, None for all there are."""
    found = _with_images().where(projects.c.id > after)
    found = found if path is None else found.where(below(projects.c.path, path))
    return tx.execute(found.order_by(projects.c.id).limit(limit)).all()


def _with_images() -> Select[Any]:
    held = exists().where(repositories.c.project_id == projects.c.id, repositories.c.pushed_at.is_not(None))
    return select(projects.c.id, projects.c.path).where(held)


# --- runs


def add_run(tx: Connection, row: dict[str, Any]) -> int | None:
    """Write down that something is to be cleaned; its id, or None where that was done already."""
    made: int | None = tx.scalar(insert(tx, runs).on_conflict_do_nothing().returning(runs.c.id), row)
    return made


def run(tx: Connection, id_: int) -> Row[*tuple[Any, ...]] | None:
    """All columns of a run, and the path of its project; ours until the transaction ends."""
    return tx.execute(_runs().where(runs.c.id == id_).with_for_update(of=runs)).first()


def read_run(tx: Connection, id_: int) -> Row[*tuple[Any, ...]] | None:
    """The same, to look at."""
    return tx.execute(_runs().where(runs.c.id == id_)).first()


def open_runs(tx: Connection, project: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The runs of a project that have not finished, oldest first."""
    return tx.execute(
        _runs().where(runs.c.project_id == project, runs.c.finished_at.is_(None)).order_by(runs.c.id)
    ).all()


def overdue(tx: Connection, states: Sequence[str], before: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Runs in these states that were due before this moment; ours until the transaction ends."""
    found = _runs().where(runs.c.finished_at.is_(None), runs.c.state.in_(states), runs.c.due_at < before)
    return tx.execute(found.order_by(runs.c.id).limit(limit).with_for_update(of=runs, skip_locked=True)).all()


def change_run(tx: Connection, id_: int, **values: Any) -> None:
    """Write columns of a run."""
    tx.execute(update(runs).where(runs.c.id == id_).values(**values))


def count_removed(tx: Connection, id_: int, *, tags: int = 0, manifests: int = 0) -> None:
    """Add to what a run has removed."""
    more = {"tags_removed": runs.c.tags_removed + tags, "manifests_removed": runs.c.manifests_removed + manifests}
    tx.execute(update(runs).where(runs.c.id == id_).values(more))


def page(tx: Connection, project: int, before: int | None, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The runs of a project, newest first, before this id."""
    found = _runs().where(runs.c.project_id == project)
    found = found if before is None else found.where(runs.c.id < before)
    return tx.execute(found.order_by(runs.c.id.desc()).limit(limit)).all()


def _runs() -> Select[Any]:
    joined = select(*runs.c, projects.c.path.label("project_path"), projects.c.namespace_id)
    return joined.join(projects, projects.c.id == runs.c.project_id)


def _select() -> Select[Any]:
    return select(*_POLICY).outerjoin(namespaces, namespaces.c.id == policies.c.namespace_id)


def _policies(tx: Connection, condition: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
    return tx.execute(_select().where(condition).order_by(policies.c.id)).all()


def _in(project: int | None, namespace: int | None) -> ColumnElement[bool]:
    if project is not None:
        return policies.c.project_id == project
    return _of_instance() if namespace is None else policies.c.namespace_id == namespace


def _of_instance() -> ColumnElement[bool]:
    return policies.c.project_id.is_(None) & policies.c.namespace_id.is_(None)
