from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.references import parse_reference
from infra.registries.registries_conf import (
    BlockedError,
    RegistriesConfError,
    expanded,
    parse_registries_conf,
    read_registries_conf,
    sources,
)

CONF = b"""
unqualified-search-registries = ["example.com"]
short-name-mode = "enforcing"

[[registry]]
prefix = "example.com/foo"
location = "internal.example/bar"
[[registry.mirror]]
location = "mirror-1.example/mirrors/foo"
insecure = true
[[registry.mirror]]
location = "mirror-2.example"
pull-from-mirror = "digest-only"

[[registry]]
location = "example.com"
insecure = true

[[registry]]
prefix = "*.bad.example"
blocked = true

[[registry]]
prefix = "good.bad.example"
location = "good.bad.example"

[aliases]
"fedora" = "registry.example/fedora"
"""
DIGEST = f"sha256:{'0' * 64}"


def places(text: str) -> list[str]:
    return [str(one.reference) for one in sources(parse_registries_conf(CONF), parse_reference(text))]


def test_mirrors_come_first_and_prefixes_are_rewritten() -> None:
    assert places("example.com/foo/image:v1") == [
        "mirror-1.example/mirrors/foo/image:v1",
        "mirror-2.example/image:v1",
        "internal.example/bar/image:v1",
    ]
    assert places("example.com/other:v1") == ["example.com/other:v1"]
    assert places("unknown.example/x") == ["unknown.example/x"]
    assert places("example.com/foobar:v1") == ["example.com/foobar:v1"]


def test_a_mirror_may_be_for_digests_only() -> None:
    first, second, own = sources(parse_registries_conf(CONF), parse_reference("example.com/foo/image:v1"))
    assert (first.serves(True), first.serves(False), first.insecure) == (True, True, True)
    assert (second.serves(True), second.serves(False), second.insecure) == (True, False, False)
    assert not own.insecure
    old = b'[[registry]]\nlocation="a.example"\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation="b.example"'
    assert not sources(parse_registries_conf(old), parse_reference("a.example/x:1"))[0].serves(False)


def test_what_is_blocked_is_an_error_that_names_the_rule() -> None:
    with pytest.raises(BlockedError) as caught:
        places("sub.bad.example/x:v1")
    assert "*.bad.example" in caught.value.fix
    assert places("good.bad.example/x:v1") == ["good.bad.example/x:v1"]


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("fedora", "registry.example/fedora"),
        ("fedora:40", "registry.example/fedora:40"),
        (f"fedora@{DIGEST}", f"registry.example/fedora@{DIGEST}"),
        ("unknown:40", "unknown:40"),
        ("localhost:5000/fedora:40", "localhost:5000/fedora:40"),
        ("registry.example/fedora", "registry.example/fedora"),
    ],
)
def test_short_names_are_expanded(text: str, full: str) -> None:
    assert expanded(parse_registries_conf(CONF), text) == full


@pytest.mark.parametrize(
    "text",
    [
        b"[[registry",
        b"[[registry]]\ninsecure=true",
        b'[[registry]]\nprefix="a.example"',
        b"[[registry]]\nlocation=5",
        b'[[registry]]\nlocation="a"\n[[registry.mirror]]\nlocation="b"\npull-from-mirror="never"',
        b"[registries.search]\nregistries=['a']",
        b"\xff",
    ],
)
def test_what_is_wrong_is_an_error(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "registries.conf").write_bytes(text)
    with pytest.raises(RegistriesConfError, match=r"registries\.conf"):
        read_registries_conf(tmp_path / "registries.conf")
    with pytest.raises(RegistriesConfError, match="missing"):
        read_registries_conf(tmp_path / "missing")


def test_a_rewrite_that_is_no_reference_is_an_error() -> None:
    conf = parse_registries_conf(b'[[registry]]\nprefix="a.example"\nlocation="UPPER/Case"')
    with pytest.raises(RegistriesConfError):
        sources(conf, parse_reference("a.example/x"))


@given(st.text(max_size=100), st.binary(max_size=50))
def test_any_text_is_a_conf_or_an_error(text: str, data: bytes) -> None:
    for each in (text.encode(), data, f"[[registry]]\nlocation={text!r}".encode()):
        try:
            conf = parse_registries_conf(each)
            sources(conf, parse_reference("a.example/x:1"))
        except (RegistriesConfError, BlockedError):
            pass
