"""The chain of custody of an image. Our own: GitLab's API has no such thing."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from wharfinger.domain import custody
from wharfinger.web.api import audit_events
from wharfinger.web.api.audit_events import AuditEventShape
from wharfinger.web.api.call import ApiCall
from wharfinger.web.api.places import Key
from wharfinger.web.api.repositories import Number, opened
from wharfinger.web.api.shapes import Moment, Shape

router = APIRouter(prefix="/projects/{id}/registry/repositories/{repository_id}/custody", tags=["audit"])


class PushShape(Shape):
    """A push of the image. `origin` is what the credential vouched for: source, commit, ref, pipeline, job, issuer."""

    created_at: Moment
    author_name: str
    author_credential: str
    ip_address: str
    tags: Sequence[str]
    origin: Mapping[str, str]


class SaidShape(Shape):
    """What the image says of itself (annotation, label), or a statement about its build. Not verified."""

    fact: str
    text: str
    where: str


class StatedShape(Shape):
    """A signature, SBOM, report or attestation about the image, as it was pushed. Not verified."""

    digest: str
    artifact: str
    predicate: str
    tag: str
    created_at: Moment
    author_name: str
    author_credential: str


class CustodyShape(Shape):
    """All that is known of an image, newest first."""

    digest: str
    pushes: list[PushShape]
    said: list[SaidShape]
    stated: list[StatedShape]
    pull_count: int
    last_pulled_at: Moment | None
    events: list[AuditEventShape]


@router.get("")
def get(
    call: ApiCall, key: Key, repository_id: Number, digest: Annotated[str, Query(description="of the image")]
) -> CustodyShape:
    """Source commit, pipeline, job, person, pushes, what is stated about it, pulls, every event; for developers."""
    repository = opened(call, key, repository_id)
    found = custody.of(call.tools, call.caller, repository.path, digest)
    return CustodyShape(
        digest=found.digest,
        pushes=[
            PushShape(
                created_at=push.at,
                author_name=push.by,
                author_credential=push.credential,
                ip_address=push.address,
                tags=push.tags,
                origin=push.origin,
            )
            for push in found.pushes
        ],
        said=[SaidShape(fact=one.fact, text=one.text, where=one.where) for one in found.said],
        stated=[
            StatedShape(
                digest=one.digest,
                artifact=one.artifact,
                predicate=one.predicate,
                tag=one.tag,
                created_at=one.at,
                author_name=one.by,
                author_credential=one.credential,
            )
            for one in found.stated
        ],
        pull_count=found.pull_count,
        last_pulled_at=found.last_pulled_at,
        events=[audit_events.shape(event) for event in found.events],
    )
