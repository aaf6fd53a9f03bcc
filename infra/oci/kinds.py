"""What artifacts are, as people speak of them: an SBOM, a scan, a signature, an attestation, a chart, an image."""

from typing import Final, Literal

from infra.oci.descriptors import Descriptor
from infra.oci.manifests import Manifest

Kind = Literal["sbom", "scan", "signature", "attestation", "provenance", "chart", "image", "index", "rules", "artifact"]

KINDS: Final[tuple[tuple[str, Kind], ...]] = (
    ("application/spdx", "sbom"),
    ("text/spdx", "sbom"),
    ("application/vnd.spdx", "sbom"),
    ("application/vnd.cyclonedx", "sbom"),
    ("application/vnd.syft", "sbom"),
    ("sbom/", "sbom"),
    ("application/sarif+json", "scan"),
    ("application/vnd.aquasec.trivy.report", "scan"),
    ("application/vnd.security.vulnerability.report", "scan"),
    ("application/vnd.dev.cosign.simplesigning", "signature"),
    ("application/vnd.dev.cosign.artifact.sig", "signature"),
    ("application/vnd.cncf.notary.signature", "signature"),
    ("application/jose+json", "signature"),
    ("application/cose", "signature"),
    ("signature/", "signature"),
    ("application/vnd.in-toto", "attestation"),
    ("application/vnd.dsse.envelope", "attestation"),
    ("application/vnd.dev.sigstore.bundle", "attestation"),
    ("application/vnd.cncf.helm.config", "chart"),
    ("application/vnd.cncf.falco.rulesfile", "rules"),
    ("application/vnd.deedlog.rules", "rules"),
    ("application/vnd.oci.image.config", "image"),
    ("application/vnd.docker.container.image", "image"),
)
"""What media types begin with, and what that is."""
COSIGN_TAGS: Final[dict[str, Kind]] = {".sig": "signature", ".sbom": "sbom", ".att": "attestation"}
"""How the tags end under which cosign keeps what belongs to a digest, in registries without referrers."""


def kind_of(media_type: str) -> Kind:
    """Return what an artifact of this artifact type, or with content of this media type, is."""
    return next((kind for beginning, kind in KINDS if media_type.startswith(beginning)), "artifact")


def kind_of_referrer(referrer: Descriptor) -> Kind:
    """Return what a referrer is, by its artifact type."""
    return kind_of(referrer.artifact_type)


def kind_of_manifest(manifest: Manifest) -> Kind:
    """Return what an artifact is: by its type, and if that says nothing, by that of its first layer."""
    if manifest.manifests is not None:
        return "index"
    kind = kind_of(manifest.kind)
    if kind == "artifact" and manifest.layers:
        return kind_of(manifest.layers[0].media_type)
    return kind


def cosign_tag(digest: str, ending: str) -> str:
    """Return the tag under which cosign keeps what belongs to a digest: `sha256-<hex>.sig` and the like."""
    return digest.replace(":", "-", 1) + ending
