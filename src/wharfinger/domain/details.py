"""What a tag points to, down to the config: an image, or an index with the images that it names.

The registry's own API tells this to programs; `inspect` tells people more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import inspect as rows
from wharfinger.domain import configs, images, tags
from wharfinger.domain.access import Caller
from wharfinger.domain.tags import Tag
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import artifacts
from wharfinger.spec import manifest as manifests
from wharfinger.spec.manifest import Descriptor, Manifest

MOST_REFERENCES: Final = 500


@dataclass(frozen=True, slots=True)
class Config:
    """The config of an image. `platform` is os/architecture, "" where it does not say, or is none of an image."""

    digest: str
    media_type: str
    platform: str


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest and what it consists of, in bytes; an index has the images it names as `references`, as far as they
    are in the repository.
    """

    digest: str
    media_type: str
    size_bytes: int
    config: Config | None
    references: Sequence["Image"] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A manifest as it is stored, its meaning, and the bytes of the blobs that it names."""

    row: Row[Any]
    parsed: Manifest
    size_bytes: int


def of_tag(tools: Tools, caller: Caller, path: str, name: str) -> tuple[Tag, Image]:
    """A tag and the image behind it. Raises TagUnknown, RepositoryUnknown."""
    tag = tags.get(tools, caller, path, name)
    with tools.db.read() as tx:
        place = images.open_existing(tx, caller, path, Action.PULL)
        top, below = _look(tx, place.id, tag.digest)
        places = rows.places(tx, place.id, {each.digest for each in _configs([*top, *below])})
    platforms = _platforms(tools, places, [*top, *below])
    references = [_image(each, platforms) for each in below]
    config = _config(top[0].parsed, platforms) if top else None
    return tag, Image(tag.digest, tag.media_type, tag.total_size_bytes, config, references)


def _look(tx: Connection, repository: int, digest: str) -> tuple[list[_Found], list[_Found]]:
    """The manifest, and those of the repository that it names, in its order."""
    top = _read(tx, repository, [digest])
    named = [child for each in top for child in each.parsed.children][:MOST_REFERENCES]
    found = {each.row.digest: each for each in _read(tx, repository, named)}
    return top, [found[child] for child in named if child in found]


def _read(tx: Connection, repository: int, digests: Sequence[str]) -> list[_Found]:
    found = rows.by_digests(tx, repository, digests)
    bytes_ = rows.sizes(tx, [row.id for row in found])
    return [_Found(row, manifests.parse(bytes(row.body), row.media_type), bytes_.get(row.id, 0)) for row in found]


def _configs(found: Sequence[_Found]) -> list[Descriptor]:
    """The configs of those that run: others say of no platform."""
    return [each.parsed.config for each in found if each.parsed.config and artifacts.runs(each.parsed)]


def _platforms(tools: Tools, places: configs.Places, found: Sequence[_Found]) -> dict[str, str]:
    """By digest of the config."""
    gists = configs.gists(tools, places, [each.digest for each in _configs(found)])
    return {digest: gist.platform for digest, gist in gists.items()}


def _image(found: _Found, platforms: dict[str, str]) -> Image:
    config = _config(found.parsed, platforms)
    return Image(found.row.digest, found.row.media_type, found.size_bytes, config)


def _config(parsed: Manifest, platforms: dict[str, str]) -> Config | None:
    config = parsed.config
    return None if config is None else Config(config.digest, config.media_type, platforms.get(config.digest, ""))
