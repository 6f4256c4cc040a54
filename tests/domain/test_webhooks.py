"""Webhooks: who may have them, what they are told, and what becomes of a receiver that fails, hangs or lies."""

import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.holdings import Holdings
from tests.domain.people import with_token
from tests.domain.shelf import IMAGE, Shelf
from tests.mailbox import Mailbox, serving, text_of
from tests.receiver import Received, Receiver, Reply, listening
from wharfinger.clients.http import Limits, Outbound
from wharfinger.clients.mail import Mail, Security
from wharfinger.domain import audit, deliveries, events, groups, images, members, quotas, users, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.deliveries import Delivery, State
from wharfinger.domain.errors import Refusal, SettingInvalid, WebhookUnknown
from wharfinger.domain.events.images import TagsDeleted
from wharfinger.domain.tools import Tools
from wharfinger.domain.webhooks import Changes, Webhook
from wharfinger.jobs import labour, reactions, worker
from wharfinger.rules import notifications
from wharfinger.rules.notifications import Form, Subject
from wharfinger.rules.roles import Role

LOOPBACK = (ip_network("127.0.0.0/8"),)
EVERYTHING = list(Subject)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


@pytest.fixture
def holdings(tools: Tools, tmp_path: Path) -> Holdings:
    """A project, in a registry that may ask the loopback."""
    return Holdings.make(replace(tools, outbound=Outbound(LOOPBACK, Limits(seconds=10))), tmp_path)


def work(tools: Tools) -> None:
    """All that is due now, and all that follows from it."""
    busy = 1
    while busy:
        busy = worker.follow(tools) + labour.do_all(tools)


def hook(holdings: Holdings, url: str, subjects: list[Subject] = EVERYTHING, **more: Any) -> Webhook:
    return webhooks.create(holdings.tools, OPERATOR, holdings.project, url, subjects, **more)[0]


def log(holdings: Holdings, made: Webhook) -> list[Delivery]:
    return deliveries.list_deliveries(holdings.tools, OPERATOR, made.place, made.id)


def verified(request: Received, secret: str) -> bool:
    """Is the signature right, as a receiver would look at it?"""
    id_, at = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    return request.headers["webhook-signature"] == notifications.signature(secret, id_, at, request.body)


def test_a_push_is_told(holdings: Holdings, receiver: Receiver) -> None:
    made, secret = webhooks.create(holdings.tools, OPERATOR, holdings.project, f"{receiver.url}/in", EVERYTHING)
    work(holdings.tools)
    assert receiver.received == []
    digest = holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/in")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["wharfinger-event"] == "manifest pushed"
    assert verified(request, secret)
    event = json.loads(request.body)
    assert (event["type"], event["subject"]) == ("wharfinger.manifest.pushed", f"{holdings.project}/web")
    assert (event["data"]["digest"], event["data"]["project"]) == (digest, holdings.project)
    (delivery,) = log(holdings, made)
    assert (delivery.state, delivery.status, delivery.answer, delivery.tries) == (State.DELIVERED, 200, "fine", 1)
    assert delivery.body == request.body.decode()


@pytest.mark.parametrize(
    ("wanted", "layer", "tag", "artifact"),
    [
        (Subject.SIGNATURE, "application/vnd.dev.cosign.simplesigning.v1+json", ".sig", "Signature"),
        (Subject.SIGNATURE, "application/vnd.dev.cosign.simplesigning.v1+json", "", "Signature"),
        (Subject.SCAN, "application/sarif+json", "", "Scan report"),
        (Subject.SCAN, "application/spdx+json", ".sbom", "SBOM"),
    ],
)
def test_signatures_and_reports_are_told(
    holdings: Holdings, receiver: Receiver, wanted: Subject, layer: str, tag: str, artifact: str
) -> None:
    shelf = Shelf(holdings.tools)
    webhooks.create(holdings.tools, OPERATOR, shelf.project, receiver.url, [wanted])
    image = shelf.image(b"a layer", tag="v1")
    document = statement(shelf, layer)
    if not tag:
        document["subject"] = {"mediaType": IMAGE, "digest": image, "size": 2}
    shelf.put(document, image.replace(":", "-") + tag if tag else None)
    work(holdings.tools)
    (request,) = receiver.received
    told = json.loads(request.body)
    assert told["type"] == "wharfinger.manifest.pushed"
    assert (told["data"]["artifact"], told["data"]["subject"]) == (artifact, image)


