"""Webhooks of projects, groups and the installation (GitLab: Project, Group and System hooks)."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import Field

from wharfinger.domain import deliveries, webhooks
from wharfinger.domain.deliveries import Delivery
from wharfinger.domain.webhooks import Changes, Webhook
from wharfinger.rules import notifications
from wharfinger.rules.notifications import Form, Subject
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Moment, Shape

HookId = Annotated[int, Path(ge=1, le=10**18, description="the webhook's number")]
EventId = Annotated[int, Path(ge=1, le=10**18, description="the delivery's number")]
Flag = Annotated[bool | None, Field(None)]


class HookShape(Shape):
    """A webhook; its secret is not shown. `alert_status` tells whether it works, is paused or was given up."""

    id: int
    url: str
    name: str
    description: str
    created_at: Moment
    project_id: int | None
    group_id: int | None
    payload_format: Form
    image_push_events: bool
    image_delete_events: bool
    image_restore_events: bool
    image_pull_events: bool
    cleanup_events: bool
    quota_events: bool
    signature_events: bool
    scan_events: bool
    enable_ssl_verification: bool = True
    alert_status: str
    disabled_until: Moment | None


class NewHookShape(HookShape):
    """The same just made, with the secret that signs what it is sent, which is shown this once."""

    token: str


class AskedHook(Asked):
    """What a webhook is to be. Without any of the flags, it is told of pushes and deletions."""

    name: str | None = None
    token: str | None = Field(None, description="the secret that signs what is sent; made here where none is given")
    payload_format: Form | None = None
    image_push_events: Flag = None
    image_delete_events: Flag = None
    image_restore_events: Flag = None
    image_pull_events: Flag = None
    cleanup_events: Flag = None
    quota_events: Flag = None
    signature_events: Flag = None
    scan_events: Flag = None

    def subjects(self, known: tuple[Subject, ...]) -> list[Subject]:
        """What it is told of, where `known` is what it is told of now."""
        flags = {subject: getattr(self, _flag(subject)) for subject in Subject}
        return [subject for subject, flag in flags.items() if (subject in known if flag is None else flag)]


class NewHook(AskedHook):
    """A webhook to be made."""

    url: str


class ChangedHook(AskedHook):
    """What is to be different of a webhook."""

    url: str | None = None


class DeliveryShape(Shape):
    """Something a webhook was told, and how that went."""

    id: int
    url: str
    trigger: str
    state: str
    tries: int
    created_at: Moment
    request_headers: dict[str, str]
    request_data: str
    response_status: int | None
    response_body: str
    execution_duration: float | None


_OF_IMAGES: Final = (Subject.PUSH, Subject.DELETE, Subject.RESTORE, Subject.PULL)

Placing = Callable[[Call, str], str]


def routes(prefix: str, placing: Placing) -> APIRouter:
    """The routes below projects or groups; `placing` gives the path of the place."""
    router = APIRouter(prefix=f"/{prefix}/{{id}}/hooks", tags=["webhooks"])

    @router.get("", name=f"list_of_{prefix}")
    def list_hooks(call: ApiCall, key: Key, paging: Paged) -> list[HookShape]:
        """The webhooks of this very place, for who may change them."""
        return paging.part(webhooks.list_webhooks(call.tools, call.caller, placing(call, key)), shape)

    @router.post("", status_code=201, name=f"create_for_{prefix}")
    def create(call: ApiCall, key: Key, asked: NewHook) -> NewHookShape:
        """Make a webhook."""
        return made(call, placing(call, key), asked)

    @router.get("/{hook_id}", name=f"get_of_{prefix}")
    def get(call: ApiCall, key: Key, hook_id: HookId) -> HookShape:
        """One of them."""
        return shape(webhooks.get(call.tools, call.caller, placing(call, key), hook_id))

    @router.put("/{hook_id}", name=f"change_of_{prefix}")
    def change(call: ApiCall, key: Key, hook_id: HookId, asked: ChangedHook) -> HookShape:
        """Change what is given; one that was given up is told of what happens again."""
        return changed(call, placing(call, key), hook_id, asked)

    @router.delete("/{hook_id}", status_code=204, name=f"delete_of_{prefix}")
    def delete(call: ApiCall, key: Key, hook_id: HookId) -> None:
        """Remove a webhook with its log."""
        webhooks.remove(call.tools, call.caller, placing(call, key), hook_id)

    @router.post("/{hook_id}/test/{trigger}", status_code=201, name=f"test_of_{prefix}")
    def test(call: ApiCall, key: Key, hook_id: HookId, trigger: str) -> DeliveryShape:  # noqa: ARG001 - a test is one
        """Send a test now; the answer tells how it went."""
        return tested(call, placing(call, key), hook_id)

    @router.get("/{hook_id}/events", name=f"events_of_{prefix}")
    def events(call: ApiCall, key: Key, hook_id: HookId, paging: Paged) -> list[DeliveryShape]:
        """What it was told lately, newest first."""
        return told(call, placing(call, key), hook_id, paging)

    @router.post("/{hook_id}/events/{hook_event_id}/resend", status_code=201, name=f"resend_of_{prefix}")
    def resend(call: ApiCall, key: Key, hook_id: HookId, hook_event_id: EventId) -> DeliveryShape:
        """Send something again, now; the answer tells how it went."""
        place = placing(call, key)
        again = deliveries.redeliver(call.tools, call.caller, place, hook_id, hook_event_id)
        return delivery(webhooks.get(call.tools, call.caller, place, hook_id), again)

    return router


of_projects = routes("projects", lambda call, key: places.project(call, key).path)
of_groups = routes("groups", lambda call, key: places.group(call, key).path)
of_installation = APIRouter(prefix="/hooks", tags=["webhooks"])


@of_installation.get("")
def list_system(call: ApiCall, paging: Paged) -> list[HookShape]:
    """The webhooks of the installation, for administrators."""
    return paging.part(webhooks.list_webhooks(call.tools, call.caller, ""), shape)


@of_installation.post("", status_code=201)
def create_system(call: ApiCall, asked: NewHook) -> NewHookShape:
    """Make a webhook that is told of what happens anywhere."""
    return made(call, "", asked)


@of_installation.get("/{hook_id}")
def get_system(call: ApiCall, hook_id: HookId) -> HookShape:
    """One of them."""
    return shape(webhooks.get(call.tools, call.caller, "", hook_id))


@of_installation.put("/{hook_id}")
def change_system(call: ApiCall, hook_id: HookId, asked: ChangedHook) -> HookShape:
    """Change what is given; one that was given up is told of what happens again."""
    return changed(call, "", hook_id, asked)


@of_installation.post("/{hook_id}", status_code=201)
def test_system(call: ApiCall, hook_id: HookId) -> DeliveryShape:
    """Send a test now; the answer tells how it went."""
    return tested(call, "", hook_id)


@of_installation.delete("/{hook_id}", status_code=204)
def delete_system(call: ApiCall, hook_id: HookId) -> None:
    """Remove a webhook with its log."""
    webhooks.remove(call.tools, call.caller, "", hook_id)


@of_installation.get("/{hook_id}/events")
def events_system(call: ApiCall, hook_id: HookId, paging: Paged) -> list[DeliveryShape]:
    """What it was told lately, newest first."""
    return told(call, "", hook_id, paging)


def made(call: Call, place: str, asked: NewHook) -> NewHookShape:
    """The webhook that was asked for."""
    subjects = asked.subjects(()) or _unless_said(asked, [Subject.PUSH, Subject.DELETE])
    form, name = asked.payload_format or Form.CLOUDEVENTS, asked.name or ""
    made, secret = webhooks.create(
        call.tools, call.caller, place, asked.url, subjects, name=name, form=form, secret=asked.token
    )
    return NewHookShape(**shape(made).model_dump(), token=secret)


def changed(call: Call, place: str, hook_id: int, asked: ChangedHook) -> HookShape:
    """The webhook with what was asked for."""
    known = webhooks.get(call.tools, call.caller, place, hook_id)
    changes = Changes(asked.url, asked.name, asked.payload_format, asked.subjects(known.subjects), asked.token)
    webhooks.change(call.tools, call.caller, place, hook_id, changes)
    return shape(webhooks.enable(call.tools, call.caller, place, hook_id))


def tested(call: Call, place: str, hook_id: int) -> DeliveryShape:
    """How a test went."""
    outcome = deliveries.test(call.tools, call.caller, place, hook_id)
    return delivery(webhooks.get(call.tools, call.caller, place, hook_id), outcome)


def told(call: Call, place: str, hook_id: int, paging: Paged) -> list[DeliveryShape]:
    """A page of the log."""
    webhook = webhooks.get(call.tools, call.caller, place, hook_id)
    found = deliveries.list_deliveries(call.tools, call.caller, place, hook_id, limit=deliveries.KEPT_EACH)
    return paging.part(found, lambda one: delivery(webhook, one))


def shape(webhook: Webhook) -> HookShape:
    """The webhook as it is shown."""
    flags: dict[str, Any] = {_flag(subject): subject in webhook.subjects for subject in Subject}
    paused = "temporarily_disabled" if webhook.retry_at else "executable"
    return HookShape(
        id=webhook.id,
        url=webhook.url,
        name=webhook.name,
        description="",
        created_at=webhook.created_at,
        project_id=webhook.project_id,
        group_id=webhook.namespace_id,
        payload_format=webhook.form,
        alert_status="disabled" if webhook.disabled_at else paused,
        disabled_until=None if webhook.disabled_at else webhook.retry_at,
        **flags,
    )


def delivery(webhook: Webhook, one: Delivery) -> DeliveryShape:
    """A delivery as it is shown."""
    return DeliveryShape(
        id=one.id,
        url=webhook.url,
        trigger=one.kind,
        state=str(one.state),
        tries=one.tries,
        created_at=one.created_at,
        request_headers=notifications.headers(webhook.form, one.again_of or one.id, one.kind),
        request_data=one.body,
        response_status=one.status,
        response_body=one.answer,
        execution_duration=None if one.took_ms is None else one.took_ms / 1000,
    )


def _flag(subject: Subject) -> str:
    return f"image_{subject}_events" if subject in _OF_IMAGES else f"{subject}_events"


def _unless_said(asked: AskedHook, otherwise: list[Subject]) -> list[Subject]:
    said = any(getattr(asked, _flag(subject)) is not None for subject in Subject)
    return [] if said else otherwise
