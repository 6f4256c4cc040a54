"""What a list of tags tells at a glance of what each points to: its kind, its platforms, and what speaks about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from wharfinger.db import glance as rows
from wharfinger.db import inspect as inspect_rows
from wharfinger.domain import access, configs, guard, images
from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.rules import garbage as fallback
from wharfinger.rules.roles import Action
from wharfinger.spec import artifacts, image_index
from wharfinger.spec import manifest as manifests
from wharfinger.spec.artifacts import Artifact
from wharfinger.spec.errors import Malformed
from wharfinger.spec.manifest import Manifest

_MOST_SPEAKERS: Final = 500
_MOST_CHILDREN: Final = 100
_OF_ENDING: Final = {".sig": Artifact.SIGNATURE, ".att": Artifact.ATTESTATION, ".sbom": Artifact.SBOM}


@dataclass(frozen=True, slots=True)
class Child:
    """An image that an index names; `here`: it is in the repository."""

    digest: str
    platform: str
    here: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """What is told of a manifest in one line. An index has `children`."""

    artifact: Artifact
    platforms: tuple[str, ...]
    speakers: tuple[Artifact, ...]
    children: tuple[Child, ...] = ()

    @property
    def missing(self) -> int:
        """So many of the images that it names are not in the repository."""
        return sum(not child.here for child in self.children)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A manifest as far as it was read; `children` are digests and platforms of an index."""

    parsed: Manifest
    config_digest: str | None
    children: Mapping[str, str]


def of_digests(tools: Tools, caller: Caller, path: str, digests: Collection[str]) -> dict[str, Glance]:
    """What to tell of these manifests of a repository, by digest; nothing of what cannot be read."""
    with tools.db.read() as tx:
        repository = images.open_existing(tx, caller, path, Action.PULL).id
        if not digests:
            return {}
        seen = {row.digest: found for row in rows.targets(tx, repository, digests) if (found := _see(row))}
        here = rows.present(tx, repository, {child for each in seen.values() for child in each.children})
        speakers = _speakers(tx, repository, digests)
        wanted = [each.config_digest for each in seen.values() if each.config_digest and artifacts.runs(each.parsed)]
        places = inspect_rows.places(tx, repository, wanted)
    gists = configs.gists(tools, places, wanted)
    return {
        digest: Glance(
            artifact=artifacts.of(each.parsed),
            platforms=_platforms(each, gists),
            speakers=tuple(sorted(speakers.get(digest, ()), key=str)),
            children=tuple(Child(child, platform, child in here) for child, platform in each.children.items()),
        )
        for digest, each in seen.items()
    }


def of_names(tools: Tools, caller: Caller, path: str, names: Collection[str]) -> dict[str, str]:
    """Those of these tags of a repository that a rule is about: "Immutable" or "Protected"."""
    with tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.PULL)
        rules = guard.of(tx, tools, place.project_id, place.project_path).at(place.path)
    told = {
        name: "Immutable" if rules.immutable(name) else "Protected" if rules.protected(name) else "" for name in names
    }
    return {name: word for name, word in told.items() if word}


def _see(row: Row[Any]) -> _Seen | None:
    parsed = None if row.body is None else _parsed(row)
    if parsed is None:
        return None
    children = image_index.children(bytes(row.body)) if parsed.kind == "index" else []
    named = {child.digest: child.platform for child in children[:_MOST_CHILDREN] if not child.attests}
    return _Seen(parsed, row.config_digest, named if artifacts.of(parsed) is Artifact.INDEX else {})


def _platforms(seen: _Seen, gists: Mapping[str, configs.Gist]) -> tuple[str, ...]:
    if seen.children:
        return tuple(dict.fromkeys(platform for platform in seen.children.values() if platform))
    gist = gists.get(seen.config_digest or "")
    return (gist.platform,) if gist and gist.platform else ()


def _speakers(tx: Connection, repository: int, digests: Collection[str]) -> dict[str, set[Artifact]]:
    """What kinds of things speak about each: as its subject, or under a tag made from its digest."""
    found: dict[str, set[Artifact]] = {}
    for row in rows.speakers(tx, repository, digests, _MOST_SPEAKERS):
        seen = _parsed(row)
        if seen is not None:
            found.setdefault(row.subject, set()).add(artifacts.of(seen))
    named = {tag: digest for digest in digests for tag in fallback.fallback_tags(digest)[1:]}
    for tag in rows.tagged(tx, repository, list(named)):
        ending = "." + tag.rpartition(".")[2]
        found.setdefault(named[tag], set()).add(_OF_ENDING[ending])
    return found


def _parsed(row: Row[Any]) -> Manifest | None:
    """A manifest as it was taken; None if an older version took what this one would not."""
    try:
        return manifests.parse(bytes(row.body), row.media_type)
    except Malformed:
        return None
