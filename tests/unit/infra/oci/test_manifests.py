import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci import layout_index
from infra.oci.canonical import encode, encode_in_order
from infra.oci.descriptors import EMPTY, describe
from infra.oci.errors import InvalidContentError
from infra.oci.manifests import parse_manifest, successors
from infra.oci.media_types import CREATED, EMPTY_JSON, IMAGE_INDEX, IMAGE_MANIFEST, UNKNOWN_CONFIG
from infra.oci.packing import pack

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("schemaVersion", "config", "layers", "subject", "manifests", "annotations"), JSON)
)


@given(st.one_of(st.binary(), FIELDS.map(msgspec.json.encode)))
def test_bytes_are_a_manifest_or_an_error_that_says_why(data: bytes) -> None:
    try:
        successors(parse_manifest(data, IMAGE_MANIFEST))
    except InvalidContentError as error:
        assert "manifest" in str(error)


def test_brackets_without_end_are_met() -> None:
    with pytest.raises(InvalidContentError):
        parse_manifest(b'{"annotations":' + b"[" * 1_000_000, IMAGE_MANIFEST)


def test_fields_that_are_not_known_are_left_aside() -> None:
    assert parse_manifest(b'{"schemaVersion":2,"new":{"x":[1]},"layers":null}', IMAGE_MANIFEST).layers is None


def test_a_manifest_that_says_it_is_something_else_is_refused() -> None:
    with pytest.raises(InvalidContentError, match=r"that it is .*, not "):
        parse_manifest(b'{"mediaType":"application/vnd.oci.image.manifest.v1+json"}', IMAGE_INDEX)


@given(JSON)
def test_canonical_json_says_the_same(value: object) -> None:
    assert msgspec.json.decode(encode(value)) == value


@given(st.dictionaries(st.text(max_size=8), JSON))
def test_a_map_in_its_order_says_the_same(value: dict[str, object]) -> None:
    assert list(msgspec.json.decode(encode_in_order(value)).items()) == list(value.items())


def test_what_may_end_a_script_is_escaped() -> None:
    assert encode("<a&b>\u2028") == rb'"\u003ca\u0026b\u003e\u2028"'


def test_an_artifact_without_files_has_the_empty_layer() -> None:
    packed = pack([], artifact_type="application/vnd.test", created="2026-01-01T00:00:00Z")
    manifest = parse_manifest(packed.data, IMAGE_MANIFEST)
    assert manifest.layers == (EMPTY,)
    assert manifest.config == EMPTY
    assert [data for _, data in packed.blobs] == [b"{}"]


def test_an_image_of_v1_0_has_a_config_of_its_type() -> None:
    packed = pack([], version="v1.0", created="2026-01-01T00:00:00Z")
    manifest = parse_manifest(packed.data, IMAGE_MANIFEST)
    assert (manifest.config and manifest.config.media_type, manifest.artifact_type) == (UNKNOWN_CONFIG, "")
    assert b'"layers":[]' in packed.data


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"artifact_type": "no type"},
        {"artifact_type": "a/b", "annotations": {CREATED: "yesterday"}},
        {"config": describe(b"{}", EMPTY_JSON)},
        {"version": "v1.0", "subject": EMPTY},
    ],
)
def test_what_cannot_be_packed_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InvalidContentError):
        pack([], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"size": -1},
        {"size": 1 << 63},
        {"size": 10**400},
        {"size": 1.5},
        {"digest": "sha256:../../x"},
        {"digest": "sha256:x\r\nX-Evil: 1"},
        {"digest": "sha256:x\n"},
        {"digest": "/etc/passwd"},
    ],
    ids=str,
)
def test_what_describes_nothing_that_can_be_is_refused(fields: dict[str, object]) -> None:
    one = {"mediaType": "text/plain", "digest": describe(b"", "").digest, "size": 0}
    data = b'{"layers":[%b]}' % json.dumps({**one, **fields}).encode()
    with pytest.raises(InvalidContentError):
        parse_manifest(data, IMAGE_MANIFEST)
    with pytest.raises(InvalidContentError):
        layout_index.parse(data.replace(b"layers", b"manifests"), "index.json")
    assert parse_manifest(b'{"layers":[%b]}' % json.dumps(one).encode(), IMAGE_MANIFEST).layers
