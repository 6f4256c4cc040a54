"""What an artifact's config says at its top, whatever it is: the name and version of a chart, the author of a policy.

And what is noted beside the files of an artifact: image-spec "annotations.md".
"""

from collections.abc import Mapping
from typing import Final

from wharfinger.spec import strict_json
from wharfinger.spec.errors import Malformed
from wharfinger.spec.image_config import MOST_ENTRIES, pairs
from wharfinger.spec.plain_text import visible

Facts = tuple[tuple[str, str], ...]

TITLE: Final = "org.opencontainers.image.title"
_LONGEST_LIST: Final = 20


def parse(body: bytes) -> Facts:
    """Names and values of a JSON object, without what is nested; raises Malformed where it is none."""
    document = strict_json.loads(body)
    if not isinstance(document, dict):
        raise Malformed("MANIFEST_INVALID", "the config is not a JSON object")
    told = ((visible(name), _told(value)) for name, value in list(document.items())[:MOST_ENTRIES])
    return tuple((name, text) for name, text in told if text)


def notes(body: bytes) -> Mapping[str, Facts]:
    """The annotations of each blob that a manifest, which `manifest.parse` took before, names; by digest."""
    document = strict_json.loads(body)
    fields = document if isinstance(document, dict) else {}
    named = fields.get("layers") or fields.get("blobs")
    found = {}
    for blob in named if isinstance(named, list) else ():
        annotations = blob.get("annotations") if isinstance(blob, dict) else None
        if isinstance(annotations, dict):
            found[str(blob.get("digest"))] = pairs(annotations)
    return found


def _told(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return visible(", ".join(value[:_LONGEST_LIST]))
    return visible(str(value)) if isinstance(value, str | int | float) else ""
