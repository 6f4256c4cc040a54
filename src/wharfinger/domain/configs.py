"""The configs of images, read from the store to be shown: bounded, as data, and politely where they are not there."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Final, TypeVar

from wharfinger.domain.tools import Tools
from wharfinger.spec import facts, image_config, provenance
from wharfinger.spec.errors import Malformed
from wharfinger.spec.facts import Facts
from wharfinger.spec.image_config import ImageConfig
from wharfinger.storage.store import BytesMissing, File, Redirect, StoreFailed

_READERS: Final = 8  # at once, from a store across the network
_MOST_GISTS: Final = 10_000
Places = Mapping[str, tuple[int, str]]  # size in bytes and place, by digest


@dataclass(frozen=True, slots=True)
class Unread:
    """Why there is no config to show: a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Gist:
    """What a list tells of an image: linux/arm64, and when it says that it was made."""

    platform: str
    created_at: datetime | None


# By digest, which says what the bytes are: so it holds for every store and never becomes old. Whether the caller may
# see an image was decided before its config is asked for.
_GISTS: Final[dict[str, Gist]] = {}
_TURN: Final = Lock()
Found = TypeVar("Found")


def read(tools: Tools, places: Places, digest: str) -> ImageConfig | Unread:
    """The config of an image, where `places` says."""
    return _read(tools, places, digest, image_config.parse)


def read_facts(tools: Tools, places: Places, digest: str) -> Facts | Unread:
    """The config of something else, as far as it is a flat JSON object."""
    return _read(tools, places, digest, facts.parse)


def read_provenance(tools: Tools, places: Places, digest: str) -> Facts:
    """What a statement of provenance says, where `places` says; nothing where it cannot be read."""
    found = _read(tools, places, digest, provenance.parse)
    return () if isinstance(found, Unread) else found


def _read(tools: Tools, places: Places, digest: str, parse: Callable[[bytes], Found]) -> Found | Unread:
    if digest not in places:
        return Unread("The config of this image is not in the repository: push the image again.")
    size, place = places[digest]
    if size > image_config.LARGEST_BYTES:
        return Unread(f"The config has {size} bytes, more than any honest one: it is not read.")
    try:
        return parse(_bytes(tools, digest, place))
    except (BytesMissing, FileNotFoundError):
        return Unread("The store has lost the bytes of the config: push the image again, or let the operator verify.")
    except StoreFailed:
        return Unread("The store does not answer: look again in a while.")
    except Malformed as error:
        return Unread(f"The config is not what an image has: {error.sentence}.")


def gists(tools: Tools, places: Places, digests: list[str]) -> dict[str, Gist]:
    """What lists tell of these configs; those that cannot be read have nothing to tell."""
    unknown = [digest for digest in dict.fromkeys(digests) if digest not in _GISTS]
    if any(place for _, place in places.values()) and len(unknown) > 1:
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(lambda digest: read(tools, places, digest), unknown))
    else:
        found = [read(tools, places, digest) for digest in unknown]
    fresh = {
        digest: Gist(config.platform, config.created_at)
        for digest, config in zip(unknown, found, strict=True)
        if isinstance(config, ImageConfig)
    }
    known = {digest: gist for digest in digests if (gist := _GISTS.get(digest)) is not None}
    _remember(fresh)
    return known | fresh


def _remember(fresh: Mapping[str, Gist]) -> None:
    with _TURN:
        _GISTS.update(fresh)
        for digest in list(islice(_GISTS, max(0, len(_GISTS) - _MOST_GISTS))):
            del _GISTS[digest]


def _bytes(tools: Tools, digest: str, place: str) -> bytes:
    kept = tools.store.read(digest, place=place) if place else tools.store.read(digest)
    if isinstance(kept, File):
        with kept.path.open("rb") as file:
            return file.read(image_config.LARGEST_BYTES)
    if isinstance(kept, Redirect):
        raise StoreFailed(f"the store gave a URL for {digest} where bytes were asked for")
    found = bytearray()
    for piece in kept.pieces:
        found += piece
        if len(found) > image_config.LARGEST_BYTES:
            break
    return bytes(found)
