"""What holds for the tree as a whole."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 600
REGISTRIES = [
    name + domain
    for name, domain in (
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("repo.maven", ".apache.org"),
        ("repo1.maven", ".org"),
        ("deb.debian", ".org"),
        ("registry.npm", "js.org"),
        ("proxy.golang", ".org"),
        ("static.crates", ".io"),
        ("index.crates", ".io"),
    )
]
"""Hosts of package registries, in halves: a lock file or a copied command must not bind the project to one."""


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    found = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in found if path.is_file()]


def test_no_file_names_the_host_of_a_package_registry() -> None:
    for path in files():
        text = path.read_bytes().decode("utf-8", "replace")
        assert not [host for host in REGISTRIES if host in text], path


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    written = [p for p in files() if p.suffix in (".py", ".c", ".h") and "types" not in p.relative_to(ROOT).parts]
    assert not {str(p): n for p in written if (n := len(p.read_text().splitlines())) > MAX_LINES}


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in files():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", path.read_text()):
            broken += [f"{path.relative_to(ROOT)} -> {target}"] * (not (path.parent / target).exists())
    assert not broken


def test_lock_files_that_record_hosts_are_not_kept() -> None:
    assert not {"uv.lock", "pylock.toml", "Pipfile.lock"} & {path.name for path in files()}