def test_crossings_of_a_limit_are_told_once(holdings: Holdings, receiver: Receiver) -> None:
    shelf = Shelf(holdings.tools)
    webhooks.create(holdings.tools, OPERATOR, shelf.project, receiver.url, [Subject.QUOTA])
    quotas.set_limit(holdings.tools, OPERATOR, shelf.project, 1000)
    for size, tag in ((750, "a"), (20, "b")):
        shelf.image(tag.encode() * size, tag=tag)
        quotas.add_up(holdings.tools)
    work(holdings.tools)
    told = [json.loads(request.body) for request in receiver.received]
    assert [event["type"] for event in told] == ["wharfinger.quota.changed", "wharfinger.quota.reached"]
    data = told[1]["data"]
    assert (data["percent"], data["used_bytes"], data["limit_bytes"]) == (70, 750, 1000)


def statement(shelf: Shelf, layer: str) -> dict[str, Any]:
    """A manifest with a layer of this media type, as tools for supply chains push it."""
    empty = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": shelf.blob(b"{}"), "size": 2}
    said = {"mediaType": layer, "digest": shelf.blob(b"said"), "size": 4}
    return {"schemaVersion": 2, "mediaType": IMAGE, "config": empty, "layers": [said]}


def test_deletions_in_the_form_of_the_reference_registry(holdings: Holdings, receiver: Receiver) -> None:
    hook(holdings, receiver.url, [Subject.DELETE], form=Form.ENVELOPE)
    digest = holdings.image("web", "v1", [b"layer"])
    path = f"{holdings.project}/web"
    images.delete_tag(holdings.tools, holdings.caller(path), path, "v1")
    work(holdings.tools)
    (request,) = receiver.received
    assert request.headers["content-type"] == "application/vnd.docker.distribution.events.v2+json"
    (event,) = json.loads(request.body)["events"]
    assert event["action"] == "delete"
    assert (event["target"]["repository"], event["target"]["tag"]) == (path, "v1")
    assert event["target"]["digest"] == digest


def test_groups_above_and_the_installation_are_told_too(holdings: Holdings, receiver: Receiver) -> None:
    tools, group = holdings.tools, holdings.project.rpartition("/")[0]
    elsewhere = Actors(tools).project()
    for place in (holdings.project, group, "", elsewhere.path, elsewhere.path.rpartition("/")[0]):
        webhooks.create(tools, OPERATOR, place, f"{receiver.url}/{place}", EVERYTHING)
    holdings.image("web", "v1", [b"layer"])
    work(tools)
    assert sorted(request.path for request in receiver.received) == sorted([f"/{holdings.project}", f"/{group}", "/"])


def test_without_webhooks_no_job_is_queued(holdings: Holdings) -> None:
    holdings.image("web", "v1", [b"layer"])
    assert worker.follow(holdings.tools)
    assert labour.do_all(holdings.tools) == 0


def test_the_reaction_follows_what_webhooks_can_be_told_of() -> None:
    followed = {event.kind for one in reactions.REACTIONS if one.name == "tell webhooks" for event in one.after}
    assert followed == {kind for kinds in notifications.KINDS.values() for kind in kinds}


def test_what_fails_is_tried_again_until_it_works(holdings: Holdings, receiver: Receiver, clock: Clock) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(500, body=b"not now")
    holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    for _ in range(3):
        clock.advance(minutes=1)
        work(holdings.tools)
    (delivery,) = log(holdings, made)
    assert (delivery.state, delivery.status, delivery.answer, delivery.tries) == (State.WAITING, 500, "not now", 4)
    receiver.answer = lambda _: Reply()
    clock.advance(minutes=5)
    work(holdings.tools)
    assert log(holdings, made)[0].state is State.DELIVERED
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert webhooks.get(holdings.tools, OPERATOR, holdings.project, made.id).failures == 0


