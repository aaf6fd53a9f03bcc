import os
import threading
from pathlib import Path

import pytest

from infra.oci.archives import pack_folder
from infra.oci.errors import OciError, UnsupportedError
from infra.oci.files import FileSource
from infra.oci.target import read_all


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/tty"])
def test_what_has_no_end_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with FileSource() as source, pytest.raises(OciError):
        source.add("x", tmp_path / name)


def test_the_empty_file_of_the_system_is_a_file() -> None:
    with FileSource() as source:
        assert read_all(source, source.add_config(Path(os.devnull), "application/vnd.empty")) == b""


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).write_bytes(b"x")
    with FileSource() as source, pytest.raises(OciError, match="UTF-8"):
        source.add(name, tmp_path / name)


def test_a_pipe_in_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path.with_suffix(".tar")).open("wb") as file, pytest.raises(UnsupportedError, match="pipe"):
        pack_folder(tmp_path, "d", file)


def test_a_file_in_a_folder_that_shrinks_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(bytes(10_000))
    opened = Path.open

    def shrink(path: Path, mode: str) -> object:
        os.truncate(path, 10)
        return opened(path, mode)

    monkeypatch.setattr(Path, "open", shrink)
    with open(tmp_path.with_suffix(".tar"), "wb") as file, pytest.raises(OciError, match="unexpected end"):  # noqa: PTH123
        pack_folder(tmp_path, "d", file)


def test_threads_read_one_file_each_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(os.urandom(200_000))
    with FileSource() as source:
        one, read = source.add("f", tmp_path / "f"), list[bytes]()
        threads = [threading.Thread(target=lambda: read.append(read_all(source, one))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read == [(tmp_path / "f").read_bytes()] * 4
