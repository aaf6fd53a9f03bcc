import io
import tarfile
from pathlib import Path

import pytest

from infra.config import Settings
from infra.oci.errors import InvalidContentError, UnsafePathError
from infra.oci.memory import Memory
from infra.rules.configured import configured_rules, installed
from infra.rules.installing import Installed, RulesError, install, installed_rules, remove
from tests.artifacts import artifact, layer

RULE = """
- rule: {name}
  desc: Somebody opens a file of the tests.
  condition: evt.type = openat and fd.name = /deedlog-test
  output: opened by %proc.name
  priority: WARNING
"""


def rule(name: str) -> bytes:
    return RULE.format(name=name).encode()


def own(folder: Path) -> list[str]:
    settings = Settings(home=folder)
    found = configured_rules(settings)
    assert not found.errors
    return [one.name for one in found.rules if not one.place.file.startswith("built-in/")]


def put(target: Memory, home: Path, name: str, *layers) -> Installed:  # type: ignore[no-untyped-def]
    root = artifact(target, *layers)
    return install(target, root, home / "rules", name, f"r.io/{name}:v1", ())[0]


@pytest.fixture
def target() -> Memory:
    return Memory()


def test_installed_rules_are_loaded_and_replaced_and_removed(target: Memory, tmp_path: Path) -> None:
    put(target, tmp_path, "mine", layer(target, rule("First"), "a.yaml"), layer(target, b"read me", "README"))
    assert own(tmp_path) == ["First"]
    said = put(target, tmp_path, "mine", layer(target, rule("Second"), "sub/b.yml"))
    assert own(tmp_path) == ["Second"]
    put(target, tmp_path, "other", layer(target, rule("Third"), "c.yaml"))
    assert own(tmp_path) == ["Second", "Third"]
    assert [one.name for one in installed_rules(tmp_path / "rules")] == ["mine", "other"]
    assert installed_rules(tmp_path / "rules")[0] == said
    assert remove(tmp_path / "rules", "mine")
    assert not remove(tmp_path / "rules", "mine")
    assert own(tmp_path) == ["Third"]
    assert len(list((tmp_path / "rules/.store").iterdir())) == 1


def test_rules_in_an_archive_as_falcoctl_pushes_them(target: Memory, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("falco_rules.yaml")
        member.size = len(rule("Packed"))
        archive.addfile(member, io.BytesIO(rule("Packed")))
    media_type = "application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz"
    put(target, tmp_path, "falco-rules", layer(target, packed.getvalue(), "falco-rules.tar.gz", media_type))
    assert own(tmp_path) == ["Packed"]


@pytest.mark.parametrize("bad", [b"- rule: x\n  condition: nonsense\n", b"- list: l\n  items: [a]\n", b"\xff"])
def test_what_is_wrong_is_not_installed_and_what_was_there_stays(bad: bytes, target: Memory, tmp_path: Path) -> None:
    put(target, tmp_path, "mine", layer(target, rule("First"), "a.yaml"))
    with pytest.raises(RulesError, match="not installed"):
        put(target, tmp_path, "mine", layer(target, bad, "b.yaml"))
    assert own(tmp_path) == ["First"]
    assert len(list((tmp_path / "rules/.store").iterdir())) == 1


def test_rules_cannot_be_written_elsewhere(target: Memory, tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError):
        put(target, tmp_path, "mine", layer(target, rule("First"), "../../a.yaml"))
    assert installed(Settings(home=tmp_path)) == []


def test_the_same_again_changes_nothing(target: Memory, tmp_path: Path) -> None:
    one = layer(target, rule("First"), "a.yaml")
    assert put(target, tmp_path, "mine", one) == put(target, tmp_path, "mine", one)
    assert own(tmp_path) == ["First"]


def test_what_is_installed_stays_when_it_is_installed_again_beside_rules_with_errors(
    target: Memory, tmp_path: Path
) -> None:
    root = artifact(target, layer(target, rule("First"), "a.yaml"))
    install(target, root, tmp_path / "rules", "mine", "r.io/mine:v1", ())
    (tmp_path / "broken.yaml").write_text("- rule: x\n  condition: nonsense\n")
    with pytest.raises(RulesError):
        install(target, root, tmp_path / "rules", "mine", "r.io/mine:v1", (tmp_path / "broken.yaml",))
    assert own(tmp_path) == ["First"]


def test_files_that_a_person_linked_are_not_removed(target: Memory, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept.yaml").write_bytes(rule("Kept"))
        (tmp_path / "rules" / name).symlink_to(tmp_path / name)
    put(target, tmp_path, "one", layer(target, rule("First"), "a.yaml"))
    assert remove(tmp_path / "rules", "two")
    assert (tmp_path / "one/kept.yaml").exists()
    assert (tmp_path / "two/kept.yaml").exists()


def test_an_archive_of_rules_that_is_none_but_large_is_refused(target: Memory, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.yaml")
        member.size = 65 << 20
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises(InvalidContentError, match="more than 67,108,864"):
        put(target, tmp_path, "mine", layer(target, packed.getvalue(), "a.tar.gz"))
    assert not list((tmp_path / "rules").rglob("*.yaml"))
