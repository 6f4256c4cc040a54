"""What a manifest is to people: an image, a Helm chart, a signature … by the media types that its makers registered.

image-spec "manifest.md", Guidelines for Artifact Usage: the `artifactType` says it, or the type of the config, and of
things older than that rule the type of the first layer.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from wharfinger.spec import media_types
from wharfinger.spec.manifest import Manifest


class Artifact(StrEnum):
    """A kind of thing; its value is what people call it."""

    IMAGE = "Image"
    INDEX = "Multi-platform image"
    CHART = "Helm chart"
    WASM = "WebAssembly"
    SIGNATURE = "Signature"
    SBOM = "SBOM"
    ATTESTATION = "Attestation"
    VEX = "VEX statement"
    REPORT = "Scan report"
    CACHE = "Build cache"
    PLUGIN = "Docker plugin"
    COMPOSE = "Compose application"
    POLICY = "Policy bundle"
    FLUX = "Flux source"
    MODEL = "Model"
    TOFU = "OpenTofu package"
    SINGULARITY = "Singularity image"
    DEV_CONTAINER = "Dev container feature"
    ARTIFACT = "Artifact"


SPEAKERS: Final = frozenset(
    {Artifact.SIGNATURE, Artifact.SBOM, Artifact.ATTESTATION, Artifact.VEX, Artifact.REPORT}
)  # what is about an image rather than for itself

BUNDLE_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
_SIGNING: Final = "https://sigstore.dev/cosign/sign/"

_KINDS: Final = {
    "application/vnd.cncf.helm.config.v1+json": Artifact.CHART,
    "application/vnd.wasm.config.v0+json": Artifact.WASM,
    "application/vnd.wasm.config.v1+json": Artifact.WASM,
    "application/vnd.module.wasm.config.v1+json": Artifact.WASM,
    "application/vnd.module.wasm.content.layer.v1+wasm": Artifact.WASM,
    "application/vnd.wasm.content.layer.v1+wasm": Artifact.WASM,
    "application/wasm": Artifact.WASM,
    "application/vnd.dev.cosign.artifact.sig.v1+json": Artifact.SIGNATURE,
    "application/vnd.dev.cosign.simplesigning.v1+json": Artifact.SIGNATURE,
    "application/vnd.cncf.notary.signature": Artifact.SIGNATURE,
    "application/vnd.dev.cosign.artifact.sbom.v1+json": Artifact.SBOM,
    "application/spdx+json": Artifact.SBOM,
    "text/spdx": Artifact.SBOM,
    "text/spdx+json": Artifact.SBOM,
    "text/spdx+xml": Artifact.SBOM,
    "application/vnd.cyclonedx": Artifact.SBOM,
    "application/vnd.cyclonedx+json": Artifact.SBOM,
    "application/vnd.cyclonedx+xml": Artifact.SBOM,
    "application/vnd.syft+json": Artifact.SBOM,
    "application/vnd.dev.cosign.artifact.att.v1+json": Artifact.ATTESTATION,
    "application/vnd.docker.attestation.manifest.v1+json": Artifact.ATTESTATION,
    "application/vnd.dsse.envelope.v1+json": Artifact.ATTESTATION,
    "application/vnd.in-toto+json": Artifact.ATTESTATION,
    "application/vnd.openvex+json": Artifact.VEX,
    "text/vex+json": Artifact.VEX,
    "application/sarif+json": Artifact.REPORT,
    "application/vnd.buildkit.cacheconfig.v0": Artifact.CACHE,
    "application/vnd.docker.plugin.v1+json": Artifact.PLUGIN,
    "application/vnd.docker.compose.project": Artifact.COMPOSE,
    "application/vnd.cncf.openpolicyagent.config.v1+json": Artifact.POLICY,
    "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego": Artifact.POLICY,
    "application/vnd.cncf.flux.config.v1+json": Artifact.FLUX,
    "application/vnd.cncf.model.config.v1+json": Artifact.MODEL,
    "application/vnd.cncf.model.manifest.v1+json": Artifact.MODEL,
    "application/vnd.docker.ai.model.config.v0.1+json": Artifact.MODEL,
    "application/vnd.ollama.image.model": Artifact.MODEL,
    "application/vnd.opentofu.modulepkg": Artifact.TOFU,
    "application/vnd.opentofu.provider": Artifact.TOFU,
    "application/vnd.opentofu.provider-target": Artifact.TOFU,
    "application/vnd.sylabs.sif.config.v1+json": Artifact.SINGULARITY,
    "application/vnd.devcontainers": Artifact.DEV_CONTAINER,
}
_BUNDLE: Final = "application/vnd.dev.sigstore.bundle"  # …/.v0.3+json, or +json;version=0.3
_IMAGE_CONFIGS: Final = frozenset({media_types.OCI_CONFIG, media_types.DOCKER_CONFIG})


def of(manifest: Manifest) -> Artifact:
    """What this manifest is."""
    for media_type in _telling(manifest):
        if media_type.startswith(_BUNDLE):
            return _bundled(manifest)
        if media_type in _KINDS:
            return _KINDS[media_type]
    if manifest.kind == "index":
        return Artifact.INDEX
    return Artifact.IMAGE if _has_image_config(manifest) else Artifact.ARTIFACT


def runs(manifest: Manifest) -> bool:
    """Has it the config of a container image, which says what is started and how?"""
    return manifest.kind == "image" and _has_image_config(manifest)


def _telling(manifest: Manifest) -> Iterator[str]:
    """The media types that can say what it is, the surest first, in lower case and without parameters."""
    named = manifest.manifests if manifest.kind == "index" else manifest.layers[:1]
    config = [manifest.config.media_type] if manifest.config else []
    for media_type in (manifest.artifact_type or "", *config, *(each.media_type for each in named)):
        yield media_type.partition(";")[0].strip().lower()


def _bundled(manifest: Manifest) -> Artifact:
    """A Sigstore bundle holds a signature, or a statement that is signed: the type of the statement tells."""
    predicate = manifest.annotations.get(BUNDLE_PREDICATE, "")
    return Artifact.ATTESTATION if predicate and not predicate.startswith(_SIGNING) else Artifact.SIGNATURE


def _has_image_config(manifest: Manifest) -> bool:
    config = manifest.config
    if config is None or config.media_type not in _IMAGE_CONFIGS:
        return False
    return manifest.artifact_type in (None, config.media_type)
