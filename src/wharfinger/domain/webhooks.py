"""Webhooks: what a project, a group or the installation tells another server of.

Made and changed by maintainers of a project, owners of a group, administrators for the installation; what is sent, and
how it went, is `deliveries`.
"""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row

from wharfinger.db import webhooks as rows
from wharfinger.domain import access, events, places, vault
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import Refusal, SettingInvalid, WebhookUnknown
from wharfinger.domain.events.webhooks import WebhookChanged, WebhookCreated, WebhookDeleted, WebhookEnabled
from wharfinger.domain.tools import Tools
from wharfinger.rules import notifications
from wharfinger.rules.notifications import Form, Subject
from wharfinger.rules.roles import Action, Role

MOST_OF_A_PLACE: Final = 100
PURPOSE: Final = "webhook secrets"
_LONGEST_URL: Final = 2048


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as those see it who may change it. `place` is the path of its group or project, "" the installation.

    `disabled_at` is when it was given up, `failing_since` when deliveries began to fail, `retry_at` when it is tried.
    """

    id: int
    place: str
    project_id: int | None
    namespace_id: int | None
    url: str
    name: str
    form: Form
    subjects: tuple[Subject, ...]
    created_by: str
    created_at: datetime
    failures: int
    failing_since: datetime | None
    retry_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different; None stays as it is."""

    url: str | None = None
    name: str | None = None
    form: Form | None = None
    subjects: Collection[Subject] | None = None
    secret: str | None = None


def create(
    tools: Tools,
    caller: Caller,
    place: str,
    url: str,
    subjects: Collection[Subject],
    *,
    name: str = "",
    form: Form = Form.CLOUDEVENTS,
    secret: str | None = None,
) -> tuple[Webhook, str]:
    """A webhook of the group or project at `place` ("" is the installation), and the secret that signs what it is sent.

    A secret is made where none is given. Raises SettingInvalid.
    """
    secret = secret or notifications.SECRET_PREFIX + base64.b64encode(token_bytes(24)).decode()
    with tools.db.begin() as tx:
        opened = _administered(tx, caller, place)
        where = _where(opened)
        if rows.count(tx, **where) >= MOST_OF_A_PLACE:
            raise SettingInvalid(f"{place or 'the installation'} has {MOST_OF_A_PLACE} webhooks already: remove one")
        values = _checked(Changes(url=url, name=name, form=form, subjects=subjects, secret=secret), tools)
        made = rows.add(tx, {**where, **values, "created_by": caller.name, "created_at": tools.clock(), "failures": 0})
        webhook = _read(tx, made)
        happened = WebhookCreated(
            **_at(opened), webhook=made, host=host(url), subjects=tuple(map(str, webhook.subjects))
        )
        events.put(tx, tools, caller, happened)
        return webhook, secret


def list_webhooks(tools: Tools, caller: Caller, place: str) -> list[Webhook]:
    """The webhooks of this very place, oldest first."""
    with tools.db.read() as tx:
        opened = _administered(tx, caller, place)
        return [_webhook(row) for row in rows.of_place(tx, **_where(opened))]


def get(tools: Tools, caller: Caller, place: str, id_: int) -> Webhook:
    """A webhook of this very place. Raises WebhookUnknown."""
    with tools.db.read() as tx:
        return find(tx, caller, place, id_)[0]


def change(tools: Tools, caller: Caller, place: str, id_: int, changes: Changes) -> Webhook:
    """Change what is given. Raises WebhookUnknown, SettingInvalid."""
    with tools.db.begin() as tx:
        webhook, opened = find(tx, caller, place, id_)
        values = _checked(changes, tools)
        if not values:
            return webhook
        rows.change(tx, id_, **values)
        changed = _read(tx, id_)
        before, after = _facts(webhook), _facts(changed)
        names = [name for name in before if before[name] != after[name]]
        told: dict[str, Any] = {
            "before": {name: before[name] for name in names},
            "after": {name: after[name] for name in names},
            "other_secret": changes.secret is not None,
        }
        happened = WebhookChanged(**_at(opened), webhook=id_, **told)
        events.put(tx, tools, caller, happened)
        return changed


def enable(tools: Tools, caller: Caller, place: str, id_: int) -> Webhook:
    """Tell a webhook of what happens again, after it was given up. Raises WebhookUnknown."""
    with tools.db.begin() as tx:
        webhook, opened = find(tx, caller, place, id_)
        rows.change(tx, id_, disabled_at=None, failing_since=None, retry_at=None, failures=0)
        if webhook.disabled_at is not None:
            events.put(tx, tools, caller, WebhookEnabled(**_at(opened), webhook=id_, host=host(webhook.url)))
        return _read(tx, id_)


