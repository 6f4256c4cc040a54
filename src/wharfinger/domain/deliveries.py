"""Deliveries: telling webhooks of what happened, and the log of how that went.

    event ─► one delivery for each webhook that wants it ─► sent ─► delivered
                                                             │ ▲
                                                             ▼ │ after a pause, for a day
                                                           failed ─► given up

While a webhook fails it is tried by one delivery at a time, after growing pauses; what else there is for it waits. So a
server that hangs costs a worker one wait a pause, however much happens. A webhook that failed for a whole day is
disabled. What is sent may arrive twice, or in another order than it happened: `webhook-id` tells the same from another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any, Final, cast

from sqlalchemy import Connection, Row

from wharfinger.clients.http import Limits, NoAnswer, Refused
from wharfinger.db import webhooks as rows
from wharfinger.domain import events, notices, queue, vault, webhooks
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import AskedLately, PageInvalid, WebhookUnknown
from wharfinger.domain.events.record import Recorded
from wharfinger.domain.events.webhooks import WebhookDisabled
from wharfinger.domain.tools import Tools
from wharfinger.rules import notifications, retries
from wharfinger.rules.notifications import Form, Told
from wharfinger.rules.roles import Role

TASK: Final = "deliver to webhook"
PATIENCE: Final = timedelta(days=1)
KEPT_FOR: Final = timedelta(days=30)
KEPT_EACH: Final = 500
BY_HAND: Final = 10  # tests and repeats of a webhook in a minute
EXCERPT: Final = 2000
LARGEST_BODY: Final = 256 * 1024
_LIMITS: Final = Limits(answer_bytes=64 * 1024, redirects=3)
_BATCH: Final = 1000


class State(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that a webhook is told: `answer` begins what the server said, or says why it said nothing."""

    id: int
    webhook_id: int
    event: int
    kind: str
    body: str
    created_at: datetime
    state: State
    tries: int
    tried_at: datetime | None
    status: int | None
    answer: str
    took_ms: int | None
    again_of: int | None


def anybody_listens(tools: Tools) -> bool:
    """Is there a webhook at all?"""
    with tools.db.read() as tx:
        return rows.any_enabled(tx)


def tell(tools: Tools, event: Recorded) -> None:
    """Have every webhook told of an event that wants to hear of it: a reaction, harmless when it is done twice."""
    subjects = notifications.subjects_of(event.kind, event.about)
    with tools.db.begin() as tx:
        groups = _above(rows.namespace_path(tx, event.namespace_id) if event.namespace_id else "")
        for row in rows.reaching(tx, event.project_id, groups):
            if subjects & set(row.subjects.split()) and not rows.told(tx, row.id, event.number):
                body = _body(tx, tools, Form(row.form), event)
                made = rows.add_delivery(tx, _row(tools, row.id, event.number, event.kind, body))
                queue.put(tx, tools, TASK, {"delivery": made})


def tell_of_disabling(tools: Tools, event: Recorded) -> None:
    """Have those told by mail who may enable a webhook that was given up: a reaction."""
    path, role = event.path, Role.MAINTAINER if event.project_id else Role.OWNER
    page = f"{path}/-/webhooks" if path else "admin/webhooks"
    link = notices.link(tools, f"{page}/{event.about['webhook']}")
    subject = f"A webhook of {path or 'this registry'} was given up"
    text = "\n\n".join(
        (
            f"The webhook to {event.about['host']} is told nothing any more: {event.about['why']}.",
            "What happens from now on is not sent later. See what the server answered, and enable it again:",
            link,
        )
    )
    with tools.db.begin() as tx:
        notices.send(tx, tools, notices.holders(tx, tools, path, role), subject, text)


def deliver(tools: Tools, about: Mapping[str, Any]) -> None:
    """Send a delivery, or wait with it while its webhook fails: a task, harmless when it is done twice."""
    with tools.db.read() as tx:
        delivery = rows.delivery(tx, about["delivery"])
        webhook = None if delivery is None else rows.by_id(tx, delivery.webhook_id)
    if delivery is None or webhook is None or delivery.state != State.WAITING:
        return
    if webhook.disabled_at is not None:
        _give_up(tools, delivery, "the webhook is disabled: enable it, then send this again")
    elif (until := _turn(tools, webhook)) is not None:
        _wait(tools, delivery, until)
    else:
        _try(tools, webhook, delivery)


def test(tools: Tools, caller: Caller, place: str, id_: int) -> Delivery:
    """Send a webhook a test, now, and say how it went. Raises WebhookUnknown, AskedLately."""
    with tools.db.begin() as tx:
        webhook, _ = webhooks.find(tx, caller, place, id_)
        _require_patience(tx, tools, id_)
        told = Told(
            0, tools.clock(), notifications.TEST, caller.name, str(caller.kind), "", place, "", {}, _source(tools)
        )
        made = rows.add_delivery(tx, _row(tools, id_, 0, notifications.TEST, notifications.body(webhook.form, told)))
    return _now(tools, made)


