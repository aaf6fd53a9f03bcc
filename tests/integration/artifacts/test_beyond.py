"""What oras has not: tags that are removed, differences, signatures that are verified, and JSON of everything."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.artifacts.sides import CREATED, Side, ours
from tests.registries import Running

pytestmark = pytest.mark.registry
DATED = ("-a", CREATED)


@pytest.fixture
def side(registry: Running, tmp_path: Path) -> Side:
    one = ours(tmp_path, f"{registry.host}/{tmp_path.name.lower().replace('_', '-')}")
    one.write("hi.txt", "hello\n")
    one.write("bye.txt", "bye\n")
    assert one.run("push", *DATED, "{repo}:v1,v2", "hi.txt").code == 0
    assert one.run("push", *DATED, "-a", "team=blue", "{repo}:v3", "hi.txt", "bye.txt").code == 0
    return one


@pytest.mark.parametrize("layout", [False, True])
def test_tags_are_removed_and_nothing_else(side: Side, layout: bool) -> None:
    where, place = ((), "{repo}") if not layout else (("--oci-layout",), "layout")
    if layout:
        assert side.run("push", *DATED, *where, "layout:v1,v2", "hi.txt").code == 0
    digest = side.run("resolve", *where, f"{place}:v1").out.strip()
    assert side.run("tag", "--remove", *where, f"{place}:v1").out.startswith("Untagged [")
    assert side.run("resolve", *where, f"{place}:v1").code == 1
    assert side.run("resolve", *where, f"{place}:v2").out.strip() == digest
    assert side.run("tag", "--remove", *where, f"{place}:nope").code == 1
    removed = side.run("tag", "--remove", *where, f"{place}@{digest}", "v2", "--format", "json").json["removed"]
    assert [one["digest"] for one in removed] == [digest]
    assert side.run("resolve", *where, f"{place}@{digest}").code == 0


def test_differences(side: Side) -> None:
    assert side.run("diff", "{repo}:v1", "{repo}:v2").out.startswith("No difference")
    lines = side.run("diff", "{repo}:v1", "{repo}:v3").out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["+ annotation team", "+ layer bye.txt"]
    found = side.run("diff", "--format", "json", "{repo}:v3", "{repo}:v1").json
    assert not found["same"]
    assert found["differences"][0] == {"part": "annotation", "name": "team", "before": "blue"}
    assert side.run("cp", "{repo}:v1", "--to-oci-layout", "layout:v1").code == 0
    assert side.run("diff", "{repo}:v1", "--to-oci-layout", "layout:v1", "--format", "json").json["same"]


def test_signatures_are_verified(side: Side) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = ec.generate_private_key(ec.SECP256R1())
    for name, one in (("key.pub", key), ("other.pub", other)):
        pem = one.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        side.write(name, pem.decode())
    assert "it has no signature" in side.run("verify", "--key", "key.pub", "{repo}:v1").err
    _sign(side, key)
    done = side.run("verify", "--key", "key.pub", "{repo}:v1")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()] == ["Good", "Verified", "Digest:"]
    assert side.run("verify", "--key", "key.pub", "--format", "json", "{repo}:v1").json["verified"] is True
    refused = side.run("verify", "--key", "other.pub", "{repo}:v1")
    assert (refused.code, "not verified" in refused.err) == (1, True)
    assert side.run("verify", "--key", "hi.txt", "{repo}:v1").code == 1
    assert side.run("verify", "{repo}:v1").code == 1


def _sign(side: Side, key: ec.EllipticCurvePrivateKey) -> None:
    """Sign as cosign does: a payload with the digest, its signature in an annotation, under a tag of the digest."""
    digest = side.run("resolve", "{repo}:v1").out.strip()
    critical = {"identity": {}, "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}
    payload = json.dumps({"critical": critical, "optional": None})
    signature = base64.b64encode(key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    side.write("payload.json", payload)
    side.write("notes.json", json.dumps({"payload.json": {"dev.cosignproject.cosign/signature": signature}}))
    tag = digest.replace(":", "-") + ".sig"
    kind = "application/vnd.dev.cosign.simplesigning.v1+json"
    done = side.run("push", "--annotation-file", "notes.json", "{repo}:" + tag, f"payload.json:{kind}")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("resolve", "{repo}:v1"), {"reference", "mediaType", "digest", "size"}),
        (("tag", "{repo}:v1", "x"), {"reference", "mediaType", "digest", "size", "referenceAsTags"}),
        (
            ("cp", "{repo}:v1", "{repo}2:v1,x"),
            {"reference", "mediaType", "digest", "size", "source", "referenceAsTags"},
        ),
        (("backup", "-o", "saved", "{repo}:v1"), {"repository", "output", "tags"}),
        (("blob", "push", "{repo}", "hi.txt"), {"reference", "mediaType", "digest", "size"}),
        (("manifest", "delete", "-f", "{repo}:v3"), {"reference", "mediaType", "digest", "size"}),
        (("manifest", "delete", "-f", "{repo}:nope"), {"missing"}),
        (
            ("manifest", "index", "create", "{repo}:i", "v1"),
            {"reference", "mediaType", "digest", "size", "referenceAsTags"},
        ),
        (("version",), {"version", "python", "platform"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_verb_can_say_it_in_json(side: Side, words: tuple[str, ...], keys: set[str]) -> None:
    done = side.run(*words, "--format", "json")
    assert done.code == 0, done.err
    assert set(done.json) == keys


def test_backups_in_json(side: Side) -> None:
    saved = side.run("backup", "-o", "saved.tar", "{repo}:v1", "--format", "json").json
    restored = side.run("restore", "--input", "saved.tar", "{repo}9", "--format", "json").json
    assert restored["tags"] == saved["tags"]


def test_a_template_for_any_verb(side: Side) -> None:
    assert side.run("resolve", "{repo}:v1", "--format", "go-template={{.digest | trunc 7}}").out == "sha256:"


def test_debugging_shows_requests_on_stderr(side: Side) -> None:
    done = side.run("resolve", "-d", "{repo}:v1")
    assert done.out.startswith("sha256:")
    assert "HEAD" in done.err


def test_short_names_and_mirrors(side: Side) -> None:
    registry, _, path = side.repository.partition("/")
    side.write(
        "registries.conf",
        f"""[aliases]
hello = "{registry}/{path}"

[[registry]]
location = "example.invalid/team"
insecure = true

[[registry.mirror]]
location = "{registry}/{path}"
insecure = true
""",
    )
    conf = ("--registries-conf", "registries.conf")
    digest = side.run("resolve", "{repo}:v1").out
    for name in ("hello:v1", "example.invalid/team:v1"):
        done = side.run("resolve", *conf, name)
        assert (done.code, done.out) == (0, digest), done.err
    assert side.run("pull", *conf, "hello:v1", "-o", "short").code == 0
    assert side.run("backup", *conf, "-o", "saved", "hello:v1,v2").code == 0
    assert side.run("resolve", "hello:v1").code == 1
