"""What the verbs do and print, beside oras."""

import json
from pathlib import Path

import pytest

from tests.integration.artifacts.sides import CREATED, Both
from tests.registries import Running

pytestmark = pytest.mark.registry

DATED = ("-a", CREATED)
HELLO = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [],
        "annotations": {"a": "<b>&"},
    }
)


@pytest.fixture
def files(both: Both) -> Both:
    both.write("hi.txt", "hello\n")
    both.write("again.txt", "hello\n")
    both.write("bye.txt", "bye\n")
    both.write("with:colon.txt", "x")
    both.write("config.json", "{}")
    both.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}')
    both.write("manifest.json", MANIFEST)
    return both


@pytest.mark.parametrize(
    "words",
    [
        ("{repo}:v1", "hi.txt", "bye.txt:text/plain"),
        ("{repo}:v1,v2,v3", "--artifact-type", "application/vnd.x", "hi.txt"),
        ("{repo}", "hi.txt"),
        ("{repo}:v1",),
        ("{repo}:v1", "with:colon.txt:"),
        ("{repo}:v1", "hi.txt", "again.txt"),
        ("{repo}:v1", "--config", "config.json:application/vnd.cfg", "hi.txt"),
        ("{repo}:v1", "--config", "config.json:application/vnd.cfg", "--artifact-type", "a/b", "hi.txt"),
        ("{repo}:v1", "--artifact-platform", "linux/arm/v7", "hi.txt"),
        ("{repo}:v1", "--image-spec", "v1.0", "hi.txt"),
        ("{repo}:v1", "--image-spec", "v1.0", "--artifact-type", "a/b", "hi.txt"),
        ("{repo}:v1", "--disable-path-validation", "/etc/hostname"),
        ("{repo}:v1", "-v=false", "--concurrency", "1", "hi.txt"),
        ("{repo}:v1", "--format", "json", "hi.txt"),
        ("{repo}", "--format", "json", "hi.txt"),
        ("{repo}:c,a,b", "--format", "json", "hi.txt"),
        ("{repo}:c,a", "--format", "go-template={{.digest}} {{range .referenceAsTags}}{{.}},{{end}}", "hi.txt"),
        ("--oci-layout", "layout:v1,v2", "hi.txt"),
        ("--oci-layout-path", "layout", "example.com/a:v1", "hi.txt"),
    ],
    ids=" ".join,
)
def test_push(files: Both, words: tuple[str, ...]) -> None:
    # Which of two names of the same content is sent first is by chance.
    but = ("hi.txt", "again.txt") if "again.txt" in words else ()
    files.same("push", *DATED, *words, but=but)
    files.same("push", *DATED, *words, but=but)


def test_what_one_pushes_the_other_pulls(files: Both) -> None:
    for side in (files.theirs, files.ours):
        (side.folder / "tree" / "deep").mkdir(parents=True)
        (side.folder / "tree" / "deep" / "a.txt").write_text("a")
        assert side.run("push", "{repo}:v1", "hi.txt", "tree").code == 0
    theirs = files.ours.run("pull", files.theirs.repository + ":v1", "-o", "got")
    ours = files.theirs.run("pull", files.ours.repository + ":v1", "-o", "got")
    assert (theirs.code, ours.code) == (0, 0), (theirs.err, ours.err)
    for side in (files.theirs, files.ours):
        assert (side.folder / "got" / "hi.txt").read_text() == "hello\n"
        assert (side.folder / "got" / "tree" / "deep" / "a.txt").read_text() == "a"


def test_annotations_of_files_config_and_manifest(files: Both) -> None:
    notes = {
        "$manifest": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z", "team": "<blue>"},
        "$config": {"c": "d"},
        "hi.txt": {"e": "f", "org.opencontainers.image.title": "other.txt"},
    }
    files.write("notes.json", json.dumps(notes))
    files.same("push", "--annotation-file", "notes.json", "{repo}:v1", "hi.txt", "bye.txt")
    files.same_to_the_letter("manifest", "fetch", "{repo}:v1")
    files.same("pull", "-o", "got", "{repo}:v1")
    assert (files.ours.folder / "got" / "other.txt").exists()


