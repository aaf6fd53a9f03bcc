import pytest

from infra.oci.differences import Difference, compare
from infra.oci.kinds import kind_of, kind_of_manifest
from infra.oci.manifests import Manifest
from infra.oci.memory import Memory
from tests.artifacts import artifact, layer


def test_an_artifact_is_not_different_from_itself() -> None:
    target = Memory()
    one = artifact(target, layer(target, b"a", "a"))
    assert compare(target, one, target, one) == []


def test_what_is_different_is_named() -> None:
    first, second = Memory(), Memory()
    same = layer(first, b"same", "same"), layer(second, b"same", "same")
    old, new, more = layer(first, b"old", "f"), layer(second, b"new", "f"), layer(second, b"more", "g")
    one = artifact(first, same[0], old, colour="red")
    other = artifact(second, same[1], new, more, colour="blue", kind="application/vnd.other")
    referrer = artifact(second, layer(second, b"sbom"), subject=other, kind="application/spdx+json")
    assert compare(first, one, second, other) == [
        Difference("artifactType", "", "application/vnd.test", "application/vnd.other"),
        Difference("annotation", "colour", "red", "blue"),
        Difference("layer", "f", old.digest, new.digest),
        Difference("layer", "g", "", more.digest),
        Difference("referrer", f"application/spdx+json {referrer.digest}", "", referrer.digest),
    ]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/spdx+json", "sbom"),
        ("application/vnd.cyclonedx+json;version=1.5", "sbom"),
        ("application/sarif+json", "scan"),
        ("application/vnd.dev.cosign.artifact.sig.v1+json", "signature"),
        ("application/vnd.cncf.notary.signature", "signature"),
        ("application/vnd.cncf.helm.config.v1+json", "chart"),
        ("application/vnd.something", "artifact"),
    ],
)
def test_a_type_says_what_an_artifact_is(media_type: str, kind: str) -> None:
    assert kind_of(media_type) == kind


def test_a_type_that_says_nothing_leaves_it_to_the_first_layer() -> None:
    target = Memory()
    sbom = layer(target, b"{}", media_type="application/spdx+json")
    assert kind_of_manifest(Manifest(artifact_type="application/vnd.x", layers=(sbom,))) == "sbom"
    assert kind_of_manifest(Manifest(manifests=())) == "index"