def test_of_a_failing_webhook_one_delivery_tries_at_a_time(
    holdings: Holdings, receiver: Receiver, clock: Clock
) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(500)
    for number in range(5):
        holdings.image("web", f"v{number}", [b"layer"])
        work(holdings.tools)
    assert len(receiver.received) == 1
    clock.advance(minutes=1)
    work(holdings.tools)
    assert len(receiver.received) == 2
    receiver.answer = lambda _: Reply()
    clock.advance(minutes=1)
    work(holdings.tools)
    assert {delivery.state for delivery in log(holdings, made)} == {State.DELIVERED}
    assert len(receiver.received) == 2 + 5


def test_a_webhook_that_fails_for_a_day_is_disabled(holdings: Holdings, receiver: Receiver, clock: Clock) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(503)
    holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    for _ in range(26):
        clock.advance(hours=1)
        holdings.image("web", "v1", [b"layer"])
        work(holdings.tools)
    found = webhooks.get(holdings.tools, OPERATOR, holdings.project, made.id)
    assert found.disabled_at is not None
    (event,) = audit.page(holdings.tools, OPERATOR, holdings.project, Wanted(kind="webhook disabled")).events
    assert (event.about["webhook"], event.path) == (made.id, holdings.project)
    assert "503" in event.about["why"]
    assert {delivery.state for delivery in log(holdings, made)} == {State.GIVEN_UP}
    tried = len(receiver.received)
    assert tried < 35  # about one an hour, however much there was to tell
    holdings.image("web", "v2", [b"layer"])
    clock.advance(hours=1)
    work(holdings.tools)
    assert len(receiver.received) == tried
    receiver.answer = lambda _: Reply()
    webhooks.enable(holdings.tools, OPERATOR, holdings.project, made.id)
    holdings.image("web", "v3", [b"layer"])
    work(holdings.tools)
    assert len(receiver.received) == tried + 1


def test_a_server_that_hangs_is_left(holdings: Holdings, receiver: Receiver) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = receiver.hang
    holdings.image("web", "v1", [b"layer"])
    work(replace(holdings.tools, outbound=Outbound(LOOPBACK, Limits(seconds=0.5))))
    (delivery,) = log(holdings, made)
    assert (delivery.state, delivery.status) == (State.WAITING, None)
    assert "took too long" in delivery.answer or "time for it was over" in delivery.answer


@pytest.mark.parametrize("location", ["//169.254.169.254/latest/", "http://10.0.0.7/", "file:///etc/passwd"])
def test_redirects_are_checked(holdings: Holdings, receiver: Receiver, location: str) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(307, {"Location": location})
    holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    (delivery,) = log(holdings, made)
    assert (delivery.state, delivery.tries) == (State.GIVEN_UP, 1)  # trying again changes nothing
    assert len(receiver.received) == 1


def test_private_networks_are_not_asked_unless_allowed(tools: Tools, tmp_path: Path, receiver: Receiver) -> None:
    holdings = Holdings.make(tools, tmp_path)
    made = hook(holdings, receiver.url)
    outcome = deliveries.test(tools, OPERATOR, holdings.project, made.id)
    assert outcome.state is State.GIVEN_UP
    assert "[outbound] allow" in outcome.answer
    assert receiver.received == []


def test_testing(holdings: Holdings, receiver: Receiver) -> None:
    made, secret = webhooks.create(holdings.tools, OPERATOR, holdings.project, receiver.url, [Subject.PUSH])
    outcome = deliveries.test(holdings.tools, OPERATOR, holdings.project, made.id)
    assert (outcome.state, outcome.status) == (State.DELIVERED, 200)
    (request,) = receiver.received
    assert json.loads(request.body)["type"] == "wharfinger.webhook.tested"
    assert verified(request, secret)