def test_the_manifest_is_exported(files: Both) -> None:
    files.same("push", *DATED, "--export-manifest", "out.json", "{repo}:v1", "hi.txt")
    assert (files.ours.folder / "out.json").read_bytes() == (files.theirs.folder / "out.json").read_bytes()


def test_pull(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt", "again.txt", "bye.txt:text/plain")
    files.same("push", *DATED, "{repo}:cfg", "--config", "config.json:application/vnd.cfg", "hi.txt")
    files.same("push", *DATED, "{repo}:none")
    # Which of two names of the same content is written first is by chance.
    files.same("pull", "{repo}:v1", "-o", "a", but=("hi.txt", "again.txt"))
    assert sorted(path.name for path in (files.ours.folder / "a").iterdir()) == ["again.txt", "bye.txt", "hi.txt"]
    files.same("pull", "{repo}:cfg", "-o", "b")
    files.same("pull", "{repo}:cfg", "-o", "c", "--config", "c.json")
    files.same("pull", "{repo}:cfg", "-o", "d", "--format", "json")
    files.same("pull", "{repo}:none", "-o", "e")
    files.same("pull", "{repo}:cfg", "-o", "f", "--format", "go-template={{range .files}}{{println .path}}{{end}}")
    theirs, ours = files.run("pull", "--keep-old-files", "{repo}:v1", "-o", "a")
    assert (theirs.code, ours.code) == (1, 1)


def test_nothing_is_written_outside_of_the_folder(files: Both) -> None:
    files.same("push", *DATED, "--disable-path-validation", "{repo}:v1", "/etc/hostname")
    theirs, ours = files.run("pull", "{repo}:v1", "-o", "a")
    assert (theirs.code, ours.code) == (1, 1)
    assert "--allow-path-traversal" in ours.err


def test_attach_and_discover(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt")
    files.same("attach", *DATED, "--artifact-type", "application/spdx+json", "{repo}:v1", "sbom.json")
    files.same(
        "attach", *DATED, "--artifact-type", "a/b", "--format", "json", "{repo}:v1", "sbom.json:application/json"
    )
    files.same("attach", *DATED, "--artifact-type", "note/x", "{repo}:v1")
    for form in ("tree", "table", "go-template={{range .referrers}}{{.artifactType}},{{end}}"):
        files.same_to_the_letter("discover", "--format", form, "{repo}:v1")
    files.same_to_the_letter("discover", "-o", "table", "{repo}:v1")
    files.same_to_the_letter("discover", "-v=false", "{repo}:v1")
    files.same_to_the_letter("discover", "--artifact-type", "a/b", "{repo}:v1")
    files.same_to_the_letter("discover", "--depth", "1", "{repo}:v1")
    files.same("discover", "--format", "json", "{repo}:v1", but=('"kind"',))
    kinds = [one["kind"] for one in files.ours.run("discover", "--format", "json", "{repo}:v1").json["referrers"]]
    assert kinds == ["sbom", "artifact", "artifact"]
    assert "sbom" in files.ours.run("discover", "--format", "wide", "{repo}:v1").out


def test_referrers_of_referrers(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt")
    sbom = files.same("attach", *DATED, "--artifact-type", "a/b", "{repo}:v1", "sbom.json", "--format", "json").json[
        "digest"
    ]
    files.same("attach", *DATED, "--artifact-type", "sig/x", "{repo}@" + sbom, "sbom.json")
    files.same_to_the_letter("discover", "{repo}:v1")
    files.same_to_the_letter("discover", "--depth", "1", "{repo}:v1")
    # They take the subject for a layer without a name, and say that it was skipped.
    files.same("pull", "--include-subject", "-o", "all", "{repo}@" + sbom, but=("Skipped", "Use '", "Pulled", "Digest"))
    assert sorted(path.name for path in (files.ours.folder / "all").iterdir()) == ["hi.txt", "sbom.json"]


def test_annotations_in_trees(files: Both) -> None:
    said = ("plain", "a: b", "yes", "123", "", " x", "two\nlines", "2026-01-01", "- x", "~", "'q'", "a #b", "😀")
    for number, text in enumerate(said):
        files.same("push", *DATED, "{repo}:v1", "hi.txt")
        files.same("attach", *DATED, "-a", f"key={text}", "--artifact-type", f"a/b{number}", "{repo}:v1")
    theirs, ours = files.run("discover", "{repo}:v1")
    # They show annotations in any order, which changes what stands before them.
    assert sorted(line.lstrip("│├└─ ") for line in ours.lines) == sorted(line.lstrip("│├└─ ") for line in theirs.lines)


def test_manifests(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt")
    for _ in range(2):
        files.same_to_the_letter("manifest", "push", "{repo}:m", "manifest.json")
    files.same("manifest", "push", "{repo}:m1,m2", "manifest.json")
    files.same_to_the_letter("manifest", "push", "--descriptor", "{repo}", "-", stdin=MANIFEST)
    files.same_to_the_letter("manifest", "push", "--descriptor", "--pretty", "{repo}", "manifest.json")
    files.same_to_the_letter("manifest", "fetch", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--pretty", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--descriptor", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--format", "json", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--format", "go-template={{toPrettyJson .content}}", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--output", "-", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch", "--output", "m.json", "--descriptor", "{repo}:m")
    assert (files.ours.folder / "m.json").read_text() == MANIFEST
    files.same_to_the_letter("manifest", "fetch-config", "{repo}:m")
    files.same_to_the_letter("manifest", "fetch-config", "--descriptor", "--pretty", "{repo}:m")
    files.same_to_the_letter("manifest", "delete", "{repo}:m", stdin="n\n")
    files.same_to_the_letter("manifest", "delete", "{repo}:m", stdin="y\n")
    files.same_to_the_letter("manifest", "delete", "--force", "{repo}:m")
    files.same_to_the_letter("manifest", "delete", "--force", "--descriptor", "{repo}:v1")


def test_tags(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt")
    files.same("push", *DATED, "{repo}:w1", "bye.txt")
    files.same("tag", "{repo}:v1", "v2", "v3")
    files.same("tag", "--concurrency", "1", "{repo}:v1", "v4")
    for words in (
        (),
        ("--last", "v2"),
        ("--format", "json"),
        ("--format", "go-template={{.tags}}"),
        ("--exclude-digest-tags",),
    ):
        files.same_to_the_letter("repo", "tags", *words, "{repo}")
    files.same_to_the_letter("repo", "show-tags", "{repo}:v1")


def test_blobs(files: Both) -> None:
    for _ in range(2):
        files.same_to_the_letter("blob", "push", "{repo}", "hi.txt")
    files.same_to_the_letter("blob", "push", "--descriptor", "--media-type", "text/plain", "{repo}", "bye.txt")
    files.same_to_the_letter("blob", "push", "--size", "6", "{repo}2@" + HELLO, "-", stdin="hello\n")
    files.same_to_the_letter("blob", "fetch", "--output", "-", "{repo}@" + HELLO)
    files.same_to_the_letter("blob", "fetch", "--descriptor", "--pretty", "{repo}@" + HELLO)
    files.same_to_the_letter("blob", "fetch", "--descriptor", "--output", "out", "{repo}@" + HELLO)
    assert (files.ours.folder / "out").read_text() == "hello\n"
    files.same_to_the_letter("blob", "delete", "{repo}@" + HELLO, stdin="n\n")
    files.same_to_the_letter("blob", "delete", "{repo}@" + HELLO, stdin="yes\n")
    files.same_to_the_letter("blob", "delete", "-f", "{repo}@" + HELLO)


@pytest.fixture
def images(files: Both) -> Both:
    for platform in ("linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"):
        name = platform.replace("/", "-")
        files.same("push", *DATED, "{repo}:" + name, "--artifact-platform", platform, "hi.txt")
    files.same("push", *DATED, "{repo}:art", "--artifact-type", "application/x", "bye.txt")
    return files


def test_indexes(images: Both) -> None:
    images.same_to_the_letter("manifest", "index", "create", "{repo}:one", "linux-amd64", "linux-arm64", *DATED)
    images.same("manifest", "index", "create", "{repo}:two,x,y", "linux-arm-v7", "art", "--artifact-type", "a/b")
    images.same_to_the_letter("manifest", "index", "create", "{repo}", "art", "--output", "-", "--pretty")
    images.same_to_the_letter("manifest", "index", "create", "{repo}:empty")
    art = images.ours.run("resolve", "{repo}:art").out.strip()
    images.same_to_the_letter("manifest", "index", "update", "{repo}:two", "--remove", art)
    images.both_refuse("manifest", "index", "update", "{repo}:two", "--remove", art, "--output", "-")
    images.same_to_the_letter("manifest", "index", "update", "{repo}:two", "--add", "art", "--tag", "z")
    images.same_to_the_letter("manifest", "index", "update", "{repo}:two", "--merge", "one")
    images.same_to_the_letter("manifest", "index", "update", "{repo}:two", "--artifact-type", "")
    images.same_to_the_letter("manifest", "index", "update", "{repo}:two")
    images.same_to_the_letter("manifest", "index", "update", "{repo}:one", "--add", "art", "--output", "-")
    images.same_to_the_letter("manifest", "fetch", "{repo}:two")


def test_platforms(images: Both) -> None:
    sources = ("linux-amd64", "linux-arm64", "linux-arm-v7", "windows-amd64")
    images.same_to_the_letter("manifest", "index", "create", "{repo}:all", *sources)
    one = ("--platform", "linux/arm/v7", "{repo}:all")
    images.same_to_the_letter("resolve", *one)
    images.same_to_the_letter("manifest", "fetch", *one)
    images.same_to_the_letter("manifest", "fetch", "--descriptor", *one)
    images.same_to_the_letter("manifest", "fetch-config", *one)
    images.same("pull", "-o", "got", *one)
    images.same("pull", "-o", "all", "{repo}:all", but=("Skipped  ", "Downloading 5891", "Downloaded  5891"))
    images.both_refuse("resolve", "--platform", "darwin/amd64", "{repo}:all")
    images.same("attach", *DATED, "--artifact-type", "a/b", "--platform", "linux/amd64", "{repo}:all", "bye.txt")
    images.same_to_the_letter("discover", "--platform", "linux/amd64", "{repo}:all")
    images.same("cp", "--platform", "linux/amd64", "{repo}:all", "{repo}2:one")
    images.same("cp", "--platform", "linux/amd64,windows/amd64", "{repo}:all", "{repo}2:two")
    images.same_to_the_letter("manifest", "fetch", "{repo}2:two")
    images.same("cp", "-r", "{repo}:all", "{repo}3:all")
    images.both_refuse("cp", "--platform", "linux/amd64,darwin/amd64", "{repo}:all", "{repo}4:x")


def test_copies(files: Both, other_registry: Running) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt", "bye.txt")
    files.same("attach", *DATED, "--artifact-type", "a/b", "{repo}:v1", "sbom.json")
    for side in (files.theirs, files.ours):
        done = side.run("cp", "-r", "{repo}:v1", f"{other_registry.host}/{side.repository.partition('/')[2]}:v1,x,y")
        assert done.code == 0, done.err
    for _ in range(2):
        files.same("cp", "{repo}:v1", "{repo}2:v1")
    files.same("cp", "{repo}:v1", "{repo}3")
    files.same("cp", "-r", "{repo}:v1", "{repo}4:v1,v2")
    files.same("cp", "{repo}:v1", "--to-oci-layout", "layout:v1")
    files.same("cp", "-r", "{repo}:v1", "--to-oci-layout", "all:v1")
    files.same("cp", "-r", "--from-oci-layout", "all:v1", "{repo}5:v1")
    files.same("cp", "{repo}:v1", "--to-oci-layout-path", "named", "example.com/a:v1")
    files.same("cp", "--force", "{repo}:v1", "{repo}2:v1")
    for repository in ("{repo}4", "{repo}5"):
        files.same("discover", repository + ":v1")


def test_layouts(files: Both) -> None:
    files.same("push", *DATED, "--oci-layout", "layout:v1", "hi.txt", "bye.txt")
    files.same("tag", "--oci-layout", "layout:v1", "v2", "v3")
    files.same("push", *DATED, "--oci-layout-path", "layout", "example.com/a:v1", "hi.txt")
    files.same_to_the_letter("repo", "tags", "--oci-layout", "layout")
    files.same_to_the_letter("repo", "tags", "--oci-layout-path", "layout", "example.com/a")
    files.same_to_the_letter("resolve", "--oci-layout", "layout:v1")
    files.same_to_the_letter("resolve", "-l", "--oci-layout-path", "layout", "example.com/a:v1")
    files.same_to_the_letter("manifest", "fetch", "--oci-layout", "layout:v1")
    files.same_to_the_letter("manifest", "fetch", "--descriptor", "--oci-layout", "layout:v1")
    files.same_to_the_letter("manifest", "fetch", "--format", "json", "--oci-layout", "layout:v1")
    files.same_to_the_letter("discover", "--format", "json", "--oci-layout", "layout:v1")
    files.same_to_the_letter("blob", "fetch", "-o", "-", "--oci-layout", "layout@" + HELLO)
    files.same("pull", "--oci-layout", "layout:v1", "-o", "got")
    files.same_to_the_letter("discover", "--oci-layout", "layout:v1")
    files.same_to_the_letter("manifest", "delete", "-f", "--oci-layout", "layout:v3")
    for reader, writer in ((files.theirs, files.ours), (files.ours, files.theirs)):
        done = reader.run("pull", "--oci-layout-path", str(writer.folder / "layout"), "example.com/a:v1", "-o", "read")
        assert done.code == 0, done.err
        assert (reader.folder / "read" / "hi.txt").read_text() == "hello\n"


def test_backup_and_restore(files: Both) -> None:
    files.same("push", *DATED, "{repo}:v1,v2", "hi.txt")
    files.same("push", *DATED, "{repo}:v3", "bye.txt")
    files.same("attach", *DATED, "--artifact-type", "a/b", "{repo}:v1", "sbom.json")
    files.same("backup", "-o", "one", "--include-referrers", "{repo}:v1,v3")
    files.same("backup", "-o", "all", "{repo}")
    files.same("backup", "-o", "all.tar", "--include-referrers", "{repo}", but=("Exported", "Exists"))
    files.same("restore", "--dry-run", "--input", "one", "{repo}2")
    files.same("restore", "--input", "one", "{repo}2")
    files.same("restore", "--input", "one", "--exclude-referrers", "{repo}3:v1")
    files.same("restore", "--input", "all.tar", "{repo}4", but=("Loaded", "Exists"))
    files.same("discover", "{repo}4:v1")
    for side, other in ((files.theirs, files.ours), (files.ours, files.theirs)):
        done = side.run("restore", "--input", str(other.folder / "all.tar"), "{repo}5")
        assert done.code == 0, done.err


def test_a_cache_of_content(files: Both, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files.same("push", *DATED, "{repo}:v1", "hi.txt")
    monkeypatch.setenv("ORAS_CACHE", str(tmp_path / "cache"))
    assert files.ours.run("pull", "{repo}:v1", "-o", "a").code == 0
    assert (tmp_path / "cache" / "blobs" / "sha256" / HELLO.partition(":")[2]).exists()
    assert files.theirs.run("pull", files.ours.repository + ":v1", "-o", "a").code == 0
