"""What a manifest states about another one: that it is signed, what it is made of, how it was built, what was found.

The kind is told by media types (`artifacts`); what an attestation says, by the type of its predicate (in-toto
attestations): Sigstore bundles, cosign and BuildKit note it as annotations. Who says so is not verified here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.spec import artifacts, facts
from wharfinger.spec.artifacts import SPEAKERS, Artifact
from wharfinger.spec.manifest import Manifest
from wharfinger.spec.plain_text import visible

PREDICATES: Final = ("predicateType", "in-toto.io/predicate-type")  # as cosign and BuildKit note it beside a layer
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """`predicate` is the type of what an attestation says, or ""."""

    artifact: Artifact
    predicate: str


def of(manifest: Manifest, body: bytes) -> Statement | None:
    """What this manifest, which is in `body`, states about another; None for what is there for itself."""
    kind = artifacts.of(manifest)
    return Statement(kind, predicate(manifest.annotations, body)) if kind in SPEAKERS else None


def predicate(annotations: Mapping[str, str], body: bytes) -> str:
    """The type of the predicate that a manifest with these annotations notes, or ""."""
    found = annotations.get(artifacts.BUNDLE_PREDICATE)
    beside = (dict(notes).get(name) for notes in facts.notes(body).values() for name in PREDICATES)
    return visible(found or next(filter(None, beside), ""), LONGEST)
