"""Manifests: image-spec "manifest.md" and "image-index.md", distribution-spec "Pushing Manifests".

`parse` reads what is needed to store, tag, link and list a manifest and leaves the rest alone: a registry keeps bytes,
so unknown fields, unknown media types and JSON of neither shape are welcome. Refused is what two readers could
understand differently (an image that is an index too, a mediaType unlike the Content-Type) and what cannot be kept
(digests nobody can check).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from wharfinger.spec import digest, media_types, strict_json
from wharfinger.spec.errors import Malformed, quoted

Kind = Literal["image", "index", "other"]

LONGEST_MEDIA_TYPE: Final = 255
LARGEST_SIZE: Final = 2**63 - 1

_KNOWN: Final = media_types.IMAGES | media_types.INDEXES

# RFC 6838 section 4.2
_MEDIA_TYPE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of something else: image-spec "descriptor.md". Sizes in bytes."""

    media_type: str
    digest: str
    size_bytes: int
    urls: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether the bytes may live elsewhere: a layer whose licence forbids copies and that says where it is."""
        return bool(self.urls) and self.media_type in media_types.FOREIGN_LAYERS


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a registry has to know of a manifest. `artifact_type` is the one that the referrers API reports."""

    media_type: str
    kind: Kind
    artifact_type: str | None
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    annotations: Mapping[str, str]

    @property
    def blobs(self) -> list[str]:
        """Digests of the blobs that must be in the repository, each once, in the order of the manifest."""
        named = ((self.config,) if self.config else ()) + self.layers
        return list(dict.fromkeys(blob.digest for blob in named if not blob.foreign))

    @property
    def children(self) -> list[str]:
        """Digests of the manifests an index names, each once, in its order."""
        return list(dict.fromkeys(child.digest for child in self.manifests))


def parse(body: bytes, content_type: str) -> Manifest:
    """Read a manifest as it was pushed; raises Malformed MANIFEST_INVALID. The caller bounds the length of `body`."""
    document = strict_json.loads(body)
    if not isinstance(document, dict):
        _refuse("the manifest is not a JSON object: send { … }")
    media_type = _media_type(document, content_type)
    _refuse_schema_1(document, media_type)
    _refuse_both(document)
    fields = document if media_type in _KNOWN else _recognised(document)
    kind = _kind(fields, media_type)
    config = _optional(fields, "config")
    return Manifest(
        media_type=media_type,
        kind=kind,
        artifact_type=_artifact_type(fields, config if kind == "image" else None),
        config=config,
        layers=_descriptors(fields, "blobs" if media_type == media_types.OCI_ARTIFACT else "layers"),
        manifests=_descriptors(fields, "manifests"),
        subject=_optional(fields, "subject"),
        annotations=_annotations(fields),
    )


# --- what kind of thing it is


def _media_type(document: dict[str, Any], content_type: str) -> str:
    """The Content-Type without its parameters; `mediaType` where the client sent none, and the same where it did."""
    sent, named = content_type.partition(";")[0].strip(), document.get("mediaType") or ""
    if not isinstance(named, str):
        _refuse("mediaType is not a string")
    if sent and named and sent.lower() != named.lower():
        _refuse(f"mediaType is {quoted(named)} and the Content-Type {quoted(sent)}: send the mediaType as Content-Type")
    found = named or sent
    if not found:
        _refuse("neither a Content-Type nor a mediaType says what this manifest is: send its type as Content-Type")
    if _MEDIA_TYPE.fullmatch(found) is None:
        _refuse(f"{quoted(found)} is not a media type: it looks like application/vnd.example.thing.v1+json")
    return found


def _refuse_schema_1(document: dict[str, Any], media_type: str) -> None:
    if media_type in media_types.DOCKER_SCHEMA_1 or "fsLayers" in document:
        _refuse(
            "this is an image in Docker's schema 1, which is not taken any more: push it with Docker 1.10 or newer, or "
            "convert it with: skopeo copy --format oci docker://<old> docker://<new>"
        )


