"""What webhooks are sent, byte by byte where others read it."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from wharfinger.rules import notifications
from wharfinger.rules.notifications import Form, Subject, Told

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PUSHED = Told(
    7, NOON, "manifest pushed", "ada", "personal", "192.0.2.1", "shop/app/web", "shop/app",
    {"digest": A, "media_type": "application/vnd.oci.image.manifest.v1+json", "size_bytes": 700, "tags": ["v1", "v2"]},
    "https://registry.example.com",
)  # fmt: skip


def sent(form: Form, told: Told) -> dict[str, object]:
    return json.loads(notifications.body(form, told))  # type: ignore[no-any-return]


def test_headers_tell_form_number_and_kind() -> None:
    assert notifications.headers(Form.CLOUDEVENTS, 7, "manifest pushed") == {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": "7",
        "wharfinger-event": "manifest pushed",
    }


def test_the_envelope_is_that_of_the_reference_registry() -> None:
    first, second = sent(Form.ENVELOPE, PUSHED)["events"]  # type: ignore[misc]
    assert first == {
        "id": "7-0",
        "timestamp": "2026-03-01T12:00:00+00:00",
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 700,
            "length": 700,
            "digest": A,
            "repository": "shop/app/web",
            "url": f"https://registry.example.com/v2/shop/app/web/manifests/{A}",
            "tag": "v1",
        },
        "request": {"id": "7", "addr": "192.0.2.1", "host": "registry.example.com"},
        "actor": {"name": "ada", "user_type": "personal"},
        "source": {"addr": "registry.example.com", "instanceID": "https://registry.example.com"},
    }
    assert (second["id"], second["target"]["tag"]) == ("7-1", "v2")


@pytest.mark.parametrize(("kind", "about", "targets"), [
    ("tags deleted", {"tags": {"v1": A, "v2": B}}, [("v1", A), ("v2", B)]),
    ("manifest deleted", {"digest": A, "tags": []}, [(None, A)]),
    ("manifest pushed", {"digest": A, "tags": []}, [(None, A)]),
    ("manifest pulled", {"digest": A, "tag": "v1"}, [("v1", A)]),
    ("repository deleted", {}, [(None, None)]),
])  # fmt: skip
def test_what_an_envelope_names(kind: str, about: dict[str, object], targets: list[tuple[str, str]]) -> None:
    events = sent(Form.ENVELOPE, replace(PUSHED, kind=kind, about=about))["events"]
    assert [(event["target"].get("tag"), event["target"].get("digest")) for event in events] == targets  # type: ignore[attr-defined]


def test_a_test_is_a_ping() -> None:
    (event,) = sent(Form.ENVELOPE, replace(PUSHED, number=0, kind=notifications.TEST, about={}))["events"]  # type: ignore[misc]
    assert event["action"] == "ping"


def test_cloud_events_have_what_the_specification_demands() -> None:
    event = sent(Form.CLOUDEVENTS, PUSHED)
    assert {name: event[name] for name in ("specversion", "id", "source", "type")} == {
        "specversion": "1.0", "id": "7", "source": "https://registry.example.com", "type": "wharfinger.manifest.pushed",
    }  # fmt: skip
    assert (event["subject"], event["time"]) == ("shop/app/web", "2026-03-01T12:00:00+00:00")
    assert event["datacontenttype"] == "application/json"
    data = event["data"]
    assert isinstance(data, dict)
    assert (data["actor"], data["project"], data["digest"], data["tags"]) == ("ada", "shop/app", A, ["v1", "v2"])


def test_every_kind_belongs_to_one_subject() -> None:
    kinds = [kind for kinds in notifications.KINDS.values() for kind in kinds]
    assert len(kinds) == len(set(kinds))
    assert notifications.subject_of("tags deleted") is Subject.DELETE
    assert notifications.subject_of("password set") is None


@pytest.mark.parametrize(
    ("kind", "about", "found"),
    [
        ("manifest pushed", {}, {Subject.PUSH}),
        ("manifest pushed", {"artifact": None}, {Subject.PUSH}),
        ("manifest pushed", {"artifact": "Signature"}, {Subject.PUSH, Subject.SIGNATURE}),
        ("manifest pushed", {"artifact": "SBOM"}, {Subject.PUSH, Subject.SCAN}),
        ("manifest pushed", {"artifact": "Scan report"}, {Subject.PUSH, Subject.SCAN}),
        ("manifest deleted", {"artifact": "Signature"}, {Subject.DELETE}),
        ("password set", {}, set()),
    ],
)
def test_what_states_something_belongs_to_that_too(kind: str, about: dict[str, Any], found: set[Subject]) -> None:
    assert notifications.subjects_of(kind, about) == found


def test_signatures_are_what_receivers_compute() -> None:
    """The recipe of the Standard Webhooks convention, written down once more."""
    key = bytes(range(24))
    secret = "whsec_" + base64.b64encode(key).decode()
    wanted = base64.b64encode(hmac.new(key, b"5.1614265330.{}", hashlib.sha256).digest()).decode()
    assert notifications.signature(secret, "5", 1614265330, b"{}") == f"v1,{wanted}"
    plain = base64.b64encode(hmac.new(b"my own long secret", b"5.1614265330.{}", hashlib.sha256).digest()).decode()
    assert notifications.signature("my own long secret", "5", 1614265330, b"{}") == f"v1,{plain}"


@pytest.mark.parametrize(("secret", "usable"), [
    ("my own long secret", True), ("whsec_" + base64.b64encode(bytes(24)).decode(), True), ("short", False),
    ("x" * 256, False), ("whsec_????????????????", False), ("whsec_" + base64.b64encode(bytes(8)).decode(), False),
    ("sécret sécret sécret", False), ("line\nbreak in the middle", False),
])  # fmt: skip
def test_usable_secrets(secret: str, usable: bool) -> None:
    assert notifications.usable_secret(secret) is usable
