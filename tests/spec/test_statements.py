"""What a manifest states about another, and what its attestation says."""

import json
from typing import Any

import pytest

from wharfinger.spec import manifest, media_types, statements
from wharfinger.spec.artifacts import BUNDLE_PREDICATE, Artifact
from wharfinger.spec.statements import LONGEST, Statement

DIGEST = "sha256:" + "a" * 64
DSSE = "application/vnd.dsse.envelope.v1+json"
PROVENANCE = "https://slsa.dev/provenance/v1"


def described(media_type: str, **notes: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": DIGEST, "size": 3, **({"annotations": notes} if notes else {})}


def stated(layer: dict[str, Any], **notes: str) -> Statement | None:
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": described(media_types.OCI_EMPTY),
        "layers": [layer],
        "annotations": notes,
    }
    body = json.dumps(document).encode()
    return statements.of(manifest.parse(body, ""), body)


@pytest.mark.parametrize("name", statements.PREDICATES)
def test_an_attestation_says_what_it_is_about(name: str) -> None:
    assert stated(described(DSSE, **{name: PROVENANCE})) == Statement(Artifact.ATTESTATION, PROVENANCE)


@pytest.mark.parametrize(
    ("layer", "artifact"),
    [
        ("application/vnd.dev.cosign.simplesigning.v1+json", Artifact.SIGNATURE),
        ("application/spdx+json", Artifact.SBOM),
    ],
)
def test_others_have_no_predicate(layer: str, artifact: Artifact) -> None:
    assert stated(described(layer)) == Statement(artifact, "")


def test_a_bundle_notes_it_for_the_whole_manifest() -> None:
    bundle = described("application/vnd.dev.sigstore.bundle.v0.3+json", predicateType="beside")
    assert stated(bundle, **{BUNDLE_PREDICATE: PROVENANCE}) == Statement(Artifact.ATTESTATION, PROVENANCE)


def test_what_is_there_for_itself_states_nothing() -> None:
    assert stated(described(media_types.OCI_LAYER_GZIP)) is None


def test_long_words_are_cut_and_what_cannot_be_seen_is_shown() -> None:
    found = stated(described(DSSE, predicateType="\x1b[2J" + "x" * 10_000))
    assert found is not None
    assert found.predicate.startswith("\\u{1b}[2Jxxx")
    assert found.predicate.endswith(" more characters)")
    assert found.predicate.count("x") < LONGEST
