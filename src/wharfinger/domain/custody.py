"""The chain of custody of an image: where it comes from, who pushed it, what is stated about it, who pulled it.

Kinds of knowledge that must not be mixed stand apart. What happened here is in the audit log. A credential may vouch
for commit and job (`origin`): its issuer is trusted by the operator, its signature was verified. All else is what the
image says of itself, or what somebody states about it: who pushed it wrote that, and nobody here has verified it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import audit as audit_rows
from wharfinger.db import custody as rows
from wharfinger.db import inspect as image_rows
from wharfinger.domain import access, audit, configs, inspect
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.errors import NotFound
from wharfinger.domain.events import ManifestPushed
from wharfinger.domain.events.record import Recorded, recorded
from wharfinger.domain.inspect import Inspected
from wharfinger.domain.tools import Tools
from wharfinger.rules import chain as rules
from wharfinger.rules.roles import Action
from wharfinger.spec import manifest as manifests
from wharfinger.spec import provenance, statements
from wharfinger.spec.artifacts import Artifact
from wharfinger.spec.errors import Malformed
from wharfinger.spec.image_config import ImageConfig

MOST_PROVENANCE: Final = 5  # statements that are read
MOST_EVENTS: Final = 200
_OCI: Final = "org.opencontainers.image."
_NAMES: Final = {"source": "source", "revision": "commit", "ref.name": "ref", "version": "version", "created": "built"}


@dataclass(frozen=True, slots=True)
class Push:
    """A push of the image. `origin` is what its credential vouched for (rules.origin), with the `issuer` of that."""

    at: datetime
    by: str
    credential: str
    address: str
    tags: Sequence[str]
    origin: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the image says of itself, or a statement of it, and `where`: nobody has verified it."""

    fact: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A signature, SBOM, report or attestation about the image; who pushed it, "" where the log does not go back so
    far. `tag` is the one that older clients find it by, or "".
    """

    digest: str
    artifact: Artifact
    predicate: str
    tag: str
    at: datetime
    by: str
    credential: str


@dataclass(frozen=True, slots=True)
class Custody:
    """All that is known of an image, newest first. Pulls are counted of the image, by whatever tag or digest."""

    digest: str
    pushes: Sequence[Push]
    said: Sequence[Said]
    stated: Sequence[Stated]
    pull_count: int
    last_pulled_at: datetime | None
    events: Sequence[Recorded]


def of(tools: Tools, caller: Caller, path: str, digest: str) -> Custody:
    """The chain of custody of the image with this digest, also after it was deleted. For developers of its project.

    Raises ScopeMissing, and what `access.open_repository` does.
    """
    events = audit.custody(tools, caller, path, digest, limit=MOST_EVENTS)
    image = None
    with suppress(NotFound):
        image = inspect.manifest(tools, caller, path, digest)
    with tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.PULL)
        count, last = rows.pulls(tx, place.project_id, place.name, access.askable(digest))
        stated = _stated(tx, place, image) if image else []
    return Custody(
        digest=digest,
        pushes=[_push(event) for event in events if _pushes(event, digest)],
        said=list(_said(tools, caller, image, stated)) if image else [],
        stated=stated,
        pull_count=count,
        last_pulled_at=last,
        events=events,
    )


def _pushes(event: Recorded, digest: str) -> bool:
    return event.kind == ManifestPushed.kind and event.about.get("digest") == digest


def _push(event: Recorded) -> Push:
    about = event.about
    return Push(event.at, event.actor, event.credential, event.address, about["tags"], about.get("origin") or {})


# --- what others state about it


def _stated(tx: Connection, place: Place, image: Inspected) -> list[Stated]:
    attested = [digest for each in image.platforms for digest in each.attestations]
    repository = image_rows.repository_of(tx, place.project_id, place.name) or 0
    tags = {each.digest: each.tag for each in image.speakers}
    bodies = image_rows.by_digests(tx, repository, {*tags, *attested[: inspect.MOST_SPEAKERS]})
    found = []
    for row in bodies:
        with suppress(Malformed):
            stated = statements.of(manifests.parse(bytes(row.body), row.media_type), bytes(row.body))
            pushed = _first_push(tx, place, row.digest)
            kind, predicate = (stated.artifact, stated.predicate) if stated else (Artifact.ARTIFACT, "")
            who = (pushed.at, pushed.actor, pushed.credential) if pushed else (row.created_at, "", "")
            found.append(Stated(row.digest, kind, predicate, tags.get(row.digest, ""), *who))
    return sorted(found, key=lambda each: each.at, reverse=True)


def _first_push(tx: Connection, place: Place, digest: str) -> Recorded | None:
    """Who brought this, as far as the log goes back."""
    about = audit_rows.about_digest(tx, rules.mark(digest), place.project_id, audit.first(tx), MOST_EVENTS)
    pushes = [event for event in map(recorded, about) if _pushes(event, digest)]
    return pushes[-1] if pushes else None


# --- what it says of itself


def _said(tools: Tools, caller: Caller, image: Inspected, stated: Sequence[Stated]) -> Iterator[Said]:
    yield from _named(image.annotations, "annotation")
    config = image.config if isinstance(image.config, ImageConfig) else _config_of_first(tools, caller, image)
    if config is not None:
        yield from _named(config.labels, "label")
    of_builds = [each for each in stated if each.artifact is Artifact.ATTESTATION and _of_build(each.predicate)]
    for each in of_builds[:MOST_PROVENANCE]:
        yield from (Said(fact, text, f"provenance {each.digest}") for fact, text in _read(tools, caller, image, each))


def _of_build(predicate: str) -> bool:
    """Cosign's older form does not say outside what it is: then one has to look."""
    return not predicate or predicate.startswith(provenance.PREDICATE)


def _named(pairs: Sequence[tuple[str, str]], where: str) -> Iterator[Said]:
    told = dict(pairs)
    yield from (Said(fact, told[_OCI + name], where) for name, fact in _NAMES.items() if told.get(_OCI + name))


def _config_of_first(tools: Tools, caller: Caller, image: Inspected) -> ImageConfig | None:
    """Of an index: the config of its first platform that is here."""
    first = next((each.digest for each in image.platforms if each.size_bytes is not None), None)
    if first is None:
        return None
    with suppress(NotFound):
        found = inspect.manifest(tools, caller, image.place.path, first).config
        return found if isinstance(found, ImageConfig) else None
    return None


def _read(tools: Tools, caller: Caller, image: Inspected, stated: Stated) -> Sequence[tuple[str, str]]:
    """What a statement of provenance says; nothing where it cannot be read."""
    with suppress(NotFound):
        found = inspect.manifest(tools, caller, image.place.path, stated.digest)
        layers = [made.layer for made in found.layers if made.layer is not None]
        with tools.db.read() as tx:
            repository = image_rows.repository_of(tx, image.place.project_id, image.place.name) or 0
            places = image_rows.places(tx, repository, [layer.digest for layer in layers])
        for layer in layers:
            facts = configs.read_provenance(tools, places, layer.digest)
            if facts:
                return facts
    return ()
