import msgspec
import pytest

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.smaller_indexes import SUBJECT_OF_ATTESTATION, choose, kept_of
from infra.oci.descriptors import Descriptor, Platform, describe
from infra.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST
from infra.oci.memory import Memory
from infra.oci.target import push_bytes

AMD, ARM, ARM7, UNKNOWN = (
    Platform("amd64", "linux"),
    Platform("arm64", "linux"),
    Platform("arm", "linux", variant="v7"),
    Platform("unknown", "unknown"),
)


def entry(number: int, platform: Platform | None, about: str = "") -> Descriptor:
    notes = {SUBJECT_OF_ATTESTATION: about} if about else None
    return Descriptor(IMAGE_MANIFEST, f"sha256:{number:064}", 3, annotations=notes, platform=platform)


def test_attestations_stay_with_what_they_are_about() -> None:
    entries = [
        entry(1, AMD),
        entry(2, ARM),
        entry(3, UNKNOWN, entry(1, AMD).digest),
        entry(4, UNKNOWN, entry(2, ARM).digest),
    ]
    assert kept_of(entries, (AMD, AMD)) == [0, 2]


def test_what_is_for_no_platform_stays_unless_it_is_what_was_left_out() -> None:
    entries = [entry(1, AMD), entry(2, ARM), entry(2, None), entry(5, None)]
    assert kept_of(entries, (AMD,)) == [0, 3]


def test_a_variant_that_is_not_said_does_not_matter() -> None:
    assert kept_of([entry(1, ARM7), entry(2, AMD)], (Platform("arm", "linux"),)) == [0]


def test_platforms_for_which_there_is_nothing_are_named() -> None:
    with pytest.raises(ArtifactError, match=r"unmatched platforms: \[linux/arm64\]") as caught:
        kept_of([entry(1, AMD)], (AMD, ARM))
    assert caught.value.recommendation == "available platforms in index: [linux/amd64]"


def test_fields_that_are_not_known_stay() -> None:
    memory = Memory()
    manifests = b",".join(msgspec.json.encode(entry(number, one)) for number, one in enumerate((AMD, ARM, ARM7)))
    data = b'{"schemaVersion":2, "x" : {"y": 1.0},"manifests":[' + manifests + b'],"annotations":{"b":"1"}}'
    root = describe(data, IMAGE_INDEX)
    push_bytes(memory, root, data)
    index = choose(memory, root, (AMD, ARM), "a:v1", 3, False)
    kept = b",".join(msgspec.json.encode(entry(number, one)) for number, one in enumerate((AMD, ARM)))
    assert index.data == b'{"schemaVersion":2,"x":{"y": 1.0},"manifests":[' + kept + b'],"annotations":{"b":"1"}}'
    assert [one.platform for one in index.kept] == [AMD, ARM]


def test_an_index_of_which_all_is_kept_stays_what_it_is() -> None:
    memory = Memory()
    data = b'{"schemaVersion":2,"manifests":[' + msgspec.json.encode(entry(1, AMD)) + b"]}"
    root = describe(data, IMAGE_INDEX)
    push_bytes(memory, root, data)
    assert not choose(memory, root, (AMD, AMD), "a:v1", 3, False).is_smaller