def test_redelivering(holdings: Holdings, receiver: Receiver) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(500)
    holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    (failed,) = log(holdings, made)
    receiver.answer = lambda _: Reply(body=b"got it")
    again = deliveries.redeliver(holdings.tools, OPERATOR, holdings.project, made.id, failed.id)
    assert (again.state, again.answer, again.again_of) == (State.DELIVERED, "got it", failed.id)
    first, second = receiver.received[0], receiver.received[-1]
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    with pytest.raises(WebhookUnknown):
        deliveries.redeliver(holdings.tools, OPERATOR, holdings.project, made.id, 10_000)


def test_answers_are_kept_in_part(holdings: Holdings, receiver: Receiver) -> None:
    made = hook(holdings, receiver.url)
    receiver.answer = lambda _: Reply(200, body=b"\x00\xff" + b"x" * 50_000)
    outcome = deliveries.test(holdings.tools, OPERATOR, holdings.project, made.id)
    assert len(outcome.answer) == deliveries.EXCERPT
    receiver.answer = lambda _: Reply(200, body=b"x" * 100_000)
    assert "more than 65536 bytes" in deliveries.test(holdings.tools, OPERATOR, holdings.project, made.id).answer


def test_the_log_is_bounded(holdings: Holdings, clock: Clock) -> None:
    made = hook(holdings, "http://127.0.0.1:9/")
    with holdings.tools.db.begin() as tx:
        for number in range(deliveries.KEPT_EACH + 20):
            row = deliveries._row(holdings.tools, made.id, number, "manifest pushed", "{}")
            deliveries.rows.add_delivery(tx, row)
    assert deliveries.forget_old(holdings.tools) == 20
    assert len(deliveries.list_deliveries(holdings.tools, OPERATOR, made.place, made.id, limit=500)) == 500
    clock.advance(days=31)
    assert deliveries.forget_old(holdings.tools) == 500


def test_who_may(holdings: Holdings) -> None:
    tools, actors = holdings.tools, Actors(holdings.tools)
    project = actors.project()
    group = groups.get(tools, OPERATOR, project.path.rpartition("/")[0])
    maintainer = with_token(tools, actors.user(project, "maintainer").username)
    developer = with_token(tools, actors.user(project, "developer").username)
    owner = with_token(tools, actors.user(group, "owner").username)
    made, _ = webhooks.create(tools, maintainer, project.path, "https://hooks.example.com/x", EVERYTHING)
    webhooks.create(tools, owner, group.path, "https://hooks.example.com/x", EVERYTHING)
    for caller, place in ((maintainer, group.path), (developer, project.path), (owner, ""), (owner, holdings.project)):
        with pytest.raises(Refusal):
            webhooks.create(tools, caller, place, "https://hooks.example.com/x", EVERYTHING)
        with pytest.raises(Refusal):
            webhooks.list_webhooks(tools, caller, place)
    other = hook(holdings, "https://hooks.example.com/y")
    for place in (project.path, group.path):  # the number of somebody else's
        for act in (webhooks.get, webhooks.remove, webhooks.enable, deliveries.test, deliveries.list_deliveries):
            with pytest.raises(WebhookUnknown):
                act(tools, owner, place, other.id)
    assert webhooks.place_of(tools, maintainer, made.id) == project.path
    for caller, id_ in ((developer, made.id), (maintainer, other.id), (maintainer, 10_000)):
        with pytest.raises(WebhookUnknown):
            webhooks.place_of(tools, caller, id_)


@pytest.mark.parametrize("url", ["ftp://a.example/", "https://", "https://name:password@a.example/", "nonsense",
                                 "https://a.example/ x", "https://a.example/\n", "https://a.example:99999/",
                                 "https://a.example/" + "x" * 3000])  # fmt: skip
def test_urls_that_are_refused(holdings: Holdings, url: str) -> None:
    with pytest.raises(SettingInvalid, match="URL"):
        hook(holdings, url)


