"""What an index says of the manifests it names: image-spec "image-index.md".

BuildKit puts its attestations into the index, as images for the platform unknown/unknown whose annotations say which
image they are about: those are no platforms, and are told with the image.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.spec import strict_json
from wharfinger.spec.image_config import pairs, platform

_KIND: Final = "vnd.docker.reference.type"
_ABOUT: Final = "vnd.docker.reference.digest"


@dataclass(frozen=True, slots=True)
class Child:
    """A manifest that an index names. `about` is the digest of the child that it attests, "" for a platform's own."""

    media_type: str
    digest: str
    size_bytes: int
    platform: str
    annotations: tuple[tuple[str, str], ...]
    attests: bool
    about: str


def children(body: bytes) -> list[Child]:
    """The children of an index that `manifest.parse` took before, in its order."""
    document = strict_json.loads(body)
    named = document.get("manifests") if isinstance(document, dict) else None
    return [_child(each) for each in named or () if isinstance(each, dict)]


def _child(fields: Mapping[str, Any]) -> Child:
    annotations = fields.get("annotations")
    noted = annotations if isinstance(annotations, dict) else {}
    wanted = fields.get("platform")
    runs_on = platform(wanted) if isinstance(wanted, dict) else ""
    about = noted.get(_ABOUT)
    return Child(
        media_type=str(fields.get("mediaType") or ""),
        digest=str(fields["digest"]),
        size_bytes=int(fields["size"]),
        platform="" if runs_on == "unknown/unknown" else runs_on,
        annotations=pairs(noted),
        attests=noted.get(_KIND) == "attestation-manifest" or (runs_on == "unknown/unknown" and about is not None),
        about=about if isinstance(about, str) else "",
    )
