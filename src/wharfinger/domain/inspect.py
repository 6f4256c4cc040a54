"""What an image is, for people: its config, its layers and what made them, its platforms, and what speaks about it.

Everything is read as data and given as text: no layer is ever unpacked.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import inspect as rows
from wharfinger.domain import access, configs
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.configs import Unread
from wharfinger.domain.errors import ManifestUnknown, RepositoryUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules import garbage as fallback
from wharfinger.rules import layers as layer_rules
from wharfinger.rules.layers import Made
from wharfinger.rules.roles import Action
from wharfinger.spec import artifacts, facts, image_config, image_index, strict_json
from wharfinger.spec import digest as digests
from wharfinger.spec import manifest as manifests
from wharfinger.spec.artifacts import Artifact
from wharfinger.spec.errors import Malformed
from wharfinger.spec.facts import Facts
from wharfinger.spec.image_config import ImageConfig
from wharfinger.spec.image_index import Child
from wharfinger.spec.manifest import Descriptor, Manifest
from wharfinger.spec.plain_text import visible

__all__ = ["Inspected", "Platform", "Speaker", "Unread", "manifest"]

MOST_TAGS: Final = 100
MOST_SPEAKERS: Final = 100
MOST_CHILDREN: Final = 500
LONGEST_TEXT: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Speaker:
    """What speaks about an image: a signature, an SBOM … `tag` is the one that older clients find it by, or ""."""

    digest: str
    artifact: Artifact
    artifact_type: str
    size_bytes: int
    created_at: datetime
    tag: str
    annotations: Facts


@dataclass(frozen=True, slots=True)
class Platform:
    """An image that an index names. `size_bytes` is None where it is not in this repository.

    `attestations` are the digests of those in the index that are about it.
    """

    platform: str
    digest: str
    size_bytes: int | None
    artifact: Artifact
    attestations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inspected:
    """A manifest and all that is known of it. `size_bytes` is what it consists of, together.

    `config` is there for images that run, `facts` for other things; `described` names the blob of either, by digest and
    media type. `text` is the manifest itself, to be read.
    """

    place: Place
    digest: str
    media_type: str
    artifact: Artifact
    artifact_type: str
    created_at: datetime
    size_bytes: int
    tags: tuple[str, ...]
    subject: str
    annotations: Facts
    layers: tuple[Made, ...]
    notes: Mapping[str, Facts]
    platforms: tuple[Platform, ...]
    speakers: tuple[Speaker, ...]
    config: ImageConfig | Unread | None
    described: Descriptor | None
    facts: Facts | Unread
    text: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What one look into the database brought."""

    place: Place
    row: Row[Any]
    parsed: Manifest
    tags: list[str]
    places: configs.Places
    platforms: list[Platform]
    speakers: list[Speaker]
    children_bytes: int


def manifest(tools: Tools, caller: Caller, path: str, reference: str) -> Inspected:
    """The manifest under a tag or digest, explained. Raises what `access.open_repository` does, ManifestUnknown."""
    with tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.PULL)
        found = _look(tx, place, reference)
    body, parsed = bytes(found.row.body), found.parsed
    config = _config(tools, found)
    history = config.history if isinstance(config, ImageConfig) else ()
    return Inspected(
        place=place,
        digest=found.row.digest,
        media_type=found.row.media_type,
        artifact=artifacts.of(parsed),
        artifact_type=visible(parsed.artifact_type or ""),
        created_at=found.row.created_at,
        size_bytes=found.children_bytes or _own_bytes(parsed),
        tags=tuple(found.tags),
        subject=parsed.subject.digest if parsed.subject else "",
        annotations=image_config.pairs(parsed.annotations),
        layers=tuple(layer_rules.made(parsed.layers, history)),
        notes=facts.notes(body),
        platforms=tuple(found.platforms),
        speakers=tuple(found.speakers),
        config=config,
        described=parsed.config,
        facts=_facts(tools, found),
        text=_text(body),
    )


