import os
from pathlib import Path

import pytest

from infra.cli.artifact.whole_files import whole_file, write_whole


def test_a_file_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_whole(path, b"old")
    with pytest.raises(OSError, match="No space left") as caught, whole_file(path) as file:
        file.write(b"new")
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "f")
    write_whole(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "f").read_bytes() == b"x"
    write_whole(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()
