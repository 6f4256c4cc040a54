"""Webhooks of a place or of the installation: made, changed, tested, and what they were told."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import deliveries, webhooks
from wharfinger.domain.access import Group, Project
from wharfinger.domain.deliveries import Delivery, State
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.webhooks import Changes, Webhook
from wharfinger.rules import notifications
from wharfinger.rules.notifications import Form, Subject
from wharfinger.rules.roles import Action
from wharfinger.web.pages import live
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

PAGE: Final = 50
SUBJECTS: Final = (
    (Subject.PUSH, "An image or another manifest is pushed, or a tag moves."),
    (Subject.DELETE, "Tags, manifests or repositories are deleted, by people or by cleanup."),
    (Subject.RESTORE, "Something comes back from the trash."),
    (Subject.PULL, "A manifest is pulled; as many as the operator has written down."),
    (Subject.CLEANUP, "A cleanup policy ran, or could not."),
    (Subject.QUOTA, "A quota fills up, or is changed."),
    (Subject.SIGNATURE, "A signature of an image is pushed."),
    (Subject.SCAN, "A scan report, an SBOM or an attestation about an image is pushed."),
)
FORMS: Final = (
    (Form.CLOUDEVENTS, "CloudEvents", "CloudEvents 1.0 as JSON: an object an event."),
    (Form.ENVELOPE, "Registry notifications", "The envelope of the reference registry, which many programs read."),
)


@dataclass(frozen=True, slots=True)
class _Where:
    """The place whose webhooks a page is about; None is the installation. `top` is the path of its list."""

    place: Project | Group | None
    top: str

    @property
    def path(self) -> str:
        return self.place.path if self.place else ""


def show(visit: Visit, new: tuple[Webhook, str] | None = None) -> Response:
    """The webhooks of this very place, and the form for a new one."""
    where = _where(visit)
    found = webhooks.list_webhooks(visit.tools, visit.caller, where.path)
    return _page(visit, where, "webhooks.html", found=found, new=new)


def create(visit: Visit) -> Response:
    """Make one; its secret is shown on the answer."""
    where, form = _where(visit), visit.form
    made = webhooks.create(
        visit.tools, visit.caller, where.path, form["url"].strip(), _subjects(visit),
        name=form["name"].strip(), form=_form(visit), secret=form["secret"] or None,
    )  # fmt: skip
    return show(visit, made)


def show_one(visit: Visit, sent: Delivery | None = None) -> Response:
    """One webhook: what it is told of, and the log of that."""
    where, number = _where(visit), visit.number("number")
    webhook = webhooks.get(visit.tools, visit.caller, where.path, number)
    last = visit.number("after") or None if visit.request.method == "GET" else None
    found = deliveries.list_deliveries(visit.tools, visit.caller, where.path, number, last=last, limit=PAGE + 1)
    more = f"{where.top}/{number}?after={found[PAGE - 1].id}" if len(found) > PAGE else ""
    facts: dict[str, Any] = {"log": found[:PAGE], "more": more, "states": State, "top": where.top, "webhook": webhook}
    facts["headers"] = notifications.headers
    part = live.part(visit, "webhook_log.html", **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    shown = {"webhook": webhook, "part": part, "sent": sent, "states": State, "called": _called(webhook)}
    return _page(visit, where, "webhook.html", **shown)


def change(visit: Visit) -> Response:
    """Change what the form says; an empty secret stays."""
    where, number, form = _where(visit), visit.number("number"), visit.form
    changes = Changes(form["url"].strip(), form["name"].strip(), _form(visit), _subjects(visit), form["secret"] or None)
    webhooks.change(visit.tools, visit.caller, where.path, number, changes)
    return visit.go(f"{where.top}/{number}", "Saved.")


def enable(visit: Visit) -> Response:
    """Tell it of what happens again."""
    where, number = _where(visit), visit.number("number")
    webhooks.enable(visit.tools, visit.caller, where.path, number)
    return visit.go(f"{where.top}/{number}", "It is told of what happens again.")


def remove(visit: Visit) -> Response:
    """Remove it with its log; the visitor has typed what it is called."""
    where = _where(visit)
    webhook = webhooks.get(visit.tools, visit.caller, where.path, visit.number("number"))
    visit.require_typed(_called(webhook))
    webhooks.remove(visit.tools, visit.caller, where.path, webhook.id)
    return visit.go(where.top, "The webhook is removed.")


def test(visit: Visit) -> Response:
    """Send a test; the answer says how it went."""
    where, number = _where(visit), visit.number("number")
    return show_one(visit, deliveries.test(visit.tools, visit.caller, where.path, number))


def redeliver(visit: Visit) -> Response:
    """Send something again; the answer says how it went."""
    where, number, delivery = _where(visit), visit.number("number"), visit.number("delivery")
    return show_one(visit, deliveries.redeliver(visit.tools, visit.caller, where.path, number, delivery))


def _called(webhook: Webhook) -> str:
    return webhook.name or f"Webhook {webhook.id}"


def _where(visit: Visit) -> _Where:
    if "place" not in visit.request.path_params:
        return _Where(None, "/admin/webhooks")
    place = opened(visit, Action.ADMINISTER)
    return _Where(place, f"/{place.path}/-/webhooks")


def _page(visit: Visit, where: _Where, template: str, **facts: Any) -> Response:
    base = "place.html" if where.place else "admin.html"
    return visit.page(template, base=base, place=where.place, top=where.top, subjects=SUBJECTS, forms=FORMS, **facts)


def _subjects(visit: Visit) -> list[Subject]:
    return [subject for subject in Subject if subject in visit.form.all("subjects")]


def _form(visit: Visit) -> Form:
    try:
        return Form(visit.form["form"])
    except ValueError as error:
        raise SettingInvalid("choose a form: cloudevents or envelope") from error
