"""What single words of a command line mean: files, platforms, annotations, references, formats, sizes."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.artifact.annotations import FILE_FLAG, FLAG, annotations_of
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.file_references import parse_file_reference
from infra.cli.artifact.flags import parse
from infra.cli.artifact.formats import Format, described, encode_nested, format_flags, parse_format, prettified
from infra.cli.artifact.platforms import parse_platform
from infra.cli.artifact.remote_flags import remote_options
from infra.cli.artifact.repository_tags import parse_repository_tags
from infra.cli.artifact.sizes import duration, size
from infra.cli.artifact.targets import Place, check_tags, parse_place, split_tags, target_flags
from infra.oci.descriptors import Descriptor, Platform

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hi.txt", ("hi.txt", "none")),
        ("hi.txt:text/plain", ("hi.txt", "text/plain")),
        ("hi:txt:", ("hi:txt", "")),
        ("a:b:c/d", ("a:b", "c/d")),
    ],
)
def test_the_type_of_a_file_follows_the_last_colon(text: str, wanted: tuple[str, str]) -> None:
    assert parse_file_reference(text, "none") == wanted


@pytest.mark.parametrize("text", ["", ":text/plain"])
def test_a_file_has_a_name(text: str) -> None:
    with pytest.raises(ArtifactError, match="found empty file path"):
        parse_file_reference(text)


@given(st.text(min_size=1), st.text(alphabet="abc/+-."))
def test_a_colon_at_the_end_protects_those_in_the_name(path: str, kind: str) -> None:
    assert parse_file_reference(f"{path}:{kind}") == (path, kind)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/amd64", Platform("amd64", "linux")),
        ("linux/arm/v7", Platform("arm", "linux", variant="v7")),
        ("windows/amd64:10.0.1", Platform("amd64", "windows", "10.0.1")),
    ],
)
def test_platforms(text: str, wanted: Platform) -> None:
    assert parse_platform(text) == wanted


def test_the_machine_is_that_of_this_one_unless_it_is_said() -> None:
    assert parse_platform("linux").architecture in ("amd64", "arm64", os.uname().machine)


@pytest.mark.parametrize("text", ["a/b/c/d", "/amd64", "linux/"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="platform"):
        parse_platform(text)


def test_annotations_of_flags_may_have_equals_signs() -> None:
    flags, _ = parse((FLAG, FILE_FLAG), ("-a", "x=1=2", "-a", "y="))
    assert annotations_of(flags) == {"$manifest": {"x": "1=2", "y": ""}}


def test_annotations_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"$config": {"a": "b"}, "hi.txt": {"c": "d"}}')
    flags, _ = parse((FLAG, FILE_FLAG), ("--annotation-file", str(tmp_path / "notes.json")))
    assert annotations_of(flags) == {"$config": {"a": "b"}, "hi.txt": {"c": "d"}}


@pytest.mark.parametrize("words", [("-a", "x"), ("-a", "x=1", "-a", "x=2"), ("-a", "x=1", "--annotation-file", "f")])
def test_annotations_that_are_none_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ArtifactError, match="annotation"):
        annotations_of(parse((FLAG, FILE_FLAG), words)[0])


def place(*words: str) -> Place:
    flags, positional = parse(target_flags(), words)
    return parse_place(flags, positional[0])


@pytest.mark.parametrize(
    ("words", "kind", "path", "reference"),
    [
        (("localhost:5000/a/b:v1",), "registry", "localhost:5000/a/b", "v1"),
        ((f"localhost:5000/a@{DIGEST}",), "registry", "localhost:5000/a", DIGEST),
        (("example.com/a",), "registry", "example.com/a", ""),
        (("--oci-layout", "dir/x:v1"), "oci-layout", "dir/x", "v1"),
        (("--oci-layout", f"dir@{DIGEST}"), "oci-layout", "dir", DIGEST),
        (("--oci-layout", "C:/x:v1"), "oci-layout", "C:/x", "v1"),
        (("--oci-layout-path", "dir", "example.com/a:v1"), "oci-layout", "dir", "example.com/a:v1"),
    ],
)
def test_references(words: tuple[str, ...], kind: str, path: str, reference: str) -> None:
    found = place(*words)
    assert (found.kind, found.path, found.reference) == (kind, path, reference)
    assert str(found) == f"[{kind}] {found.raw}"


@pytest.mark.parametrize("text", ["a", "localhost:5000/A:v1", "localhost:5000/a:v 1", "localhost:5000/a@sha256:1"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="invalid reference") as caught:
        place(text)
    assert "<registry>/<repo>[:tag|@digest]" in caught.value.recommendation


@pytest.mark.parametrize(
    "words",
    [
        ("--oci-layout", "--oci-layout-path", "x", "y"),
        ("--oci-layout", "-H", "A: b", "y"),
        ("-u", "me", "--identity-token", "x", "localhost/a"),
        ("-p", "x", "--password-stdin", "localhost/a"),
        ("--cert-file", "x", "localhost/a"),
        ("-H", "no header", "localhost/a"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ArtifactError):
        place(*words)


def test_flags_become_options() -> None:
    words = (
        "-u",
        "me",
        "-psecret",
        "--plain-http=false",
        "-H",
        "A: b",
        "--resolve",
        "x:1:127.0.0.1",
        "--registry-config",
        "c",
    )
    options = remote_options(parse(target_flags(), words)[0])
    assert options.credential is not None
    assert (options.credential.username, options.credential.password) == ("me", "secret")
    assert (options.plain_http, options.headers, options.resolve) == (False, ("A: b",), ("x:1:127.0.0.1",))
    assert options.registry_configs == (Path("c"),)


def test_tags_follow_each_other_after_commas() -> None:
    assert split_tags("localhost/a:v1,v2,v3") == ("localhost/a:v1", ("v2", "v3"))
    check_tags(("v2", "v3"))
    for wrong in ("", "a b", ".x"):
        with pytest.raises(ArtifactError, match="extra tag"):
            check_tags((wrong,))


def test_repositories_with_tags() -> None:
    flags = parse(target_flags(), ())[0]
    assert parse_repository_tags(flags, "localhost:1/a:v1,v2") == ("localhost:1/a", ("v1", "v2"))
    assert parse_repository_tags(flags, "localhost:1/a") == ("localhost:1/a", ())
    for wrong in (f"localhost:1/a@{DIGEST}", "localhost:1/a,v2", "a"):
        with pytest.raises(ArtifactError):
            parse_repository_tags(flags, wrong)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), Format("text")),
        (("--format", "json"), Format("json")),
        (("--format", "go-template={{.a}}"), Format("go-template", "{{.a}}")),
        (("--format", "go-template", "--template", "x"), Format("go-template", "x")),
    ],
)
def test_formats(words: tuple[str, ...], wanted: Format) -> None:
    assert parse_format(parse(format_flags(), words)[0]) == wanted


@pytest.mark.parametrize("words", [("--format", "xml"), ("--format", "go-template"), ("--template", "x")])
def test_what_is_no_format_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ArtifactError):
        parse_format(parse(format_flags(), words)[0])


def test_json_keeps_its_order_but_that_of_annotations() -> None:
    one = Descriptor("a/b", DIGEST, 3, annotations={"z": "<", "a": "1"}, artifact_type="c/d")
    data = encode_nested({**described("x", one), "referrers": [{"z": 1, "a": []}]}).decode()
    assert data == (
        f'{{"reference":"x@{DIGEST}","mediaType":"a/b","digest":"{DIGEST}","size":3,'
        '"annotations":{"a":"1","z":"\\u003c"},"artifactType":"c/d","referrers":[{"z":1,"a":[]}]}'
    )


def test_json_is_indented_by_two() -> None:
    assert prettified(b'{"a":[1,{}],"b":[]}') == b'{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}\n'
    with pytest.raises(ArtifactError, match="failed to prettify"):
        prettified(b"{")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0  B"), (1023, "1023  B"), (1024, "1 KB"), (20480, "20 KB"), (1 << 20, "1 MB"), (1_300_000, "1.24 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.000_5, "500µs"), (0.25, "250ms"), (3.4, "3s"), (75.0, "1m15s"), (3700.0, "1h1m40s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
