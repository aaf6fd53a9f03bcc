"""Small parsers and rules of the client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidReferenceError
from infra.registries.debugging import SCRUBBED, SECRET_KEY, redact_url, shown_headers
from infra.registries.dialling import parse_resolve
from infra.registries.errors import MalformedReplyError, UnreachableError
from infra.registries.fallback_index import Change, merged
from infra.registries.listing import in_order
from infra.registries.notices import parse_warnings
from infra.registries.options import Credential
from infra.registries.pieces import parse_range
from infra.registries.proxies import is_exempt, proxy_for
from infra.registries.referrers import fallback_tag
from infra.registries.requests import parse_headers
from infra.registries.scopes import covers, repository_scopes
from infra.registries.scopes import merged as merged_scopes
from infra.registries.tokens import parse_answer, parse_realm
from infra.registries.urls import Origin

HTTPS = Origin("https", "registry.example", 443)
ACTIONS = st.sets(st.sampled_from(["pull", "push", "delete"]), min_size=1)
SCOPES = st.frozensets(
    st.builds(lambda name, actions: f"repository:{name}:{','.join(sorted(actions))}", st.sampled_from("ab"), ACTIONS)
)


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("a.example:443:10.0.0.1", ("10.0.0.1", 443)),
        ("A.example:443:10.0.0.1:8443", ("10.0.0.1", 8443)),
        ("a.example:443:::1", ("::1", 443)),
        ("a.example:443:[::1]:8443", ("::1", 8443)),
    ],
)
def test_resolve_says_where_a_host_is(text: str, to: tuple[str, int]) -> None:
    assert parse_resolve([text]) == {("a.example", 443): to}


@pytest.mark.parametrize(
    "text", ["", "a", "a:443", "a:x:10.0.0.1", "a:443:host", "a:0:10.0.0.1", "a:443:10.0.0.1:99999"]
)
def test_resolve_that_does_not_is_an_error(text: str) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        parse_resolve([text])
    assert "--resolve" in caught.value.fix


def test_headers_are_read_and_never_break_a_line() -> None:
    assert parse_headers(["X-A: b: c ", "Y:"]) == {"X-A": "b: c", "Y": ""}
    for text in ("no colon s3cret", "X: s3cret\r\nY: z", "a b: s3cret", ": s3cret"):
        with pytest.raises(InvalidReferenceError) as caught:
            parse_headers([text])
        assert "s3cret\r" not in f"{caught.value}"


@given(SCOPES, SCOPES)
def test_a_token_for_all_does_for_some(one: frozenset[str], other: frozenset[str]) -> None:
    both = merged_scopes(one | other)
    assert covers(both, one)
    assert covers(both, other)
    assert merged_scopes(both) == both
    assert covers(one, other) == covers(merged_scopes(one), merged_scopes(other))


def test_less_does_not_do_for_more() -> None:
    assert not covers(repository_scopes("a", "pull"), repository_scopes("a", "pull", "push"))
    assert not covers(repository_scopes("a", "pull"), repository_scopes("b", "pull"))
    assert covers({"repository:a:*"}, repository_scopes("a", "delete"))


def test_passwords_are_not_sent_without_encryption_where_the_registry_has_it() -> None:
    with pytest.raises(MalformedReplyError, match="without encryption"):
        parse_realm("http://auth.example/token", "s", HTTPS, secret=True)
    parse_realm("http://auth.example/token", "s", HTTPS, secret=False)
    parse_realm("http://auth.example/token", "s", Origin("http", "localhost", 80), secret=True)
    with pytest.raises(MalformedReplyError, match="no URL"):
        parse_realm("nonsense", "s", HTTPS, secret=False)


@given(st.binary(max_size=80))
def test_any_answer_is_a_token_or_an_error_that_shows_nothing(body: bytes) -> None:
    try:
        parse_answer(body)
    except MalformedReplyError as error:
        assert str(error) == "the token server answers something else than a token"


@given(st.text(max_size=100))
def test_any_warning_is_texts_or_none(value: str) -> None:
    for text in parse_warnings(value):
        assert text.isprintable()


def test_warnings_are_those_for_people() -> None:
    assert parse_warnings('299 - "a, \\"b\\"", 199 - "c", 299 - "d"') == ('a, "b"', "d")


@pytest.mark.parametrize(
    ("text", "count"), [("0-99", 100), ("bytes=0-99", 100), ("0-0", 0), ("", 0), ("5-9", 0), ("x", 0)]
)
def test_how_far_an_upload_came_is_read(text: str, count: int) -> None:
    assert parse_range(text) == count


@pytest.mark.parametrize(
    ("host", "no_proxy", "exempt"),
    [
        ("localhost", "", True),
        ("127.0.0.7", "", True),
        ("a.example", "", False),
        ("a.example", "example", True),
        ("a.example", ".example", True),
        ("example", ".example", True),
        ("badexample", "example", False),
        ("a.example", "x, a.example:443", True),
        ("a.example", "a.example:80", False),
        ("a.example", "*", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
    ],
)
def test_proxies_are_not_for_all(host: str, no_proxy: str, exempt: bool) -> None:
    assert is_exempt(Origin("https", host, 443), no_proxy) == exempt


def test_proxies_are_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    proxy = proxy_for(HTTPS)
    assert proxy is not None
    assert str(proxy.origin) == "http://proxy.example:3128"
    assert proxy_for(Origin("http", "registry.example", 80)) is None


def test_urls_are_shown_without_secrets() -> None:
    assert redact_url("https://ann:s3cret@a.example/b?sig=s1gned&empty=#f") == (
        "https://REDACTED@a.example/b?sig=REDACTED&empty=REDACTED"
    )
    assert redact_url("/v2/x?_state=y") == "/v2/x?_state=REDACTED"


@given(st.lists(st.text(st.sampled_from("abAB01.-"), min_size=1), unique=True))
def test_names_are_in_some_order(names: list[str]) -> None:
    ordered = in_order(names)
    assert sorted(ordered) == sorted(names)
    assert in_order(ordered) == ordered


DESCRIPTORS = st.builds(lambda number: Descriptor("a/b", f"sha256:{number:064x}", 1), st.integers(0, 9))


@given(st.lists(DESCRIPTORS), st.lists(DESCRIPTORS), st.sets(DESCRIPTORS.map(lambda one: one.digest)))
def test_an_index_of_referrers_is_merged_once(
    there: list[Descriptor], added: list[Descriptor], removed: set[str]
) -> None:
    change = Change(Descriptor("a/b", "sha256:00", 1), {one.digest: one for one in added}, removed)
    found = merged(tuple(there), change)
    digests = [one.digest for one in found]
    assert len(set(digests)) == len(digests)
    assert set(digests) == ({one.digest for one in there} - removed) | {one.digest for one in added}
    assert merged(found, Change(change.subject, change.added, removed - set(change.added))) == found


def test_the_tag_of_an_index_of_referrers_is_cut() -> None:
    assert fallback_tag(Descriptor("a/b", f"sha256:{'a' * 64}", 1)) == f"sha256-{'a' * 64}"
    assert fallback_tag(Descriptor("a/b", f"sha512:{'a' * 128}", 1)) == f"sha512-{'a' * 64}"


def test_a_credential_is_true_if_there_is_anything_in_it() -> None:
    assert not Credential()
    assert Credential(registry_token="x")


@pytest.mark.parametrize("named", ["https://ann:s3cret@p.example:8080", "socks5://p.example", "http://[x", "http://"])
def test_a_proxy_that_is_not_spoken_to_is_not_gone_past(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", named)
    with pytest.raises(UnreachableError) as caught:
        proxy_for(HTTPS)
    assert "s3cret" not in f"{caught.value} {caught.value.fix}"


@pytest.mark.parametrize(
    "name", ["x-auth-token", "x-amz-security-token", "set-cookie", "authorization", "x-api-key", "authentication-info"]
)
def test_headers_that_sound_secret_are_not_shown(name: str) -> None:
    assert "s3cret" not in shown_headers([(name, "s3cret")], SCRUBBED)
    for shown in ("docker-content-digest", "www-authenticate", "oci-subject", "etag", "link"):
        assert "seen" in shown_headers([(shown, "<seen>")], SCRUBBED)


@pytest.mark.parametrize(
    "body", ['{"token":"x"}', '{"id_token" : "x"}', '{"identity-token":1}', '{"clientSecret":1}', r'{"\u0074oken":"x"}']
)
def test_bodies_with_secrets_are_known(body: str) -> None:
    assert SECRET_KEY.search(body)
    assert not SECRET_KEY.search('{"tags":["token"],"name":"a/token"}')