def _refuse_both(document: dict[str, Any]) -> None:
    of_image = [key for key in ("config", "layers") if key in document]
    if "manifests" in document and of_image:
        _refuse(
            f"the manifest has {' and '.join(of_image)} like an image and manifests like an index: "
            "push an image and an index that names it instead"
        )


def _recognised(document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a type we know nothing about, as far as they look like those of an image or index."""
    return {key: value for key, value in document.items() if _looks_right(key, value)}


def _looks_right(key: str, value: object) -> bool:
    match key:
        case "config" | "subject":
            return _names_something(value)
        case "layers" | "manifests" | "blobs":
            return isinstance(value, list) and all(map(_names_something, value))
        case "annotations":
            return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    return key == "artifactType" and isinstance(value, str)


def _names_something(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("digest"), str) and "size" in value


def _kind(fields: dict[str, Any], media_type: str) -> Kind:
    if media_type in _KNOWN:
        return _known_kind(fields, media_type)
    if "manifests" in fields:
        return "index"
    return "image" if "config" in fields or "layers" in fields else "other"


def _known_kind(fields: dict[str, Any], media_type: str) -> Kind:
    version = fields.get("schemaVersion")
    if version != 2 or isinstance(version, bool | float):
        _refuse(f"schemaVersion has to be the number 2 in a manifest of type {media_type}")
    kind: Kind = "image" if media_type in media_types.IMAGES else "index"
    needed = "config" if kind == "image" else "manifests"
    if needed not in fields:
        _refuse(f"{needed} is missing: every manifest of type {media_type} has it")
    return kind


# --- what it says


def _artifact_type(fields: dict[str, Any], config: Descriptor | None) -> str | None:
    """distribution-spec "Listing Referrers": an image without one goes by its config's type, an index by none."""
    return _text(fields, "artifactType", "") or (config.media_type if config else "") or None


def _annotations(fields: dict[str, Any]) -> dict[str, str]:
    annotations = fields.get("annotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        _refuse("annotations is not an object whose values are all strings")
    return annotations


def _optional(fields: dict[str, Any], key: str) -> Descriptor | None:
    return None if fields.get(key) is None else _descriptor(fields[key], key)


def _descriptors(fields: dict[str, Any], key: str) -> tuple[Descriptor, ...]:
    items = fields.get(key)
    if items is None:
        return ()
    if not isinstance(items, list):
        _refuse(f"{key} is not an array")
    return tuple(_descriptor(item, f"{key}[{index}]") for index, item in enumerate(items))


def _descriptor(value: object, where: str) -> Descriptor:
    if not isinstance(value, dict):
        _refuse(f"{where} is not an object with mediaType, digest and size")
    return Descriptor(
        media_type=_text(value, "mediaType", where),
        digest=_digest(value, where),
        size_bytes=_size(value, where),
        urls=_urls(value, where),
    )


def _digest(value: dict[str, Any], where: str) -> str:
    try:
        return digest.parse(_text(value, "digest", where))
    except Malformed as error:
        if error.code == "MANIFEST_INVALID":
            raise
        _refuse(f"{where}.digest: {error.sentence}")


def _size(value: dict[str, Any], where: str) -> int:
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_SIZE:
        _refuse(f"{where}.size is not a number of bytes")
    return size


def _urls(value: dict[str, Any], where: str) -> tuple[str, ...]:
    urls = value.get("urls") or []
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        _refuse(f"{where}.urls is not an array of strings")
    return tuple(urls)


def _text(value: dict[str, Any], key: str, where: str) -> str:
    """A short printable string; absent and null are empty, as Go's writers and readers have it."""
    text, name = value.get(key) or "", f"{where}.{key}".lstrip(".")
    if not isinstance(text, str) or len(text) > LONGEST_MEDIA_TYPE or not text.isprintable():
        _refuse(f"{name} is not a string of at most {LONGEST_MEDIA_TYPE} printable characters")
    return text


def _refuse(sentence: str) -> NoReturn:
    raise Malformed("MANIFEST_INVALID", sentence) from None
