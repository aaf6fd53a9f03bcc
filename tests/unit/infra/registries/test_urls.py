import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.registries.urls import (
    MalformedUrlError,
    Origin,
    follow,
    parse_url,
    redact_query,
    registry_origin,
    with_query,
)


@given(st.text(max_size=60))
def test_anything_is_a_url_or_an_error(text: str) -> None:
    for each in (text, f"http://h{text}", f"https://h/{text}"):
        try:
            url = parse_url(each)
        except MalformedUrlError:
            continue
        assert url.target.startswith("/") or url.target[:1] in "/?"
        assert not any(char in url.target for char in " \r\n\t\x00")
        assert url.target.isascii()


@given(st.text(max_size=30))
def test_a_location_is_followed_or_an_error(location: str) -> None:
    with contextlib.suppress(MalformedUrlError):
        follow(parse_url("https://a.example/v2/"), location)


@pytest.mark.parametrize(
    ("registry", "plain", "origin"),
    [
        ("localhost:5000", None, "http://localhost:5000"),
        ("localhost", None, "http://localhost"),
        ("localhost:5000", False, "https://localhost:5000"),
        ("127.0.0.1:5000", None, "https://127.0.0.1:5000"),
        ("Registry.Example", None, "https://registry.example"),
        ("registry.example", True, "http://registry.example"),
        ("[::1]:5000", True, "http://[::1]:5000"),
        ("docker.io", None, "https://registry-1.docker.io"),
    ],
)
def test_a_registry_has_an_origin(registry: str, plain: bool | None, origin: str) -> None:
    assert str(registry_origin(registry, plain)) == origin


def test_default_ports_are_the_same_origin() -> None:
    assert parse_url("https://A.example:443/x").origin == parse_url("https://a.example/y").origin
    assert parse_url("http://a.example/x").origin != parse_url("https://a.example/x").origin


def test_tls_is_kept_on_the_same_host_and_not_elsewhere() -> None:
    here = parse_url("https://a.example:5000/v2/")
    assert follow(here, "http://a.example/up").origin == Origin("https", "a.example", 5000)
    assert follow(here, "http://b.example/up").origin == Origin("http", "b.example", 80)


def test_a_query_is_added_and_what_is_there_stays() -> None:
    url = parse_url("http://a/up?_state=x%2By%3D")
    assert with_query(url, digest="sha256:00").target == "/up?_state=x%2By%3D&digest=sha256:00"
    assert str(with_query(url, digest="sha256:00")) == "http://a/up?_state=REDACTED&digest=REDACTED"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("a=1&b=", "a=REDACTED&b=REDACTED"),
        ("s3cret", "REDACTED"),
        ("a=s3cret&s3cret", "a=REDACTED&REDACTED"),
        ("&", ""),
    ],
)
def test_of_a_query_only_names_are_shown(query: str, shown: str) -> None:
    assert redact_query(query) == shown


@given(st.text(st.sampled_from("ab=&;%2"), max_size=20))
def test_values_of_a_query_are_never_shown(query: str) -> None:
    assert "s3cret" not in redact_query(f"{query}&sig=s3cret&{query}")
