import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.errors import MismatchError, NotFoundError
from infra.registries.errors import Complaint, DeniedError, RegistryError, UnauthorizedError, parse_complaints, refusal
from infra.registries.urls import parse_url

URL = parse_url("https://ann:s3cret@registry.example/v2/a/manifests/v1?signature=s1gned&x=1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "message", "errors"]), inner),
    max_leaves=10,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_complaints_or_none(body: bytes) -> None:
    parse_complaints(body)


@given(JSON)
def test_any_json_is_complaints_or_none(value: object) -> None:
    for body in (value, {"errors": value}, {"errors": [value]}):
        for complaint in parse_complaints(msgspec.json.encode(body)):
            assert "\n" not in str(complaint)


def test_deep_json_is_no_complaint() -> None:
    assert parse_complaints(b'{"errors":' + b"[" * 8000) == ()
    assert parse_complaints(b"[" * 4000 + b"]" * 4000) == ()


def test_what_a_registry_says_is_in_the_message() -> None:
    body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"v1"}},{"code":"X"}]}'
    assert parse_complaints(body)[0] == Complaint("MANIFEST_UNKNOWN", "manifest unknown", {"Tag": "v1"})
    error = refusal("GET", URL, 404, body)
    assert str(error).endswith("registry.example/v2/a/manifests/v1?signature=REDACTED&x=REDACTED: manifest unknown; x")
    assert error.codes == {"MANIFEST_UNKNOWN", "X"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"", UnauthorizedError),
        (403, b"", DeniedError),
        (404, b"", NotFoundError),
        (400, b'{"errors":[{"code":"DIGEST_INVALID"}]}', MismatchError),
        (500, b"<html>", RegistryError),
    ],
)
def test_errors_have_kinds(status: int, body: bytes, kind: type[Exception]) -> None:
    error = refusal("PUT", URL, status, body)
    assert isinstance(error, kind)
    assert isinstance(error, RegistryError)
    assert error.status == status


def test_errors_show_no_secrets_and_no_control_characters() -> None:
    body = b'{"errors":[{"code":"X","message":"a\\u001b[31m\\nb"}]}'
    text = f"{refusal('GET', URL, 400, body)!r}"
    for secret in ("s3cret", "s1gned", "\x1b", "ann"):
        assert secret not in text


def test_long_complaints_are_cut() -> None:
    body = msgspec.json.encode({"errors": [{"code": "X", "message": "y" * 5000}]})
    assert len(str(refusal("GET", URL, 400, body))) < 1000
