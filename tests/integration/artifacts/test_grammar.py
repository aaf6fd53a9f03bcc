"""The grammar is that of oras: every flag that it has is known here, with the same shorthand."""

import re

import pytest

from tests.integration.artifacts.sides import Both

pytestmark = pytest.mark.registry

VERBS = """attach, backup, blob delete, blob fetch, blob push, cp, discover, login, logout, manifest delete,
manifest fetch, manifest fetch-config, manifest index create, manifest index update, manifest push, pull, push, repo ls,
repo tags, resolve, restore, tag, version"""
FLAG = re.compile(r"^  (?:-(\w), |    )--([a-z-]+)", re.MULTILINE)
GONE = {("o", "output")}
"""Deprecated in discover: still taken, not shown."""


@pytest.mark.parametrize("verb", [verb.strip() for verb in VERBS.split(",")])
def test_every_flag_of_oras_is_known(both: Both, verb: str) -> None:
    theirs, ours = both.run(*verb.split(), "--help")
    assert (theirs.code, ours.code) == (0, 0)
    missing = set(FLAG.findall(theirs.out)) - set(FLAG.findall(ours.out))
    assert missing <= (GONE if verb == "discover" else set())


@pytest.mark.parametrize(
    "words",
    [
        ("push",),
        ("push", "{repo}:v1", "--nope"),
        ("push", "{repo}:v1", "-Z"),
        ("push", "{repo}:v1", "--output"),
        ("push", "{repo}:v1", "--concurrency", "many", "x"),
        ("push", "{repo}:v1", "-d=perhaps", "x"),
        ("push", "{repo}:v1", "no-such-file"),
        ("push", "{repo}:v1", "/etc/hostname"),
        ("push", "{repo}:v1", "-a", "x", "hi.txt"),
        ("push", "{repo}:v1", "-a", "x=1", "-a", "x=2", "hi.txt"),
        ("push", "{repo}:v1", "--annotation-file", "no-such-file", "hi.txt"),
        ("push", "{repo}:v1", "-u", "me", "--identity-token", "x", "hi.txt"),
        ("push", "{repo}:v1", "--cert-file", "x", "hi.txt"),
        ("push", "{repo}:v1", "-H", "nothing", "hi.txt"),
        ("push", "{repo}:v1", "--oci-layout", "--oci-layout-path", "x", "hi.txt"),
        ("push", "{repo}:v1", "--format", "xml", "hi.txt"),
        ("push", "{repo}:v1", "--template", "x", "hi.txt"),
        ("push", "{repo}:v1", "--config", "hi.txt", "--artifact-platform", "linux/amd64"),
        ("push", "{repo}:v1", "--config", "hi.txt", "--image-spec", "v1.1"),
        ("push", "{repo}:v1", "--config", "hi.txt", "--image-spec", "v1.0", "--artifact-type", "a/b"),
        ("push", "{repo}:v1", "--image-spec", "v9"),
        ("push", "{repo}:v1,", "hi.txt"),
        ("push", "{repo}:v1,a b", "hi.txt"),
        ("push", "Wrong", "hi.txt"),
        ("attach", "{repo}:v1"),
        ("attach", "{repo}", "--artifact-type", "a/b", "hi.txt"),
        ("attach", "{repo}:v1", "--distribution-spec", "v9"),
        ("pull", "{repo}"),
        ("pull", "{repo}:nope"),
        ("resolve", "{repo}:nope"),
        ("resolve", "wrong"),
        ("resolve", "{repo}:nope", "--platform", "a/b/c/d"),
        ("discover", "{repo}:nope"),
        ("discover", "{repo}:v1", "--depth", "0"),
        ("discover", "{repo}:v1", "--format", "text"),
        ("discover", "{repo}:v1", "--format", "json", "-o", "json"),
        ("cp", "{repo}:v1"),
        ("cp", "{repo}", "{repo}2"),
        ("cp", "{repo}:nope", "{repo}2:v1"),
        ("cp", "{repo}:v1", "{repo}2:v1", "--platform", "linux/amd64,"),
        ("tag", "{repo}:v1"),
        ("tag", "list", "{repo}"),
        ("tag", "{repo}:nope", "x"),
        ("backup", "{repo}:v1"),
        ("backup", "-o", "x", "{repo}@sha256:" + "0" * 64),
        ("backup", "-o", "x", "{repo}:nope"),
        ("restore", "{repo}:v1"),
        ("restore", "--input", "no-such-file", "{repo}:v1"),
        ("restore", "--input", "hi.txt", "{repo}:v1"),
        ("manifest", "fetch", "{repo}"),
        ("manifest", "fetch", "--format", "json", "--pretty", "{repo}:v1"),
        ("manifest", "fetch", "--output", "-", "--descriptor", "{repo}:v1"),
        ("manifest", "fetch", "--oci-layout", "--media-type", "a/b", "x:v1"),
        ("manifest", "push", "{repo}:v1", "no-such-file"),
        ("manifest", "push", "{repo}:v1", "hi.txt"),
        ("manifest", "delete", "{repo}"),
        ("manifest", "delete", "--descriptor", "{repo}:v1"),
        ("manifest", "delete", "{repo}:nope"),
        ("manifest", "index", "create", "{repo}:v1", "nope"),
        ("manifest", "index", "create", "{repo}:v1", "--artifact-type", "wrong"),
        ("manifest", "index", "update", "{repo}:v1", "--remove", "nope"),
        ("manifest", "index", "update", "{repo}:v1", "--tag", "x", "--output", "y"),
        ("blob", "fetch", "{repo}@sha256:" + "0" * 64),
        ("blob", "fetch", "-o", "-", "{repo}"),
        ("blob", "fetch", "-o", "-", "{repo}@sha256:" + "0" * 64),
        ("blob", "push", "{repo}", "-"),
        ("blob", "push", "{repo}", "-", "--size", "3"),
        ("blob", "delete", "{repo}@sha256:" + "0" * 64),
        ("repo", "tags"),
        ("repo", "ls", "{repo}:v1"),
        ("login",),
        ("logout",),
    ],
    ids=" ".join,
)
def test_what_oras_refuses_is_refused(both: Both, words: tuple[str, ...]) -> None:
    both.write("hi.txt", "hello\n")
    error = both.both_refuse(*words)
    assert error.err.rstrip().count("\n") < 8


def test_words_that_are_no_command(both: Both) -> None:
    for words in (("pussh",), ("nothing",)):
        assert "unknown command" in both.both_refuse(*words).err


def test_flags_stand_anywhere_and_in_groups(both: Both) -> None:
    both.write("hi.txt", "hello\n")
    created = "org.opencontainers.image.created=2026-01-01T00:00:00Z"
    both.same("push", f"-a{created}", "{repo}:v1", "--format=json", "--", "hi.txt")
    both.same("resolve", "{repo}:v1", "-lv")
    both.same("pull", "-kvo", "out", "{repo}:v1")
    both.same("digest", "{repo}:v1", "--full-reference=false")
