"""Two images side by side: which layers stayed, what came and went, and what their configs say differently."""

from dataclasses import dataclass
from typing import Final

from wharfinger.domain import inspect
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import NotComparable
from wharfinger.domain.inspect import Inspected
from wharfinger.domain.tools import Tools
from wharfinger.rules import comparison
from wharfinger.rules.comparison import Change, LayerChanges
from wharfinger.spec.image_config import ImageConfig
from wharfinger.spec.manifest import Descriptor

_FIRST: Final = "linux/amd64"


@dataclass(frozen=True, slots=True)
class Compared:
    """What changed from one image to another. Of indexes, `platforms` are those that both have, and one was taken."""

    before: Inspected
    after: Inspected
    platforms: tuple[str, ...]
    platform: str
    layers: LayerChanges
    changes: tuple[Change, ...] | None


def images(tools: Tools, caller: Caller, path: str, before: str, after: str, *, platform: str = "") -> Compared:
    """Compare two tags or digests of a repository; `changes` is None where a config cannot be read.

    Raises what `inspect.manifest` does, NotComparable where two indexes have no platform in common.
    """
    one, two = inspect.manifest(tools, caller, path, before), inspect.manifest(tools, caller, path, after)
    platforms = _common(one, two)
    chosen = platform if platform in platforms else _preferred(platforms)
    if chosen:
        one, two = (_of_platform(tools, caller, path, each, chosen) for each in (one, two))
    elif one.platforms or two.platforms:
        raise NotComparable("these two have no platform in common that is in this repository: compare their images")
    return Compared(one, two, platforms, chosen, comparison.layers(_layers(one), _layers(two)), _changes(one, two))


def _common(one: Inspected, two: Inspected) -> tuple[str, ...]:
    """Platforms that both have; an image alone has the one that its config says."""
    theirs = set(_platforms(two))
    return tuple(platform for platform in _platforms(one) if platform in theirs)


def _platforms(image: Inspected) -> list[str]:
    if image.platforms:
        return [each.platform for each in image.platforms if each.platform and each.size_bytes is not None]
    return [image.config.platform] if isinstance(image.config, ImageConfig) and image.config.platform else []


def _preferred(platforms: tuple[str, ...]) -> str:
    return _FIRST if _FIRST in platforms else next(iter(platforms), "")


def _of_platform(tools: Tools, caller: Caller, path: str, image: Inspected, platform: str) -> Inspected:
    digest = next((each.digest for each in image.platforms if each.platform == platform), None)
    return image if digest is None else inspect.manifest(tools, caller, path, digest)


def _layers(image: Inspected) -> list[Descriptor]:
    return [made.layer for made in image.layers if made.layer]


def _changes(one: Inspected, two: Inspected) -> tuple[Change, ...] | None:
    if isinstance(one.config, ImageConfig) and isinstance(two.config, ImageConfig):
        return tuple(comparison.configs(one.config, two.config))
    return None
