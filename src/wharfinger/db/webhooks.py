"""Webhooks and deliveries: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, insert, or_, select, update

from wharfinger.db.tables.places import namespaces, projects
from wharfinger.db.tables.webhooks import deliveries, webhooks

_LISTED: Final[Select[Any]] = (
    select(*webhooks.c, func.coalesce(projects.c.path, namespaces.c.path).label("place"))
    .select_from(webhooks)
    .outerjoin(projects, projects.c.id == webhooks.c.project_id)
    .outerjoin(namespaces, namespaces.c.id == webhooks.c.namespace_id)
)


def add(tx: Connection, row: dict[str, Any]) -> int:
    """Make a webhook; its number."""
    return int(tx.execute(insert(webhooks).returning(webhooks.c.id), row).scalar_one())


def of_place(tx: Connection, project_id: int | None, namespace_id: int | None) -> Sequence[Row[Any]]:
    """The webhooks of this very place, or of the installation, oldest first, with `place` (its path)."""
    return tx.execute(_LISTED.where(_at(project_id, namespace_id)).order_by(webhooks.c.id)).all()


def by_id(tx: Connection, id_: int) -> Row[Any] | None:
    """A webhook, with `place`."""
    return tx.execute(_LISTED.where(webhooks.c.id == id_)).first()


def count(tx: Connection, project_id: int | None, namespace_id: int | None) -> int:
    """How many webhooks this very place has."""
    return tx.scalar(select(func.count()).select_from(webhooks).where(_at(project_id, namespace_id))) or 0


def any_enabled(tx: Connection) -> bool:
    """Is anybody told of anything?"""
    return bool(tx.scalar(select(exists().where(webhooks.c.disabled_at.is_(None)))))


def reaching(tx: Connection, project_id: int | None, groups: Sequence[str]) -> Sequence[Row[Any]]:
    """The enabled webhooks of a project, of the groups at these paths, and of the installation."""
    places: list[ColumnElement[bool]] = [and_(webhooks.c.project_id.is_(None), webhooks.c.namespace_id.is_(None))]
    if project_id is not None:
        places.append(webhooks.c.project_id == project_id)
    if groups:
        above = select(namespaces.c.id).where(namespaces.c.path.in_(groups))
        places.append(webhooks.c.namespace_id.in_(above))
    return tx.execute(select(webhooks).where(webhooks.c.disabled_at.is_(None), or_(*places))).all()


def change(tx: Connection, id_: int, **values: Any) -> None:
    """Change columns of a webhook."""
    tx.execute(update(webhooks).where(webhooks.c.id == id_).values(values))


def claim(tx: Connection, id_: int, seen: datetime, later: datetime) -> bool:
    """Be the one who tries a failing webhook, so that others wait until `later`; False if somebody else is."""
    here = (webhooks.c.id == id_) & (webhooks.c.retry_at == seen)
    return tx.execute(update(webhooks).where(here).values(retry_at=later)).rowcount > 0


def disable(tx: Connection, id_: int, now: datetime) -> bool:
    """Tell a webhook nothing any more; False if that is so already."""
    here = (webhooks.c.id == id_) & webhooks.c.disabled_at.is_(None)
    return tx.execute(update(webhooks).where(here).values(disabled_at=now)).rowcount > 0


def remove(tx: Connection, id_: int) -> None:
    """Remove a webhook with its deliveries."""
    tx.execute(delete(webhooks).where(webhooks.c.id == id_))


def project_path(tx: Connection, id_: int) -> str:
    """The path of a project; "" where it is gone."""
    return tx.scalar(select(projects.c.path).where(projects.c.id == id_)) or ""


def namespace_path(tx: Connection, id_: int) -> str:
    """The path of a group or personal namespace; "" where it is gone."""
    return tx.scalar(select(namespaces.c.path).where(namespaces.c.id == id_)) or ""


# --- deliveries


def add_delivery(tx: Connection, row: dict[str, Any]) -> int:
    """Remember something to be sent; its number."""
    return int(tx.execute(insert(deliveries).returning(deliveries.c.id), row).scalar_one())


def told(tx: Connection, webhook: int, event: int) -> bool:
    """Is there a delivery of this event to this webhook?"""
    here = (deliveries.c.webhook_id == webhook) & (deliveries.c.event == event)
    return bool(tx.scalar(select(exists().where(here))))


def by_hand(tx: Connection, webhook: int, since: datetime) -> int:
    """How many deliveries to a webhook, of the last hundred, are tests or repeats from this moment on."""
    lately = select(deliveries).where(deliveries.c.webhook_id == webhook).order_by(deliveries.c.id.desc()).limit(100)
    last = lately.subquery("last")
    asked = (last.c.event == 0) | last.c.again_of.is_not(None)
    return tx.scalar(select(func.count()).select_from(last).where(last.c.created_at >= since, asked)) or 0


def delivery(tx: Connection, id_: int) -> Row[Any] | None:
    """All columns of a delivery."""
    return tx.execute(select(deliveries).where(deliveries.c.id == id_)).first()


def delivery_page(tx: Connection, webhook: int, last: int | None, limit: int) -> Sequence[Row[Any]]:
    """Deliveries to a webhook, newest first, older than `last`."""
    found: Select[Any] = select(deliveries).where(deliveries.c.webhook_id == webhook)
    if last is not None:
        found = found.where(deliveries.c.id < last)
    return tx.execute(found.order_by(deliveries.c.id.desc()).limit(limit)).all()


def change_delivery(tx: Connection, id_: int, **values: Any) -> None:
    """Change columns of a delivery."""
    tx.execute(update(deliveries).where(deliveries.c.id == id_).values(values))


def waiting(tx: Connection, webhook: int, state: str) -> list[int]:
    """The numbers of deliveries to a webhook that are in this state, oldest first."""
    here = (deliveries.c.webhook_id == webhook) & (deliveries.c.state == state)
    return list(tx.scalars(select(deliveries.c.id).where(here).order_by(deliveries.c.id)))


def forget_deliveries(tx: Connection, before: datetime, limit: int) -> int:
    """Remove deliveries from before this moment, at most `limit`; how many."""
    old = select(deliveries.c.id).where(deliveries.c.created_at < before).limit(limit)
    return tx.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount


def forget_surplus(tx: Connection, webhook: int, keep: int) -> int:
    """Remove the oldest deliveries to a webhook but for so many; how many."""
    here = deliveries.c.webhook_id == webhook
    edge = select(deliveries.c.id).where(here).order_by(deliveries.c.id.desc()).offset(keep).limit(1)
    return tx.execute(delete(deliveries).where(here, deliveries.c.id <= edge.scalar_subquery())).rowcount


def ids(tx: Connection) -> list[int]:
    """The numbers of all webhooks."""
    return list(tx.scalars(select(webhooks.c.id).order_by(webhooks.c.id)))


def _at(project_id: int | None, namespace_id: int | None) -> ColumnElement[bool]:
    return webhooks.c.project_id.is_not_distinct_from(project_id) & webhooks.c.namespace_id.is_not_distinct_from(
        namespace_id
    )