def redeliver(tools: Tools, caller: Caller, place: str, id_: int, delivery: int) -> Delivery:
    """Send something again, now, and say how it went. Raises WebhookUnknown, AskedLately."""
    with tools.db.begin() as tx:
        webhooks.find(tx, caller, place, id_)
        _require_patience(tx, tools, id_)
        row = _own(tx, id_, delivery)
        again = row.again_of or row.id
        made = rows.add_delivery(tx, {**_row(tools, id_, row.event, row.kind, row.body), "again_of": again})
    return _now(tools, made)


def list_deliveries(
    tools: Tools, caller: Caller, place: str, id_: int, *, last: int | None = None, limit: int = 50
) -> list[Delivery]:
    """What a webhook was told lately, newest first, older than number `last`. Raises WebhookUnknown."""
    if not 0 < limit <= KEPT_EACH:
        raise PageInvalid(f"a page has 1 to {KEPT_EACH} deliveries: choose so")
    with tools.db.read() as tx:
        webhooks.find(tx, caller, place, id_)
        return [_delivery(row) for row in rows.delivery_page(tx, id_, last, limit)]


def get(tools: Tools, caller: Caller, place: str, id_: int, delivery: int) -> Delivery:
    """One of them. Raises WebhookUnknown."""
    with tools.db.read() as tx:
        webhooks.find(tx, caller, place, id_)
        return _delivery(_own(tx, id_, delivery))


def forget_old(tools: Tools) -> int:
    """Keep the log within bounds: what is old goes, and what is more than a webhook may keep; how many."""
    gone = 0
    with tools.db.read() as tx:
        ids = rows.ids(tx)
    for id_ in ids:
        with tools.db.begin() as tx:
            gone += rows.forget_surplus(tx, id_, KEPT_EACH)
    while True:
        with tools.db.begin() as tx:
            count = rows.forget_deliveries(tx, tools.clock() - KEPT_FOR, _BATCH)
        gone += count
        if count < _BATCH:
            return gone


def _require_patience(tx: Connection, tools: Tools, webhook: int) -> None:
    """What is sent by hand is waited for, and nobody is to be flooded by it."""
    if rows.by_hand(tx, webhook, tools.clock() - timedelta(minutes=1)) >= BY_HAND:
        raise AskedLately(f"this webhook was sent {BY_HAND} tests or repeats in a minute: wait, then send the next")