def remove(tools: Tools, caller: Caller, place: str, id_: int) -> None:
    """Remove a webhook with its log of deliveries. Raises WebhookUnknown."""
    with tools.db.begin() as tx:
        webhook, opened = find(tx, caller, place, id_)
        rows.remove(tx, id_)
        events.put(tx, tools, caller, WebhookDeleted(**_at(opened), webhook=id_, host=host(webhook.url)))


def find(tx: Connection, caller: Caller, place: str, id_: int) -> tuple[Webhook, Group | Project | None]:
    """A webhook and its place, for who may change it. Raises WebhookUnknown, and what opening the place raises."""
    opened = _administered(tx, caller, place)
    row = rows.by_id(tx, id_)
    if row is None or {"project_id": row.project_id, "namespace_id": row.namespace_id} != _where(opened):
        raise WebhookUnknown(f"no webhook {id_} of {place or 'the installation'}: list them to see which there are")
    return _webhook(row), opened


def place_of(tools: Tools, caller: Caller, id_: int) -> str:
    """The path of the place of a webhook, for who may change it. Raises WebhookUnknown."""
    unknown = WebhookUnknown(f"no webhook {id_}, or none of yours: list them to see which there are")
    with tools.db.read() as tx:
        row = rows.by_id(tx, id_)
        try:
            _administered(tx, caller, row.place or "" if row is not None else "")
        except Refusal as refusal:
            raise unknown from refusal
    if row is None:
        raise unknown
    return row.place or ""


def host(url: str) -> str:
    """What of a URL may be told to everybody."""
    return urlsplit(url).netloc


def _administered(tx: Connection, caller: Caller, place: str) -> Group | Project | None:
    """The place whose webhooks the caller may change; None is the installation."""
    if not place:
        access.require_admin(caller, "managing the webhooks of the installation")
        return None
    opened = access.open_place(tx, caller, place, Action.ADMINISTER)
    if isinstance(opened, Group):
        access.require_role(opened, Role.OWNER, "managing the webhooks of a group")
    return opened


def _checked(changes: Changes, tools: Tools) -> dict[str, Any]:
    """The columns that change. Raises SettingInvalid."""
    values: dict[str, Any] = {}
    if changes.url is not None:
        values["url"] = _url(changes.url)
    if changes.name is not None:
        values["name"] = places.title(changes.name, "webhook") if changes.name else ""
    if changes.form is not None:
        values["form"] = str(changes.form)
    if changes.subjects is not None:
        if not changes.subjects:
            raise SettingInvalid(f"a webhook is told of something: choose among {', '.join(Subject)}")
        values["subjects"] = " ".join(subject for subject in Subject if subject in changes.subjects)
    if changes.secret is not None:
        if not notifications.usable_secret(changes.secret):
            raise SettingInvalid("a webhook's secret has 16 to 255 printable characters of ASCII: choose a longer one")
        values["secret"] = vault.seal(tools.secret, PURPOSE, changes.secret)
    return values


def _url(text: str) -> str:
    """A URL that can be asked; where its name leads is looked at each time. Raises SettingInvalid."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise SettingInvalid("this is no URL that can be told of events: write https://host/path, in ASCII")
    if parts.username is not None or parts.password is not None:
        raise SettingInvalid("the URL carries a name or password: what is sent is signed, so leave them out")
    return text


def _facts(webhook: Webhook) -> dict[str, Any]:
    subjects = " ".join(webhook.subjects)
    return {"host": host(webhook.url), "name": webhook.name, "form": str(webhook.form), "subjects": subjects}


def _at(opened: Group | Project | None) -> dict[str, Any]:
    return {"path": ""} if opened is None else events.at(opened)


def _where(opened: Group | Project | None) -> dict[str, int | None]:
    return {
        "project_id": opened.id if isinstance(opened, Project) else None,
        "namespace_id": opened.id if isinstance(opened, Group) else None,
    }


def _read(tx: Connection, id_: int) -> Webhook:
    row = rows.by_id(tx, id_)
    if row is None:
        raise WebhookUnknown(f"the webhook {id_} has gone")
    return _webhook(row)


def _webhook(row: Row[Any]) -> Webhook:
    facts = {name: getattr(row, name) for name in Webhook.__dataclass_fields__ if name not in ("form", "subjects")}
    subjects = tuple(Subject(word) for word in row.subjects.split())
    return Webhook(**{**facts, "place": row.place or ""}, form=Form(row.form), subjects=subjects)
