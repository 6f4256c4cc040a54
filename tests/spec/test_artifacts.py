"""What manifests are to people, by their media types."""

import json
from typing import Any

import pytest

from wharfinger.spec import artifacts, manifest, media_types
from wharfinger.spec.artifacts import Artifact
from wharfinger.spec.manifest import Manifest

DIGEST = "sha256:" + "a" * 64
TAR = media_types.OCI_LAYER_GZIP


def described(media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": DIGEST, "size": 3}


def image(config: str, *layers: str, **more: Any) -> Manifest:
    named = {"config": described(config), "layers": [described(layer) for layer in layers]}
    return read({"mediaType": media_types.OCI_IMAGE, **named, **more})


def index(*children: str, **more: Any) -> Manifest:
    named = {"manifests": [described(child) for child in children]}
    return read({"mediaType": media_types.OCI_INDEX, **named, **more})


def read(document: dict[str, Any]) -> Manifest:
    return manifest.parse(json.dumps({"schemaVersion": 2, **document}).encode(), "")


HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
EMPTY, CONFIG, DOCKER = media_types.OCI_EMPTY, media_types.OCI_CONFIG, media_types.DOCKER_CONFIG


@pytest.mark.parametrize(
    ("config", "layers", "expected"),
    [
        (CONFIG, [TAR], Artifact.IMAGE),
        (DOCKER, [media_types.DOCKER_LAYER], Artifact.IMAGE),
        (CONFIG, [], Artifact.IMAGE),
        (CONFIG, ["application/vnd.in-toto+json"], Artifact.ATTESTATION),  # BuildKit's
        (CONFIG, ["application/vnd.dev.cosign.simplesigning.v1+json"], Artifact.SIGNATURE),  # cosign's .sig
        (CONFIG, ["application/vnd.dsse.envelope.v1+json"], Artifact.ATTESTATION),  # cosign's .att
        (CONFIG, ["text/spdx+json"], Artifact.SBOM),  # cosign's .sbom
        ("application/vnd.cncf.helm.config.v1+json", [HELM_LAYER], Artifact.CHART),
        ("application/vnd.wasm.config.v0+json", ["application/wasm"], Artifact.WASM),
        (CONFIG, ["application/vnd.wasm.content.layer.v1+wasm"], Artifact.WASM),
        ("application/vnd.buildkit.cacheconfig.v0", [TAR], Artifact.CACHE),
        ("application/vnd.docker.plugin.v1+json", [TAR], Artifact.PLUGIN),
        ("application/vnd.acme.rocket.config", [TAR], Artifact.ARTIFACT),
        (EMPTY, ["text/plain"], Artifact.ARTIFACT),
    ],
)  # fmt: skip
def test_by_config_and_layers(config: str, layers: list[str], expected: Artifact) -> None:
    assert artifacts.of(image(config, *layers)) is expected


@pytest.mark.parametrize(
    ("artifact_type", "expected"),
    [
        ("application/vnd.cncf.notary.signature", Artifact.SIGNATURE),
        ("application/vnd.dev.cosign.artifact.sig.v1+json", Artifact.SIGNATURE),
        ("application/spdx+json", Artifact.SBOM),
        ("Application/vnd.CycloneDX+json; version=1.6", Artifact.SBOM),
        ("application/vnd.in-toto+json", Artifact.ATTESTATION),
        ("application/vnd.docker.attestation.manifest.v1+json", Artifact.ATTESTATION),
        ("text/vex+json", Artifact.VEX),
        ("application/sarif+json", Artifact.REPORT),
        ("application/vnd.cncf.model.manifest.v1+json", Artifact.MODEL),
        ("application/vnd.opentofu.modulepkg", Artifact.TOFU),
        ("application/vnd.example.book", Artifact.ARTIFACT),
    ],
)
def test_by_artifact_type(artifact_type: str, expected: Artifact) -> None:
    assert artifacts.of(image(EMPTY, "text/plain", artifactType=artifact_type)) is expected


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("", Artifact.SIGNATURE),
        ("https://sigstore.dev/cosign/sign/v1", Artifact.SIGNATURE),
        ("https://slsa.dev/provenance/v1", Artifact.ATTESTATION),
    ],
)
def test_a_bundle_is_what_it_holds(predicate: str, expected: Artifact) -> None:
    annotations = {artifacts.BUNDLE_PREDICATE: predicate} if predicate else {}
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert artifacts.of(image(EMPTY, kind, artifactType=kind, annotations=annotations)) is expected


def test_indexes() -> None:
    assert artifacts.of(index(media_types.OCI_IMAGE)) is Artifact.INDEX
    assert artifacts.of(index()) is Artifact.INDEX
    assert artifacts.of(index(TAR, "application/vnd.buildkit.cacheconfig.v0")) is Artifact.CACHE
    assert artifacts.of(index(media_types.OCI_IMAGE, artifactType="application/vnd.opentofu.provider")) is Artifact.TOFU


def test_only_images_run() -> None:
    assert artifacts.runs(image(CONFIG, TAR))
    assert artifacts.runs(image(DOCKER, TAR))
    assert not artifacts.runs(image(EMPTY, TAR, artifactType="text/plain"))
    assert not artifacts.runs(image(CONFIG, TAR, artifactType="application/vnd.example.book"))
    assert not artifacts.runs(index(media_types.OCI_IMAGE))
    other = manifest.parse(b'{"layers": []}', "application/vnd.example+json")
    assert not artifacts.runs(other)
    assert artifacts.of(other) is Artifact.ARTIFACT


def test_speakers_are_about_something_else() -> None:
    assert Artifact.SIGNATURE in artifacts.SPEAKERS
    assert Artifact.IMAGE not in artifacts.SPEAKERS