def _look(tx: Connection, place: Place, reference: str) -> _Found:
    repository = rows.repository_of(tx, place.project_id, place.name)
    if repository is None:
        raise RepositoryUnknown(f"there is no image at {place.path}: push one, or check the name")
    row = (rows.by_digest if digests.is_digest(reference) else rows.by_tag)(tx, repository, access.askable(reference))
    if row is None:
        raise ManifestUnknown(visible(reference, 200))
    parsed = manifests.parse(bytes(row.body), row.media_type)
    children = image_index.children(bytes(row.body)) if parsed.kind == "index" else []
    platforms, children_bytes = _platforms(tx, repository, children[:MOST_CHILDREN])
    return _Found(
        place=place,
        row=row,
        parsed=parsed,
        tags=rows.tag_names(tx, row.id, MOST_TAGS + 1),
        places=rows.places(tx, repository, [parsed.config.digest]) if parsed.config else {},
        platforms=platforms,
        speakers=_speakers(tx, repository, row.digest),
        children_bytes=children_bytes,
    )


# --- the images of an index


def _platforms(tx: Connection, repository: int, children: Sequence[Child]) -> tuple[list[Platform], int]:
    """The platforms, and the bytes of all children that are here."""
    if not children:
        return [], 0
    here = {row.digest: row for row in rows.by_digests(tx, repository, {child.digest for child in children})}
    sizes = rows.sizes(tx, [row.id for row in here.values()])
    about: dict[str, list[str]] = {}
    for child in children:
        if child.attests:
            about.setdefault(child.about, []).append(child.digest)
    found = [
        Platform(
            platform=child.platform,
            digest=child.digest,
            size_bytes=sizes.get(here[child.digest].id, 0) if child.digest in here else None,
            artifact=_artifact(here.get(child.digest)),
            attestations=tuple(about.get(child.digest, ())),
        )
        for child in children
        if not child.attests
    ]
    return found, sum(sizes.values())


# --- what speaks about it


def _speakers(tx: Connection, repository: int, digest: str) -> list[Speaker]:
    """Those that name it as their subject, and those kept under tags made from its digest, each once."""
    listed = fallback.fallback_tags(digest)
    tagged = rows.by_tags(tx, repository, listed)
    found = {row.digest: _speaker(row, row.tag) for row in tagged if row.tag != listed[0]}
    for row in tagged:
        if row.tag == listed[0]:
            named = [child.digest for child in image_index.children(bytes(row.body))][:MOST_SPEAKERS]
            found |= {each.digest: _speaker(each, row.tag) for each in rows.by_digests(tx, repository, named)}
    for row in rows.speakers(tx, repository, digest, MOST_SPEAKERS):
        found.setdefault(row.digest, _speaker(row, ""))
    return list(found.values())


def _speaker(row: Row[Any], tag: str) -> Speaker:
    parsed = _parsed(row)
    return Speaker(
        digest=row.digest,
        artifact=artifacts.of(parsed) if parsed else Artifact.ARTIFACT,
        artifact_type=visible((parsed.artifact_type if parsed else None) or row.media_type),
        size_bytes=_own_bytes(parsed) if parsed else row.size_bytes,
        created_at=row.created_at,
        tag=tag,
        annotations=image_config.pairs(parsed.annotations) if parsed else (),
    )


def _parsed(row: Row[Any]) -> Manifest | None:
    """A manifest as it was taken; None if an older version took what this one would not."""
    try:
        return manifests.parse(bytes(row.body), row.media_type)
    except Malformed:
        return None


def _artifact(row: Row[Any] | None) -> Artifact:
    parsed = _parsed(row) if row is not None else None
    return artifacts.of(parsed) if parsed else Artifact.IMAGE


# --- what it says of itself


def _config(tools: Tools, found: _Found) -> ImageConfig | Unread | None:
    config = found.parsed.config
    if config is None or not artifacts.runs(found.parsed):
        return None
    return configs.read(tools, found.places, config.digest)


def _facts(tools: Tools, found: _Found) -> Facts | Unread:
    config = found.parsed.config
    if config is None or artifacts.runs(found.parsed) or not config.media_type.endswith("json"):
        return ()
    return configs.read_facts(tools, found.places, config.digest)


def _own_bytes(parsed: Manifest) -> int:
    named: tuple[Descriptor, ...] = ((parsed.config,) if parsed.config else ()) + parsed.layers
    return sum({each.digest: each.size_bytes for each in named}.values())


def _text(body: bytes) -> str:
    return visible(json.dumps(strict_json.loads(body), indent=2, ensure_ascii=False), LONGEST_TEXT)
