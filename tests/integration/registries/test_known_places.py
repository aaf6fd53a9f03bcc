import os
from pathlib import Path

import pytest

from infra.oci.descriptors import describe
from infra.oci.media_types import OCTETS
from infra.oci.target import push_bytes, read_all
from infra.registries.connecting import connect
from infra.registries.known_places import KnownPlaces
from infra.registries.options import RemoteOptions
from tests.registries import Running

pytestmark = pytest.mark.registry


def pushed(host: str, repository: str, data: bytes, options: RemoteOptions) -> list[str]:
    """Push a blob; return the methods and statuses of the requests."""
    told: list[str] = []
    from msgspec.structs import replace

    target = connect(f"{host}/{repository}", replace(options, debug=told.append))
    blob = describe(data, OCTETS)
    push_bytes(target, blob, data)
    assert read_all(target, blob, len(data)) == data
    return [text for text in told if "mount=" in text]


def test_a_blob_that_another_repository_has_is_not_sent_again(with_api: Running, tmp_path: Path) -> None:
    data, options = os.urandom(2 << 20), RemoteOptions(cache=tmp_path)
    assert not pushed(with_api.host, "places/a", data, options)
    assert pushed(with_api.host, "places/b", data, options)
    assert not pushed(with_api.host, "places/b", data, options)


def test_a_guess_that_is_wrong_costs_nothing(with_api: Running, tmp_path: Path) -> None:
    data, options = os.urandom(2 << 20), RemoteOptions(cache=tmp_path)
    KnownPlaces(tmp_path).keep(with_api.host, "places/never", describe(data, OCTETS))
    assert pushed(with_api.host, "places/c", data, options)


@pytest.mark.parametrize("damage", ["", "a", "a b c", "{host} ../../x", "other places/a"])
def test_what_is_damaged_is_not_known(damage: str, with_api: Running, tmp_path: Path) -> None:
    data, options = os.urandom(2 << 20), RemoteOptions(cache=tmp_path)
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / describe(data, OCTETS).hex).write_text(damage.format(host=with_api.host))
    assert not pushed(with_api.host, "places/d", data, options)
