"""Media types that the OCI image specification 1.1, Docker and the artifact guidance name."""

from typing import Final

IMAGE_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX: Final = "application/vnd.oci.image.index.v1+json"
ARTIFACT_MANIFEST: Final = "application/vnd.oci.artifact.manifest.v1+json"
"""Of a release candidate of the specification; read, never written."""
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
LAYER_TAR: Final = "application/vnd.oci.image.layer.v1.tar"
LAYER_TAR_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_JSON: Final = "application/vnd.oci.empty.v1+json"
UNKNOWN_CONFIG: Final = "application/vnd.unknown.config.v1+json"
UNKNOWN_ARTIFACT: Final = "application/vnd.unknown.artifact.v1"
OCTETS: Final = "application/octet-stream"

INDEXES: Final = frozenset({IMAGE_INDEX, DOCKER_LIST})
MANIFESTS: Final = frozenset({IMAGE_MANIFEST, DOCKER_MANIFEST, ARTIFACT_MANIFEST, *INDEXES})
"""What registries keep under /manifests/; all else are blobs."""

CREATED: Final = "org.opencontainers.image.created"
TITLE: Final = "org.opencontainers.image.title"
REF_NAME: Final = "org.opencontainers.image.ref.name"
UNPACK: Final = "io.deis.oras.content.unpack"
"""Annotation of a layer that is an archived folder: to be unpacked when it is pulled."""
CONTENT_DIGEST: Final = "io.deis.oras.content.digest"
"""Annotation with the digest of an archived folder before it was compressed."""
