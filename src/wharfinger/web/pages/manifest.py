"""The page of a tag or a digest: what it is, what made it, what speaks about it; and two of them compared."""

from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from wharfinger.domain import compare, inspect, origins, tags
from wharfinger.domain.access import Project
from wharfinger.domain.inspect import Inspected
from wharfinger.domain.origins import Origin
from wharfinger.domain.repositories import Repository
from wharfinger.domain.tags import Tag
from wharfinger.rules.roles import Action
from wharfinger.spec.artifacts import Artifact
from wharfinger.web.pages import image, registry
from wharfinger.web.pages.bars import Slice, slices
from wharfinger.web.pages.visit import Visit

_EVENTS: Final = 500  # the newest events about an image that are looked through for the push of its tag
_VERSION: Final = "org.opencontainers.image.version"


def show_tag(visit: Visit) -> Response:
    """What a tag points to."""
    project, repository = image.opened(visit)
    tag = tags.get(visit.tools, visit.caller, repository.path, visit.of_path("name"))
    return _page(visit, project, repository, tag.digest, tag)


def show_digest(visit: Visit) -> Response:
    """What has this digest."""
    project, repository = image.opened(visit)
    return _page(visit, project, repository, visit.of_path("digest"), None)


def show_comparison(visit: Visit) -> Response:
    """What changed from one tag or digest to another; the form to choose them where one is missing."""
    project, repository = image.opened(visit)
    before, after = visit.asked("from"), visit.asked("to")
    compared = None
    if before and after:
        compared = compare.images(
            visit.tools, visit.caller, repository.path, before, after, platform=visit.asked("platform")
        )
    facts: dict[str, Any] = {"place": project, "repository": repository, "before": before, "after": after}
    return visit.page("compare.html", compared=compared, **facts)


def _page(visit: Visit, project: Project, repository: Repository, digest: str, tag: Tag | None) -> Response:
    found = inspect.manifest(visit.tools, visit.caller, repository.path, digest)
    deletable = registry.allows(visit, project, Action.DELETE) and not repository.leaving
    facts: dict[str, Any] = {"place": project, "repository": repository, "image": found, "tag": tag}
    facts |= {"bar": _bar(found), "ways": _ways(visit, found, tag), "origin": _origin(visit, repository, tag)}
    return visit.page("manifest.html", deletable=deletable, **facts)


def _origin(visit: Visit, repository: Repository, tag: Tag | None) -> Origin | None:
    """The push that let the tag point here, as far as it is known."""
    if tag is None:
        return None
    found = origins.of_tags(visit.tools, visit.caller, repository.path, {tag.name: tag.digest}, each=_EVENTS)
    return found.get(tag.name)


def _bar(found: Inspected) -> list[Slice]:
    """The layers by size, as slices of a bar."""
    return slices([made.layer.size_bytes if made.layer else 0 for made in found.layers])


def _ways(visit: Visit, found: Inspected, tag: Tag | None) -> list[tuple[str, str]]:
    """How it is fetched: what the command does, and the command."""
    path, name = f"{visit.host}/{found.place.path}", tag.name if tag else ""
    exact = f"{path}@{found.digest}"
    match found.artifact:
        case Artifact.IMAGE | Artifact.INDEX:
            ways = [("Pull by tag", f"docker pull {path}:{name}")] if name else []
            return [*ways, ("Pull exactly this one, by digest", f"docker pull {exact}")]
        case Artifact.CHART:
            folder, _, chart = path.rpartition("/")
            version = name or dict(found.annotations).get(_VERSION, "")
            said = f" --version {version}" if version else ""
            return [
                ("Install the chart", f"helm install my-{chart} oci://{folder}/{chart}{said}"),
                ("Pull the chart", f"helm pull oci://{folder}/{chart}{said}"),
            ]
    return [("Fetch its files", f"oras pull {exact}")]


def address(project: str, repository: int, reference: str) -> str:
    """Where the page of a tag or digest is."""
    kind = "manifests" if ":" in reference else "tags"
    return f"/{project}/-/registry/{repository}/{kind}/{quote(reference, safe=':')}"