def test_changing(holdings: Holdings, receiver: Receiver) -> None:
    made = hook(holdings, "https://old.example.com/secret-path")
    changes = Changes(
        url=receiver.url, name="mine", form=Form.ENVELOPE, subjects=[Subject.PUSH], secret="a secret of my own"
    )
    changed = webhooks.change(holdings.tools, OPERATOR, holdings.project, made.id, changes)
    assert (changed.url, changed.name, changed.form, changed.subjects) == (
        receiver.url, "mine", Form.ENVELOPE, (Subject.PUSH,))  # fmt: skip
    deliveries.test(holdings.tools, OPERATOR, holdings.project, made.id)
    assert verified(receiver.received[0], "a secret of my own")
    for wrong in (Changes(subjects=[]), Changes(secret="short")):
        with pytest.raises(SettingInvalid):
            webhooks.change(holdings.tools, OPERATOR, holdings.project, made.id, wrong)
    webhooks.remove(holdings.tools, OPERATOR, holdings.project, made.id)
    assert webhooks.list_webhooks(holdings.tools, OPERATOR, holdings.project) == []


def test_secrets_and_paths_of_receivers_are_nowhere(holdings: Holdings) -> None:
    tools = holdings.tools
    made = hook(holdings, "https://hooks.example.com/canary-path?token=canary-query", secret="canary-secret-of-mine")
    webhooks.change(tools, OPERATOR, holdings.project, made.id, Changes(secret="canary-another-secret"))
    work(tools)
    with tools.db.read() as tx:
        rows = [str(row) for table in ("events", "audit", "jobs", "webhook_deliveries")
                for row in tx.execute(text(f"SELECT * FROM {table}"))]  # fmt: skip
        sealed = b"".join(bytes(secret) for secret in tx.scalars(text("SELECT secret FROM webhooks")))
    assert "hooks.example.com" in "".join(rows)
    assert "canary" not in "".join(rows)
    assert b"canary" not in sealed


def test_a_place_has_so_many(holdings: Holdings) -> None:
    for _ in range(webhooks.MOST_OF_A_PLACE):
        hook(holdings, "https://hooks.example.com/")
    with pytest.raises(SettingInvalid, match="100 webhooks already"):
        hook(holdings, "https://hooks.example.com/")


def test_what_names_very_much_is_told_in_short(holdings: Holdings, receiver: Receiver) -> None:
    hook(holdings, receiver.url)
    tags = {f"tag-{number}": "sha256:" + "0" * 64 for number in range(5000)}
    with holdings.tools.db.begin() as tx:
        events.put(tx, holdings.tools, OPERATOR, TagsDeleted(path="a/b", project_id=1, tags=tags))
    work(holdings.tools)
    data = json.loads(receiver.received[0].body)["data"]
    assert (data["shortened"], data["count"], "tags" in data) == (True, 5000, False)


def test_old_events_are_not_told_to_a_webhook_that_was_made_later(
    holdings: Holdings, receiver: Receiver, clock: Clock
) -> None:
    holdings.image("web", "v1", [b"layer"])
    work(holdings.tools)
    clock.advance(minutes=1)
    hook(holdings, receiver.url)
    work(holdings.tools)
    assert receiver.received == []


def test_who_may_enable_it_is_told_by_mail(holdings: Holdings, receiver: Receiver, clock: Clock) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        mail = Mail("127.0.0.1", port, Security.NONE, sender="registry@example.com")
        tools = replace(holdings.tools, mail=mail)
        for name, role in (("keeper", Role.MAINTAINER), ("helper", Role.DEVELOPER)):
            users.create(tools, OPERATOR, name, email=f"{name}@example.com")
            members.add(tools, OPERATOR, holdings.project, name, role)
        made = hook(holdings, f"{receiver.url}/canary-path")
        receiver.answer = lambda _: Reply(503)
        for _ in range(27):
            holdings.image("web", "v1", [b"layer"])
            work(tools)
            clock.advance(hours=1)
        (letter,) = mailbox.letters
    assert (letter["to"], letter["subject"]) == (
        "keeper@example.com", f"A webhook of {holdings.project} was given up")  # fmt: skip
    assert f"/{holdings.project}/-/webhooks/{made.id}" in text_of(letter)
    assert "503" in text_of(letter)
    assert "canary" not in text_of(letter)