def _now(tools: Tools, id_: int) -> Delivery:
    """Try at once, and once only, whether the webhook fails or is disabled."""
    with tools.db.read() as tx:
        delivery = rows.delivery(tx, id_)
        webhook = None if delivery is None else rows.by_id(tx, delivery.webhook_id)
    if delivery is None or webhook is None:
        raise WebhookUnknown("the webhook was removed a moment ago")
    outcome = _send(tools, webhook, delivery)
    with tools.db.begin() as tx:
        state = State.DELIVERED if outcome.fine else State.GIVEN_UP
        _note(tx, tools, delivery, outcome, state)
        if outcome.fine:
            _recovered(tx, tools, webhook)
        return _delivery(rows.delivery(tx, id_))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a try went; `lasting` where another one would go the same way."""

    status: int | None
    answer: str
    took_ms: int
    fine: bool
    lasting: bool = False


def _try(tools: Tools, webhook: Row[Any], delivery: Row[Any]) -> None:
    outcome, now = _send(tools, webhook, delivery), tools.clock()
    with tools.db.begin() as tx:
        if outcome.fine:
            _note(tx, tools, delivery, outcome, State.DELIVERED)
            _recovered(tx, tools, webhook)
            return
        since, failures = webhook.failing_since or now, webhook.failures + 1
        retry_at = _pause(failures, now)
        again = not outcome.lasting and retry_at <= delivery.created_at + PATIENCE
        _note(tx, tools, delivery, outcome, State.WAITING if again else State.GIVEN_UP)
        rows.change(tx, webhook.id, failures=failures, failing_since=since, retry_at=retry_at)
        if again:
            queue.put(tx, tools, TASK, {"delivery": delivery.id}, at=retry_at)
        if now - since >= PATIENCE:
            _disable(tx, tools, webhook, outcome, since)


def _turn(tools: Tools, webhook: Row[Any]) -> datetime | None:
    """Until when to wait; None where this delivery may try. Of a webhook that fails, one tries at a time."""
    now, retry_at = tools.clock(), cast(datetime | None, webhook.retry_at)
    if retry_at is None or now < retry_at:
        return retry_at
    later = _pause(webhook.failures + 1, now)
    with tools.db.begin() as tx:
        return None if rows.claim(tx, webhook.id, retry_at, later) else later


def _pause(failures: int, now: datetime) -> datetime:
    return retries.next_try(failures, now, now, PATIENCE) or now + PATIENCE


def _recovered(tx: Connection, tools: Tools, webhook: Row[Any]) -> None:
    """It works: what waited for that is sent now."""
    if not webhook.failures:
        return
    rows.change(tx, webhook.id, failures=0, failing_since=None, retry_at=None)
    for waiting in rows.waiting(tx, webhook.id, str(State.WAITING)):
        queue.put(tx, tools, TASK, {"delivery": waiting}, key=f"deliver {waiting}")


def _disable(tx: Connection, tools: Tools, webhook: Row[Any], outcome: _Outcome, since: datetime) -> None:
    if not rows.disable(tx, webhook.id, tools.clock()):
        return
    why = f"it failed since {since:%Y-%m-%d %H:%M} UTC: {outcome.status or outcome.answer[:200]}"
    where = {"path": webhook.place or "", "project_id": webhook.project_id, "namespace_id": webhook.namespace_id}
    happened = WebhookDisabled(**where, webhook=webhook.id, host=webhooks.host(webhook.url), why=why)
    events.put(tx, tools, OPERATOR, happened)


def _send(tools: Tools, webhook: Row[Any], delivery: Row[Any]) -> _Outcome:
    body, began = delivery.body.encode(), monotonic()
    secret = vault.opened(tools.secret, webhooks.PURPOSE, bytes(webhook.secret))
    id_, timestamp = delivery.again_of or delivery.id, int(tools.clock().timestamp())
    signed = {
        "webhook-timestamp": str(timestamp),
        "webhook-signature": notifications.signature(secret, str(id_), timestamp, body),
    }
    headers = notifications.headers(Form(webhook.form), id_, delivery.kind) | signed
    limits = Limits(tools.outbound.limits.seconds, _LIMITS.answer_bytes, _LIMITS.redirects)
    try:
        answer = tools.outbound.ask("POST", webhook.url, headers=headers, content=body, limits=limits)
    except NoAnswer as error:
        return _Outcome(None, str(error), _since(began), fine=False, lasting=isinstance(error, Refused))
    text = answer.body[: EXCERPT * 4].decode(errors="replace").replace("\x00", "�")[:EXCERPT]
    return _Outcome(answer.status, text, _since(began), fine=200 <= answer.status < 300)


def _note(tx: Connection, tools: Tools, delivery: Row[Any], outcome: _Outcome, state: State) -> None:
    tried = {"tries": delivery.tries + 1, "tried_at": tools.clock(), "took_ms": outcome.took_ms}
    answered = {"status": outcome.status, "answer": outcome.answer[:EXCERPT]}
    rows.change_delivery(tx, delivery.id, state=str(state), **tried, **answered)


def _give_up(tools: Tools, delivery: Row[Any], why: str) -> None:
    with tools.db.begin() as tx:
        rows.change_delivery(tx, delivery.id, state=str(State.GIVEN_UP), answer=why)


def _wait(tools: Tools, delivery: Row[Any], until: datetime) -> None:
    if until > delivery.created_at + PATIENCE:
        _give_up(tools, delivery, delivery.answer or "the webhook failed for as long as this was worth trying")
        return
    with tools.db.begin() as tx:
        queue.put(tx, tools, TASK, {"delivery": delivery.id}, at=until)


def _row(tools: Tools, webhook: int, event: int, kind: str, body: str) -> dict[str, Any]:
    empty = {"tries": 0, "tried_at": None, "status": None, "answer": "", "took_ms": None, "again_of": None}
    about = {"webhook_id": webhook, "event": event, "kind": kind, "body": body}
    return {**empty, **about, "created_at": tools.clock(), "state": str(State.WAITING)}


def _body(tx: Connection, tools: Tools, form: Form, event: Recorded) -> str:
    """What is sent; where an event names very much, without the names."""
    project = rows.project_path(tx, event.project_id) if event.project_id else ""
    who, kind = event.actor, event.credential.partition(" ")[0]
    number, at, source = event.number, event.at, _source(tools)
    told = Told(number, at, event.kind, who, kind, event.address, event.path, project, event.about, source)
    text = notifications.body(form, told)
    if len(text.encode()) <= LARGEST_BODY:
        return text
    about = {"shortened": True, "count": len(event.about.get("tags") or ())}
    return notifications.body(
        form, Told(number, at, event.kind, who, kind, event.address, event.path, project, about, source)
    )


def _own(tx: Connection, webhook: int, delivery: int) -> Row[Any]:
    row = rows.delivery(tx, delivery)
    if row is None or row.webhook_id != webhook:
        raise WebhookUnknown(f"no delivery {delivery} to this webhook: it is too old to be kept, or never was")
    return row


def _above(path: str) -> list[str]:
    """The paths of a group and of all above it."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)] if path else []


def _source(tools: Tools) -> str:
    return tools.policy.address


def _since(began: float) -> int:
    return round((monotonic() - began) * 1000)


def _delivery(row: Row[Any] | None) -> Delivery:
    if row is None:
        raise WebhookUnknown("the delivery was removed a moment ago")
    facts = {name: getattr(row, name) for name in Delivery.__dataclass_fields__ if name != "state"}
    return Delivery(**facts, state=State(row.state))
