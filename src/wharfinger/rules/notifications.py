"""What a webhook is sent: which events are of interest, in which form they are written, how they are signed.

Two forms: the envelope of the reference registry's notifications, which many programs read already, and CloudEvents 1.0
in JSON (structured mode). Signatures follow the Standard Webhooks convention: HMAC-SHA256 over id, timestamp and body,
separated by dots.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from wharfinger.spec.artifacts import Artifact

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with
TEST: Final = "webhook tested"


class Form(StrEnum):
    """How a body is written."""

    ENVELOPE = "envelope"
    CLOUDEVENTS = "cloudevents"


CONTENT_TYPES: Final[Mapping[Form, str]] = {
    Form.ENVELOPE: "application/vnd.docker.distribution.events.v2+json",
    Form.CLOUDEVENTS: "application/cloudevents+json; charset=utf-8",
}


def headers(form: Form, id_: int, kind: str) -> dict[str, str]:
    """What goes along with a body, besides its signature: of the delivery that has this number first, of this kind."""
    return {"content-type": CONTENT_TYPES[form], "webhook-id": str(id_), "wharfinger-event": kind}


class Subject(StrEnum):
    """What a webhook can be told of."""

    PUSH = "push"
    DELETE = "delete"
    RESTORE = "restore"
    PULL = "pull"
    CLEANUP = "cleanup"
    QUOTA = "quota"
    SIGNATURE = "signature"
    SCAN = "scan"


KINDS: Final[Mapping[Subject, tuple[str, ...]]] = {
    Subject.PUSH: ("manifest pushed",),
    Subject.DELETE: ("tags deleted", "manifest deleted", "repository deleted"),
    Subject.RESTORE: ("restored from trash", "batch restored from trash"),
    Subject.PULL: ("manifest pulled",),
    Subject.CLEANUP: ("cleanup ran", "cleanup failed", "cleanup stopped", "cleanup restored"),
    Subject.QUOTA: ("quota reached", "quota changed"),
}

# a push of what states something about an image is told to those as well who listen for that
STATEMENTS: Final[Mapping[str, Subject]] = {
    Artifact.SIGNATURE: Subject.SIGNATURE,
    Artifact.SBOM: Subject.SCAN,
    Artifact.ATTESTATION: Subject.SCAN,
    Artifact.VEX: Subject.SCAN,
    Artifact.REPORT: Subject.SCAN,
}


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is told: `number` is 0 for a test, `source` the address of the registry."""

    number: int
    at: datetime
    kind: str
    actor: str
    actor_kind: str
    address: str
    path: str
    project: str
    about: Mapping[str, Any]
    source: str


def subject_of(kind: str) -> Subject | None:
    """The subject that events of this kind belong to."""
    return next((subject for subject, kinds in KINDS.items() if kind in kinds), None)


def subjects_of(kind: str, about: Mapping[str, Any]) -> set[Subject]:
    """The subjects that an event of this kind belongs to, with what it tells about itself."""
    found = {subject_of(kind), STATEMENTS.get(about.get("artifact") or "") if kind in KINDS[Subject.PUSH] else None}
    return {subject for subject in found if subject is not None}


def body(form: Form, told: Told) -> str:
    """What is sent."""
    document = _envelope(told) if form is Form.ENVELOPE else _cloud_event(told)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`. A secret in the convention's own form is decoded, others count as they are."""
    key = secret.encode()
    if secret.startswith(SECRET_PREFIX):
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def usable_secret(text: str) -> bool:
    """Can a webhook be signed with it?"""
    if not (16 <= len(text) <= 255 and text.isascii() and text.isprintable()):
        return False
    try:
        return (
            not text.startswith(SECRET_PREFIX) or len(base64.b64decode(text[len(SECRET_PREFIX) :], validate=True)) > 15
        )
    except ValueError:
        return False


def _cloud_event(told: Told) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(told.number),
        "source": told.source,
        "type": "wharfinger." + told.kind.replace(" ", "."),
        "subject": told.path,
        "time": told.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "actor": told.actor,
            "actor_kind": told.actor_kind,
            "address": told.address,
            "path": told.path,
            "project": told.project,
            **told.about,
        },
    }


def _envelope(told: Told) -> dict[str, Any]:
    """One entry for each tag, as the reference registry does; without tags, one for the digest."""
    about = told.about
    tags = about.get("tags") or {}
    digests = tags if isinstance(tags, Mapping) else dict.fromkeys(tags, about.get("digest"))
    targets = [(tag, digest) for tag, digest in digests.items()] or [(about.get("tag"), about.get("digest"))]
    return {"events": [_entry(told, place, tag, digest) for place, (tag, digest) in enumerate(targets)]}


def _entry(told: Told, place: int, tag: str | None, digest: str | None) -> dict[str, Any]:
    subject = subject_of(told.kind)
    size = told.about.get("size_bytes")
    target = {
        "mediaType": told.about.get("media_type"),
        "size": size,
        "length": size,
        "digest": digest,
        "repository": told.path,
        "url": f"{told.source}/v2/{told.path}/manifests/{digest}" if digest else None,
        "tag": tag,
    }
    return {
        "id": f"{told.number}-{place}",
        "timestamp": told.at.isoformat(),
        "action": "ping" if subject is None else str(subject),
        "target": {name: value for name, value in target.items() if value is not None},
        "request": {"id": str(told.number), "addr": told.address, "host": told.source.partition("://")[2]},
        "actor": {"name": told.actor, "user_type": told.actor_kind},
        "source": {"addr": told.source.partition("://")[2], "instanceID": told.source},
    }
